# SPDX-License-Identifier: GPL-3.0-or-later
"""From the fields of a frame, which lie on coarse grids, to the place that every single pixel is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...compiled import Number, compiled
from .cubic import cubic
from .rbf import bump

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_SHARP = 0.05  # pixels: over less than that the two sides of an opening never blend
_SEAM = 0.5  # beside its corners they blend over this share of the distance


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
    height, width = out.shape[:2]
    ways, openings, border = maps
    table = _cubic_table(ways.cell)
    right, left, mouth = openings
    tables = _cubic_table(right.cell), _cubic_table(left.cell), _cubic_table(mouth.cell)
    for i in range(height):
        line = out[i]
        _smooth_row(line, row + i, column, ways.nodes, ways.left, ways.top, table)
        if len(ways.exact):
            _exact_row(line, row + i, column, ways)
        for k in range(3):
            if openings[k].first_row <= row + i < openings[k].end_row:
                _add_sides(line, row + i, column, openings[k], tables[k])
        if border.holds:
            _hold(line, row + i, column, border)
        for j in range(width):
            place = np.uint64(j)
            line[place, 0] += np.float32(column + j)
            line[place, 1] += np.float32(row + i)


@compiled
def of_cells(ways: Ways, rows: NDArray[np.intp], columns: NDArray[np.intp], cell: int) -> Array:
    """(N, cell, cell, 2) the way of every pixel of cells that lie as those of `ways` do, but are `cell` pixels wide."""
    out = np.empty((len(rows), cell, cell, 2), np.float32)
    table = _cubic_table(ways.cell)
    for n in range(len(rows)):
        left, top = ways.left + columns[n] * cell, ways.top + rows[n] * cell
        for down in range(cell):
            _smooth_row(out[n, down], top + down, left, ways.nodes, ways.left, ways.top, table)
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
def beside(
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
def _node_row(row: int, nodes: Array, top: int, cell: int, first: int, count: int) -> Array:
    """(count, K) of a field (rows, columns, K) from node `first` on, cubic between its rows; its edge goes on."""
    rows, columns, channels = nodes.shape
    place = (row - top + 0.5) / cell - 0.5
    base = int(np.floor(place))
    weights = cubic(place - base)
    out = np.zeros((count, channels), np.float32)
    for k in range(4):
        line, weight = nodes[min(max(base - 1 + k, 0), rows - 1)], np.float32(weights[k])
        for j in range(count):
            node = min(max(first + j, 0), columns - 1)
            for channel in range(channels):
                out[j, channel] += weight * line[node, channel]
    return out


@compiled
def _cubic_table(cell: int) -> Array:
    """(5, cell) weights for every pixel of a cell: of the two nodes before its own, of that, and of the two behind."""
    table = np.zeros((5, cell), np.float32)
    for phase in range(cell):
        place = (phase + 0.5) / cell - 0.5
        weights = cubic(place - np.floor(place))
        for k in range(4):
            table[k + (1 if 2 * phase + 1 >= cell else 0), phase] = weights[k]
    return table


@compiled
def _smooth_row(out: Array, row: int, column: int, nodes: Array, left: int, top: int, table: Array) -> None:
    """Write the way (w, 2) of a row of pixels, cubic between nodes."""
    cell = table.shape[1]
    own, phase = divmod(column - left, cell)
    line = _node_row(row, nodes, top, cell, own - 2, (len(out) + phase) // cell + 6).reshape(-1)
    weights, flat = table.reshape(-1), out.reshape(-1)
    x0, y0, x1, y1, x2, y2, x3, y3, x4, y4 = (
        line[0],
        line[1],
        line[2],
        line[3],
        line[4],
        line[5],
        line[6],
        line[7],
        line[8],
        line[9],
    )
    node, to, step = np.uint64(10), np.uint64(0), np.uint64(cell)
    for _ in range(len(out)):
        a, b, c = weights[np.uint64(phase)], weights[np.uint64(phase) + step], weights[np.uint64(phase) + step + step]
        d = weights[np.uint64(phase) + step + step + step]
        e = weights[np.uint64(phase) + step + step + step + step]
        flat[to] = a * x0 + b * x1 + c * x2 + d * x3 + e * x4
        flat[to + np.uint64(1)] = a * y0 + b * y1 + c * y2 + d * y3 + e * y4
        to += np.uint64(2)
        phase += 1
        if phase == cell:
            x0, y0, x1, y1, x2, y2, x3, y3 = x1, y1, x2, y2, x3, y3, x4, y4
            x4, y4 = line[node], line[node + np.uint64(1)]
            node += np.uint64(2)
            phase = 0


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
def _add_sides(out: Array, row: int, column: int, sides: Sides, table: Array) -> None:
    """Add to the way of a row of pixels what the skin above or below an opening adds, softly blended between them."""
    cell = sides.cell
    start, end = max(0, sides.first_column - column), min(len(out), sides.end_column - column)
    if end <= start:
        return
    own, phase = divmod(column + start - sides.left, cell)
    line = _node_row(row, sides.fields, sides.top, cell, own - 2, (end - start + phase) // cell + 5).reshape(-1)
    weights, flat, zero, one = table.reshape(-1), out.reshape(-1), np.float32(0), np.float32(1)
    at, step = np.uint64(0), np.uint64(sides.fields.shape[2])
    for j in range(start, end):
        # Of the five nodes the first or the last one has no weight.
        first = np.uint64(1 if 2 * phase + 1 >= cell else 0)
        node, k = at + first * step, first * np.uint64(cell) + np.uint64(phase)
        a, b = weights[k], weights[k + np.uint64(cell)]
        c, d = weights[k + np.uint64(2 * cell)], weights[k + np.uint64(3 * cell)]
        height = _weighted(line, node + np.uint64(4), step, a, b, c, d)
        soft = _weighted(line, node + np.uint64(5), step, a, b, c, d)
        share = np.float32(0.5) - height / max(soft, np.float32(_SHARP))  # cubic: it may swing below
        share, to = min(max(share, zero), one), np.uint64(2 * j)
        if share > 0:
            flat[to] += share * _weighted(line, node, step, a, b, c, d)
            flat[to + np.uint64(1)] += share * _weighted(line, node + np.uint64(1), step, a, b, c, d)
        if share < 1:
            flat[to] += (one - share) * _weighted(line, node + np.uint64(2), step, a, b, c, d)
            flat[to + np.uint64(1)] += (one - share) * _weighted(line, node + np.uint64(3), step, a, b, c, d)
        phase += 1
        if phase == cell:
            at, phase = at + step, 0


@compiled
def _weighted(line: Array, at: Number, step: Number, a: Number, b: Number, c: Number, d: Number) -> Number:
    """The sum of four values that lie a `step` apart."""
    return a * line[at] + b * line[at + step] + c * line[at + step + step] + d * line[at + step + step + step]


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
