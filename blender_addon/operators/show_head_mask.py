# SPDX-License-Identifier: GPL-3.0-or-later
"""See what moves with the head, and paint over it."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from ...core.errors import GiocondaError
from .. import driver_settings, head_masks, portraits, preferences, properties, strip_files, strips
from ..session import session
from .task_operator import TaskOperator


class GIOCONDA_OT_show_head_mask(TaskOperator, bpy.types.Operator):
    """Open the head mask in an Image Editor, to be painted over: the portrait, opaque where it moves with the head. If
    none is set, it is found and written to a file"""

    bl_idname = "gioconda.show_head_mask"
    bl_label = "Show Head Mask"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return self._show_given(context) or super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self._show_given(context) or super().execute(context)

    def _show_given(self, context: bpy.types.Context) -> set[str]:
        """Show the file that is set; nothing where none is."""
        try:
            strip = portraits.portrait_strip(strips.edited_scene(context), self.strip_name)
            path = head_masks.given_file(strip, saved=False)
        except GiocondaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if path is None:
            return set()
        head_masks.show(path)
        return {"FINISHED"}

    def begin(self, context: bpy.types.Context) -> None:
        from .. import jobs, runtime
        from ..client import WorkerTask

        scene = strips.edited_scene(context)
        strip = portraits.portrait_strip(scene, self.strip_name)
        own = preferences.of(context)
        portrait_id = portraits.prepare(scene, strip)
        path = jobs.new_file(own.output_folder, strip.name, "head_mask.png")
        command = {
            "command": "matte",
            "portrait": jobs.portrait_data(strip, properties.of(scene).detector),
            "output": str(path),
            "cut_out": True,
            **own.model_files(),
        }
        python = runtime.worker_python(own.worker_python)
        task = WorkerTask("Finding the head", python, command, runtime.log_file("show_head_mask"))
        scene_uid, name = scene.session_uid, strip.name

        def apply() -> str:
            now = strips.scene_of(scene_uid)
            found = portraits.find(now, portrait_id, name, f" The mask is {path}")
            portraits.store_found(found, command["portrait"], task.faces)
            driver_settings.of(found).head_mask = strip_files.stored_path(path)
            head_masks.show(path)
            return f"The head mask is {path}"

        session.start(task, apply)
