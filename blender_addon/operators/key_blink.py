# SPDX-License-Identifier: GPL-3.0-or-later
"""Key a blink at the current frame."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from .. import keyframes, portraits, strips
from .portrait_operator import PortraitOperator

EYES = (
    ("BOTH", "Both Eyes", "A blink"),
    ("LEFT", "Left Eye", "A wink of the left eye, which is the subject's own left"),
    ("RIGHT", "Right Eye", "A wink of the right eye, which is the subject's own right"),
)


class GIOCONDA_OT_key_blink(PortraitOperator, bpy.types.Operator):
    """Key a blink whose lids meet at the current frame, as fast as lids are; what is keyed before and after stays"""

    bl_idname = "gioconda.key_blink"
    bl_label = "Key Blink"
    bl_options = {"REGISTER", "UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    eyes: EnumProperty(name="Eyes", items=EYES, description="Which eye blinks")

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        from ...core.motion.blink import blink_curve

        portraits.prepare(scene, strip)
        keyframes.add_controls(strip)
        values = blink_curve(strips.exact_fps(scene)).tolist()
        first = scene.frame_current - values.index(1.0)
        sides = ("Left", "Right") if self.eyes == "BOTH" else (self.eyes.capitalize(),)
        for side in sides:
            keyframes.key_over(scene, strip, f"eyeBlink{side}", first, values)
        return f"A blink keyed, frames {first}-{first + len(values) - 1}"
