# SPDX-License-Identifier: GPL-3.0-or-later
"""A bald head that turns is as wide as the ellipsoid of its skull, on the side that comes into view, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators.warp.surface.skull import _HALF_AXES, CENTRE, Skull
from core.motion.face_model import FittedFace, fit_face, load_face_model
from core.motion.pose import Pose, head_rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALE, _MIDDLE = 10.0, np.array([200.0, 220.0])  # pixels in a centimetre; where the model's origin is
_STEP = 4  # pixels from node to node
_NEAR = 0.15  # centimetres: a quarter of a cell of the grid


@pytest.fixture
def face() -> FittedFace:
    return fit_face(load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE)


@pytest.fixture
def nodes() -> NDArray[np.float32]:
    return np.dstack(np.meshgrid(np.arange(0, 400, _STEP), np.arange(0, 400, _STEP))).astype(np.float32)


def _outermost(face: FittedFace, nodes: NDArray[np.float32], pose: Pose) -> tuple[float, float]:
    """Left and right end of the turned skull, well above the ears, by the drawn surface, in pixels."""
    centre = face.from_model(CENTRE)[:2]
    inside = (((nodes - centre) / (face.scale * _HALF_AXES[:2])) ** 2).sum(-1) < 1
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    skull = Skull(face, nodes, _STEP * np.maximum(distance - 1, 0))
    level = np.abs(nodes[..., 1] - face.from_model(np.array([0.0, 8.5, 0.0]))[1]) < _STEP / 2
    height = skull.outline_height(pose, np.full(nodes.shape[:2], face.from_model(CENTRE)[2], np.float32))
    seen = pose.apply(np.dstack([nodes, height])[level & inside])
    return float(seen[:, 0].min()), float(seen[:, 0].max())


@pytest.mark.parametrize("yaw", [-25.0, 25.0])
def test_the_side_that_comes_into_view_is_where_the_skull_ends(
    face: FittedFace, nodes: NDArray[np.float32], yaw: float
) -> None:
    still = _outermost(face, nodes, Pose(np.eye(3), face.pivot))
    pose = Pose(head_rotation(yaw, 0, 0), face.pivot)
    turned = _outermost(face, nodes, pose)
    side = 0 if yaw > 0 else 1
    centre = face.from_model(CENTRE)
    grown = np.hypot(_HALF_AXES[0] * np.cos(np.radians(yaw)), _HALF_AXES[2] * np.sin(np.radians(yaw))) / _HALF_AXES[0]
    wanted = pose.apply(centre)[0] + grown * (still[side] - centre[0])
    assert abs(turned[side] - wanted) < _NEAR * face.scale


def test_without_a_turn_the_surface_is_left_alone(face: FittedFace, nodes: NDArray[np.float32]) -> None:
    skull = Skull(face, nodes, np.zeros(nodes.shape[:2], np.float32))
    height = np.ones(nodes.shape[:2], np.float32)
    assert skull.outline_height(Pose(head_rotation(0, 0, 30), face.pivot), height) is height
    fitted = Pose(head_rotation(1e-23, 1e-25, 0), face.pivot)  # to a driver that does not move
    assert skull.outline_height(fitted, height) is height


def test_on_the_side_that_turns_away_nothing_is_taken_off_the_surface(
    face: FittedFace, nodes: NDArray[np.float32]
) -> None:
    skull = Skull(face, nodes, np.zeros(nodes.shape[:2], np.float32))
    height = np.full(nodes.shape[:2], face.from_model(CENTRE)[2] + face.scale, np.float32)
    away = nodes[..., 0] > face.from_model(CENTRE)[0] + face.scale
    turned = skull.outline_height(Pose(head_rotation(25, 0, 0), face.pivot), height)
    assert (turned >= height)[away].all()


def test_on_the_side_that_turns_away_hair_stands_out_from_crown_to_ear(
    face: FittedFace, nodes: NDArray[np.float32]
) -> None:
    skull = Skull(face, nodes, np.zeros(nodes.shape[:2], np.float32))
    deep = face.from_model(CENTRE)[2] - 2 * face.scale
    turned = skull.outline_height(Pose(head_rotation(25, 0, 0), face.pivot), np.full(nodes.shape[:2], deep, np.float32))
    for level in (9.0, 6.0, 3.5):
        aside, at = face.from_model(np.array([1.5 * _HALF_AXES[0], level, 0.0]))[:2]
        rise = turned[round(at / _STEP), round(aside / _STEP)] - deep
        assert rise > 3 * face.scale, level


def test_the_outline_does_not_leap_as_the_head_turns(face: FittedFace, nodes: NDArray[np.float32]) -> None:
    """Hair that lies deeper than the skull's middle, all around: no step where one side becomes the other."""
    inside = np.full(nodes.shape[:2], 0.01, np.float32)  # all of it at the outline
    skull = Skull(face, nodes, inside)
    own = np.full(nodes.shape[:2], face.from_model(CENTRE)[2] - 4 * _SCALE, np.float32)
    turns = [Pose(head_rotation(yaw, 12, 0), face.pivot) for yaw in np.arange(4, 12, 0.1)]
    heights = np.array([skull.outline_height(turn, own) for turn in turns])
    assert np.ptp(heights, axis=0).max() > _SCALE
    assert np.abs(np.diff(heights, axis=0)).max() < 0.2 * _SCALE
