# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth's inside: where its parts lie, what is seen of them, how they are lit."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.mouth.interior import MouthInterior
from core.generators.warp.mouth.look import level
from core.generators.warp.mouth.relief import Sight, of_model
from core.landmarks.topology import OUTER_LIP
from core.motion.controls import ControlTrack
from core.motion.face_model import FittedFace, fit_face, load_face_model
from core.motion.plan import plan_motion
from core.motion.pose import Pose, head_rotation
from tests.core.generators.warp.plain_face import (
    LIP,
    SCALE,
    SIZE,
    SKIN,
    between_lips,
    middle_of,
    mouth_window,
    opened,
    picture_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _middle_column(face: FittedFace, jaw: float) -> NDArray[np.float64]:
    """(n, 3) colours from the upper lip to the lower one in the middle of the mouth."""
    moved = opened(face, jaw)
    read = MouthInterior(picture_of(face), face).read(mouth_window(face), moved).astype(np.float64)
    centre = middle_of(face)
    return read[:, centre - 12 : centre + 13].mean(1)[between_lips(face, moved)[:, centre]]


def test_tongue_fills_the_lower_half_and_the_dark_lies_above_it(face: FittedFace) -> None:
    column = _middle_column(face, 0.7)
    tongue = column[int(0.75 * len(column))]
    dark = column[len(column) // 8 : len(column) // 2].mean(1).min()
    assert tongue.mean() > 1.3 * dark
    assert tongue[0] > 1.5 * tongue[1]  # red
    assert tongue.mean() < 0.7 * np.mean(SKIN)


def test_raised_upper_lip_shows_bright_teeth_with_gum_above_them(face: FittedFace) -> None:
    moved = opened(face, 0.1)
    moved[61:64, 1] -= 1.6 * SCALE
    read = (
        MouthInterior(picture_of(face), face).read(mouth_window(face) - np.float32([0, 40]), moved).astype(np.float64)
    )
    rows = read[:, middle_of(face) - 16 : middle_of(face) + 17].mean(1)
    line = int(face.points[62, 1] - (mouth_window(face)[0, 0, 1] - 40))
    teeth, gum = rows[line - int(0.4 * SCALE)], rows[line - int(1.3 * SCALE)]
    assert teeth.mean() > 0.6 * np.mean(SKIN)
    assert gum[0] / gum[1] > 1.3 * teeth[0] / teeth[1]


@pytest.mark.parametrize("jaw", [0.2, 0.3])
def test_teeth_behind_lips_that_were_shut_are_light_and_the_lower_ones_a_little_darker(
    face: FittedFace, jaw: float
) -> None:
    column = _middle_column(face, jaw)
    half = len(column) // 2
    upper, lower = (row[row.mean(1).argmax()] for row in (column[:half], column[half:]))
    assert 0.47 * np.mean(SKIN) < lower.mean() < 0.95 * upper.mean()
    for red, green, blue in (upper, lower):
        assert red > 1.2 * green > 1.2 * blue


def test_it_is_the_same_in_the_picture_of_a_tilted_head(face: FittedFace) -> None:
    middle, angle = np.full(2, SIZE / 2), np.radians(60)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def tilted(positions: NDArray[Any]) -> NDArray[Any]:
        return ((positions - middle) @ turn.T + middle).astype(positions.dtype)

    moved, window = opened(face, 0.5), mouth_window(face)
    picture = cv2.warpAffine(picture_of(face), np.column_stack([turn, middle - turn @ middle]), (SIZE, SIZE))
    turned_face = fit_face(tilted(face.points[:, :2]))
    level = MouthInterior(picture_of(face), face).read(window, moved)
    read = MouthInterior(picture, turned_face).read(tilted(window), tilted(moved))
    apart = np.abs(read.astype(int) - level)[between_lips(face, moved)]
    assert apart.mean() < 8


def test_it_gets_darker_towards_the_corners(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    read = MouthInterior(picture_of(face), face).read(mouth_window(face), moved).astype(np.float64).mean(-1)
    row = int(moved[60, 1] - mouth_window(face)[0, 0, 1]) + 8
    inside = np.nonzero(between_lips(face, moved)[row])[0]
    quarter = len(inside) // 6
    assert read[row, inside[:quarter]].mean() < 0.8 * read[row, inside[2 * quarter : 4 * quarter]].mean()


def test_teeth_lie_behind_the_lips_when_the_head_turns(face: FittedFace) -> None:
    moved = opened(face, 0.1)
    moved[61:64, 1] -= 0.5 * SCALE
    mouth = MouthInterior(picture_of(face), face)

    def gap(yaw: float) -> int:
        """The column between the middle teeth."""
        read = mouth.read(mouth_window(face), moved, Pose(head_rotation(yaw, 0, 0), face.pivot)).astype(np.float64)
        row = int(face.points[62, 1] - mouth_window(face)[0, 0, 1])
        line = read[row - 8 : row, :].mean((0, 2))
        centre = middle_of(face)
        return centre - 14 + int(line[centre - 14 : centre + 15].argmin()) - centre

    # Seen from the unturned face, what lies deeper goes the other way: about tan(20 degrees) of half a centimetre.
    assert abs(gap(0)) <= 1
    assert -0.5 * SCALE < gap(20) < -0.1 * SCALE
    assert 0.1 * SCALE < gap(-20) < 0.5 * SCALE


@pytest.mark.parametrize("opened", [0.0, 0.4, 1.0])
def test_lines_of_sight_meet_the_jaw_where_it_has_turned_to(opened: float) -> None:
    model = load_face_model()
    view, lips = np.array([0.3, -0.2]), 10.7

    def turned(y: float, z: float, share: float) -> NDArray[np.float64]:
        cos, sin = np.cos(share * model.jaw_angle), np.sin(share * model.jaw_angle)
        return model.jaw_hinge + np.array([[cos, -sin], [sin, cos]]) @ (np.array([y, z]) - model.jaw_hinge)

    tooth = (0.8, -4.0, 9.5)
    y, z = turned(*tooth[1:], opened)
    on_lips = np.array([tooth[0], y]) - (z - lips) * view
    sight = Sight.of_jaw(view, lips, model, opened, aside=0.0)
    open_y, open_z = turned(*tooth[1:], 1.0)
    assert sight.at @ [*on_lips, 1] + open_z * sight.slope == pytest.approx([tooth[0], open_y], abs=1e-9)


def test_a_smile_that_goes_is_no_rounding(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    face = fit_face(astronaut_landmarks)
    unsmiling = face.points[:, :2] - face.expression[:, :2]
    assert np.ptp(unsmiling[[48, 54], 0]) < np.ptp(face.points[[48, 54], 0]) - 1
    assert MouthInterior(astronaut, face)._pout(unsmiling) == pytest.approx(0, abs=1e-6)


def test_lower_crowns_are_lit_evenly_and_the_far_ones_left_out() -> None:
    model = load_face_model()
    planes, depth = of_model(model.mouth_teeth, model.mouth_step, 6.6)
    whole, _ = of_model(model.mouth_teeth, model.mouth_step)
    there = planes[..., 1] > 0.99
    assert (whole[..., 1] > planes[..., 1])[depth < 6.5].any()
    assert not planes[depth < 6.5, 1].any()
    shade = planes[there, 2]
    assert shade.mean() > 1.2 * (model.mouth_teeth[there, 1] / 255).mean()


def test_the_inside_stays_between_the_lips(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    def green(_mouth: MouthInterior, positions: NDArray[np.float32], **_rest: Any) -> NDArray[np.uint8]:
        return np.full((*positions.shape[:2], 3), (0, 255, 0), np.uint8)

    monkeypatch.setattr(MouthInterior, "read", green)
    channels = {"jawOpen": np.array([0.5], np.float32)}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    drawn = create_generator("warp", Portrait(astronaut, astronaut_landmarks)).draw(target).astype(int)
    lips = np.zeros(drawn.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.round(target.landmarks[list(OUTER_LIP)]).astype(np.int32)], (1,))
    seen = (drawn[..., 1] - drawn[..., [0, 2]].max(-1)) > 100
    assert seen.sum() > 100
    assert not (seen & (lips == 0)).any()


@pytest.mark.parametrize("yaw", [-20, 0, 30])
def test_a_portrait_is_taken_for_level(yaw: float) -> None:
    for pitch in (-12, 0, 9):
        view = level(head_rotation(yaw, pitch, 0))[2]
        assert view == pytest.approx(head_rotation(yaw, 0, 0)[2], abs=0.02)
        assert view[1] == pytest.approx(0, abs=1e-9)


def test_an_open_mouth_shows_the_edges_of_its_upper_teeth(face: FittedFace) -> None:
    portrait = Portrait(picture_of(face), face.points[:, :2].astype(np.float32))
    track = ControlTrack(Fraction(25), {"jawOpen": np.array([0.6], np.float32)})
    target = plan_motion(portrait.landmarks, track)[0]
    drawn = create_generator("warp", portrait).draw(target).astype(np.float64)
    top, middle = int(target.landmarks[62, 1]), int(target.landmarks[62, 0])
    column = drawn[top : top + int(0.6 * SCALE), middle + 6 : middle + 14].mean((1, 2))
    assert column[: int(0.35 * SCALE)].max() > 2 * column[-1]


def test_lips_drawn_apart_over_a_shut_jaw_show_both_rows_of_teeth(face: FittedFace) -> None:
    """Lower teeth go with the jaw and not with the lip: what lips open by themselves is told apart."""
    portrait = Portrait(picture_of(face), face.points[:, :2].astype(np.float32))
    generator = create_generator("warp", portrait)
    apart = {"mouthLowerDownLeft": 1.0, "mouthLowerDownRight": 1.0, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5}

    def inside(jaw: float) -> NDArray[np.float64]:
        """Brightness from the upper lip to the lower one, between the middle teeth and the next ones."""
        channels = {name: np.array([value], np.float32) for name, value in {**apart, "jawOpen": jaw}.items()}
        target = plan_motion(portrait.landmarks, ControlTrack(Fraction(25), channels))[0]
        top, bottom = (int(target.landmarks[i, 1]) for i in (62, 66))
        column = int(target.landmarks[62, 0]) + int(0.4 * SCALE)
        return generator.draw(target)[top + 6 : bottom - 3, column - 2 : column + 3].mean((1, 2)).astype(np.float64)

    shut, open_jaw = inside(0.0), inside(0.3)
    third = len(shut) // 3
    assert 0.5 * shut[:third].max() < shut[-third:].max() < shut[:third].max()  # darker than the upper ones
    middle = open_jaw[len(open_jaw) // 4 : -len(open_jaw) // 4]
    assert middle.min() < 0.5 * min(open_jaw.max(), open_jaw[-len(open_jaw) // 4 :].max())  # the gap between the rows


def test_rounded_lips_shade_what_is_behind_them(face: FittedFace) -> None:
    mouth, moved = MouthInterior(picture_of(face), face), opened(face, 0.2)
    narrow = moved.copy()
    narrow[[48, 54, 60, 64], 0] += np.array([0.5, -0.5, 0.5, -0.5]) * SCALE
    inside = between_lips(face, narrow)
    wide, rounded = (mouth.read(mouth_window(face), lips).astype(np.float64)[inside].mean() for lips in (moved, narrow))
    assert rounded < 0.85 * wide


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_the_far_cheeks_inside_is_lit_as_near_as_it_is(face: FittedFace, yaw: float) -> None:
    """Between the far corner and the teeth there was a black hollow."""
    moved = opened(face, 0.8)
    pose = Pose(head_rotation(yaw, 0, 0), face.pivot)
    drawn = MouthInterior(picture_of(face), face).read(mouth_window(face), moved, pose).mean(2)
    row = int(moved[[60, 64], 1].mean() - mouth_window(face)[0, 0, 1])
    far, inwards = (60, 1) if yaw < 0 else (64, -1)
    column = int(moved[far, 0] - mouth_window(face)[0, 0, 0])
    cheek = drawn[row - 4 : row + 4, [column + inwards * n for n in range(4, 30)]].mean(0)
    assert cheek[:10].min() > 0.5 * np.mean(LIP)


def test_only_what_is_covered_is_drawn(face: FittedFace) -> None:
    mouth, moved = MouthInterior(picture_of(face), face), opened(face, 0.5)
    covered = between_lips(face, moved).astype(np.float32)
    left, top, width, height = cv2.boundingRect(covered.astype(np.uint8))
    around = np.zeros_like(covered)
    around[top : top + height, left : left + width] = 1
    whole, part = (mouth.read(mouth_window(face), moved, covered=c) for c in (around, covered))
    assert (whole == part)[covered > 0].all()
    assert whole[around > covered].any()
    assert not part[covered == 0].any()
    nothing = mouth.read(mouth_window(face), moved, covered=np.zeros_like(covered))
    assert not nothing.any()
