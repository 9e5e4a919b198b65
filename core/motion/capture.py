# SPDX-License-Identifier: GPL-3.0-or-later
"""A landmark track -> the controls that move a face as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..landmarks.topology import EYES, LID_PAIRS
from ..landmarks.track import bridged
from .controls import CONTROLS, ControlTrack
from .easing import ease
from .expression import LID_FOLLOWS_DOWN, LID_FOLLOWS_UP, PRESSED
from .face_model import IRIS_DEPTH, load_face_model
from .lid_calibration import close_lids
from .neutral_frame import find_neutral_frame, neutral_from_still
from .performance import Performance
from .smoothing import smooth_track

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack

    Array = NDArray[np.float64]

_WIDE = 1.1  # of the open eye: what is less wide is trembling
_WINK = 0.5  # lids that differ by less move together, the more so the less they differ
_SEEN = 0.5  # a blink that is stronger hides the iris
_LIDS = {"Right": LID_PAIRS[:2], "Left": LID_PAIRS[2:]}


def capture_controls(
    track: LandmarkTrack,
    neutral_frame: int | None = None,
    looks: NDArray[np.floating[Any]] | None = None,
    still: NDArray[np.floating[Any]] | None = None,
) -> ControlTrack:
    """The controls of a landmark track, against its own neutral frame (found if not given); BadInputError.

    The landmarks (68, 2) of another `still` of this face tell its expression at rest instead: then only where the head
    rests and looks is taken from the neutral frame. Gaze is told by the track's irises, or by `looks`: (F, 2) degrees,
    where the eyes look in the room, to the picture's right and up. Frames that equal the neutral one are exactly
    neutral.
    """
    if neutral_frame is None:
        neutral_frame = find_neutral_frame(track)
    if not 0 <= neutral_frame < track.frames:
        raise BadInputError(f"The neutral frame {neutral_frame} does not exist; the track has 0-{track.frames - 1}.")
    neutral = track.landmarks[neutral_frame] if still is None else neutral_from_still(still, track, neutral_frame)
    landmarks = close_lids(smooth_track(track.landmarks, track.fps), track.fps, neutral)
    performance = Performance(landmarks, neutral, track.size, track.fps)
    channels = {**performance.head(), **performance.expression()}
    if track.iris is not None:
        yaw, pitch = _gaze(performance, track.iris, neutral_frame, track.fps).T
        channels |= {"gazeYaw": yaw, "gazePitch": pitch}
    elif looks is not None:
        yaw, pitch = (looks - looks[neutral_frame]).T
        channels |= {"gazeYaw": yaw - channels["headYaw"], "gazePitch": pitch - channels["headPitch"]}
    channels |= _lids(performance, channels.get("gazePitch", np.zeros(track.frames)))
    at_rest = (track.landmarks == neutral).all(axis=(1, 2))
    # Points hardly show that lips press; but so they meet on a portrait whose own are open.
    pressed = PRESSED * performance.lip_contact(at_rest, track.fps)
    channels |= {name: np.maximum(channels[name], pressed) for name in ("mouthPressLeft", "mouthPressRight")}
    moved: dict[str, NDArray[np.float32]] = {}
    looks_on = at_rest if track.iris is None else at_rest & (track.iris == track.iris[neutral_frame]).all(axis=(1, 2))
    for name, values in channels.items():
        values[looks_on if name.startswith("gaze") else at_rest] = CONTROLS[name].neutral
        if (values != CONTROLS[name].neutral).any():
            moved[name] = values.astype(np.float32)
    return ControlTrack(track.fps, moved or {"jawOpen": np.zeros(track.frames, np.float32)})


def _lids(performance: Performance, gaze_pitch: Array) -> dict[str, Array]:
    """Blinks and wide eyes; lids that follow the gaze (F,), degrees, do neither."""
    face, shapes = performance.face, load_face_model().expressions
    scales = np.array([pose.scale for pose in performance.poses])
    onto = np.stack([pose.rotation[:2] for pose in performance.poses]) * scales[:, None, None]
    up, down = np.maximum(gaze_pitch, 0) * LID_FOLLOWS_UP, np.maximum(-gaze_pitch, 0) * LID_FOLLOWS_DOWN
    channels: dict[str, Array] = {}
    for side, pairs in _LIDS.items():
        upper, lower = (list(lid) for lid in zip(*pairs, strict=True))
        apart = {
            name: face.direction(shapes[name + side][lower] - shapes[name + side][upper])
            for name in ("eyeLookUp", "eyeLookDown", "eyeWide")
        }
        open_eye = performance.points[lower] - performance.points[upper]
        follows = up[:, None, None] * apart["eyeLookUp"] + down[:, None, None] * apart["eyeLookDown"]
        # In the turned view, because lids that meet have no depth between them.
        expected = np.linalg.norm((open_eye + follows) @ onto.transpose(0, 2, 1), axis=-1).mean(1)
        found = np.linalg.norm(performance.flat[:, lower] - performance.flat[:, upper], axis=-1).mean(1)
        share = found / np.maximum(expected, 1e-6)
        wide = np.linalg.norm(apart["eyeWide"], axis=-1).mean() / np.linalg.norm(open_eye, axis=-1).mean()
        channels[f"eyeBlink{side}"] = np.clip(1 - share, 0, 1)
        # How far lids stand out is known badly: those of a head that nods look no wider than they are from the front.
        frontal = scales * np.linalg.norm(open_eye[:, :2], axis=-1).mean()
        channels[f"eyeWide{side}"] = np.clip((found / np.maximum(expected, frontal) - _WIDE) / wide, 0, 1)
    return _together(channels)


def _together(lids: dict[str, Array]) -> dict[str, Array]:
    """Trackers see the far eye of a turned head badly; but nobody widens one eye, and who does not wink closes both."""
    wide = np.minimum(lids["eyeWideLeft"], lids["eyeWideRight"])
    left, right = lids["eyeBlinkLeft"], lids["eyeBlinkRight"]
    middle, apart = (left + right) / 2, (left - right) / 2 * ease(np.abs(left - right) / _WINK)
    return {
        "eyeBlinkLeft": middle + apart,
        "eyeBlinkRight": middle - apart,
        "eyeWideLeft": wide,
        "eyeWideRight": wide.copy(),
    }


def _gaze(performance: Performance, iris: NDArray[np.float32], neutral_frame: int, fps: Fraction) -> Array:
    """(F, 2) degrees that the eyeballs turn in the head, from the irises (F, 2, 2); held through blinks."""
    face = performance.face
    blinks = _lids(performance, np.zeros(len(iris)))
    angles: list[Array] = []
    for eye, (side, (x, y, z, radius)) in enumerate(zip(_LIDS, load_face_model().eyes, strict=True)):
        turning = IRIS_DEPTH * radius
        depth = face.from_model(np.array([x, y, z + turning]))[2:]
        flat = performance.without_perspective(iris[:, eye, None].astype(np.float64), depth)
        corners = [EYES[eye][0], EYES[eye][3]]
        middle = performance.unturn(performance.flat[:, corners], performance.points[corners, 2]).mean(1)
        place = performance.unturn(flat, depth)[:, 0] - middle
        way = (place - place[neutral_frame]) / (turning * face.scale) * (1, -1)
        angle = np.degrees(np.arcsin(np.clip(way, -1, 1)))
        angles.append(_held(angle, blinks[f"eyeBlink{side}"] < _SEEN))
    return smooth_track(np.stack(angles, axis=1).astype(np.float32), fps).astype(np.float64).mean(1)


def _held(values: Array, known: NDArray[np.bool_]) -> Array:
    """(F, 2) values, those of unknown frames from their neighbours; 0 where nothing is known."""
    return bridged(values, known) if known.any() else np.zeros_like(values)
