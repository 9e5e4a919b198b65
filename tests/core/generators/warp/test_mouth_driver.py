# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver's mouth shows, drawn in the portrait's palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.generators.warp.mouth.driver import measure
from core.generators.warp.mouth.interior import MouthInterior
from core.landmarks.topology import INNER_LIP, OUTER_LIP
from tests.core.generators.warp.plain_face import LIP, SIZE, between_lips, middle_of, mouth_window, opened, picture_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.motion.face_model import FittedFace


def _driver(face: FittedFace, jaw: float, tooth: tuple[int, int, int] = (225, 215, 200)) -> NDArray[np.uint8]:
    """Somebody whose open mouth shows teeth in its lower half and nothing above them."""
    picture, moved = picture_of(face), opened(face, jaw)
    inner = moved[list(INNER_LIP)]
    outer = np.round(moved[list(OUTER_LIP)]).astype(np.int32)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(picture, [outer], LIP)
    cv2.fillPoly(mask, [np.round(inner).astype(np.int32)], (1,))
    low = np.arange(SIZE)[:, None] > inner[:, 1].mean()
    picture[(mask > 0) & low] = tooth
    picture[(mask > 0) & ~low] = (20, 8, 8)
    return picture


def test_teeth_that_the_driver_shows_are_drawn_in_the_portraits_palette(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    mouth = MouthInterior(picture_of(face), face)
    seen = measure(_driver(face, 0.5), moved)
    invented, driven = (mouth.read(mouth_window(face), moved, driver=d).astype(np.float64) for d in (None, seen))
    inside, centre = between_lips(face, moved), middle_of(face)
    column = np.nonzero(inside[:, centre])[0]
    low, high = column[int(0.75 * len(column))], column[int(0.25 * len(column))]
    assert driven[low, centre].mean() > 1.5 * invented[low, centre].mean()
    assert driven[low, centre].mean() > 3 * driven[high, centre].mean()
    # A blue light in the driver's room stays there.
    blue = (_driver(face, 0.5) * [0.6, 0.8, 1.0]).astype(np.uint8)
    again = mouth.read(mouth_window(face), moved, driver=measure(blue, moved)).astype(np.float64)
    assert np.abs(again - driven)[inside].mean() < 8


def test_a_driver_whose_lips_are_shut_or_far_away_shows_no_inside(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    mouth = MouthInterior(picture_of(face), face)
    invented = mouth.read(mouth_window(face), moved)
    shut = measure(picture_of(face), face.points[:, :2])
    small = cv2.resize(_driver(face, 0.5), None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
    for seen in (shut, measure(small, moved / 10)):
        assert (mouth.read(mouth_window(face), moved, driver=seen) == invented).all()
