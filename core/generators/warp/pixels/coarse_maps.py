# SPDX-License-Identifier: GPL-3.0-or-later
"""What the maps of a frame tell on their grids: where something moves, is uneven, ends, or leaves the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....compiled import compiled
from ..surface.rays import read
from .positions import Ways, at_pixel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_NOT_OUT, _ALL_OUT = 0.85, 0.6  # pixels of the portrait from one pixel to the next: not drawn out, and all of it


@compiled
def edges(ways: Ways, jump: float, still: float) -> NDArray[np.int32]:
    """(N, 2) rows and columns of pixels that lie beside a place where one surface ends before another.

    There the way jumps by more than `jump` pixels from one pixel to the next. Pixels that do not move are none.
    """
    cell, (rows, columns) = ways.cell, ways.blocks.shape
    marks = np.zeros((rows * cell, columns * cell), np.uint8)
    found = np.zeros((4 * len(ways.exact) * cell * cell, 2), np.int32)
    count = 0
    for i in range(rows):
        for j in range(columns):
            if ways.blocks[i, j] < 0:
                continue
            part = ways.exact[ways.blocks[i, j]]
            for down in range(cell):
                for across in range(cell):
                    own_x, own_y = part[down, across, 0], part[down, across, 1]
                    for step in range(2):
                        next_row = min(i * cell + down + step, rows * cell - 1)
                        next_column = min(j * cell + across + 1 - step, columns * cell - 1)
                        x, y = _of_next(ways, part, (down + step, across + 1 - step), (next_row, next_column))
                        if max(abs(x - own_x), abs(y - own_y)) <= jump:
                            continue
                        if max(abs(own_x), abs(own_y)) > still and not marks[i * cell + down, j * cell + across]:
                            marks[i * cell + down, j * cell + across] = 1
                            found[count, 0], found[count, 1] = i * cell + down, j * cell + across
                            count += 1
                        if max(abs(x), abs(y)) > still and not marks[next_row, next_column]:
                            marks[next_row, next_column] = 1
                            found[count, 0], found[count, 1] = next_row, next_column
                            count += 1
    found[:, 0] += ways.top
    found[:, 1] += ways.left
    return found[:count]


@compiled
def _of_next(ways: Ways, part: Array, place: tuple[int, int], pixel: tuple[int, int]) -> tuple[float, float]:
    """The way of a pixel of the grid that has a `place` in a cell, of which a `part` is known, or lies in the next."""
    if max(place[0], place[1]) < ways.cell:
        return part[place[0], place[1], 0], part[place[0], place[1], 1]
    return at_pixel(ways, ways.top + pixel[0], ways.left + pixel[1])


@compiled
def moving(nodes: Array, way: Array, person: Array, left: int, top: int, cell: int, still: float) -> NDArray[np.uint8]:
    """(rows, columns) 1 where a way (rows, columns, 2) from pixels `nodes` is one, and begins or ends on the person.

    That is where a field on the grid (left, top, cell) is above 0.
    """
    rows, columns = person.shape
    flat, out = person.reshape(-1), np.zeros(nodes.shape[:2], np.uint8)
    for i in range(nodes.shape[0]):
        for j in range(nodes.shape[1]):
            if max(abs(way[i, j, 0]), abs(way[i, j, 1])) > still:
                across, down = (nodes[i, j, 0] - left + 0.5) / cell - 0.5, (nodes[i, j, 1] - top + 0.5) / cell - 0.5
                there = across + way[i, j, 0] / cell, down + way[i, j, 1] / cell
                was, is_now = read(flat, rows, columns, across, down), read(flat, rows, columns, there[0], there[1])
                out[i, j] = was > 0 or is_now > 0
    return out


@compiled
def uneven(turn: Array, most: float) -> NDArray[np.uint8]:
    """(rows, columns) 1 where a turn (rows, columns, 2) differs by more than `most` from a node to one beside it."""
    rows, columns = turn.shape[:2]
    out = np.zeros((rows, columns), np.uint8)
    for i in range(rows):
        below = min(i + 1, rows - 1)
        for j in range(columns):
            after = min(j + 1, columns - 1)
            x, y = turn[i, j, 0], turn[i, j, 1]
            if max(abs(turn[i, after, 0] - x), abs(turn[i, after, 1] - y)) > most:
                out[i, j] = out[i, after] = 1
            if max(abs(turn[below, j, 0] - x), abs(turn[below, j, 1] - y)) > most:
                out[i, j] = out[below, j] = 1
    return out


@compiled
def drawn_out(way: Array, cell: int) -> Array:
    """(rows, columns) how far a way (rows, columns, 2) draws the portrait out, 0..1, more in one direction than across.

    An edge that leans gets teeth there, each as long as a pixel is drawn out.
    """
    rows, columns = way.shape[:2]
    out = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        above, below = max(i - 1, 0), min(i + 1, rows - 1)
        for j in range(columns):
            before, after = max(j - 1, 0), min(j + 1, columns - 1)
            across, down = 1 / (cell * max(after - before, 1)), 1 / (cell * max(below - above, 1))
            right_x = 1 + (way[i, after, 0] - way[i, before, 0]) * across
            right_y = (way[i, after, 1] - way[i, before, 1]) * across
            down_x = (way[below, j, 0] - way[above, j, 0]) * down
            down_y = 1 + (way[below, j, 1] - way[above, j, 1]) * down
            squares = right_x * right_x + right_y * right_y + down_x * down_x + down_y * down_y
            area = abs(right_x * down_y - right_y * down_x)
            # The greater singular value, squared. A picture that is only enlarged is not drawn out.
            longest = (squares + np.sqrt(max(squares * squares - 4 * area * area, 0.0))) / 2
            shortest = area / max(min(longest, np.sqrt(longest)), 1e-6)
            out[i, j] = min(max((_NOT_OUT - shortest) / (_NOT_OUT - _ALL_OUT), 0.0), 1.0)
    return out


@compiled
def parts_of(cells: NDArray[np.uint8], parts: int) -> tuple[NDArray[np.int32], NDArray[np.intp], NDArray[np.intp]]:
    """Numbers (rows, columns) for the marked ones of some cells, -1 for the others; rows and columns of their parts.

    Each marked cell has parts x parts of them: (marked, parts, parts).
    """
    numbers = np.full(cells.shape, np.int32(-1))
    count = int(cells.sum())
    rows, columns = np.empty((count, parts, parts), np.intp), np.empty((count, parts, parts), np.intp)
    number = 0
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            if cells[i, j]:
                numbers[i, j] = number
                for down in range(parts):
                    for across in range(parts):
                        rows[number, down, across] = i * parts + down
                        columns[number, down, across] = j * parts + across
                number += 1
    return numbers, rows, columns


@compiled
def bands_of(cells: NDArray[np.uint8], count: int) -> NDArray[np.intp]:
    """(N, 4) first and end row, first and end column of the marked cells in each of `count` bands that has any."""
    rows, columns = cells.shape
    found, number = np.empty((count, 4), np.intp), 0
    for band in range(count):
        first, end, left, right = rows, 0, columns, 0
        for i in range(rows * band // count, rows * (band + 1) // count):
            for j in range(columns):
                if cells[i, j]:
                    first, end, left, right = min(first, i), i + 1, min(left, j), max(right, j + 1)
        if end > 0:
            found[number, 0], found[number, 1], found[number, 2], found[number, 3] = first, end, left, right
            number += 1
    return found[:number]


@compiled
def missing(
    nodes: Array, way: Array, left: Array, top: Array, right: Array, bottom: Array
) -> tuple[float, float, float, float]:
    """How many pixels at most a way (h, w, 2) from pixels `nodes` goes beyond each border, where that cuts the person.

    Left, top, right and bottom; the last four arrays are how much of the person is cut there, see `Border`.
    """
    width, height = len(top), len(left)
    found = np.zeros(4)
    for i in range(nodes.shape[0]):
        for j in range(nodes.shape[1]):
            x, y = nodes[i, j, 0], nodes[i, j, 1]
            across, down = way[i, j, 0], way[i, j, 1]
            row, column = min(max(round(y), 0), height - 1), min(max(round(x), 0), width - 1)
            if -across > x >= 0 and left[row] > 0:
                found[0] = max(found[0], -across)
            if -down > y >= 0 and top[column] > 0:
                found[1] = max(found[1], -down)
            if across > width - 1 - x >= 0 and right[row] > 0:
                found[2] = max(found[2], across)
            if down > height - 1 - y >= 0 and bottom[column] > 0:
                found[3] = max(found[3], down)
    return found[0], found[1], found[2], found[3]
