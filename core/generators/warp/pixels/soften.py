# SPDX-License-Identifier: GPL-3.0-or-later
"""Edges where one part of a frame hides another go over step by step, as those that are drawn between pixels do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....compiled import Number, compiled
from .colours import four, store

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REACH = 3  # pixels on either side along an edge that are mixed
_BELL = np.exp(-0.5 * np.arange(-2, 3) ** 2).astype(np.float32)  # a Gauss curve of a pixel
_CHANGE = np.arange(-2, 3, dtype=np.float32) * _BELL
_ZERO, _ONE = np.float32(0), np.float32(1)


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
