# SPDX-License-Identifier: GPL-3.0-or-later
"""The person's pixels, read at fractional positions, lit, and laid over the background: row by row.

A row is gone through by short loops, because in a long one the processor has too few places for all that is in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ....compiled import Number, compiled, take_number
from .along_edges import along_edge
from .coarse_maps import drawn_out
from .positions import Maps, fill
from .read import PHASES, colour_at, coverage_at, cubic_at, no_darker, put, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..shading.creases import Shade
    from .positions import Ways
    from .read import Colour

    Array = NDArray[np.float32]

_STILL = np.float32(1e-3)  # pixels: a shorter way is no motion
_NONE, _ALL = np.float32(0.5), np.float32(254.5)  # of a coverage of 0..255
_OPAQUE = 255
_BLOCK = 4  # bits of a place within a square
_MIXED = 1  # of a square: neither none of its pixels is the person's nor all are
_AT_ONCE = 32  # rows whose positions are worked out together
_AT_REST = np.float32(0.004)  # of the longer side: so far from its place at rest what was seen beside the person counts
_REACH = 3  # pixels on either side along an edge that are mixed
_BELL = np.exp(-0.5 * np.arange(-2, 3) ** 2).astype(np.float32)  # a Gauss curve of a pixel
_CHANGE = np.arange(-2, 3, dtype=np.float32) * _BELL
_SOME = np.float32(0.25)  # of a pixel: with less of the background in it nothing is told of that
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


class Person(NamedTuple):
    """The part of a portrait that moves."""

    row: Number  # float32: where the part begins in the picture
    column: Number
    pixels: Array  # (h, w, 4) on the picture's own scale; alpha, where there is any, is multiplied in
    directions: Array  # of its edges, see `along_edges.edge_directions`
    coverage: NDArray[np.uint8]  # (h, w) how much of a pixel is the person, 0..255
    blocks: NDArray[np.uint8]  # the coverage of whole squares of pixels: none, all, or mixed; see `blocks_of`
    weights: Array  # (PHASES + 1, taps) of the pixels around a place, see `read_pixels.kernel_weights`


class Gains(NamedTuple):
    """Factors for the person's pixels, on a grid over the portrait (see `Shade`)."""

    left: Number  # float32: pixels, of the first node
    top: Number
    per_cell: Number  # cells a pixel
    values: Array  # (rows, columns, 4), the last one unused; none at all: rows = 0
    changes: NDArray[np.uint8]  # (rows, columns) 0 where the cell from this node to the next ones changes nothing


class Bands(NamedTuple):
    """Areas of a picture that threads draw side by side: each takes the next one when it is free."""

    areas: NDArray[np.int64]  # (N, 4) first and end row, first and end column
    taken: NDArray[np.int64]  # (1,) how many


NO_GAINS = Gains(
    np.float32(0), np.float32(0), np.float32(1), np.zeros((0, 0, 4), np.float32), np.zeros((0, 0), np.uint8)
)


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
        return NO_GAINS
    grid, middle = shade.grid, (shade.grid.cell - 1) / 2
    corner = np.float32(grid.left + middle), np.float32(grid.top + middle)
    return Gains(*corner, np.float32(1 / grid.cell), shade.gain, shade.changes)


class Row(NamedTuple):
    """What a row of pixels is drawn with: those that show the person, one after the other, and where they go to."""

    squares: NDArray[np.int32]  # of all pixels of the row, see `_squares`
    columns: NDArray[np.int64]  # of the person's pixels in the row; room for all of it
    moves: NDArray[np.bool_]
    stretched: Array  # 0..1 of all pixels of the row, see `drawn_out`
    covered: Array  # 0..255 how much of the person is there
    colours: Array  # four a pixel
    drawn: NDArray[Any]  # the picture, flat
    behind: NDArray[Any]  # the plate, flat
    channels: int
    at_rest: Number  # pixels, see `_AT_REST`


