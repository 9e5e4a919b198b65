# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures at the size that a detector looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resized(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """A picture (H, W) or (H, W, 3), smaller or larger by a factor; itself where that is 1."""
    if factor == 1:
        return picture
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method), np.uint8)
