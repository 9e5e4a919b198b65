# SPDX-License-Identifier: GPL-3.0-or-later
"""Glasses stay rigid; what is not glasses for certain changes nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.eyes.glasses import find_glasses
from core.landmarks.topology import EYES
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIGHT_LENS, LEFT_LENS, BRIDGE = "right lens", "left lens", "bridge"
FRAME = {RIGHT_LENS, LEFT_LENS, BRIDGE}


def _with_frame(picture: NDArray[np.uint8], landmarks: NDArray[np.float32], parts: set[str]) -> NDArray[np.uint8]:
    """The picture with drawn parts of a frame, which is turned as the eyes are."""
    picture = picture.copy()
    across = landmarks[EYES[1][3]] - landmarks[EYES[0][0]]
    distance, angle = float(np.linalg.norm(across)), float(np.degrees(np.arctan2(across[1], across[0])))
    down = np.array([-across[1], across[0]])
    centres = [landmarks[list(eye)].mean(0) + 0.05 * down for eye in EYES]
    colour, width = (40, 30, 30), max(1, round(0.03 * distance))
    size = round(0.25 * distance), round(0.22 * distance)
    for part, centre in zip((RIGHT_LENS, LEFT_LENS), centres, strict=True):
        if part in parts:
            x, y = np.rint(centre).astype(int).tolist()
            cv2.ellipse(picture, (x, y), size, angle, 0, 360, colour, width, cv2.LINE_AA)
    if BRIDGE in parts:
        unit = across / distance
        start, end = centres[0] + size[0] * unit - 0.05 * down, centres[1] - size[0] * unit - 0.05 * down
        start, end = (np.rint(place).astype(int).tolist() for place in (start, end))
        cv2.line(picture, start, end, colour, width, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("parts", [set(), {RIGHT_LENS, LEFT_LENS}, {BRIDGE}])
def test_less_than_a_whole_frame_is_no_glasses(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], parts: set[str]
) -> None:
    assert find_glasses(_with_frame(astronaut, astronaut_landmarks, parts), astronaut_landmarks) is None


def test_a_pencil_drawing_is_full_of_lines_that_are_no_frame(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    large = np.asarray(cv2.resize(astronaut, (640, 640), interpolation=cv2.INTER_CUBIC), np.uint8)
    drawn = cv2.pencilSketch(large, sigma_s=40, sigma_r=0.1, shade_factor=0.04)[0]
    assert find_glasses(np.dstack([drawn] * 3), (astronaut_landmarks + 0.5) * 1.25 - 0.5) is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_frame_is_found_in_every_kind_of_pixels(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], kind: type
) -> None:
    picture = _with_frame(astronaut, astronaut_landmarks, FRAME)
    pixels = (picture / np.float32(255)) ** np.float32(2.2) if kind is np.float32 else picture.astype(kind)
    pixels *= 257 if kind is np.uint16 else 1
    assert find_glasses(pixels, astronaut_landmarks) is not None


def test_a_frame_stays_where_it_is_while_the_face_moves_behind_it(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    picture = _with_frame(astronaut, astronaut_landmarks, FRAME)
    one = np.ones(1, np.float32)
    moves = ("eyeBlink", "browDown", "cheekSquint", "mouthSmile")
    controls = ControlTrack(Fraction(25), {name + side: one for name in moves for side in ("Left", "Right")})
    (target,) = plan_motion(astronaut_landmarks, controls)
    still = np.abs(picture.astype(int) - astronaut).max(2) > 60  # the frame's pixels
    changes = []
    for pixels in (picture, astronaut):
        drawn = create_generator("warp", Portrait(pixels, astronaut_landmarks)).draw(target)
        changes.append(np.abs(drawn.astype(int) - pixels)[still].mean())
        lids = [slice(part.min(), part.max() + 1) for part in astronaut_landmarks[list(EYES[0])].astype(int).T[::-1]]
        assert np.abs(drawn[tuple(lids)].astype(int) - pixels[tuple(lids)]).mean() > 20  # they close
    assert changes[0] < 3
    assert changes[0] < changes[1] / 3
