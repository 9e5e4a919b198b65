# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips: how thick they stay, and the line along which they part."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.frame import Frame
from core.generators.warp.mouth.lips import (
    LOWER,
    UPPER,
    below_nose,
    closing_corners,
    follow_seam,
    keep_lips,
    meeting,
    parted,
    seam_edges,
    seam_shifts,
    thick_enough,
)
from core.motion.controls import ControlTrack
from core.motion.lip_contact import face_down, lip_openings
from core.motion.plan import plan_motion
from tests.core.generators.warp.plain_face import LIP, SCALE, opened, picture_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.generators.warp.generator import WarpGenerator
    from core.motion.face_model import FittedFace
    from core.motion.target import FaceTarget


def test_lips_of_an_opening_mouth_keep_their_thickness(face: FittedFace) -> None:
    still, distance = face.points[:, :2], face.eye_distance
    moved = opened(face, 0.4)
    moved[61:64, 1] -= 0.4 * SCALE  # a tracker that thins the upper lip
    mended = moved + keep_lips(still, moved, distance)
    thick = [float((p[61:64] - p[50:53])[:, 1].mean()) for p in (still, moved, mended)]
    assert thick[1] < 0.8 * thick[0]
    assert thick[2] > 0.9 * thick[0]
    rolled = still.copy()
    rolled[61:64, 1] -= 0.4 * SCALE
    rolled[65:68, 1] -= 0.4 * SCALE
    assert np.abs(keep_lips(still, rolled, distance)).max() < 1e-9


def test_a_drivers_lips_are_as_thick_as_they_are(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    head = generator._head
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), {"jawOpen": np.array([0.6], np.float32)}))[0]
    target.landmarks[[61, 62, 63], 1] -= 2
    target = replace(target, absolute=True)
    asked = target.pose.unapply(target.landmarks, head.at_landmarks(head.height(target.pose)))
    keyed, tracked = (Frame(head, replace(target, tracked=tracked)).moved for tracked in (False, True))
    np.testing.assert_array_equal(tracked, asked)
    assert (keyed[[61, 62, 63], 1] > asked[[61, 62, 63], 1] + 0.5).all()


def test_no_lip_is_pressed_to_nothing(face: FittedFace) -> None:
    still = face.points[:, :2]
    assert not thick_enough(still, still).any()
    for way in (0.4, 0.0):
        moved = opened(face, way)
        moved[61:64, 1] -= SCALE  # as lips of another face, which are thicker, get thinner
        drawn = moved + thick_enough(still, moved)
        thick, kept = ((points[61:64] - points[50:53])[:, 1] for points in (still, drawn))
        assert (kept > 0.35 * thick).all()
        assert (drawn[[67, 66, 65], 1] >= drawn[61:64, 1] - 1e-6).all()


@pytest.mark.parametrize("roll", [0, 30, -60])
def test_an_upper_lip_stays_below_the_nose(face: FittedFace, roll: float) -> None:
    turn = cv2.getRotationMatrix2D((0, 0), roll, 1)[:, :2]
    still, lips = face.points[:, :2] @ turn.T, list(range(48, 68))
    down = face_down(still)
    moved = still.copy()
    moved[lips] -= ((still[51] - still[33]) @ down) * down  # shut, and put forward by a head that looks up
    drawn = moved + below_nose(still, moved)
    philtrum, kept = ((points[50:53] - points[32:35]) @ down for points in (still, drawn))
    assert (kept > 0.35 * philtrum).all()
    for outer, inner in (UPPER, LOWER):
        edges = [*outer, *inner]
        np.testing.assert_allclose((drawn - moved)[edges], (drawn - moved)[[edges[0]] * 6])  # as thick as before
    openings = [float(lip_openings(points, down)) for points in (moved, drawn)]
    np.testing.assert_allclose(openings[1], openings[0], atol=0.1 * SCALE)  # the lower lip makes room
    moved[lips] += 0.5 * (still - moved)[lips]  # half as high is no fault
    assert not below_nose(still, moved).any()


