# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads that the picture's border cuts, beside the same head that it does not cut."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.generators.base import Portrait
from core.generators.warp.fill.beyond_border import continued
from core.generators.warp.generator import WarpGenerator
from core.generators.warp.mask.matte import find_head
from core.landmarks.topology import MIRRORED
from core.motion.controls import ControlTrack
from core.motion.face_model import fit_face, load_face_model
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

# What is cut off of the astronaut (left, top, right), and the turn that brings it in.
_CUTS = {
    "cheek": ((186, 0, 0), {"headYaw": 20.0}),
    "other cheek": ((0, 0, 512 - 262), {"headYaw": -20.0}),
    "hair": ((0, 32, 0), {"headRoll": 20.0}),
    "hair, nodding": ((0, 32, 0), {"headPitch": -15.0}),
}


def _target(landmarks: NDArray[Any], **controls: float) -> FaceTarget:
    track = ControlTrack(Fraction(25), {name: np.array([value], np.float32) for name, value in controls.items()})
    return plan_motion(landmarks, track)[0]


def _cut(
    picture: NDArray[Any], landmarks: NDArray[np.float32], left: int, top: int, right: int
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    part = picture[top:, left : picture.shape[1] - right]
    return np.ascontiguousarray(part), landmarks - np.float32([left, top])


@pytest.mark.parametrize("name", _CUTS)
def test_what_comes_in_is_as_detailed_as_what_was_cut_off(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], generator: WarpGenerator, name: str
) -> None:
    cut, controls = _CUTS[name]
    picture, landmarks = _cut(astronaut, astronaut_landmarks, *cut)
    drawn = WarpGenerator(Portrait(picture, landmarks)).draw(_target(landmarks, **controls))
    target = _target(astronaut_landmarks, **controls)
    whole, _ = _cut(generator.draw(target), landmarks, *cut)
    places, _ = _cut(generator.skin_map(target), landmarks, *cut)
    inside = (places >= [cut[0], cut[1]]) & (places <= [511 - cut[2], 511])
    came_in = (~inside & np.isfinite(places)).any(2)
    assert np.count_nonzero(came_in) > 300
    # What is drawn out has no detail across the border.
    across = 0 if cut[1] else 1
    own, true = (
        np.abs(np.diff(frame.astype(float), axis=across)).mean(2)[np.delete(came_in, 0, across)].mean()
        for frame in (drawn, whole)
    )
    print(f"{name}: {own:.1f} of 255 from pixel to pixel, truly {true:.1f}, over {np.count_nonzero(came_in)} pixels")
    assert own > 0.6 * true


def test_face_that_turns_away_from_the_border_keeps_its_width(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    picture, landmarks = _cut(astronaut, astronaut_landmarks, 186, 0, 0)
    generator, target = WarpGenerator(Portrait(picture, landmarks)), _target(landmarks, headYaw=20.0)
    nose, eye = target.landmarks[30], target.landmarks[36]
    places = generator.skin_map(target)
    assert np.abs(places[round(nose[1]), round(nose[0])] - landmarks[30]).max() < 2
    assert np.abs(places[round(eye[1]), round(eye[0])] - landmarks[36]).max() < 2


def test_neutral_controls_give_a_cut_picture_bit_for_bit(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    picture, landmarks = _cut(astronaut, astronaut_landmarks, 186, 32, 0)
    generator = WarpGenerator(Portrait(picture, landmarks))
    drawn, sure = generator.draw_with_confidence(_target(landmarks, jawOpen=0.0))
    assert np.array_equal(drawn, picture)
    assert sure.shape == picture.shape[:2]


def test_a_cut_portrait_is_asked_in_its_own_pixels(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    picture, landmarks = _cut(astronaut, astronaut_landmarks, 186, 32, 0)
    generator, target = WarpGenerator(Portrait(picture, landmarks)), _target(landmarks, headYaw=10.0)
    drawn, sure = generator.draw_with_confidence(target)
    assert drawn.shape == picture.shape
    assert sure.shape == picture.shape[:2]
    landed = generator.landed(target)
    assert np.abs(landed.landmarks - target.landmarks).max() < 0.1 * np.ptp(landmarks[:, 0])
    assert np.array_equal(landed.pose.pivot, target.pose.pivot)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_only_what_the_border_cuts_goes_on(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], dtype: type[Any]
) -> None:
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    picture = np.dstack([astronaut, np.full(astronaut.shape[:2], 255)]).astype(np.float64) * scale
    picture, mask = picture.astype(dtype), np.zeros((512, 512), np.float32)
    mask[:, 120:360] = 1
    mask[:8] = 0
    for cut, grown in (((0, 0, 0), (0, 0, 0)), ((150, 0, 0), (1, 0, 0)), ((0, 20, 200), (0, 1, 1))):
        part, landmarks = _cut(picture, astronaut_landmarks, *cut)
        own = _cut(mask, landmarks, *cut)[0]
        more = continued(Portrait(part, landmarks), own, fit_face(landmarks))
        rows, columns = more.shown
        height, width = more.portrait.pixels.shape[:2]
        assert (columns.start > 0, rows.start > 0, columns.stop < width) == tuple(side > 0 for side in grown)
        assert rows.stop == height
        assert more.portrait.pixels.dtype == dtype
        assert np.array_equal(more.portrait.pixels[more.shown], part)
        assert more.portrait.head_mask is not None
        assert np.array_equal(more.portrait.head_mask[more.shown], own)
        assert np.allclose(more.face.points[:, :2], more.portrait.landmarks, atol=1e-3)


def test_the_outline_closes_above_a_cut_crown(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    mask = find_head(astronaut, fit_face(astronaut_landmarks))
    cut = (0, 40, 0)
    picture, landmarks = _cut(astronaut, astronaut_landmarks, *cut)
    more = continued(Portrait(picture, landmarks), _cut(mask, landmarks, *cut)[0], fit_face(landmarks))
    found = np.asarray(more.portrait.head_mask)
    beyond = more.shown[0].start
    true = mask[40 - min(beyond, 40) : 40] > 0.5
    got = found[beyond - len(true) : beyond] > 0.5
    overlap = np.count_nonzero(true & got) / np.count_nonzero(true | got)
    print(f"overlap with the hair that was cut off: {overlap:.2f}")
    assert overlap > 0.7
    assert not (found[0] > 0.5).any()


def test_mirrored_points_are_the_models_other_half() -> None:
    points = load_face_model().landmarks
    assert sorted(MIRRORED) == list(range(68))
    assert np.abs(points[list(MIRRORED)] * [-1, 1, 1] - points).max() < 0.3  # centimetres
