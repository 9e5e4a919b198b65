# SPDX-License-Identifier: GPL-3.0-or-later
"""The square that the few-shot networks see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.generators.few_shot.crop import HeadCrop
from core.generators.few_shot.landmark_picture import draw_face, draw_landmarks

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture
def track() -> np.ndarray:
    """Three frames in a box 40 wide and 60 high, the middle one where the others are in the median."""
    face = np.random.default_rng(1).uniform(0, 1, (68, 2))
    face = (face - face.min(0)) / np.ptp(face, axis=0) * (40, 60) + (30, 50)
    return np.stack([face - 7, face, face + 90]).astype(np.float32)


def test_a_square_around_a_face_and_around_a_track(track: np.ndarray) -> None:
    crop = HeadCrop.around(track[1])
    assert crop.side == pytest.approx(120, abs=1e-3)
    assert crop.left + crop.side / 2 == pytest.approx(50.5, abs=1e-3)
    assert crop.top + crop.side / 2 == pytest.approx(80.5 - 10, abs=1e-3)
    assert HeadCrop.around(track) == crop


def test_a_whole_number_of_pixels_is_copied() -> None:
    pixels = np.random.default_rng(2).integers(0, 65536, (40, 50, 4), np.uint16)
    np.testing.assert_array_equal(HeadCrop(7, 5, 16).read(pixels, 16), pixels[5:21, 7:23])


@pytest.mark.parametrize("factor", [2, 5])
def test_what_shrinks_is_averaged(factor: int) -> None:
    pixels = np.random.default_rng(3).random((64, 64, 1), np.float32)
    read = HeadCrop(3, 4, 8 * factor).read(pixels, 8)
    part = pixels[4 : 4 + 8 * factor, 3 : 3 + 8 * factor, 0]
    wanted = part.reshape(8, factor, 8, factor).mean((1, 3))
    np.testing.assert_allclose(read[..., 0], wanted, atol=1e-5)


def test_outside_of_the_picture_its_edge_goes_on() -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:, 0] = (200, 100, 50)
    read = HeadCrop(-8, 2, 8).read(pixels, 8)
    assert (read == (200, 100, 50)).all()


def test_points_are_where_their_pixels_are() -> None:
    pixels = np.zeros((60, 60, 1), np.float32)
    pixels[20:22, 31:33] = 1  # around (31.5, 20.5)
    crop, point = HeadCrop(11.3, 6.7, 40), np.array([31.5, 20.5])
    read = crop.read(pixels, 64)[..., 0]
    y, x = (float((read * places).sum() / read.sum()) for places in np.mgrid[:64, :64])
    np.testing.assert_allclose(crop.to_crop(point, 64), (x, y), atol=0.1)


def test_landmarks_are_drawn_in_their_colours_and_between_pixels(track: np.ndarray) -> None:
    landmarks = HeadCrop.around(track[1]).to_crop(track[1], 256)
    picture = draw_landmarks(landmarks, 256)
    assert (picture.shape, picture.dtype) == ((256, 256, 3), np.uint8)
    assert (picture[:5] == 0).all()
    spots = {8: (255, 255, 255), 66: (255, 255, 0)}  # nothing is drawn over the inner lip
    line = np.zeros((68, 2)) + np.arange(68)[:, None] * (0, 3) + (20, 20)  # each point below the one before
    alone = draw_landmarks(line, 256)
    for point, colour in spots.items():
        x, y = line[point].astype(int)
        assert tuple(alone[y, x]) == colour
    moved = draw_landmarks(line + np.array([0.25, 0]), 256)
    centre = [float((each[44, :, 0] * np.arange(256.0)).sum() / each[44, :, 0].sum()) for each in (alone, moved)]
    assert centre[1] - centre[0] == pytest.approx(0.25, abs=0.1)


def test_the_face_reaches_from_the_chin_to_the_brows_or_above(landmarks: NDArray[np.float32]) -> None:
    for turn in (np.eye(2), np.array([[0, -1], [1, 0]])):  # upright, and with the brows on the right
        points = landmarks @ turn.T
        points += 128 - points.mean(axis=0)
        face, lower = (draw_face(points, 256, whole_brows=whole) for whole in (True, False))
        eye, brow = points[42:48].mean(axis=0), points[22:27].mean(axis=0)
        chin = points[8] + 0.1 * (eye - points[8])
        inside, outside = [chin, points[30], brow, brow + 0.25 * (brow - eye)], brow + 1.5 * (brow - eye)
        *shown, hair = (int(face[round(y), round(x)]) for x, y in np.array([*inside, outside]).tolist())
        assert min(shown) > 200
        assert hair < 20
        x, y = (brow + 0.25 * (brow - eye)).tolist()
        assert lower[round(y), round(x)] < face[round(y), round(x)]
