# SPDX-License-Identifier: GPL-3.0-or-later
"""The square of a picture that the networks see: fixed for a whole clip, since one that follows the face jitters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 2.0  # of the longer side of the landmarks' box
_UP = 12  # the landmarks end at the brows: the square is higher than they by this part of its side


@dataclass(frozen=True)
class HeadCrop:
    """A square in pixels of a picture, whose first pixel reaches from 0 to 1: `left` and `top` are its edges."""

    left: float
    top: float
    side: float

    @classmethod
    def around(cls, landmarks: NDArray[np.floating[Any]]) -> HeadCrop:
        """The square around (68, 2) landmarks, or around the median of those of a track (F, 68, 2)."""
        points = np.median(landmarks.reshape(-1, 68, 2), axis=0) + 0.5
        low, high = points.min(axis=0), points.max(axis=0)
        side = _SIDE * float((high - low).max())
        x, y = (low + high) / 2
        return cls(float(x) - side / 2, float(y) - side / 2 - side / _UP, side)

    def read(self, pixels: NDArray[Any], size: int) -> NDArray[Any]:
        """(H, W, C) -> (size, size, C) of the same type: averaged where it shrinks, its edges repeated outside."""
        fine = max(1, math.ceil(self.side / size))  # samples of a pixel's side: no pixel of the picture is passed over
        step = self.side / (size * fine)
        matrix = np.array([[step, 0, self.left + step / 2 - 0.5], [0, step, self.top + step / 2 - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        samples = cv2.warpAffine(pixels, matrix, (size * fine,) * 2, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        samples = cv2.resize(samples, (size, size), interpolation=cv2.INTER_AREA)
        return samples.reshape(size, size, -1)  # OpenCV drops a single channel

    def to_crop(self, landmarks: NDArray[np.floating[Any]], size: int) -> NDArray[np.float32]:
        """Points (..., 2) of the picture as those of a square of `size` pixels."""
        corner = np.array([self.left, self.top])
        return ((landmarks + 0.5 - corner) * (size / self.side) - 0.5).astype(np.float32)

    def to_picture(self, landmarks: NDArray[np.floating[Any]], size: int) -> NDArray[np.float32]:
        """The reverse of `to_crop`."""
        corner = np.array([self.left, self.top])
        return ((landmarks + 0.5) * (self.side / size) + corner - 0.5).astype(np.float32)
