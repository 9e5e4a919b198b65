# SPDX-License-Identifier: GPL-3.0-or-later
"""A landmark track -> the motion of one portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import LID_PAIRS
from .face_model import FittedFace, fit_face
from .lid_calibration import close_lids
from .pose import STILL_NECK, Pose, fit_rigid_poses
from .smoothing import smooth_track
from .target import FaceTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack

    Array = NDArray[np.float64]

_LEAST_OPENING = 0.02  # of the outer-eye distance: a driver whose eyes start shut says nothing about lids


def follow_absolute(face: FittedFace, track: LandmarkTrack) -> Iterator[FaceTarget]:
    """The track's points are wanted as they stand, in the portrait's pixels."""
    neutral = face.points[:, :2].astype(np.float32)
    wanted = _prepare(track, neutral)
    poses = fit_rigid_poses(face.points, wanted, face.pivot, still=STILL_NECK)
    for asked, landmarks, pose in zip(track.landmarks, wanted, poses, strict=True):
        if np.array_equal(asked, neutral):
            yield _still(face)
        else:
            yield FaceTarget(landmarks.astype(np.float64), pose, np.zeros((2, 2)))


def follow_relative(
    faces: Sequence[FittedFace], track: LandmarkTrack, neutral: NDArray[np.float32]
) -> Iterator[FaceTarget]:
    """The track's change against the driver's `neutral` landmarks (68, 2) is put on `faces`, one for each frame.

    Head motion and expression are taken apart on the driver's own face, so that its shape does not leak: the
    head turns as the driver's does, and the offsets of the landmarks in the driver's unturned view are scaled
    to the portrait.
    """
    driver = fit_face(neutral)
    wanted = _prepare(track, neutral)
    poses = fit_rigid_poses(driver.points, wanted, driver.pivot, still=STILL_NECK)
    for face, asked, landmarks, pose in zip(faces, track.landmarks, wanted, poses, strict=True):
        if np.array_equal(asked, neutral):
            yield _still(face)
            continue
        size = face.eye_distance / driver.eye_distance
        turn = face.pose.rotation @ driver.pose.rotation.T
        offsets = np.zeros((68, 3))
        offsets[:, :2] = pose.unapply(landmarks, driver.points[:, 2]) - driver.points[:, :2]
        points = face.points + size * offsets @ turn.T
        _keep_opening_ratio(points, face.points, driver.points + offsets, driver)
        moved = Pose(pose.rotation, face.pivot, pose.scale, pose.move * size)
        yield FaceTarget(moved.apply(points), moved, np.zeros((2, 2)))


def _prepare(track: LandmarkTrack, neutral: NDArray[np.float32]) -> NDArray[np.float32]:
    """The track's landmarks without the tracker's faults: its trembling, and lids that never meet."""
    return close_lids(smooth_track(track.landmarks), track.fps, neutral)


def _still(face: FittedFace) -> FaceTarget:
    """Nothing moves, exactly: a fitted pose would leave rounding behind."""
    return FaceTarget(face.points[:, :2], Pose(np.eye(3), face.pivot), np.zeros((2, 2)))


def _keep_opening_ratio(points: Array, neutral: Array, moved: Array, driver: FittedFace) -> None:
    """Eyes close by ratio: lids that meet on the driver meet on the portrait, however wide its eyes are."""
    least = _LEAST_OPENING * driver.eye_distance
    for upper, lower in LID_PAIRS:
        open_driver = float(np.linalg.norm(driver.points[upper] - driver.points[lower]))
        if open_driver < least:
            continue
        ratio = float(np.linalg.norm(moved[upper, :2] - moved[lower, :2])) / open_driver
        points[upper] = points[lower] + ratio * (neutral[upper] - neutral[lower])
