# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that close, judged by what is in the frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.generators.warp.eyes.eye_pixels import TABLE, heights, rims_of
from core.generators.warp.eyes.eyeball import Eyeball
from core.generators.warp.eyes.iris import find_irises
from core.generators.warp.eyes.lids import follow_lids, lid_shifts
from core.generators.warp.fields.face_field import LEFT, RIGHT
from core.generators.warp.fields.grid import positions
from core.generators.warp.frame import Frame
from core.landmarks.detect import create_detector
from core.landmarks.topology import EYES, LEFT_EYE, LID_PAIRS, RIGHT_EYE
from core.media.pictures import read_picture
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face, load_face_model
from core.motion.plan import plan_motion
from core.motion.pose import Pose
from core.motion.target import FaceTarget

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.generators.warp.generator import WarpGenerator
    from core.motion.face_model import FittedFace

PORTRAITS = Path(__file__).parents[4] / "docs/gallery/portraits"


def test_the_heights_of_rims() -> None:
    turn = np.array([[1.0, 0.2], [-0.2, 1.0]]) / 40
    to_eye = np.column_stack([turn, -turn @ [30, 50]])  # 40 pixels wide, its left corner at (30, 50)
    along, down = np.linspace(0, 1, 9), np.array([[0, -0.1, -0.2, -0.25, -0.3, -0.2, -0.2, -0.1, 0]])
    upper, lower = (
        np.column_stack([along, side[0]]) @ np.linalg.inv(turn).T + [30, 50] for side in (down, -0.5 * down)
    )
    own = np.column_stack([heights(rim, to_eye) for rim in (upper, lower)])
    want = [np.interp(TABLE, along, side[0]) for side in (down, -0.5 * down)]
    np.testing.assert_allclose(own, np.column_stack(want), atol=1e-6)
    rims, opened, moved = rims_of(lower, upper, to_eye, own)  # lids that pass each other meet half-way
    np.testing.assert_allclose(rims[:, 0], (want[0] + want[1]) / 2, atol=1e-6)
    np.testing.assert_array_equal(rims[:, 0], rims[:, 1])
    np.testing.assert_allclose(rims[:, 2], rims[:, 0] - own[:, 0])
    assert opened == 0
    assert moved == pytest.approx(0.225, abs=1e-3)


def _shut(landmarks: NDArray[np.float32], passed: float) -> FaceTarget:
    """Lids that are asked to meet, or to pass each other by a share of the eye's width."""
    face = fit_face(landmarks)
    points = face.points[:, :2].copy()
    for number, (upper, lower) in enumerate(LID_PAIRS):
        eye = EYES[number // 2]
        across = points[eye[3]] - points[eye[0]]
        down = np.array([-across[1], across[0]])
        middle = (points[upper] + 3 * points[lower]) / 4
        points[upper], points[lower] = middle + passed / 2 * down, middle - passed / 2 * down
    return FaceTarget(points, Pose(np.eye(3), face.pivot), np.zeros((2, 2)))


def _boxes(landmarks: NDArray[np.float32]) -> list[tuple[slice, slice]]:
    boxes = []
    for eye in EYES:
        (left, top), (right, bottom) = landmarks[list(eye)].min(0).astype(int), landmarks[list(eye)].max(0).astype(int)
        boxes.append((slice(top - 2, bottom + 4), slice(left + 2, right - 1)))
    return boxes


def test_lids_that_are_asked_to_pass_each_other_meet(
    astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator
) -> None:
    meeting, passing = (generator.draw(_shut(astronaut_landmarks, by)).astype(int) for by in (0.0, 0.08))
    for box in _boxes(astronaut_landmarks):
        assert (passing[box] - meeting[box]).max() < 30  # no bright sliver of the lower lid


def test_a_closed_eye_has_a_dark_band_between_its_lids(
    astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator
) -> None:
    shut = generator.draw(_shut(astronaut_landmarks, 0.0)).mean(-1)
    for rows, columns in _boxes(astronaut_landmarks):
        by_row = shut[rows.start - 2 : rows.stop + 2, columns].mean(1)
        darkest = int(by_row.argmin())
        assert 2 <= darkest < len(by_row) - 2
        assert by_row[darkest] < 0.8 * min(by_row[0], by_row[-1])
        assert (by_row < (by_row[darkest] + by_row[-1]) / 2).sum() > 1  # a band, not a line as thin as a pixel


def test_both_eyes_are_drawn_the_same_one_after_the_other_and_again(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator
) -> None:
    values = np.array([0.3, 0.6, 1.0, 0.3], np.float32)
    channels = {"eyeBlinkLeft": values, "eyeBlinkRight": values, "gazeYaw": 10 * values}
    targets = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))
    frames = [generator.draw(target) for target in targets]
    assert np.array_equal(frames[0], frames[3])
    assert all(frame.dtype == astronaut.dtype for frame in frames)