def test_lips_asked_to_cross_meet_and_keep_their_thickness(face: FittedFace) -> None:
    still = face.points[:, :2]
    down, wide = face_down(still), still.copy()
    wide[[65, 66, 67, 55, 56, 57, 58, 59], 1] += 0.1 * face.eye_distance
    for resting in (still, wide):
        crossed = resting.copy()
        crossed[[65, 66, 67, 55, 56, 57, 58, 59], 1] -= 0.25 * face.eye_distance
        drawn = crossed + meeting(resting, crossed)
        before, gaps = ((points[[67, 66, 65]] - points[[61, 62, 63]]) @ down for points in (resting, drawn))
        np.testing.assert_allclose(gaps, np.minimum(before, 0), atol=1e-6)
        thick, kept = ((points[[67, 66, 65]] - points[[58, 57, 56]]) @ down for points in (resting, drawn))
        np.testing.assert_allclose(kept, thick, atol=1e-6)
    assert (meeting(still, still) == 0).all()


@pytest.mark.parametrize("roll", [30, -60])
def test_what_is_done_to_lips_turns_with_the_face(face: FittedFace, roll: float) -> None:
    """In the picture of a tilted head no lip is as thick as it is high."""
    turn = cv2.getRotationMatrix2D((0, 0), roll, 1)[:, :2]
    shut, distance = face.points[:, :2], face.eye_distance
    wide, thin = opened(face, 0.4), opened(face, 0.4)
    thin[61:64, 1] -= SCALE
    crossed = shut.copy()
    crossed[list(range(60, 68)), 1] -= [0, *[-0.5 * SCALE] * 3, 0, *[0.5 * SCALE] * 3]
    for shifts, still, moved in (
        (lambda still, moved: keep_lips(still, moved, distance), shut, thin),
        (thick_enough, shut, thin),
        (meeting, shut, crossed),
        (lambda still, moved: closing_corners(still, moved, distance), wide, shut),
    ):
        level, tilted = shifts(still, moved), shifts(still @ turn.T, moved @ turn.T)
        assert level.any()
        np.testing.assert_allclose(tilted, level @ turn.T, atol=1e-6 * SCALE)


@pytest.mark.parametrize("off", [-0.3, 0.0, 0.25])
def test_shut_lips_part_along_the_dark_line(face: FittedFace, off: float) -> None:
    picture = picture_of(face)
    line = face.points[[60, 61, 62, 63, 64], :2] + [0, off * SCALE]
    cv2.polylines(picture, [np.round(line).astype(np.int32)], isClosed=False, color=(70, 30, 30), thickness=2)
    shifts = seam_shifts(picture, face.points, face.eye_distance)
    assert shifts[[61, 62, 63, 65, 66, 67], 1] == pytest.approx(off * SCALE, abs=1.5)
    assert not shifts[:60].any()
    wide = face.points.copy()
    wide[:, :2] = opened(face, 0.3)
    assert not seam_shifts(picture, wide, face.eye_distance).any()


def test_parting_lips_leave_the_dark_between_them_behind(face: FittedFace) -> None:
    picture, distance = picture_of(face), face.eye_distance
    line = face.points[[60, 61, 62, 63, 64], :2]
    cv2.polylines(picture, [np.round(line).astype(np.int32)], isClosed=False, color=(70, 30, 30), thickness=5)
    edges = seam_edges(picture, face.points, distance)
    assert (edges[[61, 62, 63], 1] < 0).all()
    assert edges[[65, 66, 67], 1] == pytest.approx(2.5, abs=1.5)
    assert not seam_edges(picture, opened(face, 0.3), distance).any()
    still = face.points[:, :2]
    assert not parted(still, still, edges).any()
    assert (parted(still, opened(face, 0.3), edges) == edges).all()


def test_the_upper_lip_of_an_open_mouth_is_where_it_was_asked(face: FittedFace) -> None:
    shifts = np.zeros((68, 2))
    shifts[[61, 62, 63, 65, 66, 67], 1] = -3
    still, distance = face.points[:, :2], face.eye_distance
    assert (follow_seam(shifts, still, still, distance) == shifts).all()
    open_lips = follow_seam(shifts, still, opened(face, 0.6), distance)
    assert not open_lips[61:64].any()
    assert (open_lips[65:68, 1] == -3).all()


