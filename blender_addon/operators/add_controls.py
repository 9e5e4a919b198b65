# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the face controls to a portrait strip."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from .. import keyframes, portraits
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_add_controls(PortraitOperator, bpy.types.Operator):
    """Add the face controls to the portrait's strip: head, eyes, brows and mouth, to be keyed like any property"""

    bl_idname = "gioconda.add_controls"
    bl_label = "Add Controls"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        portraits.prepare(scene, strip)
        keyframes.mend_whole_numbers(scene, strip)
        added = keyframes.add_controls(strip)
        return f'{portraits.count(added, "control")} added to "{strip.name}"'
