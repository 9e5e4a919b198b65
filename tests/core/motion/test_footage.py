# SPDX-License-Identifier: GPL-3.0-or-later
"""A face through the frames of footage, and its frames without what they do in some regions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.landmarks.topology import INNER_LIP, JAW, LEFT_EYE, OUTER_LIP, RIGHT_BROW
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face
from core.motion.footage import FootageFace
from core.motion.plan import plan_motion, plan_on
from core.motion.pose import Pose, head_rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def rest(astronaut_landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Her landmarks with lips that nearly meet."""
    return plan_motion(astronaut_landmarks, _controls(1), neutralise=1)[0].landmarks.astype(np.float32)


def _controls(frames: int = 7, **values: float) -> ControlTrack:
    channels = {name: np.full(frames, value, np.float32) for name, value in (values or {"jawOpen": 0.0}).items()}
    return ControlTrack(Fraction(25), channels)


def _played(rest: NDArray[np.float32], **values: float) -> FootageFace:
    """Footage whose first frame is at rest, and which does this in all others."""
    landmarks = np.stack([rest, *(target.landmarks for target in plan_motion(rest, _controls(**values)))])
    return FootageFace(landmarks.astype(np.float32), 0, Fraction(25))


def test_a_posed_face_is_the_one_that_is_fitted_there(rest: NDArray[np.float32]) -> None:
    face = fit_face(rest)
    pose = Pose(head_rotation(15, -5, 8), face.pivot, 1.2, np.array([30.0, -12.0]))
    posed = face.posed(pose)
    np.testing.assert_allclose(posed.points[:, :2], pose.apply(face.points), atol=1e-9)
    np.testing.assert_allclose(posed.pivot[:2], pose.apply(face.pivot), atol=1e-9)
    # The model goes with it, depth included.
    before, after = (of.from_model(of.model_points) - of.points for of in (face, posed))
    np.testing.assert_allclose(after, 1.2 * before @ pose.rotation.T, atol=1e-9)


def test_frames_stay_what_they_are_where_nothing_is_replaced(rest: NDArray[np.float32]) -> None:
    footage = _played(rest, jawOpen=0.5, headYaw=12, eyeBlinkLeft=0.4)
    for face, target in zip(footage.faces, plan_on(footage.without(()), _controls(8)), strict=True):
        assert target.is_still(face.points[:, :2])


def test_a_replaced_mouth_goes_with_the_head_and_not_with_the_speech(rest: NDArray[np.float32]) -> None:
    head = {"headYaw": 12, "headPitch": -4, "headRoll": 6, "headX": 0.05}
    silent, speaking = _played(rest, **head), _played(rest, **head, jawOpen=0.5, mouthSmileLeft=0.5)
    wanted, found = silent.faces[-1], speaking.without(["mouth"])[-1]
    off = np.linalg.norm(found.points - wanted.points, axis=1) / wanted.eye_distance
    spoke = np.linalg.norm(speaking.faces[-1].points - wanted.points, axis=1) / wanted.eye_distance
    assert spoke[list(OUTER_LIP)].max() > 0.15
    assert off[list(OUTER_LIP)].max() < 0.02
    assert off[list(JAW)].max() < 0.4 * spoke[list(JAW)].max()
    assert off[list(RIGHT_BROW)].max() < 0.01  # which are not touched


def test_lips_of_a_new_mouth_meet(rest: NDArray[np.float32]) -> None:
    apart = rest.copy()
    apart[list(INNER_LIP[5:]), 1] += 0.02 * fit_face(rest).eye_distance
    points = FootageFace(apart[None], 0, Fraction(25)).without(["mouth"])[0].points
    np.testing.assert_allclose(points[62], points[66], atol=1e-9)


def test_narrowed_eyes_are_put_back_and_shut_ones_stay_shut(rest: NDArray[np.float32]) -> None:
    eye = list(LEFT_EYE)
    for blink, back in ((0.2, 1), (1.0, 0)):
        footage = _played(rest, eyeBlinkLeft=blink, eyeBlinkRight=blink)
        put, wanted = footage.without(["eyes"])[1], footage.faces[0 if back else 1]
        np.testing.assert_allclose(put.points[eye], wanted.points[eye], atol=0.01 * wanted.eye_distance)