def test_lids_go_to_the_detected_points_before_they_meet(astronaut_landmarks: NDArray[np.float32]) -> None:
    shifts = np.zeros((68, 2))
    upper, lower = np.array(LID_PAIRS).T
    shifts[upper, 1] = -1.0
    followed: list[float] = []
    for opening in (1.5, 1.0, 0.5, 0.0):
        moved = astronaut_landmarks.astype(float)
        moved[upper] = moved[lower] + opening * (moved[upper] - moved[lower])
        followed.append(float(-follow_lids(shifts, astronaut_landmarks, moved)[upper, 1].mean()))
    assert followed[:2] == pytest.approx([1, 1])
    assert 0 < followed[2] < 0.25
    assert followed[3] == 0


@pytest.mark.parametrize("controls", [{"headZoom": 0.8}, {"headPitch": -20}, {"headRoll": 30}])
def test_moves_of_the_head_do_not_close_the_eyes(
    generator: WarpGenerator,
    astronaut: NDArray[np.uint8],
    astronaut_landmarks: NDArray[np.float32],
    controls: dict[str, float],
) -> None:
    """The lids' seen edges stay as far outside of the detected ones, on the head, as they are in the portrait."""
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in controls.items()})
    target = plan_motion(astronaut_landmarks, track)[0]
    lids = list(RIGHT_EYE + LEFT_EYE)
    depth = fit_face(astronaut_landmarks).points[:, 2]
    seen = target.pose.unapply(generator._with_edges(target).landmarks, depth)
    shifts = lid_shifts(astronaut, fit_face(astronaut_landmarks).points)
    assert np.abs(shifts[lids]).max() > 0.5
    assert (seen - astronaut_landmarks)[lids] == pytest.approx(shifts[lids], abs=0.02)


@pytest.mark.parametrize("yaw", [-36.0, 36.0])
def test_an_eye_at_the_contour_of_a_turned_head_is_looked_up_exactly(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32], yaw: float
) -> None:
    """Where the face ends the map jumps; between the nodes of a grid it would swing over and show the eye twice."""
    channels = {"headYaw": np.array([yaw], np.float32), "headPitch": np.array([10], np.float32)}
    target = generator._with_edges(plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0])
    head = generator._head
    frame = Frame(head, target)
    for opening in (RIGHT, LEFT):
        window = frame.window(opening, target)
        assert window is not None
        pixels = positions(window.area)
        _, turn = head.ways(frame._look, pixels)
        off = np.abs(pixels + turn - window.unturned) / head.eye_distance
        assert np.quantile(off, 0.98) < 0.1
        assert off.max() < 0.12


def test_an_eye_ends_within_its_window_however_the_head_turns(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    turn = {"headYaw": 30.0, "headPitch": 20.0, "headZoom": 1.25}
    channels = {name: np.array([value], np.float32) for name, value in turn.items()}
    target = generator._with_edges(plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0])
    frame = Frame(generator._head, target)
    for opening in (RIGHT, LEFT):
        window = frame.window(opening, target)
        assert window is not None
        covered = frame.coverage(window)
        assert covered.max() > 0.9
        assert max(edge.max() for edge in (covered[0], covered[-1], covered[:, 0], covered[:, -1])) < 0.02


