# SPDX-License-Identifier: GPL-3.0-or-later
"""The warp generator, judged by what is in its frames."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.errors import BadInputError
from core.generators import create_generator
from core.generators.base import Portrait
from core.generators.warp.mask.matte import find_head
from core.generators.warp.pixels.sampling import with_alpha_in
from core.landmarks.detect import create_detector
from core.landmarks.track import LandmarkTrack
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.generators.warp.generator import WarpGenerator
    from core.motion.target import FaceTarget

BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


def _draw(pixels: NDArray[Any], landmarks: NDArray[Any], **controls: float) -> NDArray[Any]:
    return create_generator("warp", Portrait(pixels, landmarks)).draw(_target(landmarks, **controls))


def _target(landmarks: NDArray[Any], **controls: float) -> FaceTarget:
    channels = {name: np.array([value], np.float32) for name, value in controls.items()}
    return plan_motion(landmarks, ControlTrack(Fraction(25), channels))[0]


def _eye_distance(landmarks: NDArray[Any]) -> float:
    return float(np.linalg.norm(landmarks[36] - landmarks[45]))


def test_unknown_generator_is_told() -> None:
    with pytest.raises(BadInputError, match="warp"):
        create_generator("magic", Portrait(np.zeros((64, 64, 3), np.uint8), np.zeros((68, 2))))


def _as_16_bit(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    noise = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint16)
    return (pixels.astype(np.uint16) << 8) + noise


def _with_alpha(pixels: NDArray[Any]) -> NDArray[Any]:
    top = np.iinfo(pixels.dtype).max
    ramp = np.linspace(0, top, pixels.shape[0]).astype(pixels.dtype)
    return np.dstack([pixels, np.broadcast_to(ramp[:, None], pixels.shape[:2])])


_KINDS = {
    "8 bit": lambda pixels: pixels,
    "16 bit": _as_16_bit,
    "8 bit alpha": _with_alpha,
    "16 bit alpha": lambda pixels: _with_alpha(_as_16_bit(pixels)),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_neutral_controls_give_the_picture_back_bit_for_bit(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], kind: str
) -> None:
    pixels = _KINDS[kind](astronaut)
    still = _draw(pixels, astronaut_landmarks, jawOpen=0, headZoom=1)
    assert still.dtype == pixels.dtype
    assert np.array_equal(still, pixels)


@pytest.mark.parametrize("kind", _KINDS)
def test_kind_of_picture_is_kept_when_it_moves(
    generator: WarpGenerator, astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], kind: str
) -> None:
    pixels = _KINDS[kind](astronaut)
    controls = {"headYaw": 12, "jawOpen": 0.5, **BLINK}
    # With the same mask: one that ends elsewhere moves the grid, and where surfaces fold that is seen.
    mask = find_head(astronaut, fit_face(astronaut_landmarks))
    own = create_generator("warp", Portrait(pixels, astronaut_landmarks, mask))
    moved = own.draw(_target(astronaut_landmarks, **controls))
    assert moved.dtype == pixels.dtype
    assert moved.shape == pixels.shape
    depth = pixels.dtype.itemsize * 8 - 8
    target = _target(astronaut_landmarks, **controls)
    visible = moved[..., 3] > 32 << depth if moved.shape[2] == 4 else np.ones(moved.shape[:2], bool)
    # The same person, whatever she is stored in; what is behind her may be put together of other pieces.
    person = ~np.isnan(generator.skin_map(target)[..., 0])
    visible &= cv2.erode(person.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    difference = np.abs((moved[..., :3] >> depth).astype(int) - generator.draw(target))[visible]
    assert np.percentile(difference, 99.9) <= 3


@pytest.mark.parametrize("kind", _KINDS)
def test_nothing_pops_up_as_the_head_begins_to_move(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], kind: str
) -> None:
    pixels = _KINDS[kind](astronaut)
    moved = _draw(pixels, astronaut_landmarks, headYaw=0.05)
    before, after = (with_alpha_in(picture) / np.iinfo(pixels.dtype).max for picture in (pixels, moved))
    assert np.abs(after - before).max() < 0.08  # what is filled in behind the soft edge of her hair differs by .18


def test_background_and_border_stay_still(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    for controls in ({"headYaw": 25.0}, {"headRoll": 15.0}, {"headPitch": -12.0, "jawOpen": 1.0}, {"headX": 0.1}):
        moved = _draw(astronaut, astronaut_landmarks, **controls)
        still = np.ones(astronaut.shape[:2], np.uint8)
        reach = 2.2 * _eye_distance(astronaut_landmarks)  # hair, neck and what lies close beside them may follow
        low, high = astronaut_landmarks.min(0) - reach, astronaut_landmarks.max(0) + reach
        cv2.rectangle(still, low.astype(int).tolist(), high.astype(int).tolist(), (0,), -1)
        far = still > 0
        assert np.array_equal(moved[far], astronaut[far])
        for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
            assert np.array_equal(moved[edge], astronaut[edge])
        assert not np.array_equal(moved, astronaut)


_ASKED = {
    "turn left": {"headYaw": -15.0},
    "turn right": {"headYaw": 15.0},
    "nod": {"headPitch": -8.0},
    "tilt": {"headRoll": 10.0},
    "open": {"jawOpen": 0.6},
    "smile": {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7},
    "brows": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "all": {"headYaw": 10.0, "headPitch": 5.0, "jawOpen": 0.4, "mouthPucker": 0.4},
}


@pytest.mark.parametrize("name", _ASKED)
def test_landmarks_found_again_follow_the_ones_asked_for(
    astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator, name: str
) -> None:
    channels = {control: np.array([value], np.float32) for control, value in _ASKED[name].items()}
    target = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))[0]
    found = create_detector("dlib").detect(generator.draw(target))[0].landmarks
    inner = slice(17, 68)  # the outline of a turned face is not a set of points on it
    size = _eye_distance(astronaut_landmarks)
    error = np.linalg.norm(found - target.landmarks, axis=1)[inner].mean() / size
    still = np.linalg.norm(target.landmarks - astronaut_landmarks, axis=1)[inner].mean() / size
    print(f"{name}: asked to move {still:.1%} of the eye distance, missed by {error:.1%}")
    assert error < 0.06
    assert error < 0.75 * still  # and it is the motion that is followed


def test_blink_covers_the_iris_with_lid(astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]) -> None:
    shut = _draw(astronaut, astronaut_landmarks, **BLINK)
    for eye in (slice(36, 42), slice(42, 48)):
        middle = np.round(astronaut_landmarks[eye].mean(0)).astype(int)
        spot = np.s_[middle[1] - 1 : middle[1] + 2, middle[0] - 1 : middle[0] + 2]
        skin = astronaut[middle[1] + 12 : middle[1] + 16, middle[0] - 2 : middle[0] + 2].mean()
        open_grey, shut_grey = astronaut[spot].mean(), shut[spot].mean()
        assert open_grey < 0.55 * skin  # the iris was there
        assert shut_grey > open_grey + 0.4 * (skin - open_grey)


def test_opening_mouth_shows_a_dark_inside_and_lips_are_not_stretched(shared: Path) -> None:
    picture = cv2.imread(str(shared / "data/portraits/painting_mona_lisa_720x1280.jpg"))[..., ::-1].copy()
    landmarks = create_detector("dlib").detect(picture)[0].landmarks
    channels = {"jawOpen": np.array([0.6], np.float32)}
    target = plan_motion(landmarks, ControlTrack(Fraction(25), channels))[0]
    drawn = create_generator("warp", Portrait(picture, landmarks)).draw(target)
    inside = np.round(target.landmarks[60:68].mean(0)).astype(int)
    lips = np.round(landmarks[48:60].mean(0)).astype(int)
    assert drawn[inside[1], inside[0]].mean() < 0.5 * picture[lips[1], lips[0]].mean()
    for outer, inner in ((51, 62), (57, 66)):  # upper and lower lip: as thick as before
        before = np.linalg.norm(landmarks[outer] - landmarks[inner])
        after = np.linalg.norm(target.landmarks[outer] - target.landmarks[inner])
        assert after < 1.5 * before


def test_gaze_moves_the_iris_and_leaves_the_lids(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    def iris(picture: NDArray[np.uint8], eye: slice) -> float:
        low, high = astronaut_landmarks[eye].min(0).astype(int), astronaut_landmarks[eye].max(0).astype(int) + 1
        dark = np.maximum(110.0 - picture[low[1] : high[1], low[0] : high[0]].mean(-1), 0)
        return float((dark * np.arange(dark.shape[1])).sum() / dark.sum())

    right = _draw(astronaut, astronaut_landmarks, gazeYaw=20)
    left = _draw(astronaut, astronaut_landmarks, gazeYaw=-20)
    for eye in (slice(36, 42), slice(42, 48)):
        assert iris(right, eye) > iris(left, eye) + 1.5
    away = np.ones(astronaut.shape[:2], bool)
    low, high = astronaut_landmarks[36:48].min(0).astype(int) - 8, astronaut_landmarks[36:48].max(0).astype(int) + 8
    away[low[1] : high[1], low[0] : high[0]] = False
    assert np.array_equal(right[away], astronaut[away])


def test_frames_do_not_depend_on_the_frames_before(
    astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator
) -> None:
    channels = {"headYaw": np.array([10, -10, 10], np.float32)}
    targets = plan_motion(astronaut_landmarks, ControlTrack(Fraction(25), channels))
    first, _, again = (generator.draw(target) for target in targets)
    assert np.array_equal(first, again)


def test_face_that_is_cut_by_the_border_is_drawn(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    left, top = astronaut_landmarks[:, 0].min() + 10, astronaut_landmarks[:, 1].min() - 5
    corner = np.array([int(left), int(top)])
    cut = astronaut[corner[1] : corner[1] + 90, corner[0] : corner[0] + 70].copy()
    moved = _draw(cut, astronaut_landmarks - corner, headYaw=15, jawOpen=0.5, **BLINK)
    assert moved.shape == cut.shape
    assert not np.array_equal(moved, cut)


def test_an_absolute_track_that_goes_far_away_is_drawn(
    generator: WarpGenerator, astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    far = (astronaut_landmarks + np.float32([400, 300]))[None].astype(np.float32)
    track = LandmarkTrack(far, np.ones((1, 68), np.float32), Fraction(25), (512, 512))
    moved = generator.draw(plan_motion(astronaut_landmarks, track)[0])
    assert moved.shape == astronaut.shape
