# SPDX-License-Identifier: GPL-3.0-or-later
"""Least squares with bounds, for many small problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SWEEPS = 100
_ENOUGH = 1e-5


@compiled
def solve_in_box(normal: Array, wanted: Array, low: Array, high: Array, start: Array) -> Array:
    """The x (F, K) with low <= x <= high (K,) that minimise x' N x / 2 - w' x, by coordinate descent.

    `normal` (F, K, K) is symmetric and positive definite, `wanted` (F, K). Every coordinate in turn goes to its best
    value between its bounds.
    """
    x = start.copy()
    for f in range(x.shape[0]):
        for _ in range(_SWEEPS):
            largest = 0.0
            for k in range(x.shape[1]):
                missing = wanted[f, k]
                for other in range(x.shape[1]):
                    missing -= normal[f, k, other] * x[f, other]
                better = min(max(x[f, k] + missing / normal[f, k, k], low[k]), high[k])
                largest = max(largest, abs(better - x[f, k]))
                x[f, k] = better
            if largest < _ENOUGH:
                break
    return x