@compiled
def draw(
    out: NDArray[Any],
    plate: NDArray[Any],
    bands: Bands,
    maps: Maps,
    person: Person,
    gains: Gains,
    top: float,
) -> None:
    """Draw the bands of `out` (H, W, C), which holds the portrait, that no thread has taken, before a plate (H, W, C).

    `maps` say where its pixels come from. What does not move keeps its very pixels. `top` is the full scale of whole
    numbers; 0: floats, which are neither rounded nor cut off above.
    """
    channels, high, lit = out.shape[2], np.float32(top), len(gains.values) > 0
    at_rest = _AT_REST * np.float32(max(out.shape[0], out.shape[1]))
    areas, taken = bands
    out_there = drawn_out(maps.ways.nodes, maps.ways.cell)
    for _ in range(len(areas)):
        number = take_number(taken)
        if number >= len(areas):
            break
        row, end, column, right = areas[number, 0], areas[number, 1], areas[number, 2], areas[number, 3]
        width = right - column
        columns, moves, squares = np.empty(width, np.int64), np.empty(width, np.bool_), np.empty(width, np.int32)
        stretched, covered = np.empty(width, np.float32), np.empty(width, np.float32)
        colours = np.empty(4 * width, np.float32)
        found = Row(
            squares, columns, moves, stretched, covered, colours, out.reshape(-1), plate.reshape(-1), channels, at_rest
        )
        for first in range(row, end, _AT_ONCE):
            positions = np.empty((min(_AT_ONCE, end - first), width, 2), np.float32)
            fill(positions, first, column, maps)
            for i in range(len(positions)):
                places, start = positions[i].reshape(-1), ((first + i) * out.shape[1] + column) * channels
                count = _find(places, first + i, column, start, person, found, lit, high)
                _stretch(first + i, column, out_there, maps.ways, stretched)
                _read(places, person, found, count, start)
                if channels == 4 or top == 0:
                    _as_stored(places, person, found, count, high)
                if lit:
                    _light(places, gains, found, count)
                _lay(places, first + i, column, start, person, found, count, high)


@compiled
def _find(
    places: Array,
    row: int,
    column: int,
    start: int,
    person: Person,
    found: Row,
    lit: bool,  # noqa: FBT001
    top: Number,
) -> Number:
    """The number of pixels of a row that have to be drawn of the person; where it has left there is the background."""
    _squares(places, row, column, person, found.squares)
    squares, blocks, coverage = found.squares, person.blocks.reshape(-1), person.coverage.reshape(-1)
    rows, columns, first_row, first_column = *person.coverage.shape, person.row, person.column
    own_columns, moves, shares = found.columns, found.moves, found.covered
    drawn, behind, channels = found.drawn, found.behind, found.channels
    count, at = np.uint64(0), np.uint64(start)
    for j in range(len(shares)):
        square = squares[np.uint64(j)]
        still = square < 0
        block = blocks[np.uint64(~square if still else square)]
        if block == _MIXED:
            x, y = places[np.uint64(2 * j)], places[np.uint64(2 * j + 1)]
            covered = coverage_at(coverage, rows, columns, x - first_column, y - first_row)
        else:
            covered = np.float32(block)
        if covered >= _NONE:
            if not still or (lit and covered >= _ALL):
                own_columns[count], moves[count], shares[count] = j, not still, covered
                count += np.uint64(1)
        elif not still:
            share = _still_there(places, row, column, j, found.at_rest)
            if share > 0:
                store(drawn, at, channels, _beside(row, column + j, at, share, person, found, top), top)
            else:
                drawn[at] = behind[at]
                drawn[at + np.uint64(1)] = behind[at + np.uint64(1)]
                drawn[at + np.uint64(2)] = behind[at + np.uint64(2)]
                if channels == 4:
                    drawn[at + np.uint64(3)] = behind[at + np.uint64(3)]
        at += np.uint64(channels)
    return np.int64(count)


