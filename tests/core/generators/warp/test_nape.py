# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare neck goes on behind the jaw of a head that turns; a collar does not."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.neck.bare_neck import find_neck
from core.generators.warp.neck.beside import Beside
from core.generators.warp.neck.nape import Nape
from core.generators.warp.surface.head import Head
from core.motion.controls import ControlTrack
from core.motion.face_model import FittedFace, fit_face, load_face_model
from core.motion.plan import plan_motion
from core.motion.pose import Pose, head_rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALE, _MIDDLE = 10.0, np.array([200.0, 220.0])  # pixels in a centimetre; where the model's origin is
_SKIN, _SHIRT, _WALL = (200, 150, 130), (40, 70, 160), (90, 110, 100)


@pytest.fixture
def face() -> FittedFace:
    return fit_face(load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE)


def _place(face: FittedFace, aside: float, below: float) -> tuple[int, int]:
    """Column and row of a place, eye distances from the chin."""
    x, y = face.points[8, :2] + np.array([aside, below]) * face.eye_distance
    return round(float(x)), round(float(y))


def _portrait(face: FittedFace, neck: tuple[int, ...]) -> tuple[NDArray[np.uint8], Nape]:
    picture = np.full((480, 400, 3), _WALL, np.uint8)
    hull = cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32))
    cv2.rectangle(picture, _place(face, -0.5, -0.6), _place(face, 0.5, 1), neck, -1)
    cv2.rectangle(picture, _place(face, -2, 0.5), _place(face, 2, 2), _SHIRT, -1)
    cv2.fillConvexPoly(picture, hull, _SKIN)
    mask = (picture != _WALL).any(2).astype(np.float32)
    return picture, Nape(picture, mask, Head(face, mask))


@pytest.mark.parametrize("yaw", [-30.0, 30.0])
def test_a_bare_neck_goes_on_upwards(face: FittedFace, yaw: float) -> None:
    _, nape = _portrait(face, _SKIN)
    found = nape.read(Pose(head_rotation(yaw, 0, 0), face.pivot))
    assert found is not None
    (rows, columns), pixels, coverage = found
    x, y = _place(face, -0.45 if yaw > 0 else 0.45, -0.5)
    assert coverage[y - rows.start, x - columns.start] == 1
    assert np.abs(pixels[y - rows.start, x - columns.start].astype(int) - _SKIN).max() <= 2
    assert coverage[0].max() < 0.01


def test_it_tilts_with_the_head(face: FittedFace) -> None:
    _, nape = _portrait(face, _SKIN)
    pose = Pose(head_rotation(0, 0, 20), face.pivot)
    found = nape.read(Pose(head_rotation(-6, 0, 20), face.pivot))
    assert found is not None
    (rows, columns), _, coverage = found
    level = _place(face, 0.5, -0.5)
    x, y = np.rint(pose.apply(np.array([*level, face.pivot[2]]))).astype(int)
    along = coverage[y - rows.start]
    edge = columns.start + np.flatnonzero(along)[-1]
    assert abs(edge - x) < 0.05 * face.eye_distance
    assert abs(x - level[0]) > 0.15 * face.eye_distance


