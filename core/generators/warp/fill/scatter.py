# SPDX-License-Identifier: GPL-3.0-or-later
"""More of a fine texture, from a small piece of it, without the pattern that repeating or mirroring the piece makes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_PATCH = 0.3  # of the piece's shorter side: from a patch's middle to its end


def scattered(detail: Array, height: int, width: int) -> Array:
    """(height, width, C) of a texture `detail` (h, w, C) whose mean is 0, the same every time.

    Patches from anywhere in it overlap. Their weights are divided by the root of the sum of their squares, so that what
    they mix is as strong as the detail is (Heitz and Neyret 2018).
    """
    reach = max(int(_PATCH * min(detail.shape[:2])), 1)
    window = 1 - np.abs((np.arange(2 * reach, dtype=np.float32) + np.float32(0.5)) / reach - 1)
    weight = (window[:, None] * window)[..., None]
    rows, columns = (range(0, length + reach, reach) for length in (height, width))
    total = np.zeros((height + 3 * reach, width + 3 * reach, detail.shape[2]), np.float32)
    squares = np.zeros((*total.shape[:2], 1), np.float32)
    places = list(product(rows, columns))
    room = np.array(detail.shape[:2]) - 2 * reach
    ways = np.random.default_rng(0).integers(0, room, (len(places), 2), endpoint=True)
    for (row, column), (top, left) in zip(places, ways, strict=True):
        patch = detail[top : top + 2 * reach, left : left + 2 * reach]
        total[row : row + 2 * reach, column : column + 2 * reach] += weight * patch
        squares[row : row + 2 * reach, column : column + 2 * reach] += weight**2
    inside = np.s_[reach : reach + height, reach : reach + width]  # where patches overlap on all sides
    return total[inside] / np.sqrt(squares[inside])
