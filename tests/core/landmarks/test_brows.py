# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows that are drawn where no detector would put them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.landmarks.brows import measure_brows, place_brows
from core.landmarks.topology import LEFT_BROW, RIGHT_BROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

SKIN, HAIR, LASHES = 190, 110, 30
DISTANCE = 120  # pixels between the outer corners of the eyes
RIGHT, LEFT = slice(0, 5), slice(5, 10)  # of what is measured


@pytest.fixture(scope="module")
def points() -> NDArray[np.float32]:
    """(68, 2): brows and eyes; what else there is plays no part."""
    points = np.zeros((68, 2), np.float32)
    arch = np.array([[-34, 2], [-17, -4], [0, -6], [17, -4], [34, 2]], np.float32)
    eye = np.array([[-24, 0], [-8, -9], [8, -9], [24, 0], [8, 7], [-8, 7]], np.float32)
    for middle, brow, first in (((104, 90), RIGHT_BROW, 36), ((176, 90), LEFT_BROW, 42)):
        points[list(brow)] = arch + middle
        points[first : first + 6] = eye + middle + (0, 34)
    return points


def _draw(points: NDArray[np.float32], raised: dict[tuple[int, ...], float], hair: int = HAIR) -> NDArray[np.uint8]:
    """(200, 280, 3): brows so many pixels above their points, and painted eyes."""
    picture = np.full((200, 280), SKIN, np.uint8)
    for brow in (RIGHT_BROW, LEFT_BROW):
        line = np.rint((points[list(brow)] - (0, raised.get(brow, 0.0))) * 16).astype(np.int32)
        cv2.polylines(picture, [line], False, (hair,), 6, cv2.LINE_AA, 4)
    for first in (36, 42):
        cv2.polylines(picture, [np.rint(points[first : first + 6]).astype(np.int32)], True, (LASHES,), 4)
    noise = np.random.default_rng(1).normal(0, 2, picture.shape)
    grey = cv2.GaussianBlur(picture, (0, 0), 1) + noise
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _turned(
    degrees: float, size: float, points: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """(2, 3) matrix that turns and enlarges a picture, and the points after it."""
    matrix = np.asarray(cv2.getRotationMatrix2D((140, 100), degrees, size), np.float64)
    matrix[:, 2] += (size - 1) * np.array([140, 100])
    return matrix, (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


@pytest.mark.parametrize(("degrees", "size"), [(0, 1.0), (15, 1.0), (-10, 2.5)])
@pytest.mark.parametrize("height", [-6.0, 0.0, 7.25, 18.0])
def test_a_brow_is_found_where_it_is(points: NDArray[np.float32], height: float, degrees: float, size: float) -> None:
    """Within half a pixel, though the other brow and the points stay: the head turns, and is near."""
    picture = _draw(points, {LEFT_BROW: height})
    matrix, turned = _turned(degrees, size, points)
    picture = cv2.warpAffine(picture, matrix, (int(280 * size), int(200 * size)), borderValue=(SKIN,) * 3)
    heights, contrast = measure_brows(np.asarray(picture, np.uint8), turned)
    np.testing.assert_allclose(heights[LEFT] * DISTANCE, height, atol=0.5)
    np.testing.assert_allclose(heights[RIGHT] * DISTANCE, 0, atol=0.5)
    assert contrast.min() > 0.1


def test_brows_move_as_measured_from_where_the_detector_has_them(points: NDArray[np.float32]) -> None:
    rises = [0, 0, 12, 0, 0]
    low = points + np.isin(np.arange(68), RIGHT_BROW)[:, None] * np.array([0, 4], np.float32)  # beside the brow, always
    measured = np.array([measure_brows(_draw(points, {RIGHT_BROW: rise, LEFT_BROW: rise}), low) for rise in rises])
    track = np.repeat(low[None], len(rises), axis=0)
    moved = track - place_brows(track, measured)
    brows = [*RIGHT_BROW, *LEFT_BROW]
    np.testing.assert_allclose(moved[:, brows, 1], np.repeat(rises, 10).reshape(-1, 10), atol=0.6)
    np.testing.assert_allclose(moved[:, brows, 0], 0, atol=1e-4)
    assert not np.delete(moved, brows, axis=1).any()


def test_brows_that_are_not_seen_stay_the_detectors(points: NDArray[np.float32]) -> None:
    """Hidden in one frame by a hand, or so fair that they never stand out; or beyond the picture."""
    track = np.repeat(points[None], 5, axis=0)
    seen = measure_brows(_draw(points, {}), points)
    hidden = measure_brows(np.full((200, 280, 3), SKIN, np.uint8), points)
    outside = measure_brows(_draw(points, {}), points - 400)
    np.testing.assert_allclose(place_brows(track, np.array([seen, seen, hidden, outside, seen])), track, atol=1e-3)
    fair = np.array([measure_brows(_draw(points, {RIGHT_BROW: rise}, SKIN - 5), points) for rise in (0, 0, 9, 0, 0)])
    np.testing.assert_array_equal(place_brows(track, fair), track)
