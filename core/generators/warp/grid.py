# SPDX-License-Identifier: GPL-3.0-or-later
"""A coarse grid over a part of the picture: smooth fields are computed on it and read at any pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .sampling import read_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """Nodes are the centres of square cells of whole pixels, so that enlarging a field is exactly aligned."""

    left: int
    top: int
    cell: int  # pixels
    columns: int
    rows: int

    @classmethod
    def over(cls, box: NDArray[np.floating[Any]], cell: int) -> Grid:
        """The grid whose cells cover a box (left, top, right, bottom) in pixels."""
        left, top = (int(v) for v in np.floor(box[:2]))
        columns, rows = (max(2, int(v)) for v in np.ceil((box[2:] - (left, top)) / cell))
        return cls(left, top, cell, columns, rows)

    @cached_property
    def nodes(self) -> Array:
        """(rows, columns, 2) pixel positions x, y."""
        x = self.left + (np.arange(self.columns, dtype=np.float32) + 0.5) * self.cell - 0.5
        y = self.top + (np.arange(self.rows, dtype=np.float32) + 0.5) * self.cell - 0.5
        return np.dstack(np.meshgrid(x, y))

    def window(self, box: NDArray[np.floating[Any]]) -> tuple[slice, slice]:
        """Row and column slices of the cells that touch a box (left, top, right, bottom) in pixels."""
        low = np.floor((box[:2] - (self.left, self.top)) / self.cell).astype(int)
        high = np.ceil((box[2:] - (self.left, self.top)) / self.cell).astype(int)
        limit = (self.columns, self.rows)
        low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))

    def indices(self, points: NDArray[np.floating[Any]]) -> Array:
        """Fractional (column, row) of (..., 2) pixel positions."""
        origin = np.array([self.left, self.top], np.float32) + (self.cell - 1) / 2
        return ((points - origin) / self.cell).astype(np.float32)

    def sample(self, field: Array, points: Array) -> Array:
        """Read a field (rows, columns[, 2]) at (h, w, 2) positions, bilinear; the edge goes on outside."""
        return read_at(field, self.indices(points))

    def enlarge(self, field: Array, window: tuple[slice, slice]) -> Array:
        """The field (rows, columns[, 2]) at every pixel of a window of cells (row and column slices)."""
        part = np.ascontiguousarray(field[window])
        size = (part.shape[1] * self.cell, part.shape[0] * self.cell)
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.float32)
