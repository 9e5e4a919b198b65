# SPDX-License-Identifier: GPL-3.0-or-later
"""The loops of the mouth's inside: where lines of sight meet its parts, and the pixels between the lips.

A picture that is read has a ring of one pixel around it: what lies outside takes the ring's value, so that a coverage
ends there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....compiled import Number, compiled
from ..pixels.affine import affine
from ..pixels.cubic import cubic
from ..pixels.exponential import log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

PARTS = 3  # upper jaw, lower teeth, tongue: from the front to the back
CHANNELS = 5 * PARTS + 3  # at a node: x, y in a part's picture and the light on it for each; the throat
_UNSEEN = np.float32(1e-3)
_ZERO, _ONE = np.float32(0), np.float32(1)
_LEAST_WAY = np.float32(1e-4)


@compiled
def _place(at: Number, size: Number) -> tuple[Number, Number]:
    """The pixel before a position and the share of the next one; the first or the last one outside of a side."""
    inside = min(max(at, _ZERO), np.float32(size - 1))
    before = np.uint32(min(np.uint32(inside), np.uint32(size - 2)))
    return before, inside - np.float32(before)


@compiled
def _value(field: Array, x: Number, y: Number) -> Number:
    """A field (H, W) at x, y, bilinear."""
    column, right = _place(x, field.shape[1])
    row, below = _place(y, field.shape[0])
    next_column, next_row = column + np.uint32(1), row + np.uint32(1)
    above = field[row, column] + (field[row, next_column] - field[row, column]) * right
    under = field[next_row, column] + (field[next_row, next_column] - field[next_row, column]) * right
    return above + (under - above) * below


class Part(NamedTuple):
    """A part of the mouth's inside, looked at along the lines of sight of one frame.

    A line that passes the plane of the lips at a place (x, y), centimetres, is in the relief's cells at
    `cells` @ (x, y, 1) + z `along_cells`, in pixels of its picture at `pixels` @ (x, y, 1) + z `along_pixels`.
    """

    depth: Array  # (H, W) z of the relief, in its own cells
    levels: Array  # (n,) z from the front to the back, at which a line is compared with it
    cells: Array  # (2, 3)
    along_cells: Array  # (2,)
    pixels: Array  # (2, 3)
    along_pixels: Array  # (2,)
    in_head: Array  # (3,): z in the head's axes is that @ (y, z, 1)


@compiled
def meet(part: Part, places: Array) -> Array:
    """(h, w) depths z at which lines of sight through places (h, w, 2) meet a part; they are followed to the back."""
    depth, levels, cells, along = part.depth, part.levels, part.cells, part.along_cells
    last, met = len(levels) - 1, np.empty(places.shape[:2], np.float32)
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            x, y = affine(cells, places[row, column, 0], places[row, column, 1])
            before = levels[0] - _value(depth, x + levels[0] * along[0], y + levels[0] * along[1])
            for level in range(1, last + 1):
                z = levels[level]
                after = z - _value(depth, x + z * along[0], y + z * along[1])
                if before <= _ZERO or after <= _ZERO or level == last:
                    share = min(max(before / max(before - after, _LEAST_WAY), _ZERO), _ONE)
                    met[row, column] = levels[level - 1] + (z - levels[level - 1]) * share
                    break
                before = after
    return met


@compiled
def see(parts: tuple[Part, Part, Part], places: Array) -> tuple[Array, Array]:
    """Where lines of sight through places (h, w, 2) meet the parts.

    Gives nodes for `paint`, (h, w, `CHANNELS`), without their light, and (`PARTS`, h, w) z in the head's axes.
    """
    rows, columns = places.shape[:2]
    nodes, in_head = np.empty((rows, columns, CHANNELS), np.float32), np.empty((PARTS, rows, columns), np.float32)
    for number in range(PARTS):
        part = parts[number]
        met = meet(part, places)
        for row in range(rows):
            for column in range(columns):
                x, y, z = places[row, column, 0], places[row, column, 1], met[row, column]
                right, down = affine(part.pixels, x, y)
                nodes[row, column, 5 * number] = right + z * part.along_pixels[0]
                nodes[row, column, 5 * number + 1] = down + z * part.along_pixels[1]
                in_head[number, row, column] = part.in_head[0] * y + part.in_head[1] * z + part.in_head[2]
    return nodes, in_head


@compiled
def light_at(levels: Array, depths: Array, places: Array, rises: float, behind: Array) -> Array:
    """(n, h, w) light at places (h, w, 2) of a field, n times, `behind` (n, h, w) centimetres behind the lips.

    `levels` (m, H + 2, W + 2), with their ring, are the field for m `depths`, each one as much deeper than the one
    before; between them light goes by the logarithm of depth. It comes down by `rises` cells a centimetre.
    """
    out, per_level = np.empty(behind.shape, np.float32), log(depths[1] / depths[0])
    last = len(levels) - 1
    for number in range(behind.shape[0]):
        for row in range(behind.shape[1]):
            for column in range(behind.shape[2]):
                depth = behind[number, row, column]
                x = places[row, column, 0] + _ONE
                y = places[row, column, 1] - np.float32(rises) * max(depth, _ZERO) + _ONE
                level = min(log(max(depth, depths[0]) / depths[0]) / per_level, np.float32(last))
                first = min(int(level), last - 1)
                nearer, farther = _value(levels[first], x, y), _value(levels[first + 1], x, y)
                out[number, row, column] = nearer + (farther - nearer) * (level - np.float32(first))
    return out


@compiled
def paint(
    nodes: Array,
    step: int,
    pictures: tuple[Array, Array, Array],
    hides: Array,
    corner: Array,
    positions: Array,
    covered: Array,
    colour: Array,
) -> None:
    """Fill in display colours (h, w, 3) of the mouth's inside where `covered` (h, w) is more than 0.

    `nodes` (r, c, `CHANNELS`) lie `step` pixels apart; `pictures` are colour and coverage (H, W, 4) of the parts. Of
    the first one `hides` (H, W), which lies from `corner` (2,) on, hides a share at `positions` (h, w, 2).
    """
    upper, teeth, tongue = pictures
    count = nodes.shape[1] * CHANNELS
    line = np.empty(count, np.float32)  # the nodes' values in this row of pixels
    for row in range(covered.shape[0]):
        node_row = row // step
        below = np.float32(row - node_row * step) / np.float32(step)
        first, second = nodes[node_row].reshape(count), nodes[node_row + 1].reshape(count)
        for i in range(count):
            line[i] = first[i] + (second[i] - first[i]) * below
        for column in range(covered.shape[1]):
            if covered[row, column] <= _ZERO:
                continue
            node = column // step
            right = np.float32(column - node * step) / np.float32(step)
            at = np.uint32(node * CHANNELS)
            # From the front to the back, as long as something is seen of it.
            there, red, green, blue = _part(upper, line, at, right)
            there *= _ONE - _value(hides, positions[row, column, 0] - corner[0], positions[row, column, 1] - corner[1])
            red, green, blue, left = red * there, green * there, blue * there, _ONE - there
            for part in range(2):
                if left > _UNSEEN:
                    at += np.uint32(5)
                    there, part_red, part_green, part_blue = _part(teeth if part == 0 else tongue, line, at, right)
                    there *= left
                    red, green, blue = red + part_red * there, green + part_green * there, blue + part_blue * there
                    left -= there
            if left > _UNSEEN:
                throat = np.uint32(node * CHANNELS + 5 * PARTS)
                red += left * _between(line, throat, right)
                green += left * _between(line, throat + np.uint32(1), right)
                blue += left * _between(line, throat + np.uint32(2), right)
            colour[row, column, 0], colour[row, column, 1], colour[row, column, 2] = red, green, blue


@compiled
def _part(picture: Array, line: Array, at: Number, right: Number) -> tuple[Number, Number, Number, Number]:
    """Coverage and lit colour of a part; its five values at the node before a pixel are in `line` from `at` on."""
    column, across = _place(_between(line, at, right) + _ONE, picture.shape[1])
    row, down = _place(_between(line, at + np.uint32(1), right) + _ONE, picture.shape[0])
    there = _four(picture, column, row, across, down, np.uint32(3))
    if there <= _ZERO:
        return _ZERO, _ZERO, _ZERO, _ZERO
    return (
        there,
        _four(picture, column, row, across, down, np.uint32(0)) * _between(line, at + np.uint32(2), right),
        _four(picture, column, row, across, down, np.uint32(1)) * _between(line, at + np.uint32(3), right),
        _four(picture, column, row, across, down, np.uint32(2)) * _between(line, at + np.uint32(4), right),
    )


@compiled
def _between(line: Array, at: Number, right: Number) -> Number:
    """A value between two nodes that follow one another."""
    return line[at] + (line[at + np.uint32(CHANNELS)] - line[at]) * right


@compiled
def _four(picture: Array, column: Number, row: Number, right: Number, below: Number, channel: Number) -> Number:
    """A channel of a picture (H, W, 4) between four pixels."""
    next_column, next_row = column + np.uint32(1), row + np.uint32(1)
    above = picture[row, column, channel]
    above += (picture[row, next_column, channel] - above) * right
    under = picture[next_row, column, channel]
    under += (picture[next_row, next_column, channel] - under) * right
    return above + (under - above) * below


@compiled
def lay(
    inside: Array, picture: Array, coverage: Array, amount: Number, corner: Array, positions: Array, covered: Array
) -> None:
    """Lay a share `amount` of a picture (H, W, 3) from `corner` (2,) on over values (h, w, 3) at `positions` (h, w, 2).

    `coverage` (H + 2, W + 2) has the ring; where `covered` (h, w) is 0 nothing is drawn.
    """
    across, down = np.empty(4, np.float32), np.empty(4, np.float32)
    columns, rows = np.empty(4, np.uint32), np.empty(4, np.uint32)
    for row in range(covered.shape[0]):
        for column in range(covered.shape[1]):
            if covered[row, column] <= _ZERO:
                continue
            x, y = positions[row, column, 0] - corner[0], positions[row, column, 1] - corner[1]
            share = amount * _value(coverage, x + _ONE, y + _ONE)
            if share <= _ZERO:
                continue
            _taps(x, picture.shape[1], columns, across)
            _taps(y, picture.shape[0], rows, down)
            red, green, blue = _ZERO, _ZERO, _ZERO
            for i in range(4):
                for j in range(4):
                    weight = down[i] * across[j]
                    red += weight * picture[rows[i], columns[j], np.uint32(0)]
                    green += weight * picture[rows[i], columns[j], np.uint32(1)]
                    blue += weight * picture[rows[i], columns[j], np.uint32(2)]
            inside[row, column, 0] += (red - inside[row, column, 0]) * share
            inside[row, column, 1] += (green - inside[row, column, 1]) * share
            inside[row, column, 2] += (blue - inside[row, column, 2]) * share


@compiled
def _taps(at: Number, size: int, pixels: NDArray[np.uint32], weights: Array) -> None:
    """Four pixels around a position and their weights: beyond a side its last pixel."""
    whole = np.floor(at)
    t = at - whole
    first = int(whole) - 1
    for tap in range(4):
        pixels[tap] = min(max(first + tap, 0), size - 1)
    weights[0], weights[1], weights[2], weights[3] = cubic(t)
