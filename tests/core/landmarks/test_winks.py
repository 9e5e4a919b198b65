# SPDX-License-Identifier: GPL-3.0-or-later
"""One eye that is shut, and two that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.landmarks.detect import create_detector
from core.motion.lid_calibration import lid_openings

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_a_wink_is_one_eye_only(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    """The astronaut's right eye is painted over with skin and a line of lashes."""
    detector = create_detector("dlib", None, allow_download=False)
    (face,) = detector.detect(pixels)
    middle, across = landmarks[36:42].mean(axis=0), landmarks[39] - landmarks[36]
    x, y = np.rint(middle).astype(int).tolist()
    size = float(np.linalg.norm(across))
    skin = np.median(pixels[y + round(0.6 * size) : y + round(0.8 * size), x - 4 : x + 5], axis=(0, 1))
    lid = np.zeros(pixels.shape[:2], np.float32)
    cv2.ellipse(lid, (x, y), (round(0.6 * size), round(0.35 * size)), 0, 0, 360, (1,), -1)
    lid = cv2.GaussianBlur(lid, (0, 0), 1)[..., None]
    painted = (pixels * (1 - lid) + skin * lid).astype(np.uint8)
    line = np.rint([landmarks[36], middle + np.array([0, 0.12 * size]), landmarks[39]]).astype(np.int32)
    cv2.polylines(painted, [line], False, (60, 40, 35), 1, cv2.LINE_AA)
    followed = [detector.follow(picture, face, check=False) for picture in (pixels, painted)]
    openings = [lid_openings(each.landmarks[None])[0] for each in followed if each]
    assert openings[1][0] < 0.5 * openings[0][0]
    assert openings[1][1] > 0.9 * openings[0][1]
