# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of captured performances: a file's ending and its content tell which kind it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import BadInputError
from ...files import check_writable, write_bytes
from ...json_form import read_json
from ...landmarks.marks import marks_from_mapping
from ...landmarks.track import LandmarkTrack, check_shape, frame_places, load_track, read_between, track_from_mapping
from ..capture import capture_controls
from ..controls import ControlTrack, control_track_from_dict
from ..marks import complete_track
from ..mixing import frames_at, resample
from . import live_link, openface, plain
from .table import read_table

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

ENDINGS = (".json", ".npz", ".csv")


@dataclass(frozen=True)
class Capture:
    """What a file holds: controls, or landmarks and, if it tells, where the eyes look."""

    content: ControlTrack | LandmarkTrack
    told: tuple[str, ...] = ()  # what was changed or left out on reading, a line each
    looks: NDArray[np.float64] | None = None  # (F, 2) degrees in the room, to the picture's right and up

    def at_rate(self, fps: Fraction) -> Capture:
        """The same, read at another frame rate."""
        if self.content.fps == fps:
            return self
        frames = frames_at(self.content, fps)
        if isinstance(self.content, ControlTrack):
            return replace(self, content=resample(self.content, fps, frames))
        looks = self.looks
        if looks is not None:
            looks = read_between(looks, frame_places(self.content.fps, fps, frames))
        return replace(self, content=self.content.resample(fps, frames), looks=looks)

    def controls(
        self, neutral_frame: int | None = None, still: NDArray[np.floating[Any]] | None = None
    ) -> ControlTrack:
        """Its controls; those of landmarks are found, against a neutral frame or still. Raises BadInputError."""
        if isinstance(self.content, ControlTrack):
            return self.content
        return capture_controls(self.content, neutral_frame, self.looks, still)


def read_capture(path: Path, fps: Fraction | None = None, face: int = 0, *, keep_rate: bool = False) -> Capture:
    """Read a capture file of any kind. Raises BadInputError.

    `fps` is the rate of a file that does not tell it; others are read at that rate, unless they `keep_rate`. `face`
    picks one of several.
    """
    capture = _read(path, fps, face)
    if isinstance(capture.content, LandmarkTrack):
        check_shape(capture.content.landmarks, path)
    return capture if fps is None or keep_rate else capture.at_rate(fps)


def _read(path: Path, fps: Fraction | None, face: int) -> Capture:
    ending = path.suffix.lower()
    if ending == ".npz":
        return Capture(load_track(path))
    if ending == ".json":
        return _read_json(path)
    if ending != ".csv":
        raise BadInputError(f"{path}: is no capture file; those end in {', '.join(ENDINGS)}.")
    table = read_table(path)
    if live_link.recognises(table):
        controls, told = live_link.read(table, fps)
        return Capture(controls, told)
    if openface.recognises(table):
        track, looks, told = openface.read(table, fps, face)
        return Capture(track, told, looks)
    controls, told = plain.read(table, fps)
    return Capture(controls, told)


def check_output(path: Path, *, as_live_link: bool = False) -> None:
    """Raise BadInputError where controls could not be written: before the work that makes them."""
    check_writable(path.parent)
    if as_live_link and path.suffix.lower() != ".csv":
        raise BadInputError(f"{path}: the form of Live Link Face is a table; name a file ending in .csv.")
    if path.suffix.lower() not in (".json", ".csv"):
        raise BadInputError(f"{path}: controls are written to a file ending in .json or .csv.")


def write_controls(path: Path, controls: ControlTrack, *, as_live_link: bool = False) -> tuple[str, ...]:
    """Write controls as JSON or CSV, by the file's ending; the CSV may be Live Link Face's. Raises BadInputError.

    What that form has no place for is left out, and told, a line each.
    """
    check_output(path, as_live_link=as_live_link)
    told: tuple[str, ...] = ()
    if path.suffix.lower() == ".json":
        text = json.dumps(controls.to_dict())
    elif as_live_link:
        text, told = live_link.text(controls)
    else:
        text = plain.text(controls)
    write_bytes(path, text.encode("utf-8"))
    return told


def _read_json(path: Path) -> Capture:
    """Controls, a landmark track or marks: all are mappings with a frame rate."""
    data = read_json(path, "JSON")
    if hasattr(data, "keys") and "landmarks" in data:
        return Capture(track_from_mapping(data, str(path)))
    if hasattr(data, "keys") and "marks" in data:
        return Capture(complete_track(marks_from_mapping(data, str(path))))
    return Capture(control_track_from_dict(data, str(path)))
