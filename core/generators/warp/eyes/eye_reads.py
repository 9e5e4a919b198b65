# SPDX-License-Identifier: GPL-3.0-or-later
"""What an eye is drawn from, read at places between pixels. All arrays are flat; a `size` is (rows, columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....compiled import Number, compiled
from ..pixels.cubic import cubic
from ..pixels.read import between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..pixels.read import Colour

    Array = NDArray[np.float32]

Three = tuple[Number, Number, Number]
Size = tuple[int, ...]

_ZERO, _ONE = np.float32(0), np.float32(1)
_STEP, _TWO_STEPS = np.uint64(1), np.uint64(2)


@compiled
def value_at(flat: Array, size: Size, x: Number, y: Number) -> Number:
    """Bilinear; nothing beyond the patch."""
    rows, columns = size
    if not (x >= 0 and y >= 0 and x < columns - 1 and y < rows - 1):
        return _ZERO
    i, j = np.uint64(y), np.uint64(x)
    at, line = i * np.uint64(columns) + j, np.uint64(columns)
    return between(flat, at, _STEP, line, x - np.float32(j), y - np.float32(i))


@compiled
def three_at(flat: Array, size: Size, x: Number, y: Number) -> Three:
    """The same for the first three of four channels."""
    rows, columns = size
    if not (x >= 0 and y >= 0 and x < columns - 1 and y < rows - 1):
        return _ZERO, _ZERO, _ZERO
    return _first_three(flat, np.uint64(columns), np.uint64(4), x, y)


@compiled
def light_at(flat: Array, shape: Size, x: Number, y: Number) -> Three:
    """The same for the light's factors, which are 1 beyond their grid."""
    if not (x >= 0 and y >= 0 and x < shape[1] - 1 and y < shape[0] - 1):
        return _ONE, _ONE, _ONE
    return _first_three(flat, np.uint64(shape[1]), np.uint64(shape[2]), x, y)


@compiled
def _first_three(flat: Array, columns: Number, channels: Number, x: Number, y: Number) -> Three:
    i, j = np.uint64(y), np.uint64(x)
    at, line = channels * (i * columns + j), channels * columns
    right, down = x - np.float32(j), y - np.float32(i)
    a, b, c, d = (_ONE - right) * (_ONE - down), right * (_ONE - down), (_ONE - right) * down, right * down
    after, under = at + channels, at + line
    beyond = under + channels
    return (
        a * flat[at] + b * flat[after] + c * flat[under] + d * flat[beyond],
        a * flat[at + _STEP] + b * flat[after + _STEP] + c * flat[under + _STEP] + d * flat[beyond + _STEP],
        a * flat[at + _TWO_STEPS]
        + b * flat[after + _TWO_STEPS]
        + c * flat[under + _TWO_STEPS]
        + d * flat[beyond + _TWO_STEPS],
    )


@compiled
def colour_at(flat: Array, size: Size, x: Number, y: Number) -> Colour:
    """All four channels, cubic, no darker than black; beyond the patch its edge goes on."""
    rows, columns = size
    left, top = np.floor(x), np.floor(y)
    w = cubic(x - left)
    a, b, c, d = cubic(y - top)
    column, row = np.int64(left), np.int64(top)
    # Where the four pixels of a line are, in a flat array.
    p = _held(column - 1, columns), _held(column, columns), _held(column + 1, columns), _held(column + 2, columns)
    line = np.uint64(4 * columns)
    first = _across(flat, _held(row - 1, rows) * line, p, w)
    second = _across(flat, _held(row, rows) * line, p, w)
    third = _across(flat, _held(row + 1, rows) * line, p, w)
    fourth = _across(flat, _held(row + 2, rows) * line, p, w)
    return (
        max(a * first[0] + b * second[0] + c * third[0] + d * fourth[0], _ZERO),
        max(a * first[1] + b * second[1] + c * third[1] + d * fourth[1], _ZERO),
        max(a * first[2] + b * second[2] + c * third[2] + d * fourth[2], _ZERO),
        a * first[3] + b * second[3] + c * third[3] + d * fourth[3],
    )


@compiled
def _held(index: Number, size: int) -> Number:
    return np.uint64(min(max(index, 0), size - 1))


@compiled
def _across(flat: Array, line: Number, places: Colour, weights: Colour) -> Colour:
    """Four pixels of a line, weighted."""
    four = np.uint64(4)
    a, b, c, d = line + four * places[0], line + four * places[1], line + four * places[2], line + four * places[3]
    e, f, g, h = weights
    o, t, r = _STEP, _TWO_STEPS, np.uint64(3)
    return (
        e * flat[a] + f * flat[b] + g * flat[c] + h * flat[d],
        e * flat[a + o] + f * flat[b + o] + g * flat[c + o] + h * flat[d + o],
        e * flat[a + t] + f * flat[b + t] + g * flat[c + t] + h * flat[d + t],
        e * flat[a + r] + f * flat[b + r] + g * flat[c + r] + h * flat[d + r],
    )
