# SPDX-License-Identifier: GPL-3.0-or-later
"""CSV files of Epic's Live Link Face: a timecode, the 52 ARKit shapes, and angles of head and eyes in radians.

Epic does not publish the signs of the angles. They are read as open senders write them for Unreal, whose rotators
they become: yaw positive to the picture's right, pitch up, roll anticlockwise in the picture. The angles of the eyes
say again what the eyeLook shapes say; they are written, but not read.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInputError
from ..controls import CONTROLS, ControlTrack
from ..expression import LOOKS
from .table import even_frames, read_evenly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .table import Table

    Array = NDArray[np.float64]

_SHAPES = [name for name in CONTROLS if not name.startswith(("head", "gaze"))]
# In the app's own order, which readers that go by position count on.
_EYE = ("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide")
_FACE = (
    "jawForward jawRight jawLeft jawOpen mouthClose mouthFunnel mouthPucker mouthRight mouthLeft mouthSmileLeft "
    "mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft "
    "mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight "
    "mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft browDownRight browInnerUp "
    "browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight "
    "tongueOut"
)
_ORDER = [*(name + side for side in ("Left", "Right") for name in _EYE), *_FACE.split()]
_ANGLES = {"headYaw": 1, "headPitch": 1, "headRoll": -1}  # control -> sign in the file
_UNKNOWN = ("headX", "headY", "headZoom")
_TIMECODE = re.compile(r"(\d+):(\d+):(\d+)([:;])(\d+(?:\.\d+)?)")
_RATES = (24, 25, 30, 50, 60)


def recognises(table: Table) -> bool:
    """Whether the columns are this app's."""
    return {name.lower() for name in table.names[:2]} == {"timecode", "blendshapecount"}


def read(table: Table, fps: Fraction | None) -> tuple[ControlTrack, tuple[str, ...]]:
    """The controls, and what was filled in. Raises BadInputError."""
    columns = {_capital(name): name for name in (*_SHAPES, *_ANGLES)}
    missing = [name for name in map(_capital, _SHAPES) if name not in table.names and name != "TongueOut"]
    if missing:
        raise BadInputError(f"{table.path}: is from Live Link Face, but lacks the columns {', '.join(missing)}.")
    columns = {column: name for column, name in columns.items() if column in table.names}
    # While it sees no face, the app writes the timecode and a count of 0.
    seen = [row for row, cells in enumerate(table.rows) if len(cells) > 1 and cells[1] not in ("", "0")]
    if not seen:
        raise BadInputError(f"{table.path}: holds no face: every BlendShapeCount is 0.")
    full = table.only(seen)
    values = full.numbers(list(columns))
    fps, at = _frames(full, fps)
    for number, name in enumerate(columns.values()):
        if name in _ANGLES:
            values[:, number] = _ANGLES[name] * np.degrees(values[:, number])
    told: list[str] = []
    unseen = len(table.rows) - len(seen)
    if unseen:
        told.append(f"{table.path.name}: {unseen} lines without a face are filled in from their neighbours.")
    even = read_evenly(values, at).astype(np.float32)
    return ControlTrack(fps, {name: even[:, n] for n, name in enumerate(columns.values())}), tuple(told)


def _frames(table: Table, fps: Fraction | None) -> tuple[Fraction, Array | None]:
    """The frame rate that the timecodes tell, and where its frames lie among the lines; see `even_frames`."""
    column = table.names[0]
    parts = [_TIMECODE.fullmatch(cells[0]) for cells in table.rows]
    for row, part in enumerate(parts):
        if part is None:
            raise table.error(row, column, f"{table.rows[row][0]!r} is no timecode such as 14:03:52:28.207")
    found = [part for part in parts if part]
    numbers: Array = np.array([[float(part[n]) for n in (1, 2, 3, 5)] for part in found])
    hours, minutes, seconds, frames = numbers.T
    clock = hours * 3600 + minutes * 60 + seconds
    if frames.max() >= _RATES[-1]:
        row = int(frames.argmax())
        raise table.error(row, column, f"{table.rows[row][0]!r} has more than {_RATES[-1]} frames a second")
    # The last frame before a full second tells how many it has; a take without one has the app's own 60.
    tells = clock[0] != clock[-1]
    nominal = next(rate for rate in _RATES if frames.max() < rate) if tells else _nominal(fps or Fraction(60))
    past_midnight = np.concatenate([[0], np.cumsum(clock[1:] < clock[:-1] - 43200)])
    clock = clock + 86400 * past_midnight
    times = clock + frames / nominal
    if any(part[4] == ";" for part in found):
        # A drop-frame timecode leaves out numbers, so that 29.97 or 59.94 frames a second keep to the clock.
        whole_minutes = clock // 60
        left_out = nominal // 15 * (whole_minutes - whole_minutes // 10)
        times = (times - left_out / nominal) * 1.001
    return even_frames(times, fps, table, column)


def text(controls: ControlTrack) -> tuple[str, tuple[str, ...]]:
    """The file's text, and what is left out of it: the app does not know the head's place and size."""
    still = np.zeros(controls.frames)
    at_rest = {name: np.full(controls.frames, control.neutral) for name, control in CONTROLS.items()}
    channels = {name: controls.channels.get(name, rest).astype(np.float64) for name, rest in at_rest.items()}
    angles = np.stack([[channels["gazeYaw"], channels["gazePitch"]]] * 2)  # right and left eye
    for name, (eye, axis, full) in LOOKS.items():
        angles[eye, axis] += full * channels[name]
        channels[name] = np.clip(channels[name] + np.maximum(channels[("gazeYaw", "gazePitch")[axis]] / full, 0), 0, 1)
    columns = {_capital(name): channels[name] for name in _ORDER}
    columns |= {_capital(name): sign * np.radians(channels[name]) for name, sign in _ANGLES.items()}
    for side, eye in (("Left", angles[1]), ("Right", angles[0])):
        for angle, degrees in zip(("Yaw", "Pitch", "Roll"), (*eye, still), strict=True):
            columns[f"{side}Eye{angle}"] = np.radians(degrees)
    lines = [",".join(["Timecode", "BlendShapeCount", *columns])]
    for frame in range(controls.frames):
        values = ",".join(f"{values[frame]:.8f}" for values in columns.values())
        lines.append(f"{_timecode(frame, controls.fps)},{len(columns)},{values}")
    moved = [name for name in _UNKNOWN if (channels[name] != CONTROLS[name].neutral).any()]
    told = (f"Live Link Face has no column for {', '.join(moved)}: left out.",) if moved else ()
    return "\n".join(lines) + "\n", told


def _timecode(frame: int, fps: Fraction) -> str:
    """Hours, minutes, seconds, and frames of the next whole rate, with thousandths: 59.94 counts 1.001 of 60."""
    nominal = _nominal(fps)
    thousandths = round(frame / fps * nominal * 1000)
    seconds, frames = divmod(thousandths, nominal * 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}:{frames // 1000:02}.{frames % 1000:03}"


def _nominal(fps: Fraction) -> int:
    """The whole rate that a timecode counts in."""
    return next((rate for rate in _RATES if fps <= rate), _RATES[-1])


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
