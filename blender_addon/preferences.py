# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from .session import session
from .versions import FILE_OPTIONS

PACKAGE = __package__.rpartition(".")[0]  # the extension's, which is that of this folder's parent


class GIOCONDA_AP_preferences(bpy.types.AddonPreferences):
    """Where the worker, the models and the frames are."""

    bl_idname = PACKAGE

    worker_python: StringProperty(
        name="Worker Python",
        subtype="FILE_PATH",
        description="Python that has the worker's packages; empty: the one that Create Worker makes",
    )
    wheels_folder: StringProperty(
        name="Wheels", subtype="DIR_PATH", description="Create the worker from this folder of wheels, without a network"
    )
    model_folder: StringProperty(
        name="Models", subtype="DIR_PATH", description="Folder with model files that were put there beforehand"
    )
    output_folder: StringProperty(
        name="Output",
        subtype="DIR_PATH",
        description="Folder for results; empty: a folder beside the .blend file",
        options=FILE_OPTIONS,
    )
    allow_downloads: BoolProperty(
        name="Download Model Files", description="Let the worker download the model files that a detector needs"
    )

    def model_files(self) -> dict[str, str | bool | None]:
        """Where model files are and whether they may be downloaded, as jobs and the worker's commands tell it.

        Both Blender and the user have to allow a download.
        """
        folder = str(Path(bpy.path.abspath(self.model_folder))) if self.model_folder else None
        return {"models": folder, "allow_download": self.allow_downloads and bpy.app.online_access}

    def draw(self, _context: bpy.types.Context) -> None:
        """The preferences' page."""
        from . import runtime
        from .ui.layout import outcome_box, progress

        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "worker_python")
        layout.prop(self, "wheels_folder")
        row = layout.row(align=True)
        row.operator("gioconda.create_worker", icon="IMPORT").with_torch = False
        row.operator("gioconda.create_worker", text="With Torch").with_torch = True
        row.operator("gioconda.check_worker", icon="CHECKMARK")
        row.operator("gioconda.remove_worker", icon="TRASH")
        made = f"Created: {runtime.environment_python()}" if runtime.is_made() else "No worker created here yet"
        layout.label(text=made, icon="INFO")
        if session.current:
            progress(layout, session.current.task)
        elif outcome := session.outcome_of(None):
            outcome_box(layout, outcome, helps=False)
        layout.separator()
        layout.prop(self, "model_folder")
        layout.prop(self, "allow_downloads")
        if self.allow_downloads and not bpy.app.online_access:
            layout.label(text="Blender's online access is off: nothing is downloaded", icon="ERROR")
        layout.prop(self, "output_folder")


def of(context: bpy.types.Context) -> GIOCONDA_AP_preferences:
    """The add-on's preferences."""
    return context.preferences.addons[PACKAGE].preferences
