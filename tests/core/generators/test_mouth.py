# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth's inside: where its parts lie, what colours, sharpness and grain they have, what stays with the skull."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from core.generators.warp.mouth import MouthInterior, _level
from core.generators.warp.mouth_driver import measure
from core.generators.warp.mouth_palette import Palette
from core.generators.warp.mouth_relief import Sight, of_model
from core.generators.warp.mouth_tongue import STEP, TongueShape, form
from core.landmarks.topology import EYES, INNER_LIP, OUTER_LIP
from core.motion.controls import ControlTrack
from core.motion.face_model import FittedFace, fit_face, load_face_model
from core.motion.plan import plan_motion
from core.motion.pose import Pose, head_rotation
from tests.core.generators.plain_face import LIP, SCALE, SIZE, SKIN, opened, picture_of, plain_face

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def face() -> FittedFace:
    return plain_face()


def _window(face: FittedFace) -> NDArray[np.float32]:
    """(h, w, 2) pixels around the mouth."""
    left, top = np.floor(face.points[list(OUTER_LIP), :2].min(0)).astype(int)
    right, bottom = np.ceil(opened(face, 1)[list(OUTER_LIP)].max(0)).astype(int)
    x, y = np.meshgrid(np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32))
    return np.dstack([x, y])


def _inside(face: FittedFace, moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    window = _window(face)
    mask = np.zeros(window.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(moved[list(INNER_LIP)] - window[0, 0]).astype(np.int32)], (1,))
    return mask > 0


def _middle(face: FittedFace) -> int:
    """The window's column below the nose."""
    return int(face.points[62, 0] - _window(face)[0, 0, 0])


def _middle_column(face: FittedFace, jaw: float) -> NDArray[np.float64]:
    """(n, 3) colours from the upper lip to the lower one in the middle of the mouth."""
    moved = opened(face, jaw)
    read = MouthInterior(picture_of(face), face).read(_window(face), moved).astype(np.float64)
    centre = _middle(face)
    return read[:, centre - 12 : centre + 13].mean(1)[_inside(face, moved)[:, centre]]


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
    read = MouthInterior(picture_of(face), face).read(_window(face) - np.float32([0, 40]), moved).astype(np.float64)
    rows = read[:, _middle(face) - 16 : _middle(face) + 17].mean(1)
    line = int(face.points[62, 1] - (_window(face)[0, 0, 1] - 40))
    teeth, gum = rows[line - int(0.4 * SCALE)], rows[line - int(1.3 * SCALE)]
    assert teeth.mean() > 0.6 * np.mean(SKIN)
    assert gum[0] / gum[1] > 1.3 * teeth[0] / teeth[1]


