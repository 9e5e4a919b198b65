# SPDX-License-Identifier: GPL-3.0-or-later
"""Let other portraits do what one does."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import BadInputError
from .. import driver_settings, keyframes, portraits, strips
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_copy_performance(PortraitOperator, bpy.types.Operator):
    """Copy controls, keys and what drives the portrait to the other selected strips, in time with their starts"""

    bl_idname = "gioconda.copy_performance"
    bl_label = "Copy Performance to Selected"
    bl_options = {"REGISTER", "UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    target_name: StringProperty(name="To", description="Name of the strip to copy to; empty: all selected ones")

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        if self.target_name:
            targets = [portraits.portrait_strip(scene, self.target_name)]
        else:
            selected = [s for s in strips.all_strips(scene) if s.select and s.type in ("IMAGE", "MOVIE")]
            targets = [s for s in selected if not s.get(portraits.SOURCE)]
        settings = driver_settings.of(strip)
        driving = settings.strip_name if settings.driven_by == "MOVIE" else ""
        targets = [target for target in targets if target.name not in (strip.name, driving)]
        if not targets:
            raise BadInputError("Select the image or movie strips to copy to, and this one last.")
        for target in targets:
            portraits.prepare(scene, target)
            keyframes.copy(scene, strip, target)
            driver_settings.copy(strip, target)
        return f'What "{strip.name}" does is copied to {portraits.count(len(targets), "strip")}'
