# SPDX-License-Identifier: GPL-3.0-or-later
"""Detail that motion costs: sharpness of moving skin against the portrait's own, and pixels that should have stayed.

Gradients are compared at the same skin. Where the warp squeezes or stretches the skin its gradients must grow or
shrink, so that the portrait's are carried along by the Jacobian J of the map first: a perfect warp has J^T g.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import skimage.data

from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from core.generators.warp.pixels.sampling import read_at
from core.landmarks.detect import create_detector
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion
from tests.skin import openings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

    Array = NDArray[np.float32]

GOAL = 0.95  # of the portrait's gradient energy
_STILL = 1e-3  # pixels: a shorter way is no motion
_AROUND = 0.08  # eye distances around lids and lips that are drawn apart
_STRETCH = 1.25  # skin that is squeezed more has finer detail than pixels can show
_POSES: list[dict[str, float]] = [
    {"headYaw": 20},
    {"headYaw": -20},
    {"headPitch": 12},
    {"headPitch": -12},
    {"headRoll": 12},
    {"headYaw": 8, "headPitch": 4, "headRoll": -6},
    {"jawOpen": 0.6, "browInnerUp": 0.8},
    {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "headYaw": 5},
]


def measure(folder: Path | None) -> dict[str, dict[str, float]]:
    """By portrait: `sharpness`, gradient energy of the moving skin to the portrait's, and `changed` still pixels.

    The portraits are the astronaut and the pictures of `folder`.
    """
    pictures = {"astronaut": skimage.data.astronaut()}
    for path in sorted(folder.iterdir()) if folder else []:
        pictures[path.stem] = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return {name: _measure(picture) for name, picture in pictures.items()}


def _measure(pixels: NDArray[np.uint8]) -> dict[str, float]:
    landmarks = create_detector("dlib").detect(pixels)[0].landmarks
    portrait = replace(Portrait(pixels, landmarks), creases=0.0)  # invented folds are no kept detail
    generator = WarpGenerator(portrait)
    names = sorted({name for pose in _POSES for name in pose})
    channels = {name: np.array([pose.get(name, 0) for pose in _POSES], np.float32) for name in names}
    shares, changed = [], 0
    for target in plan_motion(landmarks, ControlTrack(Fraction(25), channels)):
        drawn, place = generator.draw(target), generator.skin_map(target)
        shares.append(_sharpness(pixels, drawn, place, _skin(landmarks, target, place)))
        still = np.abs(place - _identity(place.shape)).max(2) < _STILL
        still &= ~openings(target.landmarks, still.shape, _AROUND)
        changed += int((drawn != pixels).any(2)[still].sum())
    return {"sharpness": statistics.fmean(shares), "least": min(shares), "changed": changed}


def _sharpness(pixels: NDArray[np.uint8], drawn: NDArray[np.uint8], place: Array, skin: NDArray[np.bool_]) -> float:
    """Gradient energy of the drawn skin, as a share of what the portrait's gradients become under the map."""
    along_y, along_x = np.gradient(place, axis=(0, 1))
    size = np.linalg.norm(along_x, axis=2), np.linalg.norm(along_y, axis=2)
    skin = skin & (np.minimum(*size) > 1 / _STRETCH) & (np.maximum(*size) < _STRETCH)
    nearest = np.rint(place[skin]).astype(int)  # a gradient between pixels would be a softened one
    height, width = pixels.shape[:2]
    x, y = np.clip(nearest[:, 0], 0, width - 1), np.clip(nearest[:, 1], 0, height - 1)
    own_y, own_x = (part[y, x] for part in np.gradient(_grey(pixels)))
    wanted_x = along_x[skin][:, 0] * own_x + along_x[skin][:, 1] * own_y
    wanted_y = along_y[skin][:, 0] * own_x + along_y[skin][:, 1] * own_y
    got_y, got_x = (part[skin] for part in np.gradient(_grey(drawn)))
    return float((got_x**2 + got_y**2).sum() / (wanted_x**2 + wanted_y**2).sum())


def _skin(landmarks: NDArray[Any], target: FaceTarget, place: Array) -> NDArray[np.bool_]:
    """(H, W) pixels of a frame that show moving skin between jaw and brows, away from lids and lips."""
    face = np.zeros(place.shape[:2], np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.rint(landmarks).astype(np.int32)), (1,))
    inside = read_at(face, np.nan_to_num(place)) > 0
    moving = np.abs(place - _identity(place.shape)).max(2) > _STILL
    return inside & moving & ~openings(target.landmarks, face.shape, _AROUND)


def _identity(shape: tuple[int, ...]) -> Array:
    return np.dstack(np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32)))


def _grey(pixels: NDArray[np.uint8]) -> Array:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
