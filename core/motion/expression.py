# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls -> the moved 3D landmarks of one portrait, and its gaze."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import INNER_UPPER_LIP, LID_PAIRS, LIP_PAIRS
from .controls import CONTROLS
from .easing import ease_within
from .face_model import FittedFace, load_face_model
from .lip_contact import face_down
from .pose import Pose, head_rotation
from .target import FaceTarget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_BLINK = {"eyeBlinkRight": LID_PAIRS[:2], "eyeBlinkLeft": LID_PAIRS[2:]}
_CLOSED_HEIGHT = 0.12  # closed lids meet this far up from the lower lid, as a share of the open eye
LOOKS = {  # control -> eye (0 right, 1 left), axis (0 yaw, 1 pitch), degrees at full strength
    "eyeLookInRight": (0, 0, 30), "eyeLookOutRight": (0, 0, -30),
    "eyeLookInLeft": (1, 0, -30), "eyeLookOutLeft": (1, 0, 30),
    "eyeLookUpRight": (0, 1, 25), "eyeLookDownRight": (0, 1, -25),
    "eyeLookUpLeft": (1, 1, 25), "eyeLookDownLeft": (1, 1, -25),
}  # fmt: skip
_UPPER_LIP = (49, 50, 51, 52, 53, 61, 62, 63)  # without its corners
_LIP_AT = {  # inner point -> the points of its lip that go with it, and how far
    61: {61: 1, 50: 1, 49: 0.6}, 62: {62: 1, 51: 1}, 63: {63: 1, 52: 1, 53: 0.6},
    67: {67: 1, 58: 1, 59: 0.6}, 66: {66: 1, 57: 1}, 65: {65: 1, 56: 1, 55: 0.6},
}  # fmt: skip
_LIP_LINES = np.array([[61, 62, 63, 60, 64], [67, 66, 65, 60, 64], [50, 51, 52, 48, 54], [58, 57, 56, 48, 54]])
"""Beside the middle on the left, the middle, on the right, and the corners on the left and right."""
_UPPER_CLOSES = 0.4  # of the way between open lips; the lower lip goes the rest
_LIP_SHARE = 0.1  # of what a track's lower lip goes down it does without the jaw
_FUNNEL_JAW = 0.13  # of `jawOpen`: the scanned face that makes its lips a funnel lowers its chin by that
_TONGUE_THICK = 0.6  # cm, between the lips
_FURTHEST_YAW, _LEAST_ROOM = 36.0, 8.0  # degrees from frontal; and what any portrait may turn
PRESSED = 0.5
"""Of mouthPress, both sides': from here on the lips touch."""
_LOWER_LID = 2.0  # times as far as the scanned one it sinks with a drawn gaze; `capture` measures people, by the scan
LID_FOLLOWS_UP, LID_FOLLOWS_DOWN = 1 / 30, 1 / 24  # strength of the lid shapes for each degree of gaze pitch


def express(
    face: FittedFace,
    values: Mapping[str, float],
    offsets: Array | None = None,
    contact: float = 0.0,
    *,
    limited: bool = True,
) -> FaceTarget:
    """Apply one frame of controls (missing ones are neutral) to a fitted portrait.

    `offsets` (68, 3), pixels, are what a track does to the portrait's unturned points; the controls are put on top.
    `contact` (0..1) is how far the track means its lips to touch. Without `limited` it may turn the head further than
    the portrait shows it, and cross its lips.
    """
    value = {name: values.get(name, control.neutral) for name, control in CONTROLS.items()}
    gaze = np.radians(_gaze_degrees(value))
    points = face.points + face.direction(_at_own_places(_model_offsets(value), face))
    _round_lower_lip(points, face.points)
    jaw = face.direction(load_face_model().expressions["jawOpen"])
    before, jaw_opens = face.lip_opening(face.points), face.lip_opening(jaw)
    keyed = None
    driven = face.points
    if offsets is not None:
        driven = face.points + offsets
        keyed = face.lip_opening(points) + _parted_without_jaw(face, driven)
        _put_on(points, face.points, driven)
    _close_lids(points, face.points, value)
    pressed = (value["mouthPressLeft"] + value["mouthPressRight"]) / 2
    _close_lips(points, face.points, max(min(pressed / PRESSED, 1), contact))
    least = face.points if limited else driven
    _part(points, least, LID_PAIRS)
    _part(points, least, LIP_PAIRS)
    opened = face.lip_opening(points)
    jaw_key = value["jawOpen"] + _FUNNEL_JAW * value["mouthFunnel"]
    parted = (opened if keyed is None else keyed) - before - jaw_key * jaw_opens
    # Lips that have not parted as far as a tongue that is put out is thick do so, by the jaw. What stands open in the
    # portrait is no room: there are teeth in it.
    lacking = value["tongueOut"] * _TONGUE_THICK * face.scale - max(opened - before, 0)
    points += max(lacking, 0) / jaw_opens * jaw
    height = float(np.ptp(face.points[:, 1]))
    move = np.array([value["headX"], -value["headY"]]) * height
    yaw = _visible_yaw(face, value["headYaw"]) if limited else value["headYaw"]
    pose = Pose(head_rotation(yaw, value["headPitch"], value["headRoll"]), face.pivot, value["headZoom"], move)
    return FaceTarget(pose.apply(points), pose, gaze, value["tongueOut"], parted, tracked=False, absolute=not limited)


