# SPDX-License-Identifier: GPL-3.0-or-later
"""Least squares with bounds, for many small problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SWEEPS = 100
_ENOUGH = 1e-5


def solve_in_box(normal: Array, wanted: Array, low: Array, high: Array, start: Array) -> Array:
    """The x (F, K) with low <= x <= high (K,) that minimise x' N x / 2 - w' x, by coordinate descent.

    `normal` (F, K, K) is symmetric and positive definite, `wanted` (F, K). Every coordinate in turn goes to its best
    value between its bounds, for all F problems together.
    """
    x = start.copy()
    for _ in range(_SWEEPS):
        largest = 0.0
        for k in range(x.shape[1]):
            step = (wanted[:, k] - np.einsum("fl,fl->f", normal[:, k], x)) / normal[:, k, k]
            better = np.clip(x[:, k] + step, low[k], high[k])
            largest = max(largest, float(np.abs(better - x[:, k]).max()))
            x[:, k] = better
        if largest < _ENOUGH:
            break
    return x
