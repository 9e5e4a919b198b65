# SPDX-License-Identifier: GPL-3.0-or-later
"""Creases come with expressions, where faces have them, and as strongly as is asked for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.fields.face_grid import COLUMNS, ROWS
from core.generators.warp.shading.creases import Creases
from core.generators.warp.shading.light import Light
from core.generators.warp.surface.head import Head
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face
from core.motion.plan import plan_motion
from core.motion.pose import head_rotation

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


def _creases(pixels: NDArray[Any], landmarks: NDArray[Any], amount: float) -> Creases:
    face = fit_face(landmarks)
    return Creases(pixels, face, amount, Head(face, np.ones(pixels.shape[:2], np.float32)))


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


def test_a_face_that_only_turns_is_lit_anew_without_creases(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    creases = _creases(astronaut, astronaut_landmarks, 1.0)
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), {"headYaw": np.full(1, 20, np.float32)}))[0]
    shade = creases.shade(target, astronaut_landmarks)
    assert shade is not None
    assert np.ptp(shade.gain) > 0.05
    assert max(np.abs(np.diff(shade.gain, axis=axis)).max() for axis in (0, 1)) < 0.04  # a cell, and so smooth


def test_light_stays_where_it_is_when_a_surface_turns() -> None:
    x, y = np.meshgrid(*(np.linspace(-40, 40, 81, dtype=np.float32),) * 2)
    height = np.sqrt(60**2 - x**2 - y**2)
    normals = np.dstack([x, y, height]) / 60  # of a ball
    lamp = np.array([0.5, -0.6, 0.6])
    light = Light(100 + 60 * normals @ lamp, np.ones_like(x), height, 1)
    rotation = head_rotation(15, -8, 10)
    wanted = np.log((100 + 60 * normals @ rotation.T @ lamp) / (100 + 60 * normals @ lamp))
    assert np.abs(wanted).max() > 0.1
    inner = (slice(8, -8),) * 2  # beyond, the height is smoothed against its edge
    np.testing.assert_allclose(light.change(rotation)[inner], wanted[inner], atol=0.035)
    assert (light.change(np.eye(3)) == 0).all()


def test_every_kind_of_pixel_is_creased_alike(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    smile = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
    change = _change(astronaut, astronaut_landmarks, 1.0, **smile)
    deep = _change(astronaut.astype(np.uint16) * 257, astronaut_landmarks, 1.0, **smile) / 257
    assert np.abs(deep - change).max() < 2


def test_a_neutral_face_creases_nowhere_and_a_stronger_one_goes_on_from_it(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    creases = _creases(astronaut, astronaut_landmarks, 1.0)
    strengths = np.linspace(0, 1, 41, dtype=np.float32)
    channels = {"mouthSmileLeft": strengths, "mouthSmileRight": strengths, "browInnerUp": strengths}
    targets = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))
    assert creases.shade(targets[0], targets[0].landmarks) is None
    shades = [creases.shade(target, target.landmarks) for target in targets]
    gains = [np.ones(1) if shade is None else shade.gain for shade in shades]
    steps = [float(np.abs(b - a).max()) for a, b in pairwise(gains)]
    assert 0 < max(steps) < 0.03


def test_what_a_movie_shows_stands_in_for_the_shapes(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    smile = ControlTrack(Fraction(25), {"mouthSmileLeft": np.ones(1, np.float32)})
    target = plan_motion(astronaut_landmarks, smile)[0]
    creases = _creases(astronaut, astronaut_landmarks, 0.5)

    def gain(change: float, sure: float) -> NDArray[np.float32]:
        measured = np.empty((ROWS // 2, COLUMNS // 2, 2), np.float32)
        measured[:] = change, sure
        shade = creases.shade(replace(target, shading=measured), target.landmarks)
        assert shade is not None
        return shade.gain

    shapes = creases.shade(target, target.landmarks)
    assert shapes is not None
    np.testing.assert_allclose(gain(0, 0), shapes.gain, atol=1e-6)
    assert np.abs(gain(0, 1) - 1).max() < 1e-5
    assert gain(-0.2, 1).min() == pytest.approx(np.exp(-0.5 * 0.2 * 1.15), abs=0.03)  # half of it; blue takes more


def test_grey_pictures_stay_grey_and_alpha_stays(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    grey = np.repeat(astronaut.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    pixels = np.dstack([grey, np.full(grey.shape[:2], 255, np.uint8)])
    smile = {"mouthSmileLeft": np.ones(1, np.float32), "browInnerUp": np.ones(1, np.float32)}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), smile))[0]
    shade = _creases(pixels, astronaut_landmarks, 1.0).shade(target, target.landmarks)
    assert shade is not None
    assert (shade.gain[..., 0] == shade.gain[..., 2]).all()
    assert (shade.gain[..., 3] == 1).all()
    assert shade.gain.min() < 0.9
