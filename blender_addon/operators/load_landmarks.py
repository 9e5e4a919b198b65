# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a portrait its landmarks by hand, where no detector finds a face: statues, animals, drawings."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from .. import portraits, strip_files
from ..versions import FILE_OPTIONS
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_load_landmarks(PortraitOperator, bpy.types.Operator):
    """Take the face's 68 points from a file instead of finding them: for faces that no detector finds"""

    bl_idname = "gioconda.load_landmarks"
    bl_label = "Load Landmarks"
    bl_options = {"UNDO"}

    strip_name: StringProperty(description="Name of the portrait strip; empty: the active one", options={"HIDDEN"})
    filepath: StringProperty(
        subtype="FILE_PATH", description="Landmarks of one frame, .npz or .json", options=FILE_OPTIONS
    )
    filter_glob: StringProperty(default="*.npz;*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        from ...core.landmarks.track import at_size, load_track

        portraits.prepare(scene, strip)
        path, picture = strip_files.full_path(self.filepath), strip_files.picture_path(strip)
        track = load_track(path)
        width, height = strip_files.picture_size(strip)
        if width:
            lies = (width < height) != (track.size[0] < track.size[1])  # the worker turns pictures by their EXIF tag
            track = at_size(track, (height, width) if lies else (width, height), path)
        portraits.store_faces(strip, picture, [track.landmarks[0].tolist()], track.size, path.name)
        strip[portraits.FACE_INDEX] = 0
        return f'"{strip.name}" has the landmarks of {path.name}'