def test_points_turned_with_the_model_land_where_it_turns_them(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]
) -> None:
    channels = {"headYaw": np.array([25], np.float32)}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    landed = generator.landed(target)
    assert not target.absolute
    assert landed.absolute
    seen = [*range(27, 31), *RIGHT_EYE, *LEFT_EYE]
    assert np.abs(landed.landmarks - target.landmarks)[seen].max() < 0.01 * generator._head.eye_distance
    nose, way = 30, generator.skin_map(target)
    x, y = np.rint(landed.landmarks[nose]).astype(int)
    assert np.linalg.norm(way[y, x] - astronaut_landmarks[nose]) < 1.5  # a pixel is not its middle


def _eye(white: tuple[NDArray[np.float32], NDArray[np.float32]], iris: int) -> tuple[NDArray[np.uint8], FittedFace]:
    """The model's face, its eyes grey from left to right as given, each with a dark disc as wide as usual."""
    landmarks = load_face_model().landmarks[:, :2] * [30, -30] + 256
    x, y = np.meshgrid(np.arange(512, dtype=np.float32), np.arange(512, dtype=np.float32))
    picture = np.full((512, 512, 3), (200, 150, 120), np.uint8)
    for eye in EYES:
        left, right = landmarks[eye[0]], landmarks[eye[3]]
        inside = np.zeros((512, 512), np.uint8)
        cv2.fillPoly(inside, [np.round(landmarks[list(eye)]).astype(np.int32)], (1,))
        along = (x - left[0]) / (right[0] - left[0])
        grey = np.interp(along, *white)
        centre = landmarks[list(eye)].mean(0)
        grey[np.hypot(x - centre[0], y - centre[1]) < 0.2 * (right[0] - left[0])] = iris
        picture[inside > 0] = np.repeat(grey[inside > 0][:, None], 3, axis=1)
    return picture, fit_face(landmarks)


def test_the_white_behind_the_iris_goes_smoothly_from_side_to_side() -> None:
    ends = np.float32([0.3, 0.7]), np.float32([220, 120])
    picture, face = _eye(ends, iris=30)
    for eye in range(2):
        ball = Eyeball(picture, np.zeros(2), face, eye, find_irises(picture, face)[eye])
        left, right = face.points[[EYES[eye][0], EYES[eye][3]], :2]
        middle = face.points[list(EYES[eye]), :2].mean(0)
        row = ball.white[int(middle[1]), int(left[0]) : int(right[0]), 0].astype(float)
        across = row[int(0.3 * len(row)) : int(0.7 * len(row))]
        assert across.min() > 90  # no iris
        assert across[0] > across[-1] + 40
        assert np.abs(np.diff(across)).max() < 12  # nowhere an edge


def test_the_white_is_no_mean_of_white_and_shade() -> None:
    """The far eye of a drawing in black and white: beside the iris half of what is seen is black."""
    pixels = np.ascontiguousarray(read_picture(PORTRAITS / "ada_lovelace.png")[..., :3])
    face = fit_face(create_detector("dlib").detect(pixels)[0].landmarks)
    face = replace(face, points=face.points + np.pad(lid_shifts(pixels, face.points), ((0, 0), (0, 1))))
    x, y, _ = iris = find_irises(pixels, face)[0]
    ball = Eyeball(pixels, np.zeros(2), face, 0, iris)
    assert pixels[round(y), round(x)].max() < 60
    assert ball.white[round(y), round(x)].min() > 180


def test_a_raised_brow_keeps_its_thickness(astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator) -> None:
    one = np.ones(1, np.float32)
    channels = {"browInnerUp": one, "browOuterUpLeft": one, "browOuterUpRight": one}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    distance = generator._head.eye_distance
    brows, down = [19, 20, 23, 24], np.array([0, 0.05 * distance])
    lifted = astronaut_landmarks[brows] - target.landmarks[brows]
    assert lifted[:, 1].min() > 0.08 * distance
    x, y = np.rint(target.landmarks[brows] + down).astype(int).T
    stretched = generator.skin_map(target)[y, x] - np.column_stack([x, y]) - lifted
    assert np.abs(stretched).max() < 0.02 * distance
