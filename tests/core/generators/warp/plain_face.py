# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's own face, drawn plainly: for tests of lips and of what is between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.landmarks.topology import INNER_LIP, OUTER_LIP
from core.motion.face_model import FittedFace, fit_face, load_face_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


SIZE, SCALE = 512, 24.0  # pixels; pixels a centimetre
SKIN, LIP = (205, 160, 135), (170, 90, 85)


def plain_face() -> FittedFace:
    """The model's own face from the front, its mouth shut."""
    landmarks = load_face_model().landmarks[:, :2] * [SCALE, -SCALE] + SIZE / 2
    return fit_face(landmarks)


def picture_of(face: FittedFace, grain: float = 0.0, blur: float = 0.0) -> NDArray[np.uint8]:
    """Flat skin with lips, blurred, then with noise."""
    drawn = np.full((SIZE, SIZE, 3), SKIN, np.float32)
    outline = np.round(face.points[list(OUTER_LIP), :2] * 16).astype(np.int32)
    cv2.fillPoly(drawn, [outline], LIP, cv2.LINE_AA, 4)
    if blur:
        drawn = cv2.GaussianBlur(drawn, (0, 0), blur)
    noise = np.random.default_rng(3).normal(0, max(grain, 1e-6), (SIZE, SIZE, 1))
    return np.clip(np.rint(drawn + noise), 0, 255).astype(np.uint8)


def opened(face: FittedFace, jaw: float) -> NDArray[np.float64]:
    return face.points[:, :2] + face.direction(jaw * load_face_model().expressions["jawOpen"])[:, :2]


def mouth_window(face: FittedFace) -> NDArray[np.float32]:
    """(h, w, 2) pixels around the mouth."""
    left, top = np.floor(face.points[list(OUTER_LIP), :2].min(0)).astype(int)
    right, bottom = np.ceil(opened(face, 1)[list(OUTER_LIP)].max(0)).astype(int)
    x, y = np.meshgrid(np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32))
    return np.dstack([x, y])


def between_lips(face: FittedFace, moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(h, w) which pixels of that window lie between the inner edges of (68, 2) moved lips."""
    window = mouth_window(face)
    mask = np.zeros(window.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(moved[list(INNER_LIP)] - window[0, 0]).astype(np.int32)], (1,))
    return mask > 0


def middle_of(face: FittedFace) -> int:
    """The window's column below the nose."""
    return int(face.points[62, 0] - mouth_window(face)[0, 0, 0])
