# SPDX-License-Identifier: GPL-3.0-or-later
"""The person's pixels, read at fractional positions, lit, and laid over the background: row by row.

A row is gone through by short loops, because in a long one the processor has too few places for all that is in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ....compiled import Number, compiled, take_number
from .along_edges import is_beside_edge
from .coarse_maps import drawn_out
from .colours import changed, four, laid_on, over, store, straight
from .positions import Maps, fill
from .read import colour_between, coverage_at, no_darker, put, whole

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
_SOME = np.float32(0.25)  # of a pixel: with less of the background in it nothing is told of that
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


class Person(NamedTuple):
    """The part of a portrait that moves."""

    row: Number  # float32: where the part begins in the picture
    column: Number
    pixels: Array  # (h, w, 4) on the picture's own scale; alpha, where there is any, is multiplied in
    mixed: Array  # (h, w, 4) its pixels mixed along edges, see `along_edges.mixed_along_edges`; or none
    edges: NDArray[np.uint8]  # (rows, columns) 1 where there are such
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
    mixes = len(person.mixed) > 0
    out_there = drawn_out(maps.ways.nodes, maps.ways.cell) if mixes else np.zeros((0, 0), np.float32)
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
                count = _find(places, first + i, column, start, person, found, lit)
                _read(places, person, found, count, start)
                if mixes and _stretch(first + i, column, out_there, maps.ways, stretched):
                    _mix_along_edges(places, person, found, count)
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
            if _still_there(places, row, column, j, found.at_rest) > 0 and _is_parted(row, column + j, person):
                own_columns[count], moves[count], shares[count] = j, True, 0
                count += np.uint64(1)
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
def _stretch(row: int, column: int, out: Array, ways: Ways, stretched: Array) -> bool:
    """Write how far the pixels of a row are drawn out, bilinear from what the nodes are; or tell that none is."""
    rows, columns = out.shape
    down = min(max((np.float32(row - ways.top) + _HALF) / np.float32(ways.cell) - _HALF, _ZERO), np.float32(rows - 1))
    above = min(np.int64(down), max(rows - 2, 0))
    below, share = min(above + 1, rows - 1), down - np.float32(above)
    upper, lower, most = out[above], out[below], _ZERO
    for j in range(columns):
        most = max(most, upper[j], lower[j])
    if most == 0:
        return False
    line = upper + (lower - upper) * share
    per_pixel, last = _ONE / np.float32(ways.cell), np.float32(columns - 1)
    first = (np.float32(column - ways.left) + _HALF) * per_pixel - _HALF
    for j in range(len(stretched)):
        across = min(max(first + np.float32(j) * per_pixel, _ZERO), last)
        before = min(np.int64(across), max(columns - 2, 0))
        value, after = line[np.uint64(before)], line[np.uint64(min(before + 1, columns - 1))]
        stretched[np.uint64(j)] = value + (after - value) * (across - np.float32(before))
    return True


@compiled
def _read(places: Array, person: Person, found: Row, count: int, start: int) -> None:
    """Read the colours of what moves; the others have their own."""
    own_columns, moves, colours = found.columns, found.moves, found.colours
    drawn, channels, pixels = found.drawn, found.channels, person.pixels.reshape(-1)
    table, taps = person.weights.reshape(-1), person.weights.shape[1]
    size = person.coverage.shape[0], person.coverage.shape[1]
    first_row, first_column = person.row, person.column
    for n in range(count):
        j = own_columns[np.uint64(n)]
        if moves[np.uint64(n)]:
            across, down = places[np.uint64(2 * j)] - first_column, places[np.uint64(2 * j + 1)] - first_row
            colour = colour_between(pixels, size, table, taps, across, down)
        else:
            colour = four(drawn, np.uint64(start + j * channels), channels)
        put(colours, np.uint64(4 * n), colour)


@compiled
def _mix_along_edges(places: Array, person: Person, found: Row, count: int) -> None:
    """Mix colours that are drawn out with what lies along their edge."""
    own_columns, moves, stretched, colours = found.columns, found.moves, found.stretched, found.colours
    mixed, edges, first_row, first_column = person.mixed.reshape(-1), person.edges, person.row, person.column
    table, taps = person.weights.reshape(-1), person.weights.shape[1]
    size = person.coverage.shape[0], person.coverage.shape[1]
    for n in range(count):
        j = own_columns[np.uint64(n)]
        share = stretched[np.uint64(j)]
        if share > 0 and moves[np.uint64(n)]:
            across, down = places[np.uint64(2 * j)] - first_column, places[np.uint64(2 * j + 1)] - first_row
            if is_beside_edge(edges, across, down):
                at = np.uint64(4 * n)
                put(
                    colours, at, over(whole(colours, at), colour_between(mixed, size, table, taps, across, down), share)
                )


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
            colour = straight(colour, top)
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
def _is_parted(row: int, column: int, person: Person) -> bool:
    """Whether a pixel shows something of the person and something of the background as long as nothing moves."""
    own_row, own_column = np.int64(row - np.int64(person.row)), np.int64(column - np.int64(person.column))
    rows, columns = person.coverage.shape
    if own_row < 0 or own_column < 0 or own_row >= rows or own_column >= columns:
        return False
    return 0 < person.coverage[own_row, own_column] < _OPAQUE


@compiled
def _background(row: int, column: int, at: Number, share: Number, person: Person, found: Row, top: Number) -> Colour:
    """The background at a pixel: as it is filled in, and by a share as it is seen with the person at rest.

    Where the person covers a pixel in part nobody knows how much of its colour is whose. As long as both are where
    they were, together they look as they did; farther off a single hair must not stay behind.
    """
    behind = four(found.behind, at, found.channels)
    if share <= 0 or not _is_parted(row, column, person):
        return behind
    own_row, own_column = np.int64(row - np.int64(person.row)), np.int64(column - np.int64(person.column))
    covered = person.coverage[own_row, own_column]
    own = person.pixels[own_row, own_column]
    colour = own[0], own[1], own[2], own[3]
    if found.channels == 4:
        colour = straight(colour, top)
    covers = np.float32(covered) / np.float32(255)
    known, seen = laid_on(behind, colour, covers), four(found.drawn, at, found.channels)
    return changed(behind, known, seen, share / max(_ONE - covers, _SOME))


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
    drawn, channels = found.drawn, found.channels
    for n in range(count):
        j, covered = own_columns[np.uint64(n)], shares[np.uint64(n)]
        at, colour = np.uint64(start + j * channels), whole(colours, np.uint64(4 * n))
        if covered < _ALL:
            share = _still_there(places, row, column, j, found.at_rest)
            behind = _background(row, column + j, at, share, person, found, top)
            colour = laid_on(behind, colour, np.float32(covered / np.float32(255)))
        store(drawn, at, channels, colour, top)
