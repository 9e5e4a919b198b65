# SPDX-License-Identifier: GPL-3.0-or-later
"""The person's pixels, read at fractional positions, lit, and laid over the background: one pass over the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from .compiled import Number, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .creases import Shade

    Array = NDArray[np.float32]
    Colour = tuple[Number, Number, Number, Number]  # red, green, blue, alpha

PHASES = 256  # places between two pixels that are told apart
_STILL = np.float32(1e-3)  # pixels: a shorter way is no motion
_NONE, _ALL = np.float32(0.5), np.float32(254.5)  # of a coverage of 0..255
_BLOCK = 4  # bits of a place within a square
_MIXED = 1
_SOFT = np.exp(-0.5 / 0.8**2 * np.array([1, 0, 1]))  # a Gauss curve of 0.8 pixels
_AROUND = np.outer(_SOFT, _SOFT).astype(np.float32).ravel()
_A = -0.75  # of the cubic kernel (Keys 1981), as OpenCV has it


class Person(NamedTuple):
    """The part of a portrait that moves."""

    row: Number  # float32: where the part begins in the picture
    column: Number
    pixels: Array  # (h, w, 4) on the picture's own scale; alpha, where there is any, is multiplied in
    coverage: NDArray[np.uint8]  # (h, w) how much of a pixel is the person, 0..255
    blocks: NDArray[np.uint8]  # the coverage of whole squares of pixels: none, all, or mixed; see `blocks_of`
    weights: Array  # (PHASES + 1, taps) of the pixels around a place, see `kernel_weights`


class Gains(NamedTuple):
    """Factors for the person's pixels, on a grid over the portrait (see `Shade`)."""

    left: Number  # float32: pixels, of the first node
    top: Number
    per_cell: Number  # cells a pixel
    values: Array  # (rows, columns, 4), the last one unused; none at all: rows = 0
    changes: NDArray[np.uint8]  # (rows, columns) 0 where the cell from this node to the next ones changes nothing


_NO_GAINS = Gains(
    np.float32(0), np.float32(0), np.float32(1), np.zeros((0, 0, 4), np.float32), np.zeros((0, 0), np.uint8)
)


