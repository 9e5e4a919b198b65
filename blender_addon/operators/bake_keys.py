# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what drives a portrait into keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import FloatProperty, StringProperty

from .. import driver_settings, keyframes, portraits, strips
from .task_operator import TaskOperator

if TYPE_CHECKING:
    from ..performances import Channels


class GIOCONDA_OT_bake_keys(TaskOperator, bpy.types.Operator):
    """Key what drives the portrait on its controls, to be touched up in the Graph Editor; from then on it is driven by
    its keys"""

    bl_idname = "gioconda.bake_keys"
    bl_label = "Bake to Keys"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    tolerance: FloatProperty(
        name="Tolerance",
        min=0,
        description="How far curves may be off, as a share of a control's range; not given: the strip's",
    )

    def begin(self, context: bpy.types.Context) -> None:
        from .. import performances

        given = self.tolerance if self.properties.is_property_set("tolerance") else None

        def use(scene: bpy.types.Scene, strip: Any, channels: Channels) -> str:
            settings = driver_settings.of(strip)
            tolerance = settings.tolerance if given is None else given
            keyframes.add_controls(strip)
            keyed, controls = keyframes.bake(scene, strip, strips.visible_range(strip)[0], channels, tolerance)
            settings.driven_by = "KEYS"
            return f'"{strip.name}" has {portraits.count(keyed, "key")} on {portraits.count(controls, "control")}'

        performances.start(context, self.strip_name, "Finding the controls", use)