def test_it_gets_darker_towards_the_corners(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    read = MouthInterior(picture_of(face), face).read(_window(face), moved).astype(np.float64).mean(-1)
    row = int(moved[60, 1] - _window(face)[0, 0, 1]) + 4
    inside = np.nonzero(_inside(face, moved)[row])[0]
    quarter = len(inside) // 6
    assert read[row, inside[:quarter]].mean() < 0.8 * read[row, inside[2 * quarter : 4 * quarter]].mean()


def test_a_grey_portrait_gets_a_grey_mouth(face: FittedFace) -> None:
    grey = np.repeat(cv2.cvtColor(picture_of(face, grain=4), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    read = MouthInterior(grey, face).read(_window(face), opened(face, 0.5)).astype(int)
    assert np.ptp(read, axis=2).max() <= 1
    assert np.ptp(read) > 40


def test_kinds_of_pixels_get_the_same_mouth(face: FittedFace) -> None:
    picture, moved = picture_of(face), opened(face, 0.5)
    want = MouthInterior(picture, face).read(_window(face), moved).astype(np.float32)
    wide = MouthInterior(picture.astype(np.uint16) * 257, face).read(_window(face), moved)
    assert wide.dtype == np.uint16
    assert np.abs(wide / 257 - want).max() <= 1
    light = ((picture / 255 + 0.055) / 1.055) ** 2.4  # all of it is above the straight part of the sRGB curve
    linear = MouthInterior(light.astype(np.float32), face).read(_window(face), moved)
    assert linear.dtype == np.float32
    assert np.abs(255 * (1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055) - want).max() < 11
    see_through = np.dstack([picture, np.full((SIZE, SIZE), 90, np.uint8)])
    read = MouthInterior(see_through, face).read(_window(face), moved)
    assert (read[..., 3] == 90).all()
    assert np.abs(read[..., :3] - want).max() <= 1


def test_grain_has_the_strength_of_the_portraits_and_is_the_same_every_time(face: FittedFace) -> None:
    window, moved = _window(face), opened(face, 0.5)
    rough, smooth = (MouthInterior(picture_of(face, grain), face).read(window, moved) for grain in (6.0, 0.0))
    again = MouthInterior(picture_of(face, 6.0), face).read(window, moved)
    assert (rough == again).all()
    tongue = _inside(face, moved) & (window[..., 1] > moved[[60, 64], 1].mean())
    grain = rough.astype(np.float64) - smooth
    # The tongue is less lit than the skin, and so is its grain.
    assert 0.5 * smooth[tongue].mean() / np.mean(SKIN) < grain[tongue].std() / 6 < 0.8


def test_teeth_have_the_skins_colour_as_far_as_the_white_of_the_eyes_has(face: FittedFace) -> None:
    """A painting's varnish tinges the white of its eyes; a photograph's is white."""

    def blue(white: tuple[int, int, int]) -> float:
        picture = picture_of(face)
        for eye in EYES:
            cv2.fillPoly(picture, [np.round(face.points[list(eye), :2]).astype(np.int32)], white)
        tooth = Palette(picture, face, open_mouth=False).tooth
        return float(tooth[2] / tooth[0])

    skin = SKIN[2] / SKIN[0]
    assert skin < blue(SKIN) < skin + 0.1
    assert blue((230, 228, 226)) > blue(SKIN) + 0.05


@pytest.mark.parametrize("blur", [1.0, 2.5])
def test_sharpness_is_that_of_the_portraits_edges(face: FittedFace, blur: float) -> None:
    assert Palette(picture_of(face, blur=blur), face, open_mouth=False).blur == pytest.approx(blur, rel=0.35)


def test_teeth_lie_behind_the_lips_when_the_head_turns(face: FittedFace) -> None:
    moved = opened(face, 0.1)
    moved[61:64, 1] -= 0.5 * SCALE
    mouth = MouthInterior(picture_of(face), face)

    def gap(yaw: float) -> int:
        """The column between the middle teeth."""
        read = mouth.read(_window(face), moved, Pose(head_rotation(yaw, 0, 0), face.pivot)).astype(np.float64)
        row = int(face.points[62, 1] - _window(face)[0, 0, 1])
        line = read[row - 8 : row, :].mean((0, 2))
        centre = _middle(face)
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
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    """The astronaut's teeth are shut. Beside them, and below when the jaw opens, teeth are as bright as they are."""
    controls = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "jawOpen": 0.3, "headYaw": -25}
    channels = {name: np.array([value], np.float32) for name, value in controls.items()}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    generator = WarpGenerator(Portrait(astronaut, astronaut_landmarks))
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
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], jaw: float
) -> None:
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), {"jawOpen": np.array([jaw], np.float32)}))[0]
    drawn = WarpGenerator(Portrait(astronaut, astronaut_landmarks)).draw(target).mean(-1)
    lip, rim, middle = *target.landmarks[[62, 66], 1].astype(int), int(target.landmarks[62, 0])
    rows = drawn[lip : rim - 1, middle - 5 : middle + 6].mean(1)
    lower = 6 + int(rows[6:].argmax())
    assert 0.8 * rows[:6].max() < rows[lower] < rows[:6].max()


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
        view = _level(head_rotation(yaw, pitch, 0))[2]
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
    inside = _inside(face, narrow)
    wide, rounded = (mouth.read(_window(face), lips).astype(np.float64)[inside].mean() for lips in (moved, narrow))
    assert rounded < 0.85 * wide


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_the_far_cheeks_inside_is_lit_as_near_as_it_is(face: FittedFace, yaw: float) -> None:
    """Between the far corner and the teeth there was a black hollow."""
    moved = opened(face, 0.8)
    pose = Pose(head_rotation(yaw, 0, 0), face.pivot)
    drawn = MouthInterior(picture_of(face), face).read(_window(face), moved, pose).mean(2)
    row = int(moved[[60, 64], 1].mean() - _window(face)[0, 0, 1])
    far, inwards = (60, 1) if yaw < 0 else (64, -1)
    column = int(moved[far, 0] - _window(face)[0, 0, 0])
    cheek = drawn[row - 4 : row + 4, [column + inwards * n for n in range(4, 30)]].mean(0)
    assert cheek[:10].min() > 0.5 * np.mean(LIP)