def test_it_spreads_to_the_shoulders(face: FittedFace) -> None:
    picture = np.full((480, 400, 3), _WALL, np.uint8)
    sides = [(0.5, -0.6), (0.5, 0.1), (0.6, 0.3), (2, 1), (2, 2)]
    outline = [_place(face, *corner) for corner in [*sides, *((-aside, below) for aside, below in sides[::-1])]]
    cv2.fillPoly(picture, [np.array(outline)], _SKIN)
    cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32)), _SKIN)
    mask = (picture != _WALL).any(2).astype(np.float32)
    found = Nape(picture, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
    assert found is not None
    (rows, columns), _, coverage = found
    for aside, below, seen in ((-0.54, -0.4, False), (-0.45, -0.4, True), (-0.54, 0.26, True), (-0.66, 0.26, False)):
        x, y = _place(face, aside, below)
        assert (coverage[y - rows.start, x - columns.start] > 0.5) == seen


def _bald(face: FittedFace, ears: float = 8.0) -> NDArray[np.uint8]:
    """A bare skull on a bare neck; `ears` centimetres are half of its width below."""
    picture, _ = _portrait(face, _SKIN)
    x, y = (round(float(place)) for place in _MIDDLE - [0, 3.5 * _SCALE])
    cv2.ellipse(picture, (x, y), (round(7.4 * _SCALE), round(11 * _SCALE)), 0, 180, 360, _SKIN, -1)
    half = round(ears * _SCALE)
    cv2.rectangle(picture, (x - half, y), (x + half, y + 55), _SKIN, -1)
    return picture


@pytest.mark.parametrize("yaw", [-25.0, 25.0])
def test_a_bald_head_has_no_dent_above_the_ear(face: FittedFace, yaw: float) -> None:
    """A skull with ears, turned: at the ear's top, and above it, it is as wide as the picture shows it from the front.

    But for what it moves aside as it turns about the neck. Without a turn all of it lies behind the head.
    """
    picture, middle = _bald(face), _MIDDLE - [0, 3.5 * _SCALE]
    mask = (picture != _WALL).any(2).astype(np.float32)
    nape = Nape(picture, mask, Head(face, mask))
    found = nape.read(Pose(head_rotation(yaw, 0, 0), face.pivot))
    assert found is not None
    (rows, columns), pixels, coverage = found
    side = -1 if yaw > 0 else 1
    for height in (1.0, 2.5, 4.5, 6.5):
        y = round(float(_MIDDLE[1] - height * _SCALE))
        own = np.abs(np.flatnonzero(mask[y]) - middle[0]).max()
        edge = np.abs(np.flatnonzero(coverage[y - rows.start] > 0.5) + columns.start - middle[0]).max()
        assert edge <= own + 1
        assert edge > (own - 0.6 * _SCALE if height > 4 else 5 * _SCALE)
        seen = pixels[y - rows.start, int(middle[0]) + side * (int(edge) - 10) - columns.start]
        assert np.abs(seen.astype(int) - _SKIN).max() <= 2


def test_no_wall_is_seen_between_it_and_the_neck(face: FittedFace) -> None:
    picture, _ = _portrait(face, _SKIN)
    soft = np.asarray(cv2.GaussianBlur((picture != _WALL).any(2).astype(np.float32), (0, 0), 2))
    portrait = Portrait(picture, face.points[:, :2].astype(np.float32), head_mask=soft)
    (turn,) = plan_motion(portrait.landmarks, ControlTrack(Fraction(25), {"headYaw": np.array([25], np.float32)}))
    drawn = create_generator("warp", portrait).draw(turn)
    for below in (-0.2, 0.1):
        (left, row), (right, _) = _place(face, -0.46, below), _place(face, 0, below)
        assert np.abs(drawn[row, left:right].astype(int) - _SKIN).max() < 25


def test_it_is_taken_off_the_background_again(face: FittedFace) -> None:
    picture, _ = _portrait(face, _SKIN)
    mask = (picture != _WALL).any(2).astype(np.float32)
    landmarks = face.points[:, :2].astype(np.float32)
    portrait = Portrait(picture, landmarks, head_mask=mask)
    yaw, roll = np.array([25, -25, 0], np.float32), np.array([25, -25, 25], np.float32)
    one, other, upright = plan_motion(landmarks, ControlTrack(Fraction(25), {"headYaw": yaw, "headRoll": roll}))
    generator = create_generator("warp", portrait)
    with_neck = generator.draw(one)
    x, y = np.rint(Pose(head_rotation(0, 0, 25), face.pivot).apply(np.array([*_place(face, -0.42, -0.4), 0.0]))).astype(
        int
    )
    assert np.abs(with_neck[y, x].astype(int) - _SKIN).max() < 30
    for later in (other, upright):
        assert np.array_equal(generator.draw(later), create_generator("warp", portrait).draw(later))


@pytest.mark.parametrize("cut", [-0.1, 0.1])
def test_a_neck_beyond_the_picture_does_not(face: FittedFace, cut: float) -> None:
    picture, _ = _portrait(face, _SKIN)
    picture = np.ascontiguousarray(picture[: _place(face, 0, cut)[1]])
    mask = (picture != _WALL).any(2).astype(np.float32)
    assert Nape(picture, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot)) is None


