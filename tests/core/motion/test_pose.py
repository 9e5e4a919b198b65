# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.motion.pose import Pose, fit_pose, fit_poses, fit_rigid_poses, head_rotation, still_necks


def _head(seed: int = 3, points: int = 15) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 50, (points, 3))


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(25, 0, 0), (0, -15, 0), (0, 0, 20), (-20, 10, -12)])
def test_fit_recovers_the_pose_that_made_the_pixels(yaw: float, pitch: float, roll: float) -> None:
    pivot = np.array([100.0, 250.0, -20.0])
    points = _head() + pivot
    asked = Pose(head_rotation(yaw, pitch, roll), pivot, 1.07, np.array([12.0, -5.0]))
    found = fit_pose(points, asked.apply(points), np.ones(len(points)), pivot)
    assert np.abs(found.rotation - asked.rotation).max() < 1e-6
    assert found.scale == pytest.approx(1.07)
    assert found.move == pytest.approx([12, -5])


def test_many_frames_are_fitted_together_each_by_itself() -> None:
    pivot = np.array([100.0, 250.0, -20.0])
    points, weights, random = _head() + pivot, np.ones(15), np.random.default_rng(1)
    turns = random.uniform(-1, 1, (600, 3)) * [40, 30, 100]
    asked = [Pose(head_rotation(*turn), pivot, 0.8, np.array([5.0, 9.0])) for turn in turns.tolist()]
    pixels = np.stack([pose.apply(points) for pose in asked])
    pixels[1] = 7  # a tracker that has lost its face: its neighbours do not care
    found = fit_poses(points, pixels, weights, pivot)
    assert len(found) == 600
    assert np.isfinite(found[1].rotation).all()
    for number in (0, 2, 255, 256, 599):
        assert np.abs(found[number].rotation - asked[number].rotation).max() < 1e-6
        assert np.abs(found[number].move - asked[number].move).max() < 1e-4
        alone = fit_pose(points, pixels[number], weights, pivot)
        assert np.abs(alone.rotation - found[number].rotation).max() < 1e-9


def test_unapply_undoes_apply() -> None:
    pivot = np.array([3.0, 4.0, -8.0])
    points = _head(5)
    pose = Pose(head_rotation(17, -8, 5), pivot, 0.9, np.array([2.0, 1.0]))
    assert np.abs(pose.unapply(pose.apply(points), points[:, 2]) - points[:, :2]).max() < 1e-9


def test_signs_are_those_of_the_file_format() -> None:
    nose = np.array([[0.0, 0.0, 100.0]])  # in front of the pivot, towards the viewer
    top = np.array([[0.0, -100.0, 0.0]])  # above it: y points down
    at = np.zeros(3)
    assert Pose(head_rotation(20, 0, 0), at).apply(nose)[0, 0] > 10  # positive yaw: to the picture's right
    assert Pose(head_rotation(0, 20, 0), at).apply(nose)[0, 1] < -10  # positive pitch: up
    assert Pose(head_rotation(0, 0, 20), at).apply(top)[0, 0] > 10  # positive roll: clockwise


def test_no_controls_is_exactly_no_pose() -> None:
    assert Pose(head_rotation(0, 0, 0), np.zeros(3)).is_identity()


def test_a_still_neck_makes_a_sinking_face_nod_and_leaves_one_that_moves_aside() -> None:
    pivot = np.array([100.0, 250.0, -20.0])
    points = _head(points=68) * [1, 1, 0.5] + pivot - [0, 150, -60]  # a face lies above and before the neck

    def fitted(x: float, y: float) -> np.ndarray:
        landmarks = points[None, :, :2] + [x, y]
        [pose] = fit_rigid_poses(points, landmarks, pivot, still_necks(points, landmarks, pivot))
        return np.degrees([np.arcsin(pose.rotation[0, 2]), np.arcsin(pose.rotation[2, 1])])

    yaw, pitch = fitted(8.0, 0.0)
    assert abs(yaw) < 0.1
    assert abs(pitch) < 0.1
    yaw, pitch = fitted(0.0, 8.0)
    assert abs(yaw) < 1
    assert abs(pitch) > 1
    # Nobody nods so far: the body stands up, or the camera tilts.
    assert np.abs(fitted(0.0, -100.0)).max() < 1


def test_a_neck_may_come_nearer_for_good_but_not_in_a_shake() -> None:
    pivot = np.array([100.0, 250.0, -20.0])
    points = _head(points=68) * [1, 1, 0.5] + pivot - [0, 150, -60]
    nearer = Pose(np.eye(3), pivot, 1.2).apply(points)
    landmarks = np.repeat(points[None, :, :2], 100, axis=0)
    landmarks[10:13] = landmarks[60:] = nearer  # first a tracker that loses its face

    def sizes(fps: Fraction | None) -> np.ndarray:
        still = still_necks(points, landmarks, pivot, fps)
        return np.array([pose.scale for pose in fit_rigid_poses(points, landmarks, pivot, still)])

    found = sizes(Fraction(25))
    assert found[80] == pytest.approx(1.2, abs=1e-3)
    assert found[11] < 1.15
    assert np.array_equal(found[:40], sizes(None)[:40])
    assert sizes(None)[80] == sizes(None)[11]
    landmarks[:] = 7  # it never finds one
    assert (sizes(Fraction(25)) > 0).all()
