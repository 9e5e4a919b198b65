# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the gallery's performances with one portrait. Which `core` does it is the caller's choice, by PYTHONPATH.

python tools/gallery_frames.py PICTURE FOLDER      FOLDER/turn.mp4, FOLDER/turn_0.png and so on
"""

from __future__ import annotations

import sys
from fractions import Fraction
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from core.generators import create_generator
from core.generators.base import Portrait
from core.landmarks.detect import create_detector
from core.media.pictures import read_picture
from core.media.video import VideoWriter
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Keys = list[tuple[float, float]]

FPS = 25
HEIGHT = 320  # pixels of what is written
AROUND_FACE = 2.5  # the height of that, in heights of the face

# Seconds and value; between two of them the value eases in and out.
_BLINK: Keys = [(0, 0), (0.08, 1), (0.14, 1), (0.36, 0)]  # lids fall faster than they rise


def _later(keys: Keys, *starts: float) -> Keys:
    return [(start + seconds, value) for start in starts for seconds, value in keys]


PERFORMANCES: dict[str, tuple[list[float], dict[str, Keys]]] = {
    "turn": (
        [0.5, 0.9, 1.2, 1.6, 2.0, 2.3],
        {
            "headYaw": [(0, 0), (0.5, -25), (0.6, -25), (1.2, 25), (1.3, 25), (1.7, 0)],
            "headPitch": [(1.4, 0), (2.0, -15), (2.3, 12), (2.6, 0)],
        },
    ),
    "look": (
        [0.3, 0.7, 1.04, 1.4, 1.8, 2.2],
        {
            "gazeYaw": [(0, 0), (0.15, -25), (0.5, -25), (0.65, 25), (0.95, 25), (1.1, 0)],
            "gazePitch": [(1.25, 0), (1.4, 15), (1.6, 15), (1.75, -15), (1.95, -15), (2.05, 0)],
            "eyeBlinkLeft": _later(_BLINK, 0.95, 2.1),
            "eyeBlinkRight": _later(_BLINK, 0.95, 2.1),
            "headYaw": [(0.1, 0), (0.5, -4), (0.95, 5), (1.3, 0)],
        },
    ),
    "talk": (
        [0.2, 0.55, 0.9, 1.3, 1.7, 2.1],  # ah, ee, oo, ah, ee, oo
        {
            "jawOpen": [(0, 0), (0.2, 0.6), (0.55, 0.12), (0.9, 0.2), (1.1, 0.1), (1.3, 0.7), (1.7, 0.12), (2.1, 0.2)],
            "mouthStretchLeft": [(0.3, 0), (0.55, 0.6), (0.75, 0), (1.5, 0), (1.7, 0.6), (1.9, 0)],
            "mouthStretchRight": [(0.3, 0), (0.55, 0.6), (0.75, 0), (1.5, 0), (1.7, 0.6), (1.9, 0)],
            "mouthFunnel": [(0.65, 0), (0.9, 0.6), (1.15, 0), (1.85, 0), (2.1, 0.7), (2.5, 0.2)],
            "mouthPucker": [(0.65, 0), (0.9, 0.5), (1.15, 0), (1.85, 0), (2.1, 0.6), (2.5, 0.2)],
            "headYaw": [(0, 0), (0.7, 7), (1.5, -6), (2.4, 3)],
            "headPitch": [(0, 0), (0.25, -3), (0.7, 3), (1.3, -4), (1.8, 2), (2.4, 0)],
        },
    ),
    "laugh": (
        [0.3, 0.7, 1.0, 1.3, 1.8, 2.2],
        {
            "mouthSmileLeft": [(0, 0), (0.5, 0.9), (1.1, 0.8), (1.4, 0)],
            "mouthSmileRight": [(0, 0), (0.5, 0.9), (1.1, 0.8), (1.4, 0)],
            "cheekSquintLeft": [(0.1, 0), (0.5, 0.8), (1.1, 0.7), (1.4, 0)],
            "cheekSquintRight": [(0.1, 0), (0.5, 0.8), (1.1, 0.7), (1.4, 0)],
            "eyeSquintLeft": [(0.1, 0), (0.5, 0.6), (1.1, 0.5), (1.4, 0)],
            "eyeSquintRight": [(0.1, 0), (0.5, 0.6), (1.1, 0.5), (1.4, 0)],
            "jawOpen": [(0.3, 0), (0.7, 0.35), (0.85, 0.2), (1.0, 0.4), (1.3, 0.1), (1.7, 0.7), (2.2, 0.5)],
            "browInnerUp": [(1.3, 0), (1.6, 1)],
            "browOuterUpLeft": [(1.3, 0), (1.6, 1)],
            "browOuterUpRight": [(1.3, 0), (1.6, 1)],
            "eyeWideLeft": [(1.35, 0), (1.6, 1)],
            "eyeWideRight": [(1.35, 0), (1.6, 1)],
            "headPitch": [(0, 0), (0.6, 6), (1.3, 0), (1.7, -4)],
        },
    ),
    "roll": (
        [0.4, 0.8, 1.2, 1.6, 2.0, 2.3],
        {
            "headRoll": [(0, 0), (0.5, 25), (1.4, -25), (2.3, 0)],
            "headYaw": [(0, 0), (0.6, 15), (1.2, -20), (1.8, 15), (2.4, 0)],
            "headPitch": [(0, 0), (0.5, 8), (1.2, -8), (1.8, 6), (2.4, 0)],
            "headX": [(0, 0), (0.7, 0.05), (1.6, -0.05), (2.4, 0)],
            "jawOpen": [(0.4, 0), (0.8, 0.5), (1.2, 0.1), (1.6, 0.4), (2.2, 0)],
            "mouthSmileLeft": [(1.0, 0), (1.4, 0.7), (2.2, 0.2)],
            "mouthSmileRight": [(1.0, 0), (1.4, 0.5), (2.2, 0.2)],
            "browDownLeft": [(0.2, 0), (0.5, 0.8), (1.0, 0)],
            "browDownRight": [(0.2, 0), (0.5, 0.8), (1.0, 0)],
            "eyeBlinkLeft": _later(_BLINK, 1.1),
            "eyeBlinkRight": _later(_BLINK, 1.1),
            "gazeYaw": [(0, 0), (0.5, 12), (1.2, -15), (2.0, 0)],
        },
    ),
}
"""By name: the seconds to show on a sheet, and the keys of every control."""


def track(keys: dict[str, Keys]) -> ControlTrack:
    """A performance as controls, a frame after the last key long."""
    frames = round(max(seconds for curve in keys.values() for seconds, _ in curve) * FPS) + 1
    return ControlTrack(Fraction(FPS), {name: _ease(curve, frames) for name, curve in keys.items()})


def _ease(keys: Keys, frames: int) -> NDArray[np.float32]:
    seconds, values = np.array(keys, np.float32).T
    place = np.interp(np.arange(frames) / FPS, seconds, np.arange(len(keys)))
    before = np.minimum(place.astype(int), len(keys) - 2)
    share = place - before
    share = share * share * (3 - 2 * share)
    return (values[before] + (values[before + 1] - values[before]) * share).astype(np.float32)


def main(picture: Path, folder: Path) -> None:
    """Write movies and moments of all performances."""
    pixels = np.ascontiguousarray(read_picture(picture)[..., :3])
    # The first version wants to be told of models to download; this one has what it needs.
    older = "allow_download" in signature(create_detector).parameters
    told: dict[str, Any] = {"models": None, "allow_download": False} if older else {}
    landmarks = create_detector("dlib", **told).detect(pixels)[0].landmarks
    generator = create_generator("warp", Portrait(pixels, landmarks))
    rows, columns = _around(landmarks, pixels.shape)
    size = 2 * round((columns.stop - columns.start) * HEIGHT / (rows.stop - rows.start) / 2), HEIGHT
    folder.mkdir(parents=True, exist_ok=True)
    for name, (moments, keys) in PERFORMANCES.items():
        shown = {round(seconds * FPS): number for number, seconds in enumerate(moments)}
        movie = VideoWriter(folder / f"{name}.mp4", Fraction(FPS), size, "synthetic")
        for number, target in enumerate(plan_motion(landmarks, track(keys))):
            part = cv2.resize(generator.draw(target)[rows, columns], size, interpolation=cv2.INTER_AREA)
            movie.write(part)
            if number in shown:
                Image.fromarray(part).save(folder / f"{name}_{shown[number]}.png")
        movie.close()


def _around(landmarks: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns that show the face and the hair around it."""
    low, high = landmarks.min(0), landmarks.max(0)
    side = (high[1] - low[1]) * AROUND_FACE
    x, y = (low + high) / 2 - (0, 0.1 * side)  # landmarks end at the brows: leave room for the hair
    left, top = max(round(x - 0.45 * side), 0), max(round(y - side / 2), 0)
    return slice(top, min(round(y + side / 2), shape[0])), slice(left, min(round(x + 0.45 * side), shape[1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
