# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the irises of a portrait: dark discs of a known size between brighter whites, both looking the same way.

One eye alone often says too little: the white of one side is hidden or in shade, or the lids are found askew.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYES
from ..fields.curves import eye_outline
from ..pixels.sampling import polygon_mask, read_at, to_8bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace

    Array = NDArray[np.float32]

# Lengths are shares of the eye's width. A view of an eye lies level in a box around its corners.
_CELLS = 40  # an eye's width, of the copy that is searched
_LEFT, _TOP, _RIGHT, _BOTTOM = -0.1, -0.5, 1.1, 0.4
_LASHES = 0.06  # so close to the lids are lashes and shade
_GLINT = 0.07  # what is brighter and no wider is a reflection
_RADII = np.linspace(0.18, 0.26, 5)
_USUAL_RADIUS, _RADIUS_VARIES = 0.225, 0.09  # an iris is 11.7 mm wide, 25 to 30 mm lie between the corners
_MIDDLE_VARIES = 0.6, 0.18  # along the eye and down, the iris is about in the middle of the opening
_SAME_VARIES = 0.14, 0.08  # and in the other eye about at the same place
_SIDE = 0.7  # lids have no say: up to this sine of the angle the iris is compared with what lies beside it
_BESIDE, _RIM = 1.35, 0.7  # of the radius: so far goes what lies beside the iris, there begins its rim
_CENTRE = 0.65  # how much less the disc's edge counts than its centre, where the pupil is
_ENOUGH = 0.5, 0.6  # of a side's area and of the disc's: where less is seen it counts less
_LEAST_CONTRAST = 12.0  # grey values between dark and bright parts of an eye


def find_irises(pixels: NDArray[Any], face: FittedFace) -> NDArray[np.float64]:
    """(2, 3): centre (x, y) and radius in pixels of both irises in a portrait (H, W, C) with this face.

    The subject's right eye is the first one.
    """
    views = [_View(pixels, face.points[list(eye), :2]) for eye in EYES]
    scores, radii = zip(*(view.score() for view in views), strict=True)
    places = [np.argwhere(score > -np.inf) for score in scores]
    own = [score[tuple(at.T)] for score, at in zip(scores, places, strict=True)]
    down, across = (np.subtract.outer(*(at[:, axis] / _CELLS for at in places)) for axis in (0, 1))
    apart = (across / _SAME_VARIES[0]) ** 2 + (down / _SAME_VARIES[1]) ** 2
    best = np.unravel_index(int(np.argmax(np.add.outer(*own) - apart)), apart.shape)
    found: list[list[float]] = []
    for view, radius, at, number in zip(views, radii, places, best, strict=True):
        row, column = at[number]
        found.append([*view.position(row, column), radius[row, column] * view.width])
    return np.array(found)


