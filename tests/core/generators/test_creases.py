# SPDX-License-Identifier: GPL-3.0-or-later
"""Creases come with expressions, where faces have them, and as strongly as is asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _change(pixels: NDArray[Any], landmarks: NDArray[Any], creases: float, **controls: float) -> NDArray[np.float64]:
    """By how much a frame with creases is brighter than one without."""
    channels = {name: np.array([value], np.float32) for name, value in controls.items()}
    target = plan_motion(landmarks, ControlTrack(Fraction(25), channels))[0]
    creased, plain = (
        create_generator("warp", Portrait(pixels, landmarks, creases=amount)).draw(target) for amount in (creases, 0.0)
    )
    return (creased[..., :3].astype(np.float64) - plain[..., :3]).mean(-1)


@pytest.mark.parametrize(
    ("controls", "around"),
    [
        ({"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}, (31, 48)),
        ({"browDownLeft": 1.0, "browDownRight": 1.0}, (21, 22)),
    ],
)
def test_skin_gets_darker_where_an_expression_creases_it(
    astronaut: NDArray[np.uint8],
    astronaut_landmarks: NDArray[np.float32],
    controls: dict[str, float],
    around: tuple[int, int],
) -> None:
    weak, strong = (_change(astronaut, astronaut_landmarks, amount, **controls) for amount in (0.5, 1.0))
    assert strong.min() < weak.min() < 0
    row, column = np.unravel_index(strong.argmin(), strong.shape)
    distance = np.linalg.norm(astronaut_landmarks[36] - astronaut_landmarks[45])
    places = [astronaut_landmarks[list(around)], astronaut_landmarks[[35, 54]]]
    nearest = min(float(np.linalg.norm(place - (column, row), axis=1).min()) for place in places)
    assert nearest < 0.35 * distance


def test_a_face_that_only_turns_gets_no_creases(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    assert np.abs(_change(astronaut, astronaut_landmarks, 1.0, headYaw=20)).max() <= 2


def test_every_kind_of_pixel_is_creased_alike(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    smile = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
    change = _change(astronaut, astronaut_landmarks, 1.0, **smile)
    deep = _change(astronaut.astype(np.uint16) * 257, astronaut_landmarks, 1.0, **smile) / 257
    assert np.abs(deep - change).max() < 2
