# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of layout that panel and preferences share."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import bpy

from ..preferences import PACKAGE
from . import preview

if TYPE_CHECKING:
    from ..client import Task
    from ..session import Outcome

_ICONS = {"done": "CHECKMARK", "cancelled": "CANCEL", "failed": "ERROR"}


def text(layout: bpy.types.UILayout, message: str, icon: str = "NONE") -> None:
    """A label in as many lines as the region's width asks for: Blender cuts long ones."""
    region = bpy.context.region
    scale = bpy.context.preferences.system.ui_scale or 1  # 0 without a window
    width = max(24, int((region.width if region else 300) / (7.5 * scale)) - 4)
    column = layout.column(align=True)
    column.scale_y = 0.8
    lines = [line for part in message.splitlines() for line in textwrap.wrap(part, width) or [""]]
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 else ("NONE" if icon == "NONE" else "BLANK1"))


def settings_column(layout: bpy.types.UILayout, *, align: bool = False) -> bpy.types.UILayout:
    """A column of settings with their names on the left, without the dots that would key them."""
    column = layout.column(align=align)
    column.use_property_split, column.use_property_decorate = True, False
    return column


def progress(layout: bpy.types.UILayout, task: Task) -> None:
    """How far the task is, and the button that stops it."""
    column = layout.column(align=True)
    if task.factor is None:
        text(column, task.message, "SORTTIME")
    else:
        column.progress(text=task.message, factor=task.factor)
    if task.preview:
        preview.draw(column, task.preview)
    column.operator("gioconda.cancel", icon="CANCEL")


def outcome_box(layout: bpy.types.UILayout, outcome: Outcome, *, helps: bool = True) -> None:
    """How the last task ended, and, where it `helps`, the buttons that do: the preferences have them already."""
    box = layout.box()
    box.alert = outcome.state == "failed"
    text(box, outcome.message, _ICONS[outcome.state])
    for warning in outcome.warnings:
        text(box, warning, "ERROR")
    box.alert = False
    if not helps:
        return
    if outcome.mend in ("WORKER", "TORCH"):
        create_worker(box, with_torch=outcome.mend == "TORCH")
    elif outcome.mend == "MODELS":
        box.operator("preferences.addon_show", text="Model Preferences", icon="PREFERENCES").module = PACKAGE
    if outcome.folder:
        box.operator("gioconda.open_folder", icon="FILE_FOLDER").directory = str(outcome.folder)


def create_worker(layout: bpy.types.UILayout, *, with_torch: bool = False) -> None:
    """The buttons that lead to a working worker."""
    row = layout.row(align=True)
    row.operator("gioconda.create_worker", icon="IMPORT").with_torch = with_torch
    row.operator("preferences.addon_show", text="Choose Python", icon="PREFERENCES").module = PACKAGE
