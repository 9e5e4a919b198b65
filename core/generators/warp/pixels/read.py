# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels read at places between them. Arrays are flat; colours have four channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....compiled import Number, compiled
from .cubic import cubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

Colour = tuple[Number, Number, Number, Number]  # red, green, blue, alpha

PHASES = 256  # places between two pixels that are told apart


def kernel_weights(kernel: int) -> Array:
    """(PHASES + 1, taps) weights for places from a pixel to the next, of OpenCV's cubic or 8-tap Lanczos kernel."""
    places = np.arange(PHASES + 1) / PHASES
    weights = np.array([cubic(place) for place in places])
    if kernel != cv2.INTER_CUBIC:
        x = places[:, None] - np.arange(-3, 5)
        weights = np.sinc(x) * np.sinc(x / 4)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


@compiled
def whole(flat: Array, at: Number) -> Colour:
    """Four channels that follow one another."""
    return flat[at], flat[at + np.uint64(1)], flat[at + np.uint64(2)], flat[at + np.uint64(3)]


@compiled
def put(flat: Array, at: Number, colour: Colour) -> None:
    """Write them. Stores side by side are what makes the compiler work on four channels at a time."""
    flat[at] = colour[0]
    flat[at + np.uint64(1)] = colour[1]
    flat[at + np.uint64(2)] = colour[2]
    flat[at + np.uint64(3)] = colour[3]


@compiled
def between(flat: NDArray[Any], at: Number, step: Number, line: Number, across: Number, down: Number) -> Number:
    """Bilinear, from the value `at` an index, the one `step` behind it, and those a `line` farther on."""
    a, b = np.float32(flat[at]), np.float32(flat[at + step])
    c, d = np.float32(flat[at + line]), np.float32(flat[at + line + step])
    upper, lower = a + (b - a) * across, c + (d - c) * across
    return upper + (lower - upper) * down


@compiled
def coverage_at(flat: NDArray[np.uint8], rows: int, columns: int, across: Number, down: Number) -> Number:
    """Bilinear, 0..255; beyond the part its edge goes on."""
    down, across = (
        min(max(down, np.float32(0)), np.float32(rows - 1)),
        min(max(across, np.float32(0)), np.float32(columns - 1)),
    )
    i, j = min(np.int64(down), rows - 2), min(np.int64(across), columns - 2)
    at, line = np.uint64(i * columns + j), np.uint64(columns)
    return between(flat, at, np.uint64(1), line, across - np.float32(j), down - np.float32(i))


@compiled
def cubic_at(flat: Array, at: Number, line: Number, table: Array, right: Number, below: Number) -> Colour:
    """The four channels between 4 x 4 pixels, of which the first is `at`; right and below are rows of the table."""
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    across = table[right], table[right + one], table[right + two], table[right + three]
    a, b = _in_line(flat, at, across), _in_line(flat, at + line, across)
    c, d = _in_line(flat, at + line + line, across), _in_line(flat, at + line + line + line, across)
    return _weighted(a, b, c, d, (table[below], table[below + one], table[below + two], table[below + three]))


@compiled
def linear_at(flat: Array, at: Number, line: Number, across: Number, down: Number) -> Colour:
    """The four channels between 2 x 2 pixels, of which the first is `at`."""
    one, step = np.float32(1), np.uint64(4)
    a, b, c, d = whole(flat, at), whole(flat, at + step), whole(flat, at + line), whole(flat, at + line + step)
    weights = (one - across) * (one - down), across * (one - down), (one - across) * down, across * down
    return _weighted(a, b, c, d, weights)


@compiled
def _in_line(flat: Array, at: Number, weights: Colour) -> Colour:
    step = np.uint64(4)
    a, b = whole(flat, at), whole(flat, at + step)
    return _weighted(a, b, whole(flat, at + step + step), whole(flat, at + step + step + step), weights)


@compiled
def _weighted(a: Colour, b: Colour, c: Colour, d: Colour, weights: Colour) -> Colour:
    e, f, g, h = weights
    return (
        e * a[0] + f * b[0] + g * c[0] + h * d[0],
        e * a[1] + f * b[1] + g * c[1] + h * d[1],
        e * a[2] + f * b[2] + g * c[2] + h * d[2],
        e * a[3] + f * b[3] + g * c[3] + h * d[3],
    )


@compiled
def colour_between(
    flat: Array, size: tuple[Number, Number], table: Array, taps: Number, across: Number, down: Number
) -> Colour:
    """The four channels at a place between the pixels of a `size` (rows, columns), by a table of `taps` weights each.

    Beyond them their edge goes on.
    """
    rows, columns = size
    end_row, end_column = np.uint64(rows - 3 if taps == 4 else 0), np.uint64(columns - 3)
    left, above = np.floor(across), np.floor(down)
    first, second = np.int64(left) - 1, np.int64(above) - 1
    right = np.uint64(np.int64((across - left) * np.float32(PHASES) + np.float32(0.5)) * taps)
    below = np.uint64(np.int64((down - above) * np.float32(PHASES) + np.float32(0.5)) * taps)
    if np.uint64(second) < end_row and np.uint64(first) < end_column:  # what is below 0 becomes very large
        return cubic_at(flat, np.uint64(4 * (second * columns + first)), np.uint64(4 * columns), table, right, below)
    return colour_at(flat, size, table, taps, (first, second), (right, below))


@compiled
def colour_at(
    flat: Array,
    size: tuple[Number, Number],
    table: Array,
    taps: Number,
    first: tuple[Number, Number],
    phases: tuple[Number, Number],
) -> Colour:
    """The same for any kernel and place; beyond the part, of `size` rows and columns, its edge goes on.

    `first` are column and row of the first of 4 x 4 pixels around the place.
    """
    rows, columns = size
    first_column, first_row = first[0] - taps // 2 + 2, first[1] - taps // 2 + 2
    red = green = blue = alpha = np.float32(0)
    for m in range(taps):
        line = min(max(first_row + m, 0), rows - 1) * columns
        for n in range(taps):
            pixel = np.uint64(4 * (line + min(max(first_column + n, 0), columns - 1)))
            weight = table[phases[1] + np.uint64(m)] * table[phases[0] + np.uint64(n)]
            red += weight * flat[pixel]
            green += weight * flat[pixel + np.uint64(1)]
            blue += weight * flat[pixel + np.uint64(2)]
            alpha += weight * flat[pixel + np.uint64(3)]
    return red, green, blue, alpha


@compiled
def no_darker(flat: Array, rows: int, columns: int, across: Number, down: Number, colour: Colour) -> Colour:
    """A colour that swings below zero beside a bright lamp, raised to what lies between the four pixels around."""
    if min(colour[0], colour[1], colour[2]) >= 0:
        return colour
    down, across = min(max(down, 0), rows - 1), min(max(across, 0), columns - 1)
    i, j = min(int(down), rows - 2), min(int(across), columns - 2)
    at, line = 4 * (i * columns + j), 4 * columns
    down, across, zero = np.float32(down - i), np.float32(across - j), np.float32(0)
    return (
        max(colour[0], min(between(flat, at, 4, line, across, down), zero)),
        max(colour[1], min(between(flat, at + 1, 4, line, across, down), zero)),
        max(colour[2], min(between(flat, at + 2, 4, line, across, down), zero)),
        colour[3],
    )