class _View:
    """One eye, level and as wide as any other."""

    def __init__(self, pixels: NDArray[Any], corners: NDArray[np.float64]) -> None:
        """`corners` (6, 2) are the eye's landmarks in the picture."""
        self._left, along = corners[0], corners[3] - corners[0]
        self._axes = np.array([along, [-along[1], along[0]]])
        self.width = max(float(np.linalg.norm(along)), 1.0)
        rows, columns = round((_BOTTOM - _TOP) * _CELLS), round((_RIGHT - _LEFT) * _CELLS)
        outline = eye_outline(corners) - self._left
        outline = (outline @ np.linalg.pinv(self._axes) - (_LEFT, _TOP)) * _CELLS - 0.5
        seen = (polygon_mask(outline, (0, 0), (rows, columns), 0) > 0.99).astype(np.uint8)
        clear = cv2.erode(seen, _ellipse(2 * round(_LASHES * _CELLS) + 1))
        self._clear = np.asarray(clear if clear.any() else seen, np.float32)
        if not self._clear.any():  # an eye that is shut
            self._clear[-round(_TOP * _CELLS), columns // 4 : -columns // 4] = 1
        grey = _reduced(pixels, self._positions(rows, columns), _CELLS / self.width)
        self._grey = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_OPEN, _ellipse(round(_GLINT * _CELLS))))
        low, high = np.quantile(self._grey[self._clear > 0], [0.1, 0.9])
        self._range = max(float(high - low), _LEAST_CONTRAST)

    def position(self, row: NDArray[Any] | float, column: NDArray[Any] | float) -> NDArray[np.float64]:
        """(..., 2) in the picture, of pixels of the view."""
        along, down = (column + 0.5) / _CELLS + _LEFT, (row + 0.5) / _CELLS + _TOP
        return self._left + np.stack([along, down], axis=-1) @ self._axes

    def _positions(self, rows: int, columns: int) -> Array:
        return self.position(*np.mgrid[:rows, :columns]).astype(np.float32)

    def score(self) -> tuple[Array, Array]:
        """(h, w) how much the best disc around a pixel is like an iris, -inf beyond the opening; and its radius."""
        best = np.full(self._clear.shape, -np.inf, np.float32)
        radii = np.zeros_like(best)
        for radius in _RADII:
            score = self._contrast(radius) - ((radius - _USUAL_RADIUS) / _RADIUS_VARIES) ** 2
            better = (score > best) & (self._clear > 0)
            best[better], radii[better] = score[better], radius
        rows, columns = (np.arange(count, dtype=np.float32) for count in best.shape)
        seen = self._clear.sum(0)
        middle = (rows @ self._clear) / np.maximum(seen, 1)  # of the opening, in each column
        across = (columns - columns[seen > 0].mean()) / _CELLS / _MIDDLE_VARIES[0]
        down = (rows[:, None] - middle) / _CELLS / _MIDDLE_VARIES[1]
        return best - across**2 - down**2, radii

    def _contrast(self, radius: float) -> Array:
        """(h, w) by how much discs are darker than what lies beside them, and their rim is; 1 is all there is."""
        inside, sides = _kernels(radius * _CELLS)
        dark, seen = self._mean(inside)
        contrasts: list[Array] = []
        for beside, rim in sides:
            bright, bright_seen = self._mean(beside)
            edge, edge_seen = self._mean(rim)
            step = (bright - dark + (bright - edge) * np.minimum(edge_seen / _ENOUGH[0], 1)) / 2
            contrasts.append(step * np.minimum(bright_seen / _ENOUGH[0], 1))
        both = (np.minimum(*contrasts) + np.mean(contrasts, axis=0)) / 2
        whole = np.sqrt(np.clip(seen / _ENOUGH[1], 0, 1))
        return np.asarray(both * whole / self._range, np.float32)

    def _mean(self, kernel: Array) -> tuple[Array, Array]:
        """(h, w) of what is clear under a kernel that is laid on each pixel, and the share of the kernel that is."""
        both = np.dstack([self._grey * self._clear, self._clear])
        total, area = cv2.split(cv2.filter2D(both, -1, kernel, borderType=cv2.BORDER_CONSTANT))
        area = np.maximum(area, 1e-3)
        return np.asarray(total / area, np.float32), np.asarray(area / kernel.sum(), np.float32)


@cache
def _kernels(radius: float) -> tuple[Array, list[tuple[Array, Array]]]:
    """A disc, and for its left and its right side what lies beside it and its rim."""
    half = int(np.ceil(_BESIDE * radius))
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    distance = np.hypot(x, y) / radius
    disc = (distance <= 1) * (1 - _CENTRE * distance**2)
    sides: list[tuple[Array, Array]] = []
    for side in (x < 0, x > 0):
        level = side & (np.abs(y) < _SIDE * distance * radius)
        beside, rim = (distance > 1) & (distance <= _BESIDE), (distance > _RIM) & (distance <= 1)
        sides.append(((level & beside).astype(np.float32), (level & rim).astype(np.float32)))
    return disc.astype(np.float32), sides


def _reduced(pixels: NDArray[Any], positions: Array, zoom: float) -> Array:
    """(h, w) grey 0..255 of a picture at positions that lie 1 / `zoom` pixels apart."""
    low = np.maximum(np.floor(positions.min((0, 1)) - 1 / zoom), 0).astype(int)
    low = np.minimum(low, np.array(pixels.shape[1::-1]) - 1)
    high = np.maximum(np.ceil(positions.max((0, 1)) + 1 / zoom).astype(int), low + 1)
    part = to_8bit(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0], :3]))
    share = min(zoom, 1.0)
    size = [max(1, round(side * share)) for side in part.shape[1::-1]]
    grey = cv2.cvtColor(cv2.resize(part, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    scale = np.array(size) / part.shape[1::-1]
    return np.asarray(read_at(grey, ((positions - low + 0.5) * scale - 0.5).astype(np.float32)), np.float32)


def _ellipse(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
