# SPDX-License-Identifier: GPL-3.0-or-later
"""What colours, sharpness and grain of the portrait a mouth's inside gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators.warp.mouth.interior import MouthInterior
from core.generators.warp.mouth.palette import Palette
from core.landmarks.topology import EYES
from tests.core.generators.warp.plain_face import SIZE, SKIN, between_lips, mouth_window, opened, picture_of

if TYPE_CHECKING:
    from core.motion.face_model import FittedFace


def test_a_grey_portrait_gets_a_grey_mouth(face: FittedFace) -> None:
    grey = np.repeat(cv2.cvtColor(picture_of(face, grain=4), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    read = MouthInterior(grey, face).read(mouth_window(face), opened(face, 0.5)).astype(int)
    assert np.ptp(read, axis=2).max() <= 1
    assert np.ptp(read) > 40


def test_kinds_of_pixels_get_the_same_mouth(face: FittedFace) -> None:
    picture, moved = picture_of(face), opened(face, 0.5)
    want = MouthInterior(picture, face).read(mouth_window(face), moved).astype(np.float32)
    wide = MouthInterior(picture.astype(np.uint16) * 257, face).read(mouth_window(face), moved)
    assert wide.dtype == np.uint16
    assert np.abs(wide / 257 - want).max() <= 1
    light = ((picture / 255 + 0.055) / 1.055) ** 2.4  # all of it is above the straight part of the sRGB curve
    linear = MouthInterior(light.astype(np.float32), face).read(mouth_window(face), moved)
    assert linear.dtype == np.float32
    assert np.abs(255 * (1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055) - want).max() < 11
    see_through = np.dstack([picture, np.full((SIZE, SIZE), 90, np.uint8)])
    read = MouthInterior(see_through, face).read(mouth_window(face), moved)
    assert (read[..., 3] == 90).all()
    assert np.abs(read[..., :3] - want).max() <= 1


def test_grain_has_the_strength_of_the_portraits_and_is_the_same_every_time(face: FittedFace) -> None:
    window, moved = mouth_window(face), opened(face, 0.5)
    rough, smooth = (MouthInterior(picture_of(face, grain), face).read(window, moved) for grain in (6.0, 0.0))
    again = MouthInterior(picture_of(face, 6.0), face).read(window, moved)
    assert (rough == again).all()
    tongue = between_lips(face, moved) & (window[..., 1] > moved[[60, 64], 1].mean())
    grain = rough.astype(np.float64) - smooth
    # The tongue is less lit than the skin, and so is its grain.
    assert 0.5 * smooth[tongue].mean() / np.mean(SKIN) < grain[tongue].std() / 6 < 0.8


def test_teeth_have_the_skins_colour_as_far_as_the_white_of_the_eyes_has(face: FittedFace) -> None:
    """A painting's varnish tinges the white of its eyes; a photograph's is white."""

    def blue(white: tuple[int, int, int]) -> float:
        picture = picture_of(face)
        for eye in EYES:
            cv2.fillPoly(picture, [np.round(face.points[list(eye), :2]).astype(np.int32)], white)
        tooth = Palette(picture, face, open_mouth=False).tooth
        return float(tooth[2] / tooth[0])

    skin = SKIN[2] / SKIN[0]
    assert skin < blue(SKIN) < skin + 0.1
    assert blue((230, 228, 226)) > blue(SKIN) + 0.05


@pytest.mark.parametrize("blur", [1.0, 2.5])
def test_sharpness_is_that_of_the_portraits_edges(face: FittedFace, blur: float) -> None:
    assert Palette(picture_of(face, blur=blur), face, open_mouth=False).blur == pytest.approx(blur, rel=0.35)
