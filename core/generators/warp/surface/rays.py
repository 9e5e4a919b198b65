# SPDX-License-Identifier: GPL-3.0-or-later
"""Which place of a turned surface is seen along a line of sight, and how far the neck takes part in the turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....compiled import Number, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_SEARCH_STEPS, _SHARES = 8, 6
_HALVINGS, _SECANTS = 2, 1


class Sight(NamedTuple):
    """Lines of sight through the height field of a turned head, whose cells are what lengths are counted in.

    Where output pixel (x, y) passes camera depth 0, the portrait's cell and depth are `foot` @ (x, y, 1).
    """

    foot: NDArray[np.float64]  # (3, 3)
    slope: NDArray[np.float64]  # (3,) how column, row and depth of the portrait change with camera depth
    near: float  # the highest point of the surface, portrait depth
    far: float  # and the lowest one


class Reach(NamedTuple):
    """Where the head's turn ends: 1 on head and hair, falling below the chin, higher up beside the neck, to 0.

    Depth below the chin and distance aside, in eye distances, are each a0 x + a1 y + a2 of a place in pixels.
    """

    below: NDArray[np.float64]  # (3,)
    aside: NDArray[np.float64]  # (3,)
    half: float  # eye distances: so far aside is neck
    slope: float  # beside it the end rises by this
    widens: float  # and by this the length grows, so that hair that hangs down bends and does not break
    start: float  # eye distances below the chin
    length: float


class Fields(NamedTuple):
    """What is known of the head at the nodes of one grid; what is read beyond its edge is that of the edge."""

    corner: NDArray[np.float64]  # (2,) x, y of the first node, pixels
    cell: float  # pixels from node to node
    height: Array  # (rows, columns) the surface, pixels towards the viewer
    base: Array  # (rows, columns, 2) the way that the expression goes, pixels


@compiled
def ways(seen: Array, sight: Sight, fields: Fields, reach: Reach, turned: bool) -> tuple[Array, Array]:  # noqa: FBT001
    """From output pixels (N, 2) the way (N, 2) to the portrait's, and (N, 2) the part of it that the turn has.

    Walks along each line of sight from the front to where it first meets the turned surface (relief mapping;
    Policarpo et al. 2005), so that the nose hides the far cheek and not the other way round. Of the turn is taken the
    largest share s with s = reach at the place that s leads to: a head that sinks covers the shoulders.
    """
    way, turn = np.zeros_like(seen), np.zeros_like(seen)
    # Taken out of the tuples once: every look into one counts a reference.
    foot, slope, near, far = sight.foot, sight.slope, sight.near, sight.far
    left, top, cell, rows, columns = fields.corner[0], fields.corner[1], fields.cell, *fields.height.shape
    height, below, aside = fields.height.reshape(-1), reach.below, reach.aside
    ends = reach.half, reach.slope, reach.widens, reach.start, reach.length
    base = fields.base.reshape(-1)
    for i in range(len(seen)):
        x, y = float(seen[i, 0]), float(seen[i, 1])
        across = down = 0.0
        column, row = (x - left) / cell, (y - top) / cell
        if turned:
            start = (
                foot[0, 0] * x + foot[0, 1] * y + foot[0, 2],
                foot[1, 0] * x + foot[1, 1] * y + foot[1, 2],
                foot[2, 0] * x + foot[2, 1] * y + foot[2, 2],
            )
            there = _meet(start, (slope[0], slope[1], slope[2]), near, far, height, rows, columns)
            across, down = there[0] - column, there[1] - row
            share = _share(
                (below[0] * x + below[1] * y + below[2], aside[0] * x + aside[1] * y + aside[2]),
                (cell * (below[0] * across + below[1] * down), cell * (aside[0] * across + aside[1] * down)),
                ends,
            )
            across, down = share * across, share * down
        turn[i, 0], turn[i, 1] = across * cell, down * cell
        base_x, base_y = _read_two(base, rows, columns, column + across, row + down)
        way[i, 0], way[i, 1] = turn[i, 0] + base_x, turn[i, 1] + base_y
    return way, turn


@compiled
def _meet(
    start: tuple[float, float, float],
    slope: tuple[float, float, float],
    near: float,
    far: float,
    height: Array,
    rows: int,
    columns: int,
) -> tuple[float, float]:
    """(column, row) of the surface's place that is seen along a line of sight."""
    column, row, depth = start
    top = (near - depth) / slope[2]
    step = (near - far) / slope[2] / _SEARCH_STEPS
    high, low, at_high, at_low = top, top, 0.0, 0.0
    for k in range(_SEARCH_STEPS + 1):
        low = top - k * step
        at_low = depth + low * slope[2] - read(height, rows, columns, column + low * slope[0], row + low * slope[1])
        if k > 0 and at_low <= 0:
            break
        if k < _SEARCH_STEPS:
            high, at_high = low, at_low
    for k in range(_HALVINGS + _SECANTS):
        middle = low + (high - low) * (0.5 if k < _HALVINGS else _crossing(at_low, at_high))
        value = (
            depth + middle * slope[2] - read(height, rows, columns, column + middle * slope[0], row + middle * slope[1])
        )
        if value <= 0:
            low, at_low = middle, value
        else:
            high, at_high = middle, value
    met = low + (high - low) * _crossing(at_low, at_high)
    return column + met * slope[0], row + met * slope[1]


