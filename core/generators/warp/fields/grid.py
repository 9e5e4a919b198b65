# SPDX-License-Identifier: GPL-3.0-or-later
"""A coarse grid over a part of the picture: smooth fields are computed on it and read at any pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..pixels.sampling import read_at, to_8bit

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
    def over(cls, area: Area, cell: int) -> Grid:
        """The grid whose cells cover an area of pixels."""
        rows, columns = (max(2, -((part.start - part.stop) // cell)) for part in area)
        return cls(area[1].start, area[0].start, cell, columns, rows)

    @cached_property
    def nodes(self) -> Array:
        """(rows, columns, 2) pixel positions x, y."""
        return self.node_at(np.arange(self.rows)[:, None], np.arange(self.columns))

    def node_at(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
        """(..., 2) pixel positions x, y of nodes."""
        nodes = np.empty((*np.broadcast(rows, columns).shape, 2), np.float32)
        middle = (self.cell - 1) / 2
        nodes[..., 0], nodes[..., 1] = (
            columns * self.cell + (self.left + middle),
            rows * self.cell + (self.top + middle),
        )
        return nodes

    def window(self, area: Area) -> tuple[slice, slice]:
        """Row and column slices of the cells that touch an area of pixels."""
        return _cells(area[0], self.top, self.cell, self.rows), _cells(area[1], self.left, self.cell, self.columns)

    def indices(self, points: NDArray[np.floating[Any]]) -> Array:
        """Fractional (column, row) of (..., 2) pixel positions."""
        shift = (0.5 - self.left) / self.cell - 0.5, (0.5 - self.top) / self.cell - 0.5
        return _scaled(points, 1 / self.cell, shift)

    def points(self, indices: NDArray[np.floating[Any]]) -> Array:
        """The (..., 2) pixel positions of fractional (column, row)."""
        middle = (self.cell - 1) / 2
        return _scaled(indices, self.cell, (self.left + middle, self.top + middle))

    def sample(self, field: Array, points: Array, *, cubic: bool = False) -> Array:
        """Read a field (rows, columns[, 2]) at (h, w, 2) positions, bilinear or cubic; the edge goes on outside."""
        return read_at(field, self.indices(points), cubic=cubic)

    def area(self, window: tuple[slice, slice]) -> Area:
        """The pixels of a window of cells."""
        rows, columns = window
        return (
            slice(self.top + rows.start * self.cell, self.top + rows.stop * self.cell),
            slice(self.left + columns.start * self.cell, self.left + columns.stop * self.cell),
        )

    def finer(self, parts: int) -> Grid:
        """The grid whose cells are `parts` times finer; the same one where a cell does not divide so."""
        if self.cell % parts:
            return self
        return Grid(self.left, self.top, self.cell // parts, self.columns * parts, self.rows * parts)

    def enlarged(self, field: Array) -> Array:
        """A field (h, w[, K]) of a coarser grid over the same pixels on this one, cubic."""
        return np.asarray(cv2.resize(field, (self.columns, self.rows), interpolation=cv2.INTER_CUBIC), np.float32)

    @property
    def whole(self) -> Area:
        """The pixels of all cells."""
        return self.area((slice(0, self.rows), slice(0, self.columns)))


def _scaled(points: NDArray[np.floating[Any]], scale: float, shift: tuple[float, float]) -> Array:
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    flat = np.ascontiguousarray(points, np.float32).reshape(-1, 1, 2)
    return np.asarray(cv2.transform(flat, matrix), np.float32).reshape(points.shape)


def _cells(part: slice, origin: int, cell: int, count: int) -> slice:
    first = (int(part.start) - origin) // cell
    last = -((origin - int(part.stop)) // cell)
    return slice(min(max(first, 0), count), min(max(last, 0), count))


def area_of(box: NDArray[np.floating[Any]]) -> Area:
    """Whole pixels of a box (left, top, right, bottom)."""
    left, top, right, bottom = (float(value) for value in box)
    return slice(floor(top), ceil(bottom) + 1), slice(floor(left), ceil(right) + 1)


def area_around(points: NDArray[np.floating[Any]], margin: float = 0.0) -> Area:
    """Whole pixels of the box of (N, 2) points with a margin."""
    return area_of(np.concatenate([points.min(0) - margin, points.max(0) + margin]))


def is_some(area: Area) -> bool:
    """False for an area without pixels."""
    return area[0].start < area[0].stop and area[1].start < area[1].stop


def within(area: Area, outer: Area) -> Area:
    """The same pixels as slices of an array that covers `outer`."""
    return (
        slice(area[0].start - outer[0].start, area[0].stop - outer[0].start),
        slice(area[1].start - outer[1].start, area[1].stop - outer[1].start),
    )


def overlap(area: Area, outer: Area) -> Area:
    """The part of an area that lies in another one; its slices are empty where there is none."""
    return _common(area[0], outer[0]), _common(area[1], outer[1])


def _common(a: slice, b: slice) -> slice:
    start = max(a.start, b.start)
    return slice(start, max(start, min(a.stop, b.stop)))


def positions(area: Area) -> Array:
    """(h, w, 2) pixel positions x, y of an area."""
    x = np.arange(area[1].start, area[1].stop, dtype=np.float32)
    y = np.arange(area[0].start, area[0].stop, dtype=np.float32)
    out = np.empty((len(y), len(x), 2), np.float32)
    out[..., 0], out[..., 1] = x, y[:, None]
    return out


def reduced(pixels: NDArray[Any], grid: Grid) -> NDArray[np.uint8]:
    """(rows, columns, 3) the part of a picture under a grid, a cell a pixel; beyond the border the border goes on."""
    area, picture = grid.whole, (slice(0, pixels.shape[0]), slice(0, pixels.shape[1]))
    inside = overlap(area, picture)
    pad = [(part.start - outer.start, outer.stop - part.stop) for part, outer in zip(inside, area, strict=True)]
    patch = np.pad(to_8bit(np.ascontiguousarray(pixels[inside][..., :3])), [*pad, (0, 0)], "edge")
    return np.asarray(cv2.resize(patch, (grid.columns, grid.rows), interpolation=cv2.INTER_AREA), np.uint8)
