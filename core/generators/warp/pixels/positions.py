# SPDX-License-Identifier: GPL-3.0-or-later
"""From the fields of a frame, which lie on coarse grids, to the place that every single pixel is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....compiled import compiled
from ..fields.rbf import bump
from .cubic import cubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_SHARP = 0.05  # pixels: over less than that the two sides of an opening never blend
_SEAM = 0.5  # beside its corners they blend over this share of the distance
_NO_ROW = -(2**31)  # of nodes: none is spread yet


class Ways(NamedTuple):
    """The way from every output pixel to the portrait's: smooth between nodes, exact in some cells."""

    left: int  # pixels, of the first cell
    top: int
    cell: int  # pixels
    nodes: Array  # (rows, columns, 2) pixels
    blocks: NDArray[np.int32]  # (rows, columns) the number of the cell's block, -1 for none
    exact: Array  # (blocks, cell, cell, 2) the way of each of its pixels


class Sides(NamedTuple):
    """The fields on either side of an opening, over the rectangle of pixels that they reach."""

    first_row: int
    end_row: int
    first_column: int
    end_column: int
    left: int  # of the grid, as in `Ways`
    top: int
    cell: int
    # (rows, columns, 6), pixels: x and y of what the skin above adds to the way, of what the skin below does, how far
    # below the middle line of the opening a node is, and how softly its sides blend there
    fields: Array


class Bumps(NamedTuple):
    """A field about some places of the unturned face."""

    centres: NDArray[np.float64]  # (N, 2)
    weights: NDArray[np.float64]  # (N, 2) see `bump_weights`
    per_radius: float  # 1 / pixels


class Seam(NamedTuple):
    """The middle line of an opening in the unturned face."""

    corner: NDArray[np.float64]  # (2,) where it begins
    axes: NDArray[np.float64]  # (2, 2) along and down
    line: NDArray[np.float64]  # (2, N) the line along and down from the corner
    width: float  # pixels


class Border(NamedTuple):
    """Where the picture's border cuts the person: what would come in is stretched instead."""

    cut_left: Array  # (H,) how much of the person is cut there, 0..1
    cut_right: Array
    cut_top: Array  # (W,)
    cut_bottom: Array
    holds: bool  # False: nothing comes in
    near_left: Array  # (W,) 1 at the border, falling to 0
    near_right: Array
    near_top: Array  # (H,)
    near_bottom: Array


class Maps(NamedTuple):
    """All that tells where the pixels of one frame come from."""

    ways: Ways
    openings: tuple[Sides, Sides, Sides]  # right eye, left eye, mouth
    border: Border


@compiled
def fill(out: Array, row: int, column: int, maps: Maps) -> None:
    """Write the portrait's positions (h, w, 2) of the pixels from (row, column) on."""
    ways, openings, border = maps
    _smooth(out, row, column, ways.nodes, ways.left, ways.top, ways.cell)
    for i in range(len(out)):
        if len(ways.exact):
            _exact_row(out[i], row + i, column, ways)
    for k in range(3):
        _add_sides(out, row, column, openings[k])
    for i in range(len(out)):
        line = out[i]
        if border.holds:
            _hold(line, row + i, column, border)
        for j in range(len(line)):
            place = np.uint64(j)
            line[place, 0] += np.float32(column + j)
            line[place, 1] += np.float32(row + i)


@compiled
def of_cells(ways: Ways, rows: NDArray[np.intp], columns: NDArray[np.intp], cell: int) -> Array:
    """(N, cell, cell, 2) the way of every pixel of cells that lie as those of `ways` do, but are `cell` pixels wide."""
    out = np.empty((len(rows), cell, cell, 2), np.float32)
    for n in range(len(rows)):
        left, top = ways.left + columns[n] * cell, ways.top + rows[n] * cell
        _smooth(out[n], top, left, ways.nodes, ways.left, ways.top, ways.cell)
        for down in range(cell):
            _exact_row(out[n, down], top + down, left, ways)
    return out


@compiled
def at_pixel(ways: Ways, row: int, column: int) -> tuple[float, float]:
    """The way (x, y) of one pixel."""
    i, j = (row - ways.top) // ways.cell, (column - ways.left) // ways.cell
    block = ways.blocks[i, j]
    if block >= 0:
        part = ways.exact[block, row - ways.top - i * ways.cell, column - ways.left - j * ways.cell]
        return part[0], part[1]
    rows, columns = ways.blocks.shape
    down, across = (row - ways.top + 0.5) / ways.cell - 0.5, (column - ways.left + 0.5) / ways.cell - 0.5
    i, j = int(np.floor(down)), int(np.floor(across))
    by_row, by_column = cubic(down - i), cubic(across - j)
    x = y = 0.0
    for k in range(4):
        for m in range(4):
            node = ways.nodes[min(max(i - 1 + k, 0), rows - 1), min(max(j - 1 + m, 0), columns - 1)]
            x += by_row[k] * by_column[m] * node[0]
            y += by_row[k] * by_column[m] * node[1]
    return x, y