def test_a_head_that_does_not_turn_uncovers_nothing(face: FittedFace) -> None:
    _, nape = _portrait(face, _SKIN)
    assert nape.read(Pose(head_rotation(0, 10, 0), face.pivot)) is None
    for yaw in (-0.2, 0.2):
        found = nape.read(Pose(head_rotation(yaw, 0, 20), face.pivot))
        assert found is None or found[2].max() < 0.01


def test_a_collar_does_not(face: FittedFace) -> None:
    _, nape = _portrait(face, _SHIRT)
    assert nape.read(Pose(head_rotation(30, 0, 0), face.pivot)) is None


def test_a_collar_in_a_grey_picture_does_not(face: FittedFace) -> None:
    for collar, bare in (((205, 205, 205), False), ((160, 160, 160), True)):
        picture = np.full((480, 400, 3), 60, np.uint8)
        cv2.rectangle(picture, _place(face, -0.5, -0.6), _place(face, 0.5, 1), (150, 150, 150), -1)
        for side in (-1, 1):
            cv2.rectangle(picture, _place(face, side * 0.35, 0), _place(face, side * 0.5, 1), collar, -1)
        cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32)), (150, 150, 150))
        mask = (picture != 60).any(2).astype(np.float32)
        nape = Nape(picture, mask, Head(face, mask))
        assert (nape.read(Pose(head_rotation(30, 0, 0), face.pivot)) is not None) == bare


def test_a_white_collar_in_the_shade_of_a_dark_picture_does_not(face: FittedFace) -> None:
    skin = (62, 47, 41)
    for collar, bare in (((66, 54, 67), False), ((51, 38, 34), True)):
        picture = np.full((480, 400, 3), 10, np.uint8)
        cv2.rectangle(picture, _place(face, -0.5, -0.6), _place(face, 0.5, 1), collar, -1)
        cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32)), skin)
        mask = (picture != 10).any(2).astype(np.float32)
        nape = Nape(picture, mask, Head(face, mask))
        assert (nape.read(Pose(head_rotation(30, 0, 0), face.pivot)) is not None) == bare


def test_a_shirt_may_begin_close_to_the_chin(face: FittedFace) -> None:
    for begins, bare in ((0.06, False), (0.13, True)):
        picture, _ = _portrait(face, _SKIN)
        cv2.rectangle(picture, _place(face, -2, begins), _place(face, 2, 2), _SHIRT, -1)
        cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32)), _SKIN)
        mask = (picture != _WALL).any(2).astype(np.float32)
        assert bool(find_neck(Beside(picture, mask, Head(face, mask), 1))) == bare


def test_a_neck_that_has_left_the_picture_is_no_error(face: FittedFace) -> None:
    picture, _ = _portrait(face, _SKIN)
    landmarks = face.points[:, :2].astype(np.float32)
    turned = {"headYaw": np.array([25.0], np.float32), "headY": np.array([-0.6], np.float32)}
    [target] = plan_motion(landmarks, ControlTrack(Fraction(25), turned))
    picture = picture[:322].copy()
    assert (create_generator("warp", Portrait(picture, landmarks)).draw(target) != picture).any()


_HAIR = (50, 35, 30)


