# SPDX-License-Identifier: GPL-3.0-or-later
"""The square of a picture that the networks see: fixed for a whole clip, since one that follows the face jitters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.target import FaceTarget

    Area = tuple[slice, slice]

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

    def enlarge(self, values: NDArray[np.float32], area: Area) -> NDArray[np.float32]:
        """Of values (size, size, ...) of the square those at the pixels of an area of the picture, (h, w, ...)."""
        rows, columns = area
        step = len(values) / self.side
        corner = (columns.start + 0.5 - self.left) * step - 0.5, (rows.start + 0.5 - self.top) * step - 0.5
        matrix = np.array([[step, 0, corner[0]], [0, step, corner[1]]])
        size = columns.stop - columns.start, rows.stop - rows.start
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
        )

    def area(self, height: int, width: int) -> Area:
        """The pixels of a picture that lie in the square, rows and columns."""
        ends = (self.top, height), (self.left, width)
        (top, bottom), (left, right) = ((max(math.floor(a), 0), min(math.ceil(a + self.side), b)) for a, b in ends)
        return slice(top, bottom), slice(left, right)

    def to_crop(self, landmarks: NDArray[np.floating[Any]], size: int) -> NDArray[np.float32]:
        """Points (..., 2) of the picture as those of a square of `size` pixels."""
        corner = np.array([self.left, self.top])
        return ((landmarks + 0.5 - corner) * (size / self.side) - 0.5).astype(np.float32)

    def target(self, target: FaceTarget, size: int) -> FaceTarget:
        """What is asked of a face in the picture as it is asked in a square of `size` pixels."""
        step, pose = size / self.side, target.pose
        corner = self.to_crop(np.zeros(2), size)
        pivot = step * pose.pivot + (*corner, 0.0)
        return replace(
            target,
            landmarks=self.to_crop(target.landmarks, size).astype(np.float64),
            pose=replace(pose, pivot=pivot, move=step * pose.move),
            parted=step * target.parted,
        )
