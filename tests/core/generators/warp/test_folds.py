# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawn field never folds where it is seen: the Jacobian of skin positions keeps its sign."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from core.landmarks.detect import create_detector
from core.landmarks.track import LandmarkTrack
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion
from tests.skin import openings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

_JUMP = 4.0  # pixels of the portrait from one pixel to the next: here one surface ends before another
_THICK = np.ones((2, 2), np.uint8)  # an edge is one pixel thick, however small its jump; a fold is thicker
_VISIBLE = 0.011  # eye distances squared: the edge of a temple that turns away, see docs/decisions/warp-surface.md
_VISIBLE_FILM = 0.015  # of points that come from a film
_AROUND = 0.04  # eye distances around lids and lips that are drawn apart, as their edges
_EVERY = 3  # of the frames of a case one is looked at


def _folds(generator: WarpGenerator, targets: list[FaceTarget], visible: float = _VISIBLE) -> list[str]:
    """Where skin is turned over, in words, for every frame that shows it."""
    found = [(_largest_fold(generator, target), number) for number, target in enumerate(targets)]
    distance = float(np.linalg.norm(targets[0].landmarks[36] - targets[0].landmarks[45]))
    least = visible * distance**2
    return [f"frame {number}: {size} pixels at {place}" for (size, place), number in found if size > least]


def _largest_fold(generator: WarpGenerator, target: FaceTarget) -> tuple[int, tuple[int, int]]:
    """Its size in pixels, and the middle of it (x, y)."""
    place = np.ascontiguousarray(np.moveaxis(generator.skin_map(target), 2, 0))  # numpy is slow along so short an axis
    across, down = place[:, :-1, 1:] - place[:, :-1, :-1], place[:, 1:, :-1] - place[:, :-1, :-1]
    turned = across[0] * down[1] - across[1] * down[0] <= 0
    step = np.maximum(np.abs(across), np.abs(down)).max(0)  # NaN at the person's outline, which is an edge as well
    turned &= (step < _JUMP) & ~openings(target.landmarks, place.shape[1:], _AROUND)[:-1, :-1]
    turned = cv2.morphologyEx(turned.view(np.uint8), cv2.MORPH_OPEN, _THICK)
    _, _, found, middles = cv2.connectedComponentsWithStats(turned, connectivity=8)
    if len(found) == 1:
        return 0, (0, 0)
    largest = 1 + int(found[1:, cv2.CC_STAT_AREA].argmax())
    x, y = middles[largest]
    return int(found[largest, cv2.CC_STAT_AREA]), (round(x), round(y))


_TURNS = [
    {"headYaw": 30.0},
    {"headYaw": -30.0},
    {"headPitch": 20.0},
    {"headPitch": -20.0},
    {"headRoll": 30.0},
    {"headRoll": -30.0},
    {"headYaw": 20.0, "headPitch": 12.0, "headRoll": -20.0},
    {"headYaw": -20.0, "headPitch": -12.0, "headRoll": 20.0},
]
_FACES = {
    "still": {},
    "shout": {"jawOpen": 1.0, "browInnerUp": 1.0, "eyeWideLeft": 1.0, "eyeWideRight": 1.0},
    "laugh": {
        "mouthSmileLeft": 1.0,
        "mouthSmileRight": 1.0,
        "jawOpen": 0.5,
        "cheekSquintLeft": 1.0,
        "cheekSquintRight": 1.0,
        "eyeBlinkLeft": 1.0,
        "eyeBlinkRight": 1.0,
    },
    "kiss": {"mouthPucker": 1.0, "mouthFunnel": 0.5, "browDownLeft": 1.0, "browDownRight": 1.0},
    "wry": {"mouthLeft": 1.0, "jawLeft": 1.0, "eyeBlinkLeft": 1.0, "mouthFrownLeft": 1.0, "mouthUpperUpRight": 1.0},
}


def _targets(landmarks: NDArray[Any], face: str) -> list[FaceTarget]:
    """An expression on a still head and in every turn."""
    frames = [_FACES[face] | turn for turn in ({}, *_TURNS)]
    names = {name for frame in frames for name in frame} | {"jawOpen"}
    channels = {name: np.array([frame.get(name, 0.0) for frame in frames], np.float32) for name in names}
    return plan_motion(landmarks, ControlTrack(Fraction(25), channels))


@pytest.mark.parametrize("face", _FACES)
def test_no_turn_and_no_expression_folds_the_astronaut(
    generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32], face: str
) -> None:
    assert _folds(generator, _targets(astronaut_landmarks, face)) == []


def test_a_field_that_folds_is_found(generator: WarpGenerator, astronaut_landmarks: NDArray[np.float32]) -> None:
    target = _targets(astronaut_landmarks, "still")[0]
    target.landmarks[[27, 33]] = target.landmarks[[33, 27]]  # the nose upside down
    assert len(_folds(generator, [target])) == 1


def test_no_portrait_folds(shared: Path) -> None:
    folds = {}
    for path in sorted((shared / "data/portraits").iterdir()):
        if path.stem == "astronaut":
            continue  # the same picture as above
        pixels = cv2.imread(str(path))[..., ::-1].copy()
        landmarks = create_detector("dlib").detect(pixels)[0].landmarks
        generator = WarpGenerator(Portrait(pixels, landmarks))
        for face in _FACES:
            folds[path.name, face] = _folds(generator, _targets(landmarks, face))
    assert {name: found for name, found in folds.items() if found} == {}


def test_no_case_with_real_footage_folds(shared: Path) -> None:
    folds = {}
    for case in json.loads((shared / "eval/cases.json").read_text("utf-8"))["cases"]:
        pixels = cv2.imread(str(shared / "eval" / case["source"]))[..., ::-1].copy()
        data = np.load(shared / "eval" / case["lm"])
        generator = WarpGenerator(Portrait(pixels, data["source"]))
        # Put on the portrait as the change against the first frame, whatever face that is, or as it stands.
        first = data["asked"][0].astype(np.float32)
        for neutral, every in ((first, 3 * _EVERY), (None, _EVERY)):
            asked = data["asked"][::every].astype(np.float32)
            track = LandmarkTrack(asked, np.ones(asked.shape[:2], np.float32), Fraction(25), tuple(case["size"]))
            targets = plan_motion(data["source"], track, relative_to=neutral)
            folds[case["id"], every] = _folds(generator, targets, _VISIBLE_FILM)
    assert {name: found for name, found in folds.items() if found} == {}