def open_jaw(face: FittedFace) -> Array:
    """(68, 3) pixels by which `jawOpen` at its full strength moves a portrait's points; its upper lip stays."""
    value = {name: control.neutral for name, control in CONTROLS.items()} | {"jawOpen": 1.0}
    return face.direction(_at_own_places(_model_offsets(value), face))


def _visible_yaw(face: FittedFace, yaw: float) -> float:
    """A head that is turned in the picture turns on only as far as the picture shows its far side."""
    own = np.degrees(np.arcsin(np.clip(face.pose.rotation[0, 2], -1, 1)))
    return float(ease_within(yaw, max(_FURTHEST_YAW - float(own) * np.sign(yaw), _LEAST_ROOM)))


def _gaze_degrees(value: Mapping[str, float]) -> Array:
    degrees = np.tile([value["gazeYaw"], value["gazePitch"]], (2, 1)).astype(np.float64)
    for name, (eye, axis, full) in LOOKS.items():
        degrees[eye, axis] += full * value[name]
    return degrees


def _model_offsets(value: Mapping[str, float]) -> Array:
    """(68, 3) centimetres: the sum of the expression shapes; lids follow the gaze, blinks come later."""
    strengths = {name: value[name] for name in load_face_model().expressions if name not in _BLINK}
    pitch = value["gazePitch"]
    for side in ("Left", "Right"):
        strengths[f"eyeLookUp{side}"] += max(pitch, 0) * LID_FOLLOWS_UP
        strengths[f"eyeLookDown{side}"] += max(-pitch, 0) * LID_FOLLOWS_DOWN
    shapes = load_face_model().expressions
    offsets = np.zeros((68, 3))
    for name, strength in strengths.items():
        if strength:
            offsets += strength * shapes[name]
    for side in ("Left", "Right"):
        lower = [pair[1] for pair in _BLINK[f"eyeBlink{side}"]]
        looks_down = f"eyeLookDown{side}"
        offsets[lower] += (_LOWER_LID - 1) * max(strengths[looks_down], 0) * shapes[looks_down][lower]
    # A jaw that sinks draws the scanned upper lips over their teeth; who speaks or laughs holds them up.
    opened = max(strengths["jawOpen"] - strengths["mouthClose"], 0)
    offsets[list(_UPPER_LIP), 1] -= opened * shapes["jawOpen"][_UPPER_LIP[-2], 1]
    return offsets


def _at_own_places(offsets: Array, face: FittedFace) -> Array:
    """The model's offsets (68, 3) where a portrait has its lip points: by a parabola through the middle of each lip.

    Detectors put them nearer to the middle than the model does. Moved like the model's, a smile gets a V.
    """
    moved = offsets.copy()
    left, middle, right = (offsets[_LIP_LINES[:, i]] for i in range(3))
    odd, even = (right - left) / 2, (left + right) / 2 - middle
    own = face.points @ face.direction(np.array([1.0, 0.0, 0.0]))
    for side, sign in ((0, -1), (2, 1)):
        nearer = np.clip(_between(own, side) / _between(load_face_model().landmarks[:, 0], side), 0, 1)[:, None]
        moved[_LIP_LINES[:, side]] = middle + sign * nearer * odd + nearer**2 * even
    return moved


