# SPDX-License-Identifier: GPL-3.0-or-later
"""What the portrait is driven by, and what can be made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .. import driver_settings
from .layout import settings_column, text
from .panels import PortraitPanel, active_portrait

if TYPE_CHECKING:
    from collections.abc import Callable

_LANDMARKS = ("MOVIE", "FILE", "CLIP")  # kinds that may be measured against a neutral frame


class GIOCONDA_PT_driver(PortraitPanel, bpy.types.Panel):
    """The driver, and buttons that bake, copy and write it."""

    bl_idname = "GIOCONDA_PT_driver"
    bl_parent_id = "GIOCONDA_PT_main"
    bl_label = "Driven By"
    bl_order = 0  # as Portrait, which is registered before

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = driver_settings.of(active_portrait(context))
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(settings, "driven_by", text="")
        if settings.driven_by == "KEYS":
            layout.operator("gioconda.save_preset", icon="FILE_TICK")
        else:
            _DRAWERS[settings.driven_by](layout, settings)
            if settings.driven_by in _LANDMARKS:
                _draw_landmarks(layout, settings)
            text(layout, "What is keyed on the sliders is added to it", "INFO")
            layout.prop(settings, "tolerance")
            layout.operator("gioconda.bake_keys", icon="KEYFRAME_HLT")
        row = layout.row(align=True)
        row.operator("gioconda.copy_performance", text="Copy to Selected", icon="COPYDOWN")
        row.operator("gioconda.export_performance", text="Export", icon="EXPORT")
        if settings.driven_by != "MESH":
            row = layout.row(align=True)
            row.prop(settings, "mesh", text="Character")
            row.operator("gioconda.key_shapes", text="", icon="SHAPEKEY_DATA")


class GIOCONDA_PT_amounts(PortraitPanel, bpy.types.Panel):
    """How much of the driver each region takes."""

    bl_idname = "GIOCONDA_PT_amounts"
    bl_parent_id = "GIOCONDA_PT_driver"
    bl_label = "Amounts"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        return driver_settings.of(active_portrait(context)).driven_by != "KEYS"

    def draw(self, context: bpy.types.Context) -> None:
        settings = driver_settings.of(active_portrait(context))
        column = settings_column(self.layout, align=True)
        for region in driver_settings.REGIONS:
            column.prop(settings, f"amount_{region}", slider=True)


def _draw_landmarks(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.prop(settings, "motion")
    column = layout.column()
    column.active = settings.motion == "RELATIVE"
    column.prop(settings, "find_neutral")
    row = column.row()
    row.active = not settings.find_neutral
    row.prop(settings, "neutral_frame")
    column.prop(settings, "neutral_picture")


def _draw_movie(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.prop(settings, "strip_name", icon="SEQUENCE")
    row = layout.row()
    row.active = not settings.like
    row.prop(settings, "face_index")
    layout.prop(settings, "like")
    layout.prop(settings, "missing")


def _draw_sound(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.prop(settings, "strip_name", icon="SOUND")
    layout.prop(settings, "words")
    if settings.words == "TEXT":
        layout.template_ID(settings, "text", new="text.new", open="text.open")
    column = layout.column(align=True)
    for name in driver_settings.SPEECH:
        column.prop(settings, name, slider=True)


def _draw_file(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.prop(settings, "filepath")
    layout.prop(settings, "face_index")


def _draw_clip(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.template_ID(settings, "clip", open="clip.open")
    if settings.clip:
        layout.operator_menu_enum("gioconda.name_track", "landmark", icon="TRACKER")


def _draw_mesh(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.prop(settings, "mesh")


def _draw_preset(layout: bpy.types.UILayout, settings: Any) -> None:
    row = layout.row()
    row.active = not settings.preset_path
    row.prop(settings, "preset")
    layout.prop(settings, "preset_path")
    layout.prop(settings, "preset_scale")
    layout.prop(settings, "preset_loop")


_DRAWERS: dict[str, Callable[[bpy.types.UILayout, Any], None]] = {
    "MOVIE": _draw_movie,
    "SOUND": _draw_sound,
    "FILE": _draw_file,
    "CLIP": _draw_clip,
    "MESH": _draw_mesh,
    "PRESET": _draw_preset,
}
