# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of a picture put where something is missing: copied at full size, their brightness evened out at the seams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....compiled import compiled
from ..pixels.sampling import full_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Cells = NDArray[np.bool_]
    Places = NDArray[np.int32]

_STEP = 0.15  # of the picture's standard deviation: half of such a step between two pieces is evened out
_HELD = 0.0005  # how much a piece's own colours count
_SWEEPS, _RELAXED = 80, 1.9  # over-relaxation


def copy_pieces(pixels: NDArray[Any], places: Places, more: Array, wanted: Cells) -> NDArray[Any]:
    """The picture (H, W, C) with what is `wanted` (H, W) copied from where `places` (h, w, 2) of smaller cells say.

    `more` (h, w, C) is added to it. Where cells beside each other are copied from different places, the two blend.
    """
    own = np.moveaxis(np.indices(places.shape[:2]), 0, 2)
    ways = np.rint((places - own) * (np.array(wanted.shape) / places.shape[:2])).astype(np.int32)
    out = pixels.copy()
    whole = np.issubdtype(pixels.dtype, np.integer)
    _copy(out, pixels, ways, more, wanted, int(full_scale(pixels.dtype)) if whole else 0)
    return out


@compiled
def _copy(out: NDArray[Any], pixels: NDArray[Any], ways: Places, more: Array, wanted: Cells, top: int) -> None:
    """`top` is the brightest of whole numbers, 0 for floats."""
    rows, columns, channels = pixels.shape
    high, wide, _ = ways.shape
    total = np.zeros(channels, np.float32)
    for row in range(rows):
        y = (row + 0.5) * high / rows - 0.5
        for column in range(columns):
            if not wanted[row, column]:
                continue
            x = (column + 0.5) * wide / columns - 0.5
            total[:] = 0
            for corner in range(4):
                below, right = np.floor(y) + corner // 2, np.floor(x) + corner % 2
                weight = np.float32((1 - abs(y - below)) * (1 - abs(x - right)))
                at_row, at_column = min(max(int(below), 0), high - 1), min(max(int(right), 0), wide - 1)
                from_row = min(max(row + ways[at_row, at_column, 0], 0), rows - 1)
                from_column = min(max(column + ways[at_row, at_column, 1], 0), columns - 1)
                for channel in range(channels):
                    seen = pixels[from_row, from_column, channel] + more[at_row, at_column, channel]
                    total[channel] += weight * seen
            for channel in range(channels):
                value = max(total[channel], np.float32(0))
                out[row, column, channel] = min(np.floor(value + np.float32(0.5)), top) if top else value


def even_out(small: Array, places: Places, hidden: Cells) -> Array:
    """(h, w, C) what to add to the pieces that make up what is hidden in a small picture (h, w, C).

    Inside of a piece differences from cell to cell stay (Perez et al. 2003); between two pieces, or a piece and what
    is seen, a small step goes. A large one stays: there is an edge of something.
    """
    steps, weights = _steps(small, places, hidden, np.float32(max((_STEP * float(small[..., :3].std())) ** 2, 1e-12)))
    return _relax(steps, weights, hidden)[1:-1, 1:-1].copy()


@compiled
def _steps(small: Array, places: Places, hidden: Cells, usual: np.float32) -> tuple[Array, Array]:
    """Steps (2, h + 1, w + 1, C) from the cell above and from the one to the left, and how much each is to go."""
    rows, columns, channels = small.shape
    steps = np.zeros((2, rows + 1, columns + 1, channels), np.float32)
    weights = np.zeros((2, rows + 1, columns + 1), np.float32)
    for axis in range(2):
        down, across = 1 - axis, axis
        for row in range(down, rows):
            for column in range(across, columns):
                if not (hidden[row, column] or hidden[row - down, column - across]):
                    continue
                row_a, column_a = places[row - down, column - across]
                row_b, column_b = places[row, column]
                wrong = np.float32(0)
                for channel in range(channels):
                    # What is seen instead of what either piece goes on with.
                    after = small[min(row_a + down, rows - 1), min(column_a + across, columns - 1), channel]
                    before = small[max(row_b - down, 0), max(column_b - across, 0), channel]
                    first = small[row_b, column_b, channel] - after
                    second = before - small[row_a, column_a, channel]
                    first = first if hidden[row - down, column - across] else second
                    second = second if hidden[row, column] else first
                    steps[axis, row, column, channel] = (first + second) / 2
                    wrong += first * first + second * second
                weights[axis, row, column] = 1 / (1 + wrong / usual)
    return steps, weights


@compiled
def _relax(steps: Array, weights: Array, hidden: Cells) -> Array:
    """(h + 2, w + 2, C): the smoothest change that takes the steps away, 0 in what is seen."""
    rows, columns = hidden.shape
    channels = steps.shape[3]
    out = np.zeros((rows + 2, columns + 2, channels), np.float32)
    for _ in range(_SWEEPS):
        for row in range(rows):
            for column in range(columns):
                if not hidden[row, column]:
                    continue
                above, below = weights[0, row, column], weights[0, row + 1, column]
                left, right = weights[1, row, column], weights[1, row, column + 1]
                weight = np.float32(_HELD) + above + below + left + right
                for channel in range(channels):
                    total = above * (out[row, column + 1, channel] - steps[0, row, column, channel])
                    total += below * (out[row + 2, column + 1, channel] + steps[0, row + 1, column, channel])
                    total += left * (out[row + 1, column, channel] - steps[1, row, column, channel])
                    total += right * (out[row + 1, column + 2, channel] + steps[1, row, column + 1, channel])
                    now = out[row + 1, column + 1, channel]
                    out[row + 1, column + 1, channel] = now + np.float32(_RELAXED) * (total / weight - now)
    return out