@compiled
def _squares(places: Array, row: int, column: int, person: Person, squares: NDArray[np.int32]) -> None:
    """Write in which of the person's squares the pixels of a row lie; as ~square where they do not move."""
    first_row, first_column, block_columns = person.row, person.column, np.int32(person.blocks.shape[1])
    last_row, last_column = np.float32(person.coverage.shape[0] - 2), np.float32(person.coverage.shape[1] - 2)
    own_y = np.float32(row)
    for j in range(len(squares)):
        x, y = places[2 * j], places[2 * j + 1]
        still = (abs(x - np.float32(np.int32(column + j))) < _STILL) & (abs(y - own_y) < _STILL)
        down = np.int32(min(max(y - first_row, _ZERO), last_row)) >> _BLOCK
        across = np.int32(min(max(x - first_column, _ZERO), last_column)) >> _BLOCK
        square = np.int32(down * block_columns + across)
        squares[j] = ~square if still else square


@compiled
def _stretch(row: int, column: int, out: Array, ways: Ways, stretched: Array) -> None:
    """Write how far the pixels of a row are drawn out, from what is known of that at the nodes, bilinear."""
    rows, columns = out.shape
    down = min(max((np.float32(row - ways.top) + _HALF) / np.float32(ways.cell) - _HALF, _ZERO), np.float32(rows - 1))
    above = min(np.int64(down), max(rows - 2, 0))
    below, share = min(above + 1, rows - 1), down - np.float32(above)
    upper, lower, most = out[above], out[below], _ZERO
    for j in range(columns):
        most = max(most, upper[j], lower[j])
    if most == 0:
        stretched[:] = _ZERO
        return
    line = upper + (lower - upper) * share
    per_pixel, last = _ONE / np.float32(ways.cell), np.float32(columns - 1)
    first = (np.float32(column - ways.left) + _HALF) * per_pixel - _HALF
    for j in range(len(stretched)):
        across = min(max(first + np.float32(j) * per_pixel, _ZERO), last)
        before = min(np.int64(across), max(columns - 2, 0))
        value, after = line[np.uint64(before)], line[np.uint64(min(before + 1, columns - 1))]
        stretched[np.uint64(j)] = value + (after - value) * (across - np.float32(before))


@compiled
def _read(places: Array, person: Person, found: Row, count: int, start: int) -> None:
    """Read the colours of what moves; the others have their own."""
    pixels, directions = person.pixels.reshape(-1), person.directions
    table, stretched, colours = person.weights.reshape(-1), found.stretched, found.colours
    own_columns, moves, drawn, channels = found.columns, found.moves, found.drawn, found.channels
    rows, columns, taps = person.coverage.shape[0], person.coverage.shape[1], person.weights.shape[1]
    first_row, first_column, line = person.row, person.column, np.uint64(4 * columns)
    end_row, end_column = np.uint64(rows - 3 if taps == 4 else 0), np.uint64(columns - 3)
    for n in range(count):
        j = own_columns[np.uint64(n)]
        if moves[np.uint64(n)]:
            across, down = places[np.uint64(2 * j)] - first_column, places[np.uint64(2 * j + 1)] - first_row
            left, above = np.floor(across), np.floor(down)
            first, second = np.int64(left) - 1, np.int64(above) - 1
            right = np.uint64(np.int64((across - left) * np.float32(PHASES) + np.float32(0.5)) * taps)
            below = np.uint64(np.int64((down - above) * np.float32(PHASES) + np.float32(0.5)) * taps)
            if np.uint64(second) < end_row and np.uint64(first) < end_column:  # what is below 0 becomes very large
                at = np.uint64(4 * (second * columns + first))
                colour = cubic_at(pixels, at, line, table, right, below)
            else:
                colour = colour_at(pixels, (rows, columns), table, taps, (first, second), (right, below))
            if stretched[np.uint64(j)] > 0:
                smooth, share = along_edge(pixels, directions, (rows, columns), across, down)
                colour = over(colour, smooth, share * stretched[np.uint64(j)])
        else:
            colour = four(drawn, np.uint64(start + j * channels), channels)
        put(colours, np.uint64(4 * n), colour)