def kernel_weights(kernel: int) -> Array:
    """(PHASES + 1, taps) weights for places from a pixel to the next, of OpenCV's cubic or 8-tap Lanczos kernel."""
    t = np.arange(PHASES + 1)[:, None] / PHASES
    if kernel == cv2.INTER_CUBIC:
        x = np.abs(t - np.arange(-1, 3))
        near = ((_A + 2) * x - (_A + 3)) * x**2 + 1
        weights = np.where(x <= 1, near, ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A)
    else:
        x = t - np.arange(-3, 5)
        weights = np.sinc(x) * np.sinc(x / 4)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def blocks_of(coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of (h, w) coverage that of every square of 16 x 16 pixels and the ones right and below: 0, 255, else mixed."""
    side = 1 << _BLOCK
    around = [(0, -size % side + side) for size in coverage.shape]
    padded = np.pad(coverage, around, "edge")
    whole = np.lib.stride_tricks.sliding_window_view(padded, (side + 1, side + 1))[::side, ::side]
    rows, columns = (((size - 1) >> _BLOCK) + 1 for size in coverage.shape)
    low, high = (part(whole, axis=(2, 3))[:rows, :columns] for part in (np.min, np.max))
    return np.where(low == high, np.where(low == 255, 255, np.where(low == 0, 0, _MIXED)), _MIXED).astype(np.uint8)


def gains_of(shade: Shade | None) -> Gains:
    """What `draw` needs of a shade."""
    if shade is None:
        return _NO_GAINS
    grid, middle = shade.grid, (shade.grid.cell - 1) / 2
    corner = np.float32(grid.left + middle), np.float32(grid.top + middle)
    return Gains(*corner, np.float32(1 / grid.cell), shade.gain, shade.changes)


@compiled
def draw(  # noqa: C901, PLR0912 - to call a function for every pixel takes longer than what it would do
    out: NDArray[Any],
    plate: NDArray[Any],
    row: int,
    column: int,
    positions: Array,
    person: Person,
    gains: Gains,
    top: float,
) -> None:
    """Draw the pixels of `out` (H, W, C), which holds the portrait, from (row, column) on, before the plate (H, W, C).

    `positions` (h, w, 2) are the portrait's. What does not move keeps its very pixels. `top` is the full scale of
    whole numbers; 0: floats, which are neither rounded nor cut off above.
    """
    channels, lit, high = out.shape[2], len(gains.values) > 0, np.float32(top)
    drawn, behind = out.reshape(-1), plate.reshape(-1)
    factors, changes = gains.values.reshape(-1), gains.changes.reshape(-1)
    pixels, coverage, weights = person.pixels.reshape(-1), person.coverage.reshape(-1), person.weights.reshape(-1)
    rows, columns, taps = person.coverage.shape[0], person.coverage.shape[1], person.weights.shape[1]
    first_row, first_column = person.row, person.column
    gain_left, gain_top, per_cell = gains.left, gains.top, gains.per_cell
    gain_columns, blocks, block_columns = gains.values.shape[1], person.blocks.reshape(-1), person.blocks.shape[1]
    zero, last_row, last_column = np.float32(0), np.float32(rows - 2), np.float32(columns - 2)
    last_across, last_down = np.float32(gain_columns - 1), np.float32(gains.values.shape[0] - 1)
    for i in range(positions.shape[0]):
        at = np.uint64(((row + i) * out.shape[1] + column) * channels) - np.uint64(channels)
        own_y, line = np.float32(row + i), positions[i]
        for j in range(positions.shape[1]):
            at += np.uint64(channels)
            x, y = line[np.uint64(j), 0], line[np.uint64(j), 1]
            still = abs(x - np.float32(column + j)) < _STILL and abs(y - own_y) < _STILL
            across, down = x - first_column, y - first_row
            i_block = np.int64(min(max(down, zero), last_row)) >> _BLOCK
            j_block = np.int64(min(max(across, zero), last_column)) >> _BLOCK
            covered = np.float32(blocks[np.uint64(i_block * block_columns + j_block)])
            if covered == _MIXED:
                covered = _coverage(coverage, rows, columns, across, down)
            if covered < _NONE:
                if not still:
                    store(drawn, at, channels, four(behind, at, channels), high)
                continue
            if not still:
                colour = _read(pixels, rows, columns, weights, taps, across, down)
                if channels == 4 or top == 0:
                    colour = _as_stored(pixels, rows, columns, across, down, colour, channels, high)
            elif lit and covered >= _ALL:
                colour = four(drawn, at, channels)
            else:
                continue
            if lit:
                across, down = (x - gain_left) * per_cell, (y - gain_top) * per_cell
                if across >= 0 and down >= 0 and across < last_across and down < last_down:
                    node = np.uint64(np.int64(down) * gain_columns + np.int64(across))
                    if changes[node]:
                        colour = _lit(factors, node, gain_columns, across, down, colour)
            if covered < _ALL:
                colour = _laid_on(four(behind, at, channels), colour, np.float32(covered / np.float32(255)))
            store(drawn, at, channels, colour, high)


@compiled
def soften(out: NDArray[Any], places: NDArray[np.int32], top: float) -> None:
    """Mix the pixels at `places` (N, 2), rows and columns, of `out` (H, W, C) with those around, as they are seen."""
    height, width, channels = out.shape
    mixed = np.zeros((len(places), 4), np.float32)
    flat = out.reshape(-1)
    for n in range(len(places)):
        red = green = blue = alpha = total = visible = np.float32(0)
        for k in range(9):
            i, j = min(max(places[n, 0] + k // 3 - 1, 0), height - 1), min(max(places[n, 1] + k % 3 - 1, 0), width - 1)
            colour = four(flat, np.uint64((i * width + j) * channels), channels)
            weight = _AROUND[k]
            share = weight * colour[3] if channels == 4 else weight
            red, green, blue = red + share * colour[0], green + share * colour[1], blue + share * colour[2]
            alpha, total, visible = alpha + weight * colour[3], total + weight, visible + share
        visible = max(visible, np.float32(1e-6))
        mixed[n] = (red / visible, green / visible, blue / visible, alpha / total)
    for n in range(len(places)):
        at = np.uint64((places[n, 0] * width + places[n, 1]) * channels)
        store(flat, at, channels, (mixed[n, 0], mixed[n, 1], mixed[n, 2], mixed[n, 3]), np.float32(top))


@compiled
def _stored(value: Number, top: Number) -> Number:
    """What is stored of a value: whole numbers are rounded and cut off."""
    if top == 0:
        return value
    return min(max(np.floor(value + np.float32(0.5)), np.float32(0)), top)


@compiled
def store(flat: NDArray[Any], at: Number, channels: int, colour: Colour, top: Number) -> None:
    """Write a pixel; see `draw` for `top`."""
    flat[at] = _stored(colour[0], top)
    flat[at + np.uint64(1)] = _stored(colour[1], top)
    flat[at + np.uint64(2)] = _stored(colour[2], top)
    if channels == 4:
        flat[at + np.uint64(3)] = _stored(colour[3], top)


@compiled
def four(flat: NDArray[Any], at: Number, channels: int) -> Colour:
    """A pixel's colour; alpha is 0 where it has none."""
    red, green, blue = np.float32(flat[at]), np.float32(flat[at + np.uint64(1)]), np.float32(flat[at + np.uint64(2)])
    return red, green, blue, np.float32(flat[at + np.uint64(3)]) if channels == 4 else np.float32(0)


@compiled
def over(behind: Colour, colour: Colour, share: Number) -> Colour:
    """A share of a colour over what is behind it."""
    return (
        behind[0] + (colour[0] - behind[0]) * share,
        behind[1] + (colour[1] - behind[1]) * share,
        behind[2] + (colour[2] - behind[2]) * share,
        behind[3] + (colour[3] - behind[3]) * share,
    )


@compiled
def _laid_on(behind: Colour, colour: Colour, share: Number) -> Colour:
    """A share of a colour over what is behind it, where alpha is not multiplied in: what is fainter counts less."""
    alpha = behind[3] + (colour[3] - behind[3]) * share
    if alpha > 0:
        share *= colour[3] / alpha
    red, green, blue, _ = over(behind, colour, share)
    return red, green, blue, alpha


@compiled
def _as_stored(
    flat: Array, rows: int, columns: int, across: Number, down: Number, colour: Colour, channels: int, top: Number
) -> Colour:
    """A colour that was read between pixels: light is not below zero, and no alpha is multiplied in."""
    if top == 0:
        colour = _no_darker(flat, rows, columns, across, down, colour)
    if channels != 4:
        return colour
    full = top if top > 0 else np.float32(1)
    alpha = min(max(colour[3] / full, np.float32(0)), np.float32(1))
    seen = np.float32(1) / max(alpha, np.float32(1e-4))
    return colour[0] * seen, colour[1] * seen, colour[2] * seen, alpha * full


@compiled
def _lit(flat: Array, node: Number, columns: int, across: Number, down: Number, colour: Colour) -> Colour:
    """A colour times the factors between a node and the next ones, bilinear."""
    at, line, step = np.uint64(4) * node, np.uint64(4 * columns), np.uint64(4)
    across, down = across - np.floor(across), down - np.floor(down)
    return (
        colour[0] * between(flat, at, step, line, across, down),
        colour[1] * between(flat, at + np.uint64(1), step, line, across, down),
        colour[2] * between(flat, at + np.uint64(2), step, line, across, down),
        colour[3],
    )


@compiled
def between(flat: NDArray[Any], at: Number, step: Number, line: Number, across: Number, down: Number) -> Number:
    """Bilinear, from the value `at` an index, the one `step` behind it, and those a `line` farther on."""
    a, b = np.float32(flat[at]), np.float32(flat[at + step])
    c, d = np.float32(flat[at + line]), np.float32(flat[at + line + step])
    upper, lower = a + (b - a) * across, c + (d - c) * across
    return upper + (lower - upper) * down


@compiled
def _coverage(flat: NDArray[np.uint8], rows: int, columns: int, across: Number, down: Number) -> Number:
    """Bilinear, 0..255; beyond the part its edge goes on."""
    down, across = (
        min(max(down, np.float32(0)), np.float32(rows - 1)),
        min(max(across, np.float32(0)), np.float32(columns - 1)),
    )
    i, j = min(np.int64(down), rows - 2), min(np.int64(across), columns - 2)
    at, line = np.uint64(i * columns + j), np.uint64(columns)
    return between(flat, at, np.uint64(1), line, across - np.float32(j), down - np.float32(i))


@compiled
def _read(
    flat: Array, rows: Number, columns: Number, table: Array, taps: Number, across: Number, down: Number
) -> Colour:
    """The four channels at a place between pixels; beyond the part its edge goes on."""
    left, above = np.floor(across), np.floor(down)
    phase_across = np.uint64(np.int64((across - left) * np.float32(PHASES) + np.float32(0.5)) * taps)
    phase_down = np.uint64(np.int64((down - above) * np.float32(PHASES) + np.float32(0.5)) * taps)
    first_column, first_row = np.int64(left) - taps // 2 + 1, np.int64(above) - taps // 2 + 1
    red = green = blue = alpha = np.float32(0)
    if taps == 4 and first_column >= 0 and first_row >= 0 and first_column + 4 <= columns and first_row + 4 <= rows:
        at, line = np.uint64(4 * (first_row * columns + first_column)), np.uint64(4 * columns)
        for m in range(4):
            weight = table[phase_down + np.uint64(m)]
            r = g = b = a = np.float32(0)
            for n in range(4):
                part, pixel = table[phase_across + np.uint64(n)], at + np.uint64(4 * n)
                r += part * flat[pixel]
                g += part * flat[pixel + np.uint64(1)]
                b += part * flat[pixel + np.uint64(2)]
                a += part * flat[pixel + np.uint64(3)]
            red += weight * r
            green += weight * g
            blue += weight * b
            alpha += weight * a
            at += line
        return red, green, blue, alpha
    for m in range(taps):
        line = min(max(first_row + m, 0), rows - 1) * columns
        for n in range(taps):
            pixel = np.uint64(4 * (line + min(max(first_column + n, 0), columns - 1)))
            weight = table[phase_down + np.uint64(m)] * table[phase_across + np.uint64(n)]
            red += weight * flat[pixel]
            green += weight * flat[pixel + np.uint64(1)]
            blue += weight * flat[pixel + np.uint64(2)]
            alpha += weight * flat[pixel + np.uint64(3)]
    return red, green, blue, alpha


@compiled
def _no_darker(flat: Array, rows: int, columns: int, across: Number, down: Number, colour: Colour) -> Colour:
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
