# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a file of landmarks drive a portrait strip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import portraits
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_load_track(PortraitOperator, bpy.types.Operator):
    """Drive the portrait by a landmark track, a file of 68 points over time, instead of by its controls"""

    bl_idname = "gioconda.load_track"
    bl_label = "Load Landmark Track"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    filepath: StringProperty(subtype="FILE_PATH", description="Landmark track, .npz or .json")
    filter_glob: StringProperty(default="*.npz;*.json", options={"HIDDEN"})
    clear: BoolProperty(name="Clear", description="Go back to the controls", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if self.clear:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        portraits.prepare(scene, strip)
        if self.clear:
            strip[portraits.TRACK] = ""
            return f'"{strip.name}" follows its controls'
        from ...core.landmarks.track import load_track

        track = load_track(Path(bpy.path.abspath(self.filepath)))
        strip[portraits.TRACK] = self.filepath
        strip.id_properties_ui(portraits.TRACK).update(
            subtype="FILE_PATH", description="Landmarks over time that drive the portrait; empty: the controls do"
        )
        frames = portraits.count(len(track.landmarks), "frame")
        return f'"{strip.name}" follows {frames} of landmarks at {float(track.fps):g} frames per second'
