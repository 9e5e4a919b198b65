# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks of the Movie Clip Editor that are named as landmarks, as marks over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import BadInputError
from ..core.landmarks.topology import MARKS, PUPIL_MARKS

if TYPE_CHECKING:
    from fractions import Fraction

    import bpy

_LEAST = 3
LANDMARKS = tuple(
    (name, "".join(f" {c}" if c.isupper() else c for c in name).capitalize(), "")
    for name in (*MARKS, *PUPIL_MARKS)
    if not name.isdecimal()
)
"""Names that tracks may have, as items of an EnumProperty; numbers from 0 to 67 count, too."""


def read_marks(clip: bpy.types.MovieClip, frames: range, fps: Fraction) -> dict[str, Any]:
    """Where the clip's named tracks are at scene frames, in its pixels (BadInputError: too few are named)."""
    width, height = clip.size
    if not width or not height:
        raise BadInputError(f'The picture of the clip "{clip.name}" cannot be read: is its file there?')
    named = {track.name: track for track in _tracks(clip) if track.name in {*MARKS, *PUPIL_MARKS}}
    if len(named.keys() & MARKS.keys()) < _LEAST:
        raise BadInputError(
            f'"{clip.name}" has {len(named)} tracks that are named as landmarks, at least {_LEAST} are wanted: rename '
            "them to noseTip, chin, mouthLeft ... or to a landmark's number from 0 to 67."
        )
    offset = clip.frame_start - 1  # clips count their frames from 1
    marks = {name: [_place(track, frame - offset, width, height) for frame in frames] for name, track in named.items()}
    return {"fps": [fps.numerator, fps.denominator], "size": [width, height], "marks": marks}


def find(clip: bpy.types.MovieClip, name: str) -> Any:
    """The track of that name, or without a name the active one (BadInputError: there is none)."""
    track = next((t for t in _tracks(clip) if t.name == name), None) if name else _active(clip)
    if track is None:
        raise BadInputError(
            f'"{clip.name}" has no track named "{name}".'
            if name
            else f'No track of "{clip.name}" is active: click one.'
        )
    return track


def _active(clip: bpy.types.MovieClip) -> Any | None:
    """That of the active object, else that of the camera."""
    tracked = clip.tracking.objects.active
    return (tracked.tracks.active if tracked else None) or clip.tracking.tracks.active


def _tracks(clip: bpy.types.MovieClip) -> list[Any]:
    """Those of the camera and of every object."""
    return [track for tracked in clip.tracking.objects for track in tracked.tracks]


def _place(track: Any, frame: int, width: int, height: int) -> list[float] | None:
    """Pixels from the top left corner; Blender counts from the bottom left, in shares of the picture."""
    marker = track.markers.find_frame(frame, exact=True)
    if marker is None or marker.mute:
        return None
    x, y = marker.co + track.offset
    return [x * width - 0.5, (1 - y) * height - 0.5]
