# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that close, judged by what is in the frames."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from core.generators.warp.lids import follow_lids, lid_shifts
from core.landmarks.topology import EYES, LEFT_EYE, LID_PAIRS, RIGHT_EYE
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face
from core.motion.plan import plan_motion
from core.motion.pose import Pose
from core.motion.target import FaceTarget

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.generators.base import Generator


@pytest.fixture(scope="module")
def generator(astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]) -> Generator:
    return create_generator("warp", Portrait(astronaut, astronaut_landmarks))


def _shut(landmarks: NDArray[np.float32], passed: float) -> FaceTarget:
    """Lids that are asked to meet, or to pass each other by a share of the eye's width."""
    face = fit_face(landmarks)
    points = face.points[:, :2].copy()
    for number, (upper, lower) in enumerate(LID_PAIRS):
        eye = EYES[number // 2]
        across = points[eye[3]] - points[eye[0]]
        down = np.array([-across[1], across[0]])
        middle = (points[upper] + 3 * points[lower]) / 4
        points[upper], points[lower] = middle + passed / 2 * down, middle - passed / 2 * down
    return FaceTarget(points, Pose(np.eye(3), face.pivot), np.zeros((2, 2)))


def _boxes(landmarks: NDArray[np.float32]) -> list[tuple[slice, slice]]:
    boxes = []
    for eye in EYES:
        (left, top), (right, bottom) = landmarks[list(eye)].min(0).astype(int), landmarks[list(eye)].max(0).astype(int)
        boxes.append((slice(top - 2, bottom + 4), slice(left + 2, right - 1)))
    return boxes


def test_lids_that_are_asked_to_pass_each_other_meet(
    astronaut_landmarks: NDArray[np.float32], generator: Generator
) -> None:
    meeting, passing = (generator.draw(_shut(astronaut_landmarks, by)).astype(int) for by in (0.0, 0.08))
    for box in _boxes(astronaut_landmarks):
        assert (passing[box] - meeting[box]).max() < 30  # no bright sliver of the lower lid


def test_a_closed_eye_has_a_dark_band_between_its_lids(
    astronaut_landmarks: NDArray[np.float32], generator: Generator
) -> None:
    shut = generator.draw(_shut(astronaut_landmarks, 0.0)).mean(-1)
    for rows, columns in _boxes(astronaut_landmarks):
        by_row = shut[rows.start - 2 : rows.stop + 2, columns].mean(1)
        darkest = int(by_row.argmin())
        assert 2 <= darkest < len(by_row) - 2
        assert by_row[darkest] < 0.8 * min(by_row[0], by_row[-1])
        assert (by_row < (by_row[darkest] + by_row[-1]) / 2).sum() > 1  # a band, not a line as thin as a pixel


def test_both_eyes_are_drawn_the_same_one_after_the_other_and_again(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], generator: Generator
) -> None:
    values = np.array([0.3, 0.6, 1.0, 0.3], np.float32)
    channels = {"eyeBlinkLeft": values, "eyeBlinkRight": values, "gazeYaw": 10 * values}
    targets = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))
    frames = [generator.draw(target) for target in targets]
    assert np.array_equal(frames[0], frames[3])
    assert all(frame.dtype == astronaut.dtype for frame in frames)


def test_lids_go_to_the_detected_points_before_they_meet(astronaut_landmarks: NDArray[np.float32]) -> None:
    shifts = np.zeros((68, 2))
    upper, lower = np.array(LID_PAIRS).T
    shifts[upper, 1] = -1.0
    followed: list[float] = []
    for opening in (1.5, 1.0, 0.5, 0.0):
        moved = astronaut_landmarks.astype(float)
        moved[upper] = moved[lower] + opening * (moved[upper] - moved[lower])
        followed.append(float(-follow_lids(shifts, astronaut_landmarks, moved)[upper, 1].mean()))
    assert followed[:2] == pytest.approx([1, 1])
    assert 0 < followed[2] < 0.25
    assert followed[3] == 0


@pytest.mark.parametrize("controls", [{"headZoom": 0.8}, {"headPitch": -20}, {"headRoll": 30}])
def test_moves_of_the_head_do_not_close_the_eyes(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], controls: dict[str, float]
) -> None:
    """The lids' seen edges stay as far outside of the detected ones, on the head, as they are in the portrait."""
    generator = WarpGenerator(Portrait(astronaut, astronaut_landmarks))
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in controls.items()})
    target = plan_motion(astronaut_landmarks, track)[0]
    lids = list(RIGHT_EYE + LEFT_EYE)
    depth = fit_face(astronaut_landmarks).points[:, 2]
    seen = target.pose.unapply(generator._with_edges(target).landmarks, depth)
    shifts = lid_shifts(astronaut, fit_face(astronaut_landmarks).points)
    assert np.abs(shifts[lids]).max() > 0.5
    assert (seen - astronaut_landmarks)[lids] == pytest.approx(shifts[lids], abs=0.02)