@compiled
def _as_stored(places: Array, person: Person, found: Row, count: int, top: Number) -> None:
    """Colours that were read between pixels: light is not below zero, and no alpha is multiplied in."""
    pixels, rows, columns = person.pixels.reshape(-1), person.coverage.shape[0], person.coverage.shape[1]
    for n in range(count):
        if not found.moves[n]:
            continue
        at, j = np.uint64(4 * n), found.columns[n]
        colour = whole(found.colours, at)
        if top == 0:
            across, down = places[2 * j] - person.column, places[2 * j + 1] - person.row
            colour = no_darker(pixels, rows, columns, across, down, colour)
        if found.channels == 4:
            colour = _straight(colour, top)
        put(found.colours, at, colour)


@compiled
def _light(places: Array, gains: Gains, found: Row, count: int) -> None:
    """Multiply colours by the factors between a node and the next ones, bilinear."""
    factors, changes, columns = gains.values.reshape(-1), gains.changes.reshape(-1), gains.values.shape[1]
    left, top, per_cell, own_columns, colours = gains.left, gains.top, gains.per_cell, found.columns, found.colours
    last_across, last_down = np.float32(columns - 1), np.float32(gains.values.shape[0] - 1)
    for n in range(count):
        j = own_columns[np.uint64(n)]
        across = (places[np.uint64(2 * j)] - left) * per_cell
        down = (places[np.uint64(2 * j + 1)] - top) * per_cell
        if across >= 0 and down >= 0 and across < last_across and down < last_down:
            above, before = np.int64(down), np.int64(across)
            node = np.uint64(above * columns + before)
            if changes[node]:
                at, to = np.uint64(4) * node, np.uint64(4 * n)
                share = across - np.float32(before)
                upper = over(whole(factors, at), whole(factors, at + np.uint64(4)), share)
                at += np.uint64(4 * columns)
                lower = over(whole(factors, at), whole(factors, at + np.uint64(4)), share)
                gain, colour = over(upper, lower, down - np.float32(above)), whole(colours, to)
                put(
                    colours,
                    to,
                    (colour[0] * gain[0], colour[1] * gain[1], colour[2] * gain[2], colour[3] * gain[3]),
                )


@compiled
def _still_there(places: Array, row: int, column: int, j: int, at_rest: Number) -> Number:
    """0..1: how near what moves is to its place at rest, at a pixel of a row."""
    right = places[np.uint64(2 * j)] - np.float32(column + j)
    down = places[np.uint64(2 * j + 1)] - np.float32(row)
    return max(_ONE - (right * right + down * down) / (at_rest * at_rest), _ZERO)


@compiled
def _beside(row: int, column: int, at: Number, share: Number, person: Person, found: Row, top: Number) -> Colour:
    """The background at a pixel: as it is filled in, and by a share as it is seen with the person at rest.

    Where the person covers a pixel in part nobody knows how much of its colour is whose. As long as both are where
    they were, together they look as they did; farther off a single hair must not stay behind.
    """
    behind = four(found.behind, at, found.channels)
    down, right = np.int64(row - np.int64(person.row)), np.int64(column - np.int64(person.column))
    if down < 0 or right < 0 or down >= person.coverage.shape[0] or right >= person.coverage.shape[1]:
        return behind
    covered = person.coverage[down, right]
    if not 0 < covered < _OPAQUE:
        return behind
    own = person.pixels[down, right]
    colour = own[0], own[1], own[2], own[3]
    if found.channels == 4:
        colour = _straight(colour, top)
    covers = np.float32(covered) / np.float32(255)
    known, seen = _laid_on(behind, colour, covers), four(found.drawn, at, found.channels)
    share /= max(_ONE - covers, _SOME)
    return (
        behind[0] + (seen[0] - known[0]) * share,
        behind[1] + (seen[1] - known[1]) * share,
        behind[2] + (seen[2] - known[2]) * share,
        behind[3] + (seen[3] - known[3]) * share,
    )


@compiled
def _lay(
    places: Array,
    row: int,
    column: int,
    start: int,
    person: Person,
    found: Row,
    count: int,
    top: Number,
) -> None:
    """Write the person's colours, before the background where they do not cover a pixel."""
    own_columns, shares, colours = found.columns, found.covered, found.colours
    drawn, behind, channels = found.drawn, found.behind, found.channels
    for n in range(count):
        j, covered = own_columns[np.uint64(n)], shares[np.uint64(n)]
        at, colour = np.uint64(start + j * channels), whole(colours, np.uint64(4 * n))
        if covered < _ALL:
            share = _still_there(places, row, column, j, found.at_rest)
            back = _beside(row, column + j, at, share, person, found, top) if share > 0 else four(behind, at, channels)
            colour = _laid_on(back, colour, np.float32(covered / np.float32(255)))
        store(drawn, at, channels, colour, top)


