# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what a portrait does on a 3D character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from .. import driver_settings, portraits, shape_keys, strips
from .task_operator import TaskOperator

if TYPE_CHECKING:
    from ..performances import Channels


class GIOCONDA_OT_key_shapes(TaskOperator, bpy.types.Operator):
    """Key what the portrait does, whatever drives it, on the shape keys of the chosen object that have ARKit's names"""

    bl_idname = "gioconda.key_shapes"
    bl_label = "Key Shape Keys"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    object_name: StringProperty(name="Object", description="Whose shape keys; empty: the one that the strip names")

    def begin(self, context: bpy.types.Context) -> None:
        from .. import performances

        strip = portraits.portrait_strip(strips.edited_scene(context), self.strip_name)
        mesh = bpy.data.objects.get(self.object_name) if self.object_name else driver_settings.of(strip).mesh
        shape_keys.named_blocks(mesh)
        name = mesh.name

        def use(_scene: bpy.types.Scene, strip: Any, channels: Channels) -> str:
            moved, lacking = shape_keys.write(bpy.data.objects.get(name), range(*strips.visible_range(strip)), channels)
            left = f"; it has none for {', '.join(lacking)}" if lacking else ""
            return f'{portraits.count(moved, "shape key")} of "{name}" keyed{left}'

        performances.start(context, self.strip_name, "Finding the controls", use)
