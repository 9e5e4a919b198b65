# SPDX-License-Identifier: GPL-3.0-or-later
"""A few tracked points bring the rest of the face along."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.landmarks.marks import Marks
from core.landmarks.topology import EYE_OUTER_CORNERS, EYES, MARKS, MOUTH
from core.motion.controls import ControlTrack
from core.motion.marks import complete_track
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FRAMES = 40
LIPS = ("mouthRight", "mouthLeft", "upperLip", "lowerLip")
EIGHT = (*LIPS, "noseTip", "noseBridge", "eyeOuterRight", "eyeOuterLeft")
TWENTY = (
    *EIGHT, "eyeInnerRight", "eyeInnerLeft", "upperLidRight", "upperLidLeft", "lowerLidRight", "lowerLidLeft",
    "upperLipInner", "lowerLipInner", "browInnerRight", "browInnerLeft", "chin", "noseBase",
)  # fmt: skip


def _moved(face: NDArray[np.float32], **channels: float) -> NDArray[np.float64]:
    """(F, 68, 2): the face with humps of these controls, each a little later than the one before."""
    shift = np.linspace(0, np.pi / 4, len(channels))
    phase = np.linspace(0, 1.5 * np.pi, FRAMES)
    waves = {
        name: (height * np.sin(np.clip(phase - at, 0, None)) ** 2).astype(np.float32)
        for at, (name, height) in zip(shift, channels.items(), strict=True)
    }
    return np.stack([target.landmarks for target in plan_motion(face, ControlTrack(Fraction(25), waves))])


def _marks(landmarks: NDArray[np.float64], names: Sequence[str]) -> Marks:
    points = {name: landmarks[:, list(MARKS[name])].mean(1) for name in names}
    return Marks(Fraction(25), (512, 512), points, {})


def _moves(landmarks: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(F, 68, 2) the way of each point from the first frame on, as a share of the eye distance."""
    right, left = EYE_OUTER_CORNERS
    return (landmarks - landmarks[0]) / np.linalg.norm(landmarks[0, right] - landmarks[0, left])


def _error(found: NDArray[np.floating[Any]], landmarks: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(F, 68) how far the points' ways differ, as a share of the eye distance."""
    return np.linalg.norm(_moves(found) - _moves(landmarks), axis=-1)


@pytest.fixture
def performance(astronaut_landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """A head that turns, nods and speaks."""
    return _moved(
        astronaut_landmarks,
        headYaw=20, headPitch=8, headRoll=6, jawOpen=0.6, mouthSmileLeft=0.7, mouthSmileRight=0.7,
        browInnerUp=0.7, eyeBlinkLeft=0.9, eyeBlinkRight=0.9,
    )  # fmt: skip


@pytest.mark.parametrize(("names", "most"), [(EIGHT, 0.013), (TWENTY, 0.008)])
def test_the_rest_follows_and_marks_are_exact(
    performance: NDArray[np.float64], names: Sequence[str], most: float
) -> None:
    track = complete_track(_marks(performance, names))
    assert track.landmarks.shape == (FRAMES, 68, 2)
    assert _error(track.landmarks, performance).mean() < most
    for name in names:
        points = list(MARKS[name])
        middle, wanted = track.landmarks[:, points].mean(1), performance[:, points].mean(1)
        np.testing.assert_allclose(middle, wanted, atol=1e-3, err_msg=name)
    assert (track.confidence == 1).all()


def test_lips_alone_move_the_mouth_and_nothing_of_the_eyes(astronaut_landmarks: NDArray[np.float32]) -> None:
    speech = _moved(astronaut_landmarks, jawOpen=0.6, mouthPucker=0.5)
    found = complete_track(_marks(speech, LIPS)).landmarks
    eyes = [point for eye in EYES for point in eye]
    assert np.abs(_moves(found)[:, eyes]).max() < 0.001
    mouth = _error(found, speech)[:, list(MOUTH)].mean()
    assert mouth < 0.3 * np.linalg.norm(_moves(speech)[:, list(MOUTH)], axis=-1).mean()


def test_a_point_that_is_lost_goes_on_with_the_head(performance: NDArray[np.float64]) -> None:
    marks = _marks(performance, TWENTY)
    gap = slice(12, 24)
    marks.points["mouthLeft"][gap] = np.nan
    track = complete_track(marks)
    share = np.linspace(1 / 13, 12 / 13, 12)[:, None]
    across = performance[11, 54] + share * (performance[24, 54] - performance[11, 54])
    away, straight = (np.linalg.norm(of - performance[gap, 54], axis=-1) for of in (track.landmarks[gap, 54], across))
    assert away.mean() < straight.mean() / 3
    steps = np.linalg.norm(np.diff(track.landmarks[:, 54] - performance[:, 54], axis=0), axis=-1)
    assert steps.max() < away.max() / 2  # without a jump where it is seen again
    assert track.confidence[gap, 54].max() == 0


def test_frames_without_any_mark_are_bridged(performance: NDArray[np.float64]) -> None:
    marks = _marks(performance, TWENTY)
    for places in marks.points.values():
        places[[0, 20]] = np.nan
    track = complete_track(marks)
    assert not track.confidence[[0, 20]].any()
    np.testing.assert_allclose(track.landmarks[0], track.landmarks[1], atol=1e-3)
    np.testing.assert_allclose(track.landmarks[20], track.landmarks[[19, 21]].mean(0), atol=0.5)


def test_one_pupil_moves_both_irises(performance: NDArray[np.float64]) -> None:
    marks = _marks(performance, TWENTY)
    assert complete_track(marks).iris is None
    looks = performance[:, [42, 45]].mean(1) + np.array([2, 0])
    looks_right = performance[:, [36, 39]].mean(1) + np.array([2, 0])
    iris = complete_track(Marks(marks.fps, marks.size, marks.points, {"pupilLeft": looks})).iris
    assert iris is not None
    np.testing.assert_allclose(iris[:, 1], looks, atol=1e-3)
    np.testing.assert_allclose(iris[:, 0], looks_right, atol=1e-3)
