# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a frame's pixels are the portrait's own."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.generators.base import Portrait
from core.generators.warp.confidence import share_of_detail
from core.generators.warp.generator import WarpGenerator
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

NOSE, LIPS, RIGHT_CHEEK, LEFT_CHEEK = 30, (62, 66), 2, 14


@pytest.mark.parametrize(
    ("across", "down", "share"), [(1, 1, 1), (2, 3, 1), (0.5, 1, 0.5), (0.25, 0.5, 0.25), (0, 1, 0)]
)
def test_the_direction_that_is_stretched_most_counts(across: float, down: float, share: float) -> None:
    y, x = np.mgrid[:8, :9].astype(np.float32)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]], np.float32)
    found = share_of_detail(np.dstack([across * x, down * y]) @ turn)
    np.testing.assert_allclose(found, share, atol=1e-3)


@pytest.fixture(scope="module")
def generator(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> WarpGenerator:
    return WarpGenerator(Portrait(pixels, landmarks))


def _target(landmarks: NDArray[np.float32], **channels: float) -> FaceTarget:
    controls = ControlTrack(Fraction(25), {name: np.array([value], np.float64) for name, value in channels.items()})
    return plan_motion(landmarks, controls)[0]


def test_a_portrait_that_stays_as_it_is_is_its_own(generator: WarpGenerator, landmarks: NDArray[np.float32]) -> None:
    assert generator.draw_with_confidence(_target(landmarks, headYaw=0))[1].min() == 1


def test_an_open_mouth_is_made_up(generator: WarpGenerator, landmarks: NDArray[np.float32]) -> None:
    target = _target(landmarks, jawOpen=0.7)
    _, sure = generator.draw_with_confidence(target)
    x, y = target.landmarks[list(LIPS)].mean(0).astype(int)
    assert sure[y, x] < 0.1
    x, y = target.landmarks[NOSE].astype(int)
    assert sure[y, x] > 0.8


def test_a_cheek_that_comes_into_view_is_less_sure_than_the_other(
    generator: WarpGenerator, landmarks: NDArray[np.float32]
) -> None:
    sure = {}
    for yaw in (-20, 20):
        target = _target(landmarks, headYaw=yaw)
        _, found = generator.draw_with_confidence(target)
        places = [target.landmarks[[point, NOSE]].mean(0).astype(int) for point in (RIGHT_CHEEK, LEFT_CHEEK)]
        sure[yaw] = [found[y - 4 : y + 5, x - 4 : x + 5].mean() for x, y in places]
    right, left = zip(*sure.values(), strict=True)
    assert right[1] < right[0]  # turned to the picture's right, the cheek on the left comes into view
    assert left[0] < left[1]


def test_the_background_is_one_portraits_only(generator: WarpGenerator, landmarks: NDArray[np.float32]) -> None:
    target = _target(landmarks, headYaw=15)
    frame, with_all = generator.draw_with_confidence(target)
    _, of_person = generator.draw_with_confidence(target, only_person=True)
    np.testing.assert_array_equal(frame, generator.draw(target))
    assert with_all[:8, :8].min() == 1
    assert of_person[:8, :8].max() == 0
    assert with_all.min() == 0  # what the head hid


def test_it_has_no_stripes(generator: WarpGenerator, landmarks: NDArray[np.float32]) -> None:
    target = _target(landmarks, headYaw=15)
    _, sure = generator.draw_with_confidence(target)
    x, y = target.landmarks[[RIGHT_CHEEK, NOSE]].mean(0).astype(int)
    steps = np.abs(np.diff(sure[y - 12 : y + 13, x - 12 : x + 13], 2, axis=1))
    assert np.median(steps) < 0.01
