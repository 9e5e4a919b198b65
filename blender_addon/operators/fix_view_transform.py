# SPDX-License-Identifier: GPL-3.0-or-later
"""Show strips in the colours of their files."""

from __future__ import annotations

import bpy

from ...core.errors import GiocondaError
from .. import colours, strips


class GIOCONDA_OT_fix_view_transform(bpy.types.Operator):
    """Set the scene's view transform to Standard and clear look, exposure, gamma and curves, so that strips keep the
    colours of their files. Rendered 3D scenes look different, too"""

    bl_idname = "gioconda.fix_view_transform"
    bl_label = "Keep the Picture's Colours"
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            colours.keep(strips.edited_scene(context))
        except GiocondaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