@compiled
def _share(
    place: tuple[float, float], way: tuple[float, float], ends: tuple[float, float, float, float, float]
) -> float:
    """The largest share s with s = reach at the place that the share s of the way leads to.

    Place and way are depth below the chin and distance aside.
    """
    high, at_high = 1.0, 1 - _reach(place[0] + way[0], place[1] + way[1], ends)
    if at_high <= 0:
        return 1.0
    low, at_low = 0.0, 0.0
    for k in range(1, _SHARES + 1):
        low = 1 - k / _SHARES
        at_low = low - _reach(place[0] + low * way[0], place[1] + low * way[1], ends)
        if at_low <= 0:
            break
        if k < _SHARES:
            high, at_high = low, at_low
    for k in range(_HALVINGS + _SECANTS):
        middle = low + (high - low) * (0.5 if k < _HALVINGS else _crossing(at_low, at_high))
        value = middle - _reach(place[0] + middle * way[0], place[1] + middle * way[1], ends)
        if value <= 0:
            low, at_low = middle, value
        else:
            high, at_high = middle, value
    return low + (high - low) * _crossing(at_low, at_high)


@compiled
def _reach(below: float, aside: float, ends: tuple[float, float, float, float, float]) -> float:
    """The share of a turn that is taken at a depth below the chin and a distance aside."""
    half, slope, widens, start, length = ends
    beside = max(abs(aside) - half, 0.0)
    t = 1 - (below + slope * beside - start) / (length + widens * beside)
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


@compiled
def reaches(places: Array, reach: Reach) -> Array:
    """(N,) the share of a turn that is taken at places (N, 2) of the portrait."""
    below, aside, out = reach.below, reach.aside, np.zeros(len(places), np.float32)
    ends = reach.half, reach.slope, reach.widens, reach.start, reach.length
    for i in range(len(places)):
        x, y = float(places[i, 0]), float(places[i, 1])
        out[i] = _reach(below[0] * x + below[1] * y + below[2], aside[0] * x + aside[1] * y + aside[2], ends)
    return out


@compiled
def _crossing(at_low: float, at_high: float) -> float:
    """Where a straight line from one value to the other is 0, as a share of the way."""
    if at_low == at_high:
        return min(max(at_low, 0.0), 1.0)
    return min(max(at_low / (at_low - at_high), 0.0), 1.0)


@compiled
def read(flat: Array, rows: int, columns: int, column: float, row: float) -> float:
    """A field of (rows, columns) between its nodes, bilinear; beyond the edge the edge goes on."""
    column, row = min(max(column, 0.0), columns - 1.0), min(max(row, 0.0), rows - 1.0)
    i, j = min(np.int64(row), rows - 2), min(np.int64(column), columns - 2)
    at, step, line = np.uint64(i * columns + j), np.uint64(1), np.uint64(columns)
    return _bilinear(flat, at, step, line, column - float(j), row - float(i))


@compiled
def _read_two(flat: Array, rows: int, columns: int, column: float, row: float) -> tuple[float, float]:
    """The same of two fields whose values lie side by side."""
    column, row = min(max(column, 0.0), columns - 1.0), min(max(row, 0.0), rows - 1.0)
    i, j = min(np.int64(row), rows - 2), min(np.int64(column), columns - 2)
    at, step, line = np.uint64(2 * (i * columns + j)), np.uint64(2), np.uint64(2 * columns)
    across, down = column - float(j), row - float(i)
    return _bilinear(flat, at, step, line, across, down), _bilinear(flat, at + np.uint64(1), step, line, across, down)


@compiled
def _bilinear(flat: Array, at: Number, step: Number, line: Number, across: float, down: float) -> Number:
    upper = flat[at] + (flat[at + step] - flat[at]) * across
    lower = flat[at + line] + (flat[at + line + step] - flat[at + line]) * across
    return upper + (lower - upper) * down
