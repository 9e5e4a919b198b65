# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in the sequencer's sidebar: the portrait, its head mask, the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...core.errors import GiocondaError
from ...core.motion import REPLACEABLE
from .. import colours, driver_settings, keyframes, portraits, preferences, properties, strip_files, strips
from ..session import session
from .layout import create_worker, outcome_box, progress, settings_column, text


class SidebarPanel:
    """Mixin: where the panels stand."""

    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Gioconda"


class GIOCONDA_PT_main(SidebarPanel, bpy.types.Panel):
    """Portrait and Generate."""

    bl_idname = "GIOCONDA_PT_main"
    bl_label = "Gioconda"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        scene = strips.edited_scene(context)
        try:
            strip = portraits.portrait_strip(scene, "")
        except GiocondaError as error:
            text(layout, str(error), "INFO")
            strip = None
        if strip is not None:
            _draw_portrait(layout, scene, strip)
            _draw_generate(layout, context)
        about = portraits.subject(scene, "")
        if session.current:
            if session.about not in (None, about):
                layout.label(text=portraits.name_of(session.about), icon="SEQUENCE")
            progress(layout, session.current.task)
        elif outcome := session.outcome_of(about):
            outcome_box(layout, outcome)
        _draw_colours(layout, scene)


def _draw_portrait(layout: bpy.types.UILayout, scene: bpy.types.Scene, strip: Any) -> None:
    column = layout.column(align=True)
    column.label(text=strip.name, icon="FILE_MOVIE" if portraits.is_footage(strip) else "IMAGE_DATA")
    if portraits.is_footage(strip):
        column.label(text="Footage: its face is followed", icon="USER")
    else:
        _draw_faces(column, strip)
    settings_column(layout).prop(properties.of(scene), "detector")
    if not portraits.is_footage(strip):
        row = layout.row(align=True)
        row.operator("gioconda.find_face", icon="VIEWZOOM")
        row.operator("gioconda.load_landmarks", text="", icon="FILEBROWSER")
    if keyframes.has_controls(strip):
        layout.operator_menu_enum("gioconda.key_blink", "eyes", icon="HIDE_ON")
    else:
        layout.operator("gioconda.add_controls", icon="ADD")


def _draw_faces(column: bpy.types.UILayout, strip: Any) -> None:
    """What was found in the picture."""
    try:
        faces, problem = portraits.stored_faces(strip), ""
    except GiocondaError as error:
        faces, problem = None, str(error)
    if problem:
        text(column, problem, "ERROR")
    elif faces is None:
        column.label(text=f"{_picture_size(strip)}no face found yet", icon="USER")
    else:
        size = f"{faces.size[0]} x {faces.size[1]}, " if faces.size else _picture_size(strip)
        column.label(text=f"{size}{portraits.count(len(faces.landmarks), 'face')} ({faces.detector})", icon="USER")
        index = strip.get(portraits.FACE_INDEX, 0)
        if index not in range(len(faces.landmarks)):
            text(column, f"There is no face {index}: faces count from 0", "ERROR")


def _picture_size(strip: Any) -> str:
    width, height = strip_files.picture_size(strip)
    return f"{width} x {height}, " if width else ""


def _draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    from .. import jobs, runtime

    own = preferences.of(context)
    column = layout.column()
    try:
        runtime.worker_python(own.worker_python)
    except GiocondaError as error:
        box = column.box()
        text(box, str(error), "ERROR")
        create_worker(box)
        return
    row = column.row()
    row.scale_y = 1.4
    row.operator("gioconda.generate", icon="RENDER_ANIMATION")
    folder, stays = jobs.output_folder(own.output_folder)
    if not stays:
        text(
            column,
            f"The file is not saved: frames go to {folder}, which may be cleared. Save it first to keep them.",
            "ERROR",
        )