def _collared(face: FittedFace, hair: float = 0) -> NDArray[np.uint8]:
    """A head above a wide collar that begins 0.3 above the chin; `hair` stands out so far around skull and ears."""
    picture = np.full((480, 400, 3), _WALL, np.uint8)
    middle = (round(float(_MIDDLE[0])), round(float(_MIDDLE[1] - 3.5 * _SCALE)))
    if hair:
        half = round(7.9 * _SCALE + hair * face.eye_distance)
        cv2.ellipse(picture, middle, (half, round(12 * _SCALE)), 0, 180, 360, _HAIR, -1)
        cv2.rectangle(picture, (middle[0] - half, middle[1]), (middle[0] + half, middle[1] + 20), _HAIR, -1)
    cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(face.points[:, :2]).astype(np.int32)), _SKIN)
    cv2.rectangle(picture, _place(face, -0.9, -0.3), _place(face, 0.9, 2), _SHIRT, -1)
    cv2.fillConvexPoly(picture, np.rint(face.points[2:15, :2]).astype(np.int32), _SKIN)
    return picture


def _turned(face: FittedFace, picture: NDArray[np.uint8], **turn: float) -> NDArray[np.uint8]:
    mask = (picture != _WALL).any(2).astype(np.float32)
    portrait = Portrait(picture, face.points[:, :2].astype(np.float32), head_mask=mask)
    channels = {name: np.array([value], np.float32) for name, value in turn.items()}
    (target,) = plan_motion(portrait.landmarks, ControlTrack(Fraction(25), channels))
    return create_generator("warp", portrait).draw(target)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_neck_is_made_behind_a_collar_and_never_over_it(face: FittedFace, side: int) -> None:
    picture = _collared(face)
    drawn = _turned(face, picture, headYaw=-25 * side)
    x, y = _place(face, side * 0.5, -0.38)
    shown = drawn[y, x].astype(int)
    assert (np.abs(picture[y, x].astype(int) - _SKIN) == 0).all()
    assert np.abs(shown / _SKIN - shown[0] / _SKIN[0]).max() < 0.05, "skin, in the jaw's shadow"
    assert 0.7 < shown[0] / _SKIN[0] < 1
    (left, top), (right, bottom) = _place(face, -0.8, 0.15), _place(face, 0.8, 0.4)
    collar = drawn[top:bottom, left:right]
    assert np.abs(collar.astype(int) - _SHIRT).max() <= 2