def test_only_what_is_covered_is_drawn(face: FittedFace) -> None:
    mouth, moved = MouthInterior(picture_of(face), face), opened(face, 0.5)
    covered = _inside(face, moved).astype(np.float32)
    left, top, width, height = cv2.boundingRect(covered.astype(np.uint8))
    around = np.zeros_like(covered)
    around[top : top + height, left : left + width] = 1
    whole, part = (mouth.read(_window(face), moved, covered=c) for c in (around, covered))
    assert (whole == part)[covered > 0].all()
    assert whole[around > covered].any()
    assert not part[covered == 0].any()
    nothing = mouth.read(_window(face), moved, covered=np.zeros_like(covered))
    assert not nothing.any()


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


def _driver(face: FittedFace, jaw: float, tooth: tuple[int, int, int] = (225, 215, 200)) -> NDArray[np.uint8]:
    """Somebody whose open mouth shows teeth in its lower half and nothing above them."""
    picture, moved = picture_of(face), opened(face, jaw)
    inner = moved[list(INNER_LIP)]
    outer = np.round(moved[list(OUTER_LIP)]).astype(np.int32)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(picture, [outer], LIP)
    cv2.fillPoly(mask, [np.round(inner).astype(np.int32)], (1,))
    low = np.arange(SIZE)[:, None] > inner[:, 1].mean()
    picture[(mask > 0) & low] = tooth
    picture[(mask > 0) & ~low] = (20, 8, 8)
    return picture


def test_teeth_that_the_driver_shows_are_drawn_in_the_portraits_palette(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    mouth = MouthInterior(picture_of(face), face)
    seen = measure(_driver(face, 0.5), moved)
    invented, driven = (mouth.read(_window(face), moved, driver=d).astype(np.float64) for d in (None, seen))
    inside, centre = _inside(face, moved), _middle(face)
    column = np.nonzero(inside[:, centre])[0]
    low, high = column[int(0.75 * len(column))], column[int(0.25 * len(column))]
    assert driven[low, centre].mean() > 1.5 * invented[low, centre].mean()
    assert driven[low, centre].mean() > 3 * driven[high, centre].mean()
    # A blue light in the driver's room stays there.
    blue = (_driver(face, 0.5) * [0.6, 0.8, 1.0]).astype(np.uint8)
    again = mouth.read(_window(face), moved, driver=measure(blue, moved)).astype(np.float64)
    assert np.abs(again - driven)[inside].mean() < 8


def test_a_driver_whose_lips_are_shut_or_far_away_shows_no_inside(face: FittedFace) -> None:
    moved = opened(face, 0.5)
    mouth = MouthInterior(picture_of(face), face)
    invented = mouth.read(_window(face), moved)
    shut = measure(picture_of(face), face.points[:, :2])
    small = cv2.resize(_driver(face, 0.5), None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
    for seen in (shut, measure(small, moved / 10)):
        assert (mouth.read(_window(face), moved, driver=seen) == invented).all()
