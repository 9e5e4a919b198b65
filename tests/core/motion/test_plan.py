# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls and tracks become targets: on the astronaut, and on rendered heads whose motion is known."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.landmarks.topology import LID_PAIRS
from core.landmarks.track import LandmarkTrack
from core.motion.controls import CONTROLS, ControlTrack
from core.motion.face_model import fit_face
from core.motion.plan import plan_motion
from core.motion.pose import fit_pose

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _controls(**values: float) -> ControlTrack:
    return ControlTrack(Fraction(25), {name: np.array([0, value], np.float32) for name, value in values.items()})


def _track(landmarks: NDArray[Any]) -> LandmarkTrack:
    points = np.asarray(landmarks, np.float32)
    return LandmarkTrack(points, np.ones(points.shape[:2], np.float32), Fraction(25), (512, 512))


@pytest.fixture
def face(astronaut_landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    return astronaut_landmarks


def test_neutral_controls_move_nothing(face: NDArray[np.float32]) -> None:
    neutral = {name: control.neutral for name, control in CONTROLS.items()}
    target = plan_motion(face, _controls(**neutral))[1]
    assert np.abs(target.landmarks - face).max() < 1e-4
    assert target.pose.is_identity()
    assert not target.gaze.any()


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_moves_something(face: NDArray[np.float32], name: str) -> None:
    control = CONTROLS[name]
    target = plan_motion(face, ControlTrack(Fraction(25), {name: np.array([control.maximum], np.float32)}))[0]
    assert np.abs(target.landmarks - face).max() > 0.05 or target.gaze.any()


def test_the_lower_lip_of_an_open_mouth_is_round_where_its_points_are_not(face: NDArray[np.float32]) -> None:
    face = face.copy()
    face[[63, 65], 0] += 0.3 * (face[64, 0] - face[[63, 65], 0])  # as a head that is turned away shows them
    face[67] += 0.4 * (face[60] - face[67])
    target = plan_motion(face, _controls(jawOpen=1))[1]
    sunk = (target.landmarks - face)[[67, 66, 65], 1] - (target.landmarks - face)[[60, 64], 1].mean()
    left, right = target.landmarks[[60, 64], 0]
    aside = (2 * target.landmarks[[67, 66, 65], 0] - left - right) / (right - left)
    assert (sunk > 0.95 * np.sqrt(1 - aside**2) * sunk[1]).all()


def test_a_smile_leaves_shut_lips_shut(face: NDArray[np.float32]) -> None:
    face = face.copy()
    face[[67, 66, 65]] = face[[61, 62, 63]]
    target = plan_motion(face, _controls(mouthSmileLeft=1, mouthSmileRight=1))[1]
    gaps = (target.landmarks[[67, 66, 65]] - target.landmarks[[61, 62, 63]])[:, 1]
    assert gaps.max() < 0.01 * np.linalg.norm(face[36] - face[45])


def test_a_smile_is_a_curve_where_lip_points_lie_near_the_middle(face: NDArray[np.float32]) -> None:
    face = face.copy()
    face[[61, 62, 63]] = face[62] + np.array([[-0.2], [0], [0.2]]) * (face[64] - face[60])
    target = plan_motion(face, _controls(mouthSmileLeft=1, mouthSmileRight=1))[1]
    lifted = (face - target.landmarks)[[60, 61, 62, 63, 64], 1]
    lifted -= lifted[2]
    for point, corner in ((1, 0), (3, 4)):
        assert 0 < lifted[point] < 0.3 * lifted[corner]  # in a V it is 0.4 and more, in a parabola 0.16


def test_a_full_blink_closes_the_eye_of_any_portrait(face: NDArray[np.float32]) -> None:
    target = plan_motion(face, _controls(eyeBlinkLeft=1, eyeBlinkRight=1))[1]
    for upper, lower in LID_PAIRS:
        gap = np.linalg.norm(target.landmarks[upper] - target.landmarks[lower])
        assert gap < 0.05 * np.linalg.norm(face[upper] - face[lower])


def test_left_is_the_subjects_left(face: NDArray[np.float32]) -> None:
    moved = plan_motion(face, _controls(mouthSmileLeft=1))[1].landmarks - face
    assert moved[54, 1] < -1  # the corner at the picture's right goes up
    assert abs(moved[48, 1]) < abs(moved[54, 1]) / 3


def test_lips_do_not_pass_through_each_other(face: NDArray[np.float32]) -> None:
    target = plan_motion(face, _controls(mouthClose=1, mouthRollLower=1, mouthRollUpper=1))[1]
    allowed = min(0.0, float(face[66, 1] - face[62, 1])) - 0.5
    assert target.landmarks[66, 1] - target.landmarks[62, 1] > allowed


def test_lips_that_are_apart_in_the_portrait_can_be_closed(face: NDArray[np.float32]) -> None:
    target = plan_motion(face, _controls(mouthClose=0.4))[1]
    assert face[66, 1] - face[62, 1] > 5
    assert abs(target.landmarks[66, 1] - target.landmarks[62, 1]) < 1


def test_an_absolute_track_is_wanted_as_it_stands(face: NDArray[np.float32]) -> None:
    moved = face + np.float32([3, -2])
    targets = plan_motion(face, _track(np.stack([face, moved])))
    assert np.array_equal(targets[0].landmarks, face.astype(np.float64))
    assert targets[0].pose.is_identity()
    assert np.abs(targets[1].landmarks - moved).max() < 1e-4
    assert not targets[1].pose.is_identity()


def test_a_funnel_opens_the_jaw_a_little(face: NDArray[np.float32]) -> None:
    """The scanned face lowers its chin for it: not all of the lips' opening is their own."""
    funnel = plan_motion(face, ControlTrack(Fraction(25), {"mouthFunnel": np.array([1.0], np.float32)}))[0]
    before, opened = (float((points[65:68, 1] - points[61:64, 1]).mean()) for points in (face, funnel.landmarks))
    assert 0.5 < funnel.parted / (opened - before) < 0.8


def test_a_lifted_upper_lip_of_a_track_is_no_open_jaw(face: NDArray[np.float32]) -> None:
    lifted, dropped = face.copy(), face.copy()
    lifted[[61, 62, 63], 1] -= 4
    dropped[[65, 66, 67], 1] += 4
    parted = [target.parted for target in plan_motion(face, _track(np.stack([lifted, dropped, face])))]
    assert parted[0] == pytest.approx(4, rel=0.05)
    assert 0 < parted[1] < 0.2 * parted[0]
    assert parted[2] == pytest.approx(0, abs=0.01)


def test_a_relative_track_does_not_leak_the_drivers_face(face: NDArray[np.float32]) -> None:
    """A driver with a longer, larger face somewhere else: its neutral frame changes nothing on the portrait."""
    driver = (face - face.mean(0)) * np.float32([1.5, 1.9]) + np.float32([400, 300])
    targets = plan_motion(face, _track(np.stack([driver, driver + np.float32([6, 0])])), relative_to=driver)
    assert np.array_equal(targets[0].landmarks, face.astype(np.float64))
    shift = targets[1].landmarks - face
    # A driver that only moves aside moves the portrait aside; that it tilts a little as well cannot be ruled out.
    assert np.abs(shift - shift.mean(0)).max() < 0.12 * shift.mean(0)[0]
    assert 2 < shift.mean(0)[0] < 6  # less far, as the portrait is smaller


def test_a_mouth_that_is_open_in_the_neutral_frame_closes_no_further_than_the_portraits(
    face: NDArray[np.float32],
) -> None:
    shut = plan_motion(face, _controls(mouthPressLeft=1, mouthPressRight=1))[1].landmarks.astype(np.float32)
    shouts = plan_motion(shut, _controls(jawOpen=1))[1].landmarks.astype(np.float32)
    closed = plan_motion(shut, _track(np.stack([shouts, shut])), relative_to=shouts)[1].landmarks
    inner, chin = [61, 62, 63, 65, 66, 67], 8
    assert np.abs(closed - shut)[inner].max() < 0.02 * np.linalg.norm(face[36] - face[45])
    assert abs(closed[chin, 1] - shut[chin, 1]) < 0.1 * (shouts[chin, 1] - shut[chin, 1])


def test_lips_that_a_still_jaw_presses_move_no_chin(face: NDArray[np.float32]) -> None:
    shut = plan_motion(face, _controls(mouthPressLeft=1, mouthPressRight=1))[1].landmarks.astype(np.float32)
    parted, chin = shut.copy(), 8
    eyes = np.linalg.norm(face[36] - face[45])
    parted[[65, 66, 67], 1] += 0.04 * eyes
    pressed = plan_motion(shut, _track(np.stack([parted, shut])), relative_to=parted)[1].landmarks
    assert np.abs(pressed - shut)[chin].max() < 0.01 * eyes


def test_the_portraits_own_smile_is_taken_off(face: NDArray[np.float32]) -> None:
    """The astronaut smiles with parted lips: neutralised, they meet and the mouth gets narrower; eyes stay."""
    own, half, whole = (plan_motion(face, _controls(jawOpen=0), neutralise=n)[1].landmarks for n in (0, 0.5, 1))
    assert np.array_equal(own, face.astype(np.float64))
    gaps = [np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=1).mean() for points in (own, half, whole)]
    assert gaps[2] < 0.02 * gaps[0] < gaps[1] < 0.7 * gaps[0]
    widths = [np.linalg.norm(points[54] - points[48]) for points in (own, half, whole)]
    assert widths[2] < widths[1] < widths[0]
    assert np.abs(whole[36:48] - own[36:48]).max() < 0.02 * np.linalg.norm(own[36] - own[45])


