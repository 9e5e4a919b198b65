# SPDX-License-Identifier: GPL-3.0-or-later
"""A landmark track -> what it does to one portrait."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import (
    EYES,
    JAW,
    LEFT_BROW,
    LID_PAIRS,
    LOWER_LIDS,
    MOUTH,
    NOSE_BASE,
    NOSE_BRIDGE,
    RIGHT_BROW,
    UPPER_LIDS,
)
from .controls import CONTROLS
from .easing import ease_within
from .expression import open_jaw
from .face_model import FittedFace, fit_face, load_face_model
from .lid_calibration import close_lids
from .lip_contact import face_down, lip_contact, lip_openings
from .pose import Pose, fit_rigid_poses, head_angles, still_necks
from .smoothing import smooth_track

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack
    from .amounts import RegionAmounts

    Array = NDArray[np.float64]

_LEAST_OPENING = 0.02  # of the outer-eye distance: a driver whose eyes start shut says nothing about lids
_BEYOND = 1.5  # times what the strongest shape of the model does is the most that a point moves
_LEAST_ROOM = 0.8  # cm, for points that shapes move little; far less than a driver's outline slides as the head turns
_REGIONS = {
    "jaw": JAW,
    "brows": (*RIGHT_BROW, *LEFT_BROW),
    "eyes": (*EYES[0], *EYES[1]),
    "mouth": (*NOSE_BRIDGE, *NOSE_BASE, *MOUTH),
}


@dataclass(frozen=True)
class Followed:
    """What a landmark track does to a portrait in one frame."""

    offsets: Array  # (68, 3) pixels, of the portrait's unturned points
    head: dict[str, float]  # the head's controls
    contact: float = 0.0  # 0..1 how far the lips are meant to touch


def follow_absolute(face: FittedFace, track: LandmarkTrack, amounts: RegionAmounts) -> Iterator[Followed]:
    """The track's points are wanted as they stand, in the portrait's pixels."""
    neutral = face.points[:, :2].astype(np.float32)
    for offsets, pose in _apart(face, track, neutral, None):
        yield _followed(face, offsets, pose, amounts)


def follow_relative(
    faces: Sequence[FittedFace], track: LandmarkTrack, neutral: NDArray[np.float32], amounts: RegionAmounts
) -> Iterator[Followed]:
    """The track's change against the driver's `neutral` landmarks (68, 2) is put on `faces`, one for each frame.

    Head motion and expression are taken apart on the driver's own face, so that its shape does not leak: the
    head turns as the driver's does, and the offsets of the landmarks in the driver's unturned view are scaled
    to the portrait. Head and points stay within what controls and shapes can do. Lids that meet on the driver meet
    on the portrait, and so do lips.
    """
    driver = fit_face(neutral)
    frames = list(_apart(driver, track, neutral, track.fps))
    touching = amounts.mouth * _contact(driver, faces, np.stack([offsets for offsets, _ in frames]), track.fps)
    for face, (offsets, pose), contact in zip(faces, frames, touching, strict=True):
        size = face.eye_distance / driver.eye_distance
        turn = face.pose.rotation @ driver.pose.rotation.T
        room, wider = (face.scale * centimetres for centimetres in _room())
        own = size * offsets @ turn.T
        length = np.linalg.norm(own, axis=1)
        own *= (ease_within(length, room) / np.maximum(length, 1e-12))[:, None]
        _keep_opening_ratio(own, face.points, offsets, driver, wider)
        _keep_lips_apart(own, face)
        moved = Pose(pose.rotation, face.pivot, pose.scale, pose.move * size)
        followed = _followed(face, own, moved, amounts)
        head = {name: _limited(name, value) for name, value in followed.head.items()}
        yield Followed(followed.offsets, head, float(contact))


def _contact(driver: FittedFace, faces: Sequence[FittedFace], offsets: Array, fps: Fraction) -> Array:
    """(F,) how far the driver, whose unturned points move by `offsets` (F, 68, 3), means the faces' lips to touch."""
    down = face_down(driver.points)
    openings = lip_openings(driver.points[:, :2] + offsets[..., :2], down) / driver.eye_distance
    at_rest, *own = (
        float(lip_openings(of.points[:, :2], face_down(of.points))) / of.eye_distance for of in (driver, *faces)
    )
    return lip_contact(openings, at_rest, ~offsets.any(axis=(1, 2)), fps, np.array(own))


def _apart(
    driver: FittedFace, track: LandmarkTrack, neutral: NDArray[np.float32], filmed: Fraction | None
) -> Iterator[tuple[Array, Pose]]:
    """For each frame the (68, 3) offsets of the driver's points in its unturned view, and its head's pose.

    `filmed` are the frames a second of a camera that may come nearer; None where points lie in a portrait's picture.
    """
    # Without the tracker's faults: its trembling, and lids that never meet.
    wanted = close_lids(smooth_track(track.landmarks, track.fps), track.fps, neutral)
    still = still_necks(driver.points, wanted, driver.pivot, filmed)
    poses = fit_rigid_poses(driver.points, wanted, driver.pivot, still)
    for asked, landmarks, pose in zip(track.landmarks, wanted, poses, strict=True):
        offsets = np.zeros((68, 3))
        if np.array_equal(asked, neutral):  # nothing moves, exactly: a fitted pose would leave rounding behind
            yield offsets, Pose(np.eye(3), driver.pivot)
            continue
        offsets[:, :2] = pose.unapply(landmarks, driver.points[:, 2]) - driver.points[:, :2]
        yield offsets, pose


