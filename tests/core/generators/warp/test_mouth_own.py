# SPDX-License-Identifier: GPL-3.0-or-later
"""Teeth that a portrait shows: they stay with skull and jaw, and the model's go on beside them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.generators.warp.mouth.interior import MouthInterior
from core.landmarks.topology import INNER_LIP
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.generators.warp.generator import WarpGenerator


def test_teeth_that_a_portrait_shows_do_not_rise_with_the_lip(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    face = fit_face(astronaut_landmarks)
    moved = face.points[:, :2].copy()
    moved[[50, 51, 52, 61, 62, 63], 1] -= 0.06 * face.eye_distance
    inner = face.points[list(INNER_LIP), :2]
    x, y = np.meshgrid(
        np.arange(int(inner[2, 0]) - 6, int(inner[2, 0]) + 7, dtype=np.float32),
        np.arange(int(inner[:, 1].min() - 8), int(inner[:, 1].max()), dtype=np.float32),
    )
    drawn = MouthInterior(astronaut, face).read(np.dstack([x, y]), moved).astype(int)
    shown = astronaut[int(y[0, 0]) : int(y[-1, 0]) + 1, int(x[0, 0]) : int(x[0, -1]) + 1].astype(int)
    middle = int(inner[[2, 6], 1].mean() - y[0, 0])
    assert np.abs(drawn[middle - 1 : middle + 1] - shown[middle - 1 : middle + 1]).mean() < 3
    above = int(inner[2, 1] - y[0, 0]) - 2  # where the lip was: teeth now, not lip
    assert drawn[above].mean() > 0.8 * shown[middle].mean()


def test_the_models_teeth_go_on_where_shown_ones_end(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    """The astronaut's teeth are shut. Beside them, and below when the jaw opens, teeth are as bright as they are."""
    controls = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "jawOpen": 0.3, "headYaw": -25}
    channels = {name: np.array([value], np.float32) for name, value in controls.items()}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    drawn = generator.draw(target).mean(-1)
    inner = generator.landed(target).landmarks[list(INNER_LIP)]
    own = drawn[int(inner[[2, 6], 1].mean()) - 2, int(inner[2, 0])]
    beside = inner[4] + 0.2 * (inner[3] - inner[4])
    for share in np.linspace(0, 0.85, 20):  # without the corner's shade between the two
        column, row = np.rint(inner[2] + share * (beside - inner[2])).astype(int)
        assert drawn[row - 1 : row + 6, column].max() > 0.6 * own
    below = inner[6] - (0, 3)
    for place in (beside, below):
        column, row = np.rint(place).astype(int)
        assert drawn[row - 1 : row + 4, column - 1 : column + 2].max() > 0.49 * own


@pytest.mark.parametrize("jaw", [0.3, 0.5, 0.8])
def test_lower_teeth_beside_shown_ones_are_nearly_as_bright_and_told_apart(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32], jaw: float
) -> None:
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), {"jawOpen": np.array([jaw], np.float32)}))[0]
    drawn = generator.draw(target).mean(-1)
    lip, rim, middle = *target.landmarks[[62, 66], 1].astype(int), int(target.landmarks[62, 0])
    rows = drawn[lip : rim - 1, middle - 5 : middle + 6].mean(1)
    lower = 6 + int(rows[6:].argmax())
    assert 0.8 * rows[:6].max() < rows[lower] < rows[:6].max()


def test_rows_of_teeth_that_meet_are_told_apart(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), {"jawOpen": np.array([0.2], np.float32)}))[0]
    drawn = generator.draw(target).mean(-1)
    lip, rim, middle = *target.landmarks[[62, 66], 1].astype(int), int(target.landmarks[62, 0])
    rows = drawn[lip : rim - 1, middle - 5 : middle + 6].mean(1)
    line = 3 + int(rows[3:-1].argmin())
    assert rows[line] < 0.95 * rows[line:].max() < 0.95 * rows[:4].max()


@pytest.mark.parametrize("channels", [{"mouthPressLeft": 0.5, "mouthPressRight": 0.5}, {"mouthClose": 0.3}])
def test_lips_that_close_leave_no_dark_dashes_in_the_corners(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32], channels: dict[str, float]
) -> None:
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in channels.items()})
    target = plan_motion(astronaut_landmarks, track)[0]
    drawn, lips = generator.draw(target).mean(-1), generator.landed(target).landmarks
    dark = 0
    for outer, inner, beside in ((48, 60, 61), (54, 64, 63)):
        places = np.array([lips[outer], lips[inner], lips[inner] + 0.3 * (lips[beside] - lips[inner])])
        left, top, right, bottom = np.rint([*places.min(0), *places.max(0)]).astype(int)
        dark += (drawn[top - 3 : bottom + 4, left : right + 1] < 80).sum()
    assert dark <= 3