def test_keyed_lips_part_from_the_line_that_is_seen(face: FittedFace) -> None:
    """A tracker sees the rim of an open upper lip; keys move the portrait's own, which is where the dark line is."""
    above = 0.3 * SCALE
    picture, landmarks = picture_of(face), face.points[:, :2].astype(np.float32)
    line = landmarks[[60, 61, 62, 63, 64]] - [0, above]
    cv2.polylines(picture, [np.round(line).astype(np.int32)], isClosed=False, color=(70, 30, 30), thickness=2)
    keyed = plan_motion(landmarks, ControlTrack(Fraction(25), {"jawOpen": np.array([0.6], np.float32)}))[0]
    generator = create_generator("warp", Portrait(picture, landmarks))

    def rim(target: FaceTarget) -> int:
        """Rows from the outer edge of the upper lip to its inner one, under the nose."""
        top, column = np.round(target.landmarks[51, ::-1]).astype(int)
        lip = generator.draw(target)[top + 3 : top + 4 * int(SCALE), column].astype(int)
        return int((np.abs(lip - LIP).max(1) > 60).argmax())

    lower = rim(replace(keyed, tracked=True)) - rim(keyed)
    assert lower == pytest.approx(above, abs=3)


def test_red_of_the_lips_is_stretched_evenly(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    """A lip that is drawn thick showed, between its edges, the teeth below it."""
    channels = {"mouthPucker": 0.7, "mouthFunnel": 0.5, "jawOpen": 0.15, "headPitch": 12.0}
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in channels.items()})
    target = plan_motion(astronaut_landmarks, track)[0]
    place = generator.skin_map(target)
    top, bottom = (int(target.landmarks[i, 1]) for i in (51, 62))
    rows = place[top:bottom, int(target.landmarks[51, 0]), 1]
    assert len(rows) >= 5
    assert rows.max() < astronaut_landmarks[62, 1]


@pytest.fixture(scope="module")
def pressed(astronaut_landmarks: NDArray[np.float32]) -> FaceTarget:
    """She smiles with her teeth shown, and is asked for an m."""
    channels = dict.fromkeys(("mouthPressLeft", "mouthPressRight"), np.array([0.5], np.float32))
    return plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]


def test_pressed_lips_hide_the_teeth(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], pressed: FaceTarget
) -> None:
    """Where two lips meet nothing is seen between them, although an outline without area is drawn as a line."""

    inside = astronaut_landmarks[60:]
    well_inside = inside.mean(0) + 0.6 * (inside - inside.mean(0))
    picture = astronaut.copy()
    cv2.fillPoly(picture, [np.round(well_inside).astype(np.int32)], (0, 255, 0))

    def green(pixels: NDArray[np.uint8]) -> int:
        return int((pixels[..., 1].astype(int) - pixels[..., ::2].max(2) > 30).sum())

    drawn = create_generator("warp", Portrait(picture, astronaut_landmarks)).draw(pressed)
    assert green(picture) > 50
    assert green(drawn) < green(picture) / 6


def test_lips_that_meet_leave_nose_and_chin_where_they_are(generator: WarpGenerator, pressed: FaceTarget) -> None:
    """The skin between goes no farther than the lips do: a nose was drawn out down to the lip."""
    place = generator.skin_map(pressed)
    down = np.arange(len(place))[:, None] - place[..., 1]
    for lip, end in ((51, 33), (57, 8)):
        (x, y), (_, last) = np.round(pressed.landmarks[[lip, end]]).astype(int)
        between = np.abs(down[min(y, last) : max(y, last) + 1, x])
        at_lip, at_end = (between[-1], between[0]) if end == 33 else (between[0], between[-1])
        assert at_lip > 2
        assert at_end < 1.5
        assert between.max() < 1.2 * at_lip
