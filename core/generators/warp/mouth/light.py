# SPDX-License-Identifier: GPL-3.0-or-later
"""The light inside a mouth: it falls through the opening of the lips, from above, and is thrown about in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import INNER_LIP
from ..fields.curves import smooth_loop
from ..pixels.sampling import polygon_mask
from .draw import light_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

DISPLAY = 1 / 2.2
"""Display brightness is this power of the light."""

_CELL = 0.16  # cm
_DEPTHS = (0.3, 1.2, 4.8)  # cm behind the lips for which the light is worked out
DEEPEST = _DEPTHS[-1]
"""Centimetres behind the lips: farther back it is as dark."""

_COARSEST = 16  # cells of the last of them in one
_REACH = 1.1  # standard deviation of the light that falls through an opening, for a depth of 1
_FROM_ABOVE = 0.9  # the light comes down this much for each centimetre inwards
_EXPOSURE = 1.0
_BOUNCED = 0.03  # light that comes through the cheeks and from wall to wall


class Light:
    """How much of the light in front of the face falls through the opening of the lips, at any depth behind it."""

    def __init__(self, moved: NDArray[np.floating[Any]], scale: float) -> None:
        self._cell = _CELL * scale
        rim = smooth_loop(moved[list(INNER_LIP)])
        margin = 1.5 * scale
        self._corner = (rim.min(0) - margin).astype(np.float32)
        columns, rows = np.ceil((np.ptp(rim, axis=0) + 2 * margin) / self._cell).astype(int)
        columns, rows = (int(n) + -int(n) % _COARSEST for n in (columns, rows))
        mask = polygon_mask((rim - self._corner) / self._cell, (0, 0), (rows, columns), 0)
        # The deeper, the softer, and the coarser the cells may be.
        self._levels = np.zeros((len(_DEPTHS), rows + 2, columns + 2), np.float32)
        for level, depth in zip(self._levels, _DEPTHS, strict=True):
            coarser = round(depth / _DEPTHS[0])
            cells = cv2.resize(mask, (columns // coarser, rows // coarser), interpolation=cv2.INTER_AREA)
            sigma = _REACH * depth / (_CELL * coarser)
            soft = cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
            level[1:-1, 1:-1] = cv2.resize(soft, (columns, rows))

    def at(self, positions: Array, behind: Array) -> Array:
        """(n, h, w) brightness 0..1 at positions (h, w, 2), n times, `behind` (n, h, w) centimetres behind the lips."""
        places = (positions - self._corner) / np.float32(self._cell)
        light = light_at(self._levels, np.array(_DEPTHS, np.float32), places, _FROM_ABOVE / _CELL, behind)
        return np.asarray(np.clip(_BOUNCED + _EXPOSURE * light, 0, 1) ** DISPLAY, np.float32)