def _followed(face: FittedFace, offsets: Array, pose: Pose, amounts: RegionAmounts) -> Followed:
    height = float(np.ptp(face.points[:, 1]))
    angles = head_angles(pose.rotation)
    head = dict(zip(("headYaw", "headPitch", "headRoll"), angles, strict=True))
    head |= {"headX": pose.move[0] / height, "headY": -pose.move[1] / height, "headZoom": pose.scale}
    for name, value in head.items():
        neutral = CONTROLS[name].neutral
        head[name] = float(neutral + amounts.head * (value - neutral))
    return Followed(_scaled(offsets, face, amounts), head)


def _limited(name: str, value: float) -> float:
    """What a head does, eased into the range of its control."""
    control = CONTROLS[name]
    moved = value - control.neutral
    room = control.maximum - control.neutral if moved > 0 else control.neutral - control.minimum
    return control.neutral + float(ease_within(moved, room))


@cache
def _room() -> tuple[Array, Array]:
    """(68,) centimetres that each point may move, and (4,) by which the lids of each pair may go further apart."""
    shapes = load_face_model().expressions
    raised = shapes["browInnerUp"] + shapes["browOuterUpLeft"] + shapes["browOuterUpRight"]  # as people raise them
    furthest = np.max([np.linalg.norm(shape, axis=1) for shape in (*shapes.values(), raised)], axis=0)
    wide = shapes["eyeWideLeft"] + shapes["eyeWideRight"]
    apart = np.linalg.norm(wide[UPPER_LIDS] - wide[LOWER_LIDS], axis=1)
    return np.maximum(_BEYOND * furthest, _LEAST_ROOM), _BEYOND * apart


def _scaled(offsets: Array, face: FittedFace, amounts: RegionAmounts) -> Array:
    """The offsets (68, 3) by region; what the jaw moves in the mouth goes with the jaw."""
    scaled = offsets.copy()
    for name, points in _REGIONS.items():
        scaled[list(points)] *= getattr(amounts, name)
    if amounts.jaw != amounts.mouth:
        scaled[list(MOUTH)] += (amounts.jaw - amounts.mouth) * _jaw_motion(offsets, face)[list(MOUTH)]
    return scaled


def _jaw_motion(offsets: Array, face: FittedFace) -> Array:
    """(68, 3) the part of the offsets that is a jaw which opens or goes aside."""
    opened, aside, jaw = _fitted_jaw(offsets, face)
    return max(opened, 0) * jaw[0] + aside * jaw[1]


def _fitted_jaw(offsets: Array, face: FittedFace) -> tuple[float, float, Array]:
    """How far a jaw opens and goes aside, by least squares of outline and lips, and (2, 68, 3) what that moves."""
    jaw = face.jaw_shapes() * (1, 1, 0)
    moved = [*JAW[4:13], *MOUTH]
    opened, aside = np.linalg.lstsq(jaw[:, moved].reshape(2, -1).T, offsets[moved].reshape(-1), rcond=None)[0]
    return float(opened), float(aside), jaw


def _keep_lips_apart(own: Array, face: FittedFace) -> None:
    """Of a jaw that closes, as against a neutral frame with an open mouth, only what the portrait's lips leave.

    `own` (68, 3) are the offsets of the portrait's points. Lips that a still jaw presses are not its work.
    """
    down, rest = face_down(face.points), face.points[:, :2]
    crossing = min(float(lip_openings(rest, down)), 0) - float(lip_openings(rest + own[:, :2], down))
    if crossing > 0:
        jaw = open_jaw(face) * (1, 1, 0)
        closed = max(-_fitted_jaw(own, face)[0], 0)
        own += min(crossing / float(lip_openings(jaw[:, :2], down)), closed) * jaw


def _keep_opening_ratio(own: Array, neutral: Array, offsets: Array, driver: FittedFace, wider: Array) -> None:
    """Eyes close by ratio: lids that meet on the driver meet on the portrait, however wide its eyes are.

    `own` (68, 3) are the offsets of the portrait's points `neutral`, `offsets` those of the driver's; `wider` (4,) is
    how far lids can go apart.
    """
    least = _LEAST_OPENING * driver.eye_distance
    moved = driver.points + offsets
    for (upper, lower), room in zip(LID_PAIRS, wider, strict=True):
        open_driver = float(np.linalg.norm(driver.points[upper, :2] - driver.points[lower, :2]))
        if open_driver < least:
            continue
        ratio = float(np.linalg.norm(moved[upper, :2] - moved[lower, :2])) / open_driver
        opening = neutral[upper] - neutral[lower]
        length = max(float(np.linalg.norm(opening)), 1e-6)
        grown = (ratio - 1) * length
        own[upper] = own[lower] + (float(ease_within(grown, room)) if grown > 0 else grown) / length * opening
