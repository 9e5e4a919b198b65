# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what a portrait does to a file, for another program."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import strip_files
from ..versions import FILE_OPTIONS
from .file_writer import FileWriter
from .task_operator import TaskOperator


class GIOCONDA_OT_export_performance(FileWriter, TaskOperator, bpy.types.Operator):
    """Write what the portrait does, whatever drives it, as control values of every frame, .csv or .json"""

    bl_idname = "gioconda.export_performance"
    bl_label = "Export Performance"
    suggested = "performance.csv"

    filepath: StringProperty(subtype="FILE_PATH", description="Ends in .csv or .json", options=FILE_OPTIONS)
    filter_glob: StringProperty(default="*.csv;*.json", options={"HIDDEN"})
    live_link: BoolProperty(name="As Live Link Face", description="Write the table as Live Link Face does: .csv only")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = True
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        if getattr(self, "_in_window", False):  # the file is chosen: go on beside Blender
            return TaskOperator.invoke(self, context, None)
        return super().execute(context)

    def begin(self, context: bpy.types.Context) -> None:
        from .. import performances

        path = strip_files.full_path(self.filepath)
        performances.start(
            context,
            self.strip_name,
            "Finding the controls",
            lambda _scene, strip, _channels: f'What "{strip.name}" does is in {path}',
            output=path,
            as_live_link=self.live_link,
        )
