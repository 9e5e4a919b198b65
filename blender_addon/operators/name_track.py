# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which landmark a track of the Movie Clip Editor follows."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.errors import BadInputError
from .. import clip_tracks, driver_settings
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_name_track(PortraitOperator, bpy.types.Operator):
    """Name the active track of the clip as the landmark that it follows"""

    bl_idname = "gioconda.name_track"
    bl_label = "Name Active Track"
    bl_options = {"REGISTER", "UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    track_name: StringProperty(name="Track", description="Its name now; empty: the active track of the clip")
    landmark: EnumProperty(name="Landmark", items=clip_tracks.LANDMARKS, description="What it follows")

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:  # noqa: ARG002
        clip = driver_settings.of(strip).clip
        if clip is None:
            raise BadInputError("No movie clip is chosen: choose the one whose tracks drive.")
        track = clip_tracks.find(clip, self.track_name)
        before, track.name = track.name, self.landmark
        return f'"{before}" is {track.name}'
