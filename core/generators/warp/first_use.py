# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiling all loops at one time, so that the first portrait need not wait for it."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

from ...landmarks.shape_predictor import find_points
from ...motion.controls import ControlTrack
from ...motion.plan import plan_motion
from ..base import Portrait
from .fields.face_grid import mean_points
from .generator import WarpGenerator

_SIZE, _EYE_DISTANCE = 512, 130  # pixels
_KINDS = ("uint8", 3), ("uint8", 4), ("uint16", 3), ("float32", 4)
"""Type and channels of pixels of PNG, JPEG and EXR; other pairs of the two compile what is left when they come."""
_MOVES = {
    "headYaw": (25, 5),
    "headRoll": (10, 0),
    "jawOpen": (0.6, 0.03),  # wide, and so little that what the portrait shows between its lips still shows
    "eyeBlinkLeft": (1, 0.5),
    "gazeYaw": (10, 0),
    "tongueOut": (1, 0),
}


def compile_loops() -> None:
    """Find points, and draw an oval that does all that a face can in every usual kind of pixels.

    Numba keeps what that compiles.
    """
    find_points(np.zeros((1, 1), np.uint8), np.zeros((1, 2)), 1)
    landmarks = mean_points() * _EYE_DISTANCE + [_SIZE / 2, _SIZE / 2.5]
    oval = np.zeros((_SIZE, _SIZE), np.float32)
    cv2.ellipse(oval, (_SIZE // 2, _SIZE // 2), (_SIZE // 4, _SIZE // 3), 0, 0, 360, (1,), -1)
    grain = np.random.default_rng(0).uniform(0.2, 0.4, (_SIZE, _SIZE, 4))
    shown = grain + 0.4 * oval[..., None]
    track = ControlTrack(Fraction(25), {name: np.array(values, np.float32) for name, values in _MOVES.items()})
    for kind, channels in _KINDS:
        most = 1 if kind == "float32" else np.iinfo(kind).max
        pixels = (shown[..., :channels] * most).astype(kind)
        generator = WarpGenerator(Portrait(pixels, landmarks, oval))
        for target in plan_motion(landmarks, track):
            generator.draw(target)