def _between(across: Array, side: int) -> Array:
    """(4,) where the lip points of a side lie, 0 in the middle, 1 at the corner, of how far (68,) points are across."""
    middle = across[_LIP_LINES[:, 1]]
    return (across[_LIP_LINES[:, side]] - middle) / (across[_LIP_LINES[:, 3 + side // 2]] - middle)


def _put_on(points: Array, neutral: Array, driven: Array) -> None:
    """Put what controls do on top of what a track does; they do not open lids that the track shuts."""
    for upper, lower in LID_PAIRS:
        opening = float(np.linalg.norm(neutral[upper] - neutral[lower]))
        share = min(float(np.linalg.norm(driven[upper] - driven[lower])) / max(opening, 1e-6), 1)
        grown = (points[upper] - points[lower]) - (neutral[upper] - neutral[lower])
        points[upper] -= (1 - share) * grown
    points += driven - neutral


def _close_lids(points: Array, neutral: Array, value: Mapping[str, float]) -> None:
    """Bring the lids together on this portrait's own eye: at 1 they touch, whatever its opening is."""
    for name, pairs in _BLINK.items():
        for upper, lower in pairs:
            meet = points[lower] + _CLOSED_HEIGHT * (neutral[upper] - neutral[lower])
            for lid in (upper, lower):
                points[lid] += value[name] * (meet - points[lid])


def _close_lips(points: Array, neutral: Array, share: float) -> None:
    """Take this share of the portrait's own opening between its lips off: those that press touch in any portrait.

    Both lips move as a whole, between corners that stay.
    """
    if share <= 0:
        return
    down = face_down(neutral)
    for upper, lower in LIP_PAIRS:
        gap = float((neutral[lower, :2] - neutral[upper, :2]) @ down)
        for inner, way in ((upper, _UPPER_CLOSES), (lower, _UPPER_CLOSES - 1)):
            for point, part in _LIP_AT[inner].items():
                points[point, :2] += share * way * part * max(gap, 0) * down


def _round_lower_lip(points: Array, neutral: Array) -> None:
    """An open mouth is round: below its corners the lower lip sinks by no less than half an ellipse does.

    A portrait whose lip points stand closer together than the model's would get a V. Corners that a smile lifts open
    nothing.
    """
    lip, corners = [67, 66, 65], [60, 64]
    moved = points - neutral
    sunk = moved[lip] - moved[corners].mean(0)
    share = (moved[66] - moved[62]) @ sunk[1] / max(float(sunk[1] @ sunk[1]), 1e-6)
    left, right = points[corners, :2]
    half = (right - left) / 2
    for place, outer in ((0, 58), (2, 56)):
        aside = (points[lip[place], :2] - (left + right) / 2) @ half / max(float(half @ half), 1e-6)
        lacking = np.sqrt(max(1 - aside**2, 0)) * sunk[1] - sunk[place]
        if lacking @ sunk[1] > 0:
            points[[lip[place], outer]] += min(max(float(share), 0), 1) * lacking


def _parted_without_jaw(face: FittedFace, driven: Array) -> float:
    """Pixels by which a track's (68, 3) `driven` lips have parted by themselves: no jaw lifts the upper one."""
    up = face.direction(np.array([0.0, 1.0, 0.0])) / face.scale
    rise = float(((driven - face.points)[INNER_UPPER_LIP] @ up).mean())
    opened = max(face.lip_opening(driven) - face.lip_opening(face.points), 0)
    lifted = min(max(rise, 0), opened)
    return lifted + _LIP_SHARE * (opened - lifted)


def _part(points: Array, neutral: Array, pairs: tuple[tuple[int, int], ...]) -> None:
    """Lids and lips may touch but not pass through each other."""
    down = face_down(neutral)
    for upper, lower in pairs:
        gap = float((points[lower, :2] - points[upper, :2]) @ down)
        allowed = min(0.0, float((neutral[lower, :2] - neutral[upper, :2]) @ down))
        if gap < allowed:
            shift = (allowed - gap) / 2 * down
            points[upper, :2] -= shift
            points[lower, :2] += shift
