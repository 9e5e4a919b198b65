# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls as sliders: a sub-panel for each region of the face."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import bpy

from .. import keyframes
from .panels import SidebarPanel, active_portrait

if TYPE_CHECKING:
    from ...core.motion.controls import Control


class RegionPanel(SidebarPanel):
    """Mixin: the sliders of the region `region`."""

    bl_parent_id = "GIOCONDA_PT_main"
    region: str

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for a portrait that has controls."""
        strip = active_portrait(context)
        return strip is not None and keyframes.has_controls(strip)

    def draw(self, context: bpy.types.Context) -> None:
        """A slider for each control, with Blender's own way to key it."""
        from ...core.motion.controls import CONTROLS

        strip = active_portrait(context)
        layout = self.layout
        layout.use_property_split = True
        column = layout.column(align=True)
        for control in CONTROLS.values():
            if control.region == self.region and control.name in strip:
                column.prop(strip, f'["{control.name}"]', text=label(control), slider=True)


def label(control: Control) -> str:
    """A control's name as words, and its unit: mouthSmileLeft is Mouth Smile Left, headYaw is Head Yaw (°)."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", control.name)
    unit = f" ({control.unit})" if control.unit else ""
    return words[0].upper() + words[1:] + unit


class GIOCONDA_PT_head(RegionPanel, bpy.types.Panel):
    """Head pose."""

    bl_idname = "GIOCONDA_PT_head"
    bl_label = "Head"
    bl_order = 1
    region = "head"


class GIOCONDA_PT_eyes(RegionPanel, bpy.types.Panel):
    """Gaze and lids."""

    bl_idname = "GIOCONDA_PT_eyes"
    bl_label = "Eyes"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2
    region = "eyes"


class GIOCONDA_PT_brows(RegionPanel, bpy.types.Panel):
    """Brows."""

    bl_idname = "GIOCONDA_PT_brows"
    bl_label = "Brows"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3
    region = "brows"


class GIOCONDA_PT_mouth(RegionPanel, bpy.types.Panel):
    """Jaw, lips, cheeks, nose and tongue."""

    bl_idname = "GIOCONDA_PT_mouth"
    bl_label = "Mouth"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4
    region = "mouth"