def test_none_is_made_where_the_collar_is_not_seen(face: FittedFace) -> None:
    picture = _collared(face)
    cut = np.ascontiguousarray(picture[: _place(face, 0, -0.3)[1]])
    for shown, made in ((picture, True), (cut, False)):
        mask = (shown != _WALL).any(2).astype(np.float32)
        found = Nape(shown, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
        assert (found is not None) == made


def test_none_is_made_where_the_neck_is_seen_before_what_is_beside_it(face: FittedFace) -> None:
    """It would come out behind the ring of a helmet that it stands in."""
    picture = _collared(face)
    for out in (0.2, 0.75):
        ring = picture.copy()
        cv2.rectangle(ring, _place(face, -out, -0.3), _place(face, out, 0.4), _SKIN, -1)
        mask = (ring != _WALL).any(2).astype(np.float32)
        found = Nape(ring, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
        assert (found is not None) == (out < 0.5)


def test_a_white_collar_is_no_neck_that_is_seen_before_what_is_beside_it(face: FittedFace) -> None:
    for throat, made in (((225, 210, 203), True), (_SKIN, False)):
        picture = _collared(face)
        picture[(picture == _SHIRT).all(2)] = throat
        mask = (picture != _WALL).any(2).astype(np.float32)
        found = Nape(picture, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
        assert (found is not None) == made


def test_none_is_made_beside_a_roll_neck(face: FittedFace) -> None:
    """It gets no wider for long, so that it hides nothing: a slab of skin stood beside it."""
    picture = _collared(face)
    for out, until, made in ((0.9, 0.25, True), (0.5, 0.0, True), (0.5, 0.25, False)):
        roll = picture.copy()
        (left, top), (right, bottom) = _place(face, -out, -0.3), _place(face, out, until)
        collar = roll[top:bottom]
        collar[(collar == _SHIRT).all(2)] = _WALL
        collar[:, left:right][(collar[:, left:right] == _WALL).all(2)] = _SHIRT
        cv2.fillConvexPoly(roll, np.rint(face.points[2:15, :2]).astype(np.int32), _SKIN)
        mask = (roll != _WALL).any(2).astype(np.float32)
        found = Nape(roll, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
        assert (found is not None) == made, (out, until)


def test_none_is_made_where_hair_hides_it(face: FittedFace) -> None:
    picture = _collared(face)
    hair = np.full_like(picture, _HAIR)
    for half in (0.8, 1.1):
        long = picture.copy()
        (left, top), (right, bottom) = _place(face, -half, -1.8), _place(face, half, -0.3)
        inside = np.s_[top:bottom, left:right]
        long[inside] = np.where((picture[inside] == _WALL).all(2, keepdims=True), hair[inside], picture[inside])
        mask = (long != _WALL).any(2).astype(np.float32)
        assert Nape(long, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot)) is None


def test_hair_has_a_back_no_wider_than_a_bald_skull(face: FittedFace) -> None:
    picture = _collared(face, hair=0.3)
    mask = (picture != _WALL).any(2).astype(np.float32)
    found = Nape(picture, mask, Head(face, mask)).read(Pose(head_rotation(30, 0, 0), face.pivot))
    assert found is not None
    (rows, columns), pixels, coverage = found
    y = round(float(_MIDDLE[1] - 4.5 * _SCALE)) - rows.start
    edge = columns.start + np.flatnonzero(coverage[y] > 0.5)[0]
    assert abs(_MIDDLE[0] - 7.9 * _SCALE - edge) < 0.6 * _SCALE  # as it turns about the neck
    assert np.abs(pixels[y, edge + 5 - columns.start].astype(int) - _HAIR).max() <= 3


def test_the_back_of_a_head_nods_with_it_and_the_neck_does_not(face: FittedFace) -> None:
    picture = _collared(face, hair=0.1)
    mask = (picture != _WALL).any(2).astype(np.float32)
    nape = Nape(picture, mask, Head(face, mask))
    tops, edges = [], []
    for pitch in (0.0, -15.0):
        found = nape.read(Pose(head_rotation(6, pitch, 0), face.pivot))
        assert found is not None
        (rows, columns), _, coverage = found
        tops.append(rows.start + np.flatnonzero(coverage.max(1) > 0.5)[0])
        neck = coverage[_place(face, 0, -0.4)[1] - rows.start]
        edges.append(columns.start + np.flatnonzero(neck > 0.5)[0])
    assert tops[1] - tops[0] > 0.03 * face.eye_distance
    assert abs(edges[1] - edges[0]) <= 1


def test_a_head_that_is_nearer_nods_by_as_much_of_itself(face: FittedFace) -> None:
    picture = _collared(face, hair=0.1)
    mask = (picture != _WALL).any(2).astype(np.float32)
    nape = Nape(picture, mask, Head(face, mask))
    nods = []
    for zoom in (1, 1.3):
        tops = []
        for pitch in (0.0, -15.0):
            found = nape.read(Pose(head_rotation(6, pitch, 0), face.pivot, zoom))
            assert found is not None
            (rows, _), _, coverage = found
            tops.append(rows.start + (1 - coverage[: len(coverage) // 2].max(1)).sum())
        nods.append(tops[1] - tops[0])
    assert abs(nods[1] - 1.3 * nods[0]) < 0.5


@pytest.mark.parametrize("yaw", [-25.0, 25.0])
def test_the_back_of_a_head_does_not_stand_out_of_the_skull(face: FittedFace, yaw: float) -> None:
    """Wherever a skull that turns and nods has its outline, the back that is made goes on there without a step."""
    drawn = _turned(face, _bald(face, ears=7.4), headYaw=yaw, headPitch=-15)
    seen = np.abs(drawn.astype(int) - _WALL).max(2) > 40
    top, ear = (round(float(_MIDDLE[1] - height * _SCALE)) for height in (11, 3))
    edges = seen[top:ear, :: 1 if yaw > 0 else -1].argmax(1)
    assert np.abs(np.diff(edges)).max() <= 3
