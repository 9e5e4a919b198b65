# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that a driver closes on purpose meet on a portrait that smiles with open ones; lips at rest leave its smile."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.landmarks.topology import LIP_PAIRS
from core.landmarks.track import LandmarkTrack
from core.motion.amounts import RegionAmounts
from core.motion.capture import capture_controls
from core.motion.controls import ControlTrack
from core.motion.face_model import load_face_model
from core.motion.lip_contact import lip_contact
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

    Array = NDArray[np.float64]

FPS = Fraction(25)
SPEECH = [0.0] * 20 + [0.3, 0.5, 0.3, 0, 0, 0.3, 0.4, 0.3, 0, 0.2, 0.4, 0.2] + [0.0] * 20
"""jawOpen: two closures, in frames 23 and 24, and 28, within half a second of speech."""


@pytest.fixture
def driver() -> NDArray[np.float32]:
    """Somebody with shut lips."""
    model = load_face_model()
    return ((model.landmarks + 1.2 * model.identity[1])[:, :2] * [9, -9] + [225, 130]).astype(np.float32)


def _track(face: NDArray[np.float32], jaw: list[float], noise: float = 0) -> LandmarkTrack:
    targets = plan_motion(face, ControlTrack(FPS, {"jawOpen": np.array(jaw, np.float32)}))
    points = np.stack([target.landmarks for target in targets]).astype(np.float32)
    points[1:] += np.random.default_rng(3).normal(0, noise, points[1:].shape).astype(np.float32)
    return LandmarkTrack(points, np.ones(points.shape[:2], np.float32), FPS, (450, 260))


def _gaps(targets: list[FaceTarget], face: NDArray[np.float32]) -> Array:
    """(F,) as shares of the portrait's own opening."""
    gaps = [np.mean([np.linalg.norm(t.landmarks[a] - t.landmarks[b]) for a, b in LIP_PAIRS]) for t in targets]
    return np.array(gaps) / np.mean([np.linalg.norm(face[a] - face[b]) for a, b in LIP_PAIRS])


@pytest.mark.parametrize("noise", [0.02, 0.15])
def test_lips_that_meet_between_openings_meet_on_a_smiling_portrait(
    astronaut_landmarks: NDArray[np.float32], driver: NDArray[np.float32], noise: float
) -> None:
    face, track = astronaut_landmarks, _track(driver, SPEECH, noise)
    gaps = _gaps(plan_motion(face, track, relative_to=driver), face)
    assert gaps[[23, 24, 28]].max() < 0.12
    assert gaps[[21, 26, 30]].min() > 1  # it speaks
    assert gaps[:14].min() > 0.85  # at rest it smiles, before and after
    assert gaps[-8:].min() > 0.85
    controls = capture_controls(track, 0)
    captured = _gaps(plan_motion(face, controls), face)
    assert captured[[23, 24, 28]].max() < 0.15
    assert captured[:14].min() > 0.85


def test_a_mouth_that_opens_once_does_not_close_first(
    astronaut_landmarks: NDArray[np.float32], driver: NDArray[np.float32]
) -> None:
    rising = list(np.linspace(0, 0.6, 20))
    track = _track(driver, [0.0] * 10 + rising + [0.6] * 5 + rising[::-1] + [0.0] * 10)
    gaps = _gaps(plan_motion(astronaut_landmarks, track, relative_to=driver), astronaut_landmarks)
    assert gaps.min() > 0.99


def test_the_neutral_frame_stays_exactly_itself_between_openings(
    astronaut_landmarks: NDArray[np.float32], driver: NDArray[np.float32]
) -> None:
    track = _track(driver, SPEECH)
    neutral = track.landmarks[24]
    targets = plan_motion(astronaut_landmarks, track, relative_to=neutral)
    assert np.array_equal(targets[24].landmarks, astronaut_landmarks.astype(np.float64))
    still = RegionAmounts(mouth=0, jaw=0)
    closed = plan_motion(astronaut_landmarks, track, relative_to=driver, amounts=still)[28]
    assert np.abs(closed.landmarks - astronaut_landmarks).max() < 1


def test_a_driver_that_rests_with_open_lips_closes_them_whenever_they_meet() -> None:
    openings = np.array([0.1] * 40 + [0.05] * 5 + [0.0] * 40)
    contact = lip_contact(openings, 0.1, openings == 1, FPS, own=0.2)
    assert contact[:40].max() == 0
    assert 0.15 < contact[42] < 0.35
    assert contact[-1] == 0.5  # the other half is what the driver's lips move
    assert lip_contact(openings, 0.1, openings == 1, FPS, own=0.1).max() == 0


def test_lips_that_press_touch_in_any_portrait(astronaut_landmarks: NDArray[np.float32]) -> None:
    press = np.array([0, 0.25, 0.5, 1], np.float32)
    targets = plan_motion(astronaut_landmarks, ControlTrack(FPS, {"mouthPressLeft": press, "mouthPressRight": press}))
    gaps = _gaps(targets, astronaut_landmarks)
    assert gaps[0] == pytest.approx(1)
    assert 0.3 < gaps[1] < 0.7
    assert gaps[2:].max() < 0.1