@compiled
def fill_sides(
    out: Array,
    sides: tuple[Bumps, Bumps],
    rims: tuple[NDArray[np.float64], NDArray[np.float64]],
    turn: Ways,
    left: int,
    top: int,
    cell: int,
) -> None:
    """Write the fields (rows, columns, 6) beside an opening, see `Sides`, on a grid over output pixels.

    Its `rims` (N, 2) are those of the unturned face.
    """
    rows, columns = turn.nodes.shape[:2]
    seam = _between(rims[0], rims[1])
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x, y = left + (j + 0.5) * cell - 0.5, top + (i + 0.5) * cell - 0.5
            across = min(max((x - turn.left + 0.5) / turn.cell - 0.5, 0.0), columns - 1.0)
            down = min(max((y - turn.top + 0.5) / turn.cell - 0.5, 0.0), rows - 1.0)
            m, n = min(int(down), rows - 2), min(int(across), columns - 2)
            across, down = across - n, down - m
            for k in range(2):
                upper = turn.nodes[m, n, k] * (1 - across) + turn.nodes[m, n + 1, k] * across
                lower = turn.nodes[m + 1, n, k] * (1 - across) + turn.nodes[m + 1, n + 1, k] * across
                if k == 0:
                    x += upper * (1 - down) + lower * down
                else:
                    y += upper * (1 - down) + lower * down
            for k in range(2):
                centres, weights, per_radius = sides[k]
                add_x = add_y = 0.0
                for n in range(len(centres)):
                    value = bump((x - centres[n, 0]) * per_radius, (y - centres[n, 1]) * per_radius)
                    if value > 0:
                        add_x += value * weights[n, 0]
                        add_y += value * weights[n, 1]
                out[i, j, 2 * k], out[i, j, 2 * k + 1] = add_x, add_y
            out[i, j, 4], out[i, j, 5] = _seam_at(x - seam.corner[0], y - seam.corner[1], seam)


