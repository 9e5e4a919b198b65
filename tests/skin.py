# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a frame shows skin, for tests and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from core.generators.warp.fields.face_field import LEFT, MOUTH, RIGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray


def openings(landmarks: NDArray[Any], shape: tuple[int, ...], around: float) -> NDArray[np.bool_]:
    """(H, W): between lids and between lips of (68, 2) landmarks, and `around` them, in eye distances."""
    mask = np.zeros(shape[:2], np.uint8)
    width = max(1, round(2 * around * float(np.linalg.norm(landmarks[36] - landmarks[45]))))
    for opening in (RIGHT, LEFT, MOUTH):
        hull = cv2.convexHull(np.rint(np.concatenate(opening.rims(landmarks))).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, (1,))
        cv2.polylines(mask, [hull], isClosed=True, color=(1,), thickness=width)
    return mask > 0