@compiled
def soften(out: NDArray[Any], places: NDArray[np.int32], top: float) -> None:
    """Mix the pixels at `places` (N, 2), rows and columns, of `out` (H, W, C) with those along their edge, as seen.

    Where an edge jumps by a pixel it so goes over step by step, as one that is drawn between pixels, and stays sharp.
    """
    height, width, channels = out.shape
    mixed = np.zeros((len(places), 4), np.float32)
    flat = out.reshape(-1)
    for n in range(len(places)):
        down, right = _along_edge(flat, places[n, 0], places[n, 1], height, width, channels)
        red = green = blue = alpha = total = visible = np.float32(0)
        for step in range(-_REACH, _REACH + 1):
            at_row = min(max(np.float32(places[n, 0]) + np.float32(step) * down, _ZERO), np.float32(height - 1))
            at_column = min(max(np.float32(places[n, 1]) + np.float32(step) * right, _ZERO), np.float32(width - 1))
            row, column = np.int32(at_row), np.int32(at_column)
            below, beside = at_row - np.float32(row), at_column - np.float32(column)
            for k in range(4):
                i, j = min(row + k // 2, height - 1), min(column + k % 2, width - 1)
                colour = four(flat, np.uint64((i * width + j) * channels), channels)
                weight = np.float32(_REACH + 1 - abs(step)) * (below if k // 2 else _ONE - below)
                weight *= beside if k % 2 else _ONE - beside
                share = weight * colour[3] if channels == 4 else weight
                red, green, blue = red + share * colour[0], green + share * colour[1], blue + share * colour[2]
                alpha, total, visible = alpha + weight * colour[3], total + weight, visible + share
        visible = max(visible, np.float32(1e-6))
        mixed[n] = (red / visible, green / visible, blue / visible, alpha / total)
    for n in range(len(places)):
        at = np.uint64((places[n, 0] * width + places[n, 1]) * channels)
        store(flat, at, channels, (mixed[n, 0], mixed[n, 1], mixed[n, 2], mixed[n, 3]), np.float32(top))


@compiled
def _along_edge(
    flat: NDArray[Any], row: Number, column: Number, height: int, width: int, channels: int
) -> tuple[Number, Number]:
    """One pixel's way, down and to the right, along the edge at a pixel; no way where nothing changes."""
    change_down = change_right = np.float32(0)
    for k in range(25):
        i, j = k // 5, k % 5
        at = min(max(row + i - 2, 0), height - 1) * width + min(max(column + j - 2, 0), width - 1)
        colour = four(flat, np.uint64(at * channels), channels)
        bright = (colour[0] + colour[1] + colour[2]) * (colour[3] if channels == 4 else _ONE)
        change_down += _CHANGE[i] * _BELL[j] * bright
        change_right += _BELL[i] * _CHANGE[j] * bright
    steep = max(np.sqrt(change_down * change_down + change_right * change_right), np.float32(1e-6))
    return change_right / steep, -change_down / steep


@compiled
def _stored(value: Number, top: Number) -> Number:
    """What is stored of a value: whole numbers are rounded and cut off."""
    if top == 0:
        return value
    return np.float32(min(max(np.int32(value + np.float32(0.5)), np.int32(0)), np.int32(top)))


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
def _straight(colour: Colour, top: Number) -> Colour:
    """A colour that alpha was multiplied into, without it; see `draw` for `top`."""
    full = top if top > 0 else _ONE
    alpha = min(max(colour[3] / full, _ZERO), _ONE)
    seen = _ONE / max(alpha, np.float32(1e-4))
    return colour[0] * seen, colour[1] * seen, colour[2] * seen, alpha * full


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
