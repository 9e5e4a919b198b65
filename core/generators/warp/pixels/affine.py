# SPDX-License-Identifier: GPL-3.0-or-later
"""Affine maps in loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....compiled import Number, compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@compiled
def affine(matrix: NDArray[np.floating[Any]], x: Number, y: Number) -> tuple[Number, Number]:
    """Where a map (2, 3) leads from a place."""
    return (
        matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2],
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2],
    )