def _draw_colours(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    changes = colours.changes(scene)
    if changes:
        box = layout.box()
        text(box, f"The scene changes the picture's colours: {', '.join(changes)}", "ERROR")
        box.operator("gioconda.fix_view_transform", icon="COLOR")


def active_portrait(context: bpy.types.Context) -> Any | None:
    """The portrait that the panels are of."""
    return portraits.active_portrait(strips.edited_scene(context))


class PortraitPanel(SidebarPanel):
    """Mixin: only where an image or movie strip is active."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        strip = active_portrait(context)
        return strip is not None and strip.type in ("IMAGE", "MOVIE")


class GIOCONDA_PT_portrait(PortraitPanel, bpy.types.Panel):
    """Settings of the portrait: a panel of its own, so that no button moves when the strip gets its properties."""

    bl_idname = "GIOCONDA_PT_portrait"
    bl_parent_id = "GIOCONDA_PT_main"
    bl_label = "Portrait"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        strip = active_portrait(context)
        settings, column = driver_settings.of(strip), settings_column(self.layout)
        if portraits.FACE_INDEX in strip:
            column.prop(strip, f'["{portraits.FACE_INDEX}"]', text="Face Index")
        for name, title in ((portraits.NEUTRALISE, "Neutralise"), (portraits.CREASES, "Creases")):
            if name in strip:
                column.prop(strip, f'["{name}"]', text=title, slider=True)
        column.prop(settings, "only_changes")
        if strip.type == "IMAGE" and len(strip.elements) > 1:
            column.prop(settings, "every_frame")
        if portraits.is_footage(strip):
            row = column.row(align=True, heading="Replace")
            for region in REPLACEABLE:
                row.prop(settings, f"replace_{region}", toggle=True)


class GIOCONDA_PT_head_mask(SidebarPanel, bpy.types.Panel):
    """What moves with the head, where what is found is not good enough."""

    bl_idname = "GIOCONDA_PT_head_mask"
    bl_parent_id = "GIOCONDA_PT_main"
    bl_label = "Head Mask"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 9

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _is_picture(context)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = driver_settings.of(active_portrait(context))
        layout.operator("gioconda.show_head_mask", icon="IMAGE_ALPHA")
        column = settings_column(layout)
        row = column.row()
        row.active = not settings.head_mask_strip
        row.prop(settings, "head_mask")
        column.prop(settings, "head_mask_strip", icon="SEQUENCE")
        if settings.head_mask and not settings.head_mask_strip:
            text(
                layout,
                "Paint it in the Image Editor: a brush with the blend mode Erase Alpha takes from the head, Add Alpha "
                "adds to it. Alt+S there saves it; then Generate. An empty File: the mask is found again",
                "INFO",
            )


class GIOCONDA_PT_person(SidebarPanel, bpy.types.Panel):
    """What draws the frames, and what it has learned of the person."""

    bl_idname = "GIOCONDA_PT_person"
    bl_parent_id = "GIOCONDA_PT_main"
    bl_label = "Person"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 8

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _is_picture(context)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = driver_settings.of(active_portrait(context))
        column = settings_column(layout)
        column.prop(settings, "generator")
        column.prop(settings, "person_path")
        column = settings_column(layout)
        column.prop(settings, "checkpoint")
        column.prop(settings, "minutes")
        layout.operator("gioconda.learn_person", icon="USER")
        if settings.generator == "few_shot" and not settings.person_path:
            text(layout, "Select strips that show the person, up to 32 pictures, and learn them", "INFO")


class GIOCONDA_PT_result(SidebarPanel, bpy.types.Panel):
    """The result strip."""

    bl_idname = "GIOCONDA_PT_result"
    bl_parent_id = "GIOCONDA_PT_main"
    bl_label = "Result"
    bl_order = 11

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return portraits.active_result(strips.edited_scene(context)) is not None

    def draw(self, context: bpy.types.Context) -> None:
        from .. import jobs

        result = portraits.active_result(strips.edited_scene(context))
        folder = bpy.path.abspath(result.directory)
        column = self.layout.column(align=True)
        column.label(text=result.name, icon="RENDER_RESULT")
        column.label(text=f"{portraits.count(len(result.elements), 'frame')}, job {result[portraits.JOB]}")
        temporary, now = jobs.temporary_folder(), jobs.output_folder(preferences.of(context).output_folder)[0]
        if temporary != now and temporary.resolve() in Path(folder).resolve().parents:
            text(column, "Its frames are in a temporary folder: Generate again to keep them", "ERROR")
        self.layout.operator("gioconda.open_folder", icon="FILE_FOLDER").directory = folder


def _is_picture(context: bpy.types.Context) -> bool:
    strip = active_portrait(context)
    return strip is not None and strip.type == "IMAGE" and not portraits.is_footage(strip)
