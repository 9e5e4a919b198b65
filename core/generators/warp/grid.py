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
    Area = tuple[slice, slice]  # rows and columns of the picture


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

    def area(self, window: tuple[slice, slice]) -> Area:
        """The pixels of a window of cells."""
        rows, columns = window
        return (
            slice(self.top + rows.start * self.cell, self.top + rows.stop * self.cell),
            slice(self.left + columns.start * self.cell, self.left + columns.stop * self.cell),
        )

    def enlarge(self, field: Array, area: Area) -> Array:
        """A field (rows, columns[, 2]) at every pixel of an area (row and column slices), cubic."""
        box = np.array([area[1].start, area[0].start, area[1].stop, area[0].stop], np.float64)
        margin = 2 * self.cell * np.array([-1, -1, 1, 1])  # what the cubic kernel reads
        window = self.window(box + margin)
        part = np.ascontiguousarray(field[window])
        size = (part.shape[1] * self.cell, part.shape[0] * self.cell)
        large = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.float32)
        return large[within(area, self.area(window))]


def within(area: Area, outer: Area) -> Area:
    """The same pixels as slices of an array that covers `outer`."""
    return (
        slice(area[0].start - outer[0].start, area[0].stop - outer[0].start),
        slice(area[1].start - outer[1].start, area[1].stop - outer[1].start),
    )


def overlap(area: Area, outer: Area) -> Area:
    """The part of an area that lies in another one; its slices are empty where there is none."""
    starts = [max(a.start, b.start) for a, b in zip(area, outer, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(area, outer, strict=True)]
    rows, columns = (slice(start, max(start, stop)) for start, stop in zip(starts, stops, strict=True))
    return rows, columns


def positions(area: Area) -> Array:
    """(h, w, 2) pixel positions x, y of an area."""
    x = np.arange(area[1].start, area[1].stop, dtype=np.float32)
    y = np.arange(area[0].start, area[0].stop, dtype=np.float32)
    return np.dstack(np.meshgrid(x, y))
