# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a result's frames in the system's file browser."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from .. import portraits, strips


class GIOCONDA_OT_open_folder(bpy.types.Operator):
    """Open the folder that holds the frames, the job file and the worker's log"""

    bl_idname = "gioconda.open_folder"
    bl_label = "Open Folder"

    directory: StringProperty(
        name="Folder", subtype="DIR_PATH", description="Empty: that of the active portrait's result"
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        result = portraits.active_result(strips.edited_scene(context))
        folder = bpy.path.abspath(self.directory or (result.directory if result else ""))
        if not folder:
            self.report({"ERROR"}, "There is no result to show yet: press Generate.")
            return {"CANCELLED"}
        return bpy.ops.wm.path_open(filepath=folder)