def test_motion_is_put_on_the_neutralised_face(face: NDArray[np.float32]) -> None:
    track = _track(np.stack([face, face]))
    followed = plan_motion(face, track, relative_to=face, neutralise=1)[0].landmarks
    assert np.array_equal(followed, plan_motion(face, _controls(jawOpen=0), neutralise=1)[0].landmarks)
    opened = plan_motion(face, _controls(jawOpen=0.5), neutralise=1)[1].landmarks
    assert opened[66, 1] - opened[62, 1] > 3
    assert np.array_equal(plan_motion(face, track, neutralise=1)[0].landmarks, face.astype(np.float64))


def test_known_head_angles_are_found_again(shared: Path) -> None:
    """Rendered heads with exact landmarks; roll differs, because the renderer bends the neck too."""
    folder = shared / "eval/synth/synth_o"
    track = np.load(folder / "lm_exact.npz")
    truth = json.loads((folder / "controls.json").read_text())
    truth = truth.get("channels", truth)
    face = fit_face(track["source"])
    weights = np.zeros(68)
    weights[27:48] = 1
    angles = []
    for points in track["asked"]:
        r = fit_pose(face.points, points, weights, face.pivot).rotation
        angles.append(np.degrees([np.arcsin(r[0, 2]), np.arctan2(r[1, 2], r[2, 2]) * -1]))
    for name, found in zip(("headYaw", "headPitch"), np.array(angles).T, strict=True):
        assert np.corrcoef(found, truth[name])[0, 1] > 0.95
        assert np.polyfit(truth[name], found, 1)[0] == pytest.approx(1, abs=0.25)
