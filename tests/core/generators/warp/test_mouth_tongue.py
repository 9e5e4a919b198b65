# SPDX-License-Identifier: GPL-3.0-or-later
"""The tongue that is put out."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.mouth.tongue import STEP, TongueShape, form
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion
from tests.core.generators.warp.plain_face import SCALE, opened, picture_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.motion.face_model import FittedFace


def _tongue_rows(face: FittedFace, tongue: float, yaw: float = 0) -> NDArray[np.float64]:
    """(h, w) by how much redder a tongue that is put out makes the picture of a moderately open mouth."""
    portrait = Portrait(picture_of(face), face.points[:, :2].astype(np.float32))
    channels = {"jawOpen": 0.4, "headYaw": yaw}
    frames = [{**channels, "tongueOut": 0.0}, {**channels, "tongueOut": tongue}]
    track = {name: np.array([frame[name] for frame in frames], np.float32) for name in frames[0]}
    generator = create_generator("warp", portrait)
    shut, out = (
        generator.draw(t).astype(np.float64) for t in plan_motion(portrait.landmarks, ControlTrack(Fraction(25), track))
    )
    return (out[..., 0] - out[..., 1]) - (shut[..., 0] - shut[..., 1])


def test_a_tongue_put_out_lies_over_the_lower_lip_and_farther_out_farther_down(face: FittedFace) -> None:
    moved = opened(face, 0.4)
    lip, chin = moved[[66, 57], 1].mean(), moved[8, 1]
    ends = [np.nonzero((np.abs(_tongue_rows(face, tongue)) > 12).any(axis=1))[0].max() for tongue in (0.2, 0.6, 1.0)]
    assert ends[0] < lip < ends[1] < ends[2] < chin
    middle = int(face.points[62, 0])
    assert _tongue_rows(face, 1)[int(lip + 0.8 * SCALE), middle] > 12  # it is as red as the inside
    assert not _tongue_rows(face, 1)[: int(moved[61:64, 1].min()) - 4].any()


def test_the_tip_of_a_hanging_tongue_is_not_lost_in_the_dark() -> None:
    shape = TongueShape(centre=0.0, rim=0.0, half=1.5, back=1.5, reach=2.0, share=1.0)
    planes, *_ = form(shape, 0.0)
    hanging = planes[int(shape.back / STEP) + 8 :]
    light = hanging[..., 2][hanging[..., 1] > 0.9]
    assert 0.3 < light.min() < 0.6 < light.max()


@pytest.mark.parametrize("yaw", [-20.0, 20.0])
def test_the_tongue_goes_with_the_lip_of_a_head_that_turns(face: FittedFace, yaw: float) -> None:
    landmarks = face.points[:, :2].astype(np.float32)
    channels = {"jawOpen": 0.4, "headYaw": yaw, "tongueOut": 1.0}
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in channels.items()})
    lip = plan_motion(landmarks, track)[0].landmarks[57]
    assert abs(lip[0] - landmarks[57, 0]) > SCALE
    below = _tongue_rows(face, 1, yaw)[int(lip[1] + 0.5 * SCALE)] > 12
    assert np.nonzero(below)[0].mean() == pytest.approx(lip[0], abs=0.25 * SCALE)


def test_shut_lips_let_the_tongue_through_and_no_tongue_changes_nothing(face: FittedFace) -> None:
    landmarks = face.points[:, :2].astype(np.float32)
    track = ControlTrack(Fraction(25), {"tongueOut": np.array([0, 1], np.float32)})
    still, out = plan_motion(landmarks, track)
    picture = picture_of(face)
    assert (create_generator("warp", Portrait(picture, landmarks)).draw(still) == picture).all()
    gap = out.landmarks[[65, 66, 67], 1].mean() - out.landmarks[[61, 62, 63], 1].mean()
    assert 0.4 * SCALE < gap < 0.9 * SCALE
