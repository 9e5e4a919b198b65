# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the pixels of a frame are the portrait's own, and how far they are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


def share_of_detail(positions: Array) -> Array:
    """(h, w) 0..1: pixels of the portrait per pixel, along the direction in which it is stretched most.

    `positions` (h, w, 2) are read from. 1: as large as in the portrait or smaller; 0: smeared from a single line. That
    is the smaller singular value of the positions' 2 x 2 derivative.
    """
    down, across = np.gradient(positions, axis=(0, 1))
    squares = (down**2).sum(-1) + (across**2).sum(-1)
    determinant = down[..., 1] * across[..., 0] - down[..., 0] * across[..., 1]
    # Singular values s, t: s^2 + t^2 = squares, s t = |determinant|.
    apart = np.sqrt(np.maximum(squares - 2 * np.abs(determinant), 0))
    together = np.sqrt(squares + 2 * np.abs(determinant))
    return np.minimum((together - apart) / 2, 1).astype(np.float32)
