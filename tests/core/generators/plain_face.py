# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's own face, drawn plainly: for tests of lips and of what is between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.landmarks.topology import OUTER_LIP
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