@compiled
def _between(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> Seam:
    """The middle line between two rims (N, 2)."""
    corner, axes, line = np.empty(2), np.empty((2, 2)), np.empty((2, len(upper)))
    for k in range(2):
        corner[k] = (upper[0, k] + lower[0, k]) / 2
    x, y = (upper[-1, 0] + lower[-1, 0]) / 2 - corner[0], (upper[-1, 1] + lower[-1, 1]) / 2 - corner[1]
    width = max(np.sqrt(x * x + y * y), 1.0)
    axes[0, 0], axes[0, 1], axes[1, 0], axes[1, 1] = x / width, y / width, -y / width, x / width
    for n in range(len(upper)):
        across, down = (upper[n, 0] + lower[n, 0]) / 2 - corner[0], (upper[n, 1] + lower[n, 1]) / 2 - corner[1]
        for k in range(2):
            line[k, n] = axes[k, 0] * across + axes[k, 1] * down
    return Seam(corner, axes, line, width)


@compiled
def _seam_at(x: float, y: float, seam: Seam) -> tuple[float, float]:
    """How far a place lies below the seam, and how softly the sides blend there: softer and softer beside its ends."""
    axes, line = seam.axes, seam.line
    last = line.shape[1] - 1
    t, v = axes[0, 0] * x + axes[0, 1] * y, axes[1, 0] * x + axes[1, 1] * y
    k = 0
    while k < last - 1 and line[0, k + 1] < t:
        k += 1
    way = max(line[0, k + 1] - line[0, k], 1e-6)
    share = min(max((t - line[0, k]) / way, 0.0), 1.0)
    below = v - (line[1, k] + (line[1, k + 1] - line[1, k]) * share)
    return below, _SHARP + _SEAM * max(-t, t - seam.width, 0.0)


@compiled
def _smooth(out: Array, row: int, column: int, nodes: Array, left: int, top: int, cell: int) -> None:
    """Write a field (rows, columns, K), cubic between its nodes, at the pixels (h, w, K) from (row, column) on.

    Its edge goes on. A row of nodes is spread over the pixels' columns once for all rows of pixels that it reaches.
    """
    size = out.shape[1] * out.shape[2]
    spread, spread_row, weights = np.empty((4, size), np.float32), np.full(4, _NO_ROW), _cubic_table(cell)
    for i in range(len(out)):
        place = (row + i - top + 0.5) / cell - 0.5
        before = int(np.floor(place))
        for node_row in range(before - 1, before + 3):
            if spread_row[node_row & 3] != node_row:
                spread_row[node_row & 3] = node_row
                _spread(spread[node_row & 3], nodes[min(max(node_row, 0), len(nodes) - 1)], column - left, weights)
        first, second = spread[(before - 1) & 3], spread[before & 3]
        third, fourth = spread[(before + 1) & 3], spread[(before + 2) & 3]
        of_first, of_second, of_third, of_fourth = cubic(place - before)
        a, b, c, d = np.float32(of_first), np.float32(of_second), np.float32(of_third), np.float32(of_fourth)
        line = out[i].reshape(-1)
        for j in range(size):
            line[j] = a * first[j] + b * second[j] + c * third[j] + d * fourth[j]


@compiled
def _cubic_table(cell: int) -> Array:
    """(cell, 4) weights for every pixel of a cell, of the nodes around it."""
    table = np.empty((cell, 4), np.float32)
    for phase in range(cell):
        place = (phase + 0.5) / cell - 0.5
        weights = cubic(place - np.floor(place))
        for k in range(4):
            table[phase, k] = weights[k]
    return table


@compiled
def _spread(out: Array, nodes: Array, start: int, weights: Array) -> None:
    """Write a row of nodes (columns, K) at the pixels (w * K) from `start` on, by the weights of `_cubic_table`."""
    columns, channels = nodes.shape
    cell = len(weights)
    own, phase = divmod(start, cell)
    line = np.empty(((len(out) // channels + phase) // cell + 6) * channels, np.float32)
    for i in range(len(line)):
        line[i] = nodes[min(max(own - 2 + i // channels, 0), columns - 1), i % channels]
    flat, at, to, step = weights.reshape(-1), np.uint64(0), np.uint64(0), np.uint64(channels)
    for _ in range(len(out) // channels):
        k, first = np.uint64(4 * phase), at + (step if 2 * phase + 1 >= cell else np.uint64(0))
        a, b, c, d = flat[k], flat[k + np.uint64(1)], flat[k + np.uint64(2)], flat[k + np.uint64(3)]
        for _ in range(channels):
            second, third = first + step, first + step + step
            out[to] = a * line[first] + b * line[second] + c * line[third] + d * line[third + step]
            first, to = first + np.uint64(1), to + np.uint64(1)
        phase += 1
        if phase == cell:
            at, phase = at + step, 0


@compiled
def _exact_row(out: Array, row: int, column: int, ways: Ways) -> None:
    """Write the way of those pixels of a row that lie in cells with a block."""
    cell, width = ways.cell, len(out)
    i, down = divmod(row - ways.top, cell)
    first, last = (column - ways.left) // cell, (column + width - 1 - ways.left) // cell
    for j in range(max(first, 0), min(last + 1, ways.blocks.shape[1])):
        block = ways.blocks[i, j]
        start = ways.left + j * cell - column
        if block >= 0:
            for across in range(max(0, -start), min(cell, width - start)):
                out[start + across, 0] = ways.exact[block, down, across, 0]
                out[start + across, 1] = ways.exact[block, down, across, 1]


@compiled
def _add_sides(out: Array, row: int, column: int, sides: Sides) -> None:
    """Add to the way of pixels what the skin above or below an opening adds, softly blended between them."""
    first, end = max(0, sides.first_row - row), min(out.shape[0], sides.end_row - row)
    start, stop = max(0, sides.first_column - column), min(out.shape[1], sides.end_column - column)
    if first >= end or start >= stop:
        return
    fields = np.empty((end - first, stop - start, 6), np.float32)
    _smooth(fields, row + first, column + start, sides.fields, sides.left, sides.top, sides.cell)
    flat, zero, one, half, sharp = fields.reshape(-1), np.float32(0), np.float32(1), np.float32(0.5), np.float32(_SHARP)
    at = np.uint64(0)
    for i in range(first, end):
        line = out[i].reshape(-1)
        for j in range(start, stop):
            below, soft = flat[at + np.uint64(4)], flat[at + np.uint64(5)]
            share = min(max(half - below / max(soft, sharp), zero), one)  # cubic: softness may swing below
            other, to = one - share, np.uint64(2 * j)
            line[to] += share * flat[at] + other * flat[at + np.uint64(2)]
            line[to + np.uint64(1)] += share * flat[at + np.uint64(1)] + other * flat[at + np.uint64(3)]
            at += np.uint64(6)


@compiled
def _hold(out: Array, row: int, column: int, border: Border) -> None:
    """Shorten the way of a row of pixels so that nothing is read from beyond the picture's border."""
    height, width = len(border.near_top), len(border.near_left)
    if not 0 <= row < height:
        return
    up, down, left, right = border.near_top[row], border.near_bottom[row], border.cut_left[row], border.cut_right[row]
    near_left, near_right, cut_top, cut_bottom = border.near_left, border.near_right, border.cut_top, border.cut_bottom
    first, end, one, zero = max(0, -column), min(len(out), width - column), np.float32(1), np.float32(0)
    if left > 0 or right > 0:
        for j in range(first, end):
            x, to = np.uint64(column + j), np.uint64(j)
            out[to, 0] *= one - (near_left[x] * left if out[to, 0] < zero else near_right[x] * right)
    if up > 0 or down > 0:
        for j in range(first, end):
            x, to = np.uint64(column + j), np.uint64(j)
            out[to, 1] *= one - (up * cut_top[x] if out[to, 1] < zero else down * cut_bottom[x])
