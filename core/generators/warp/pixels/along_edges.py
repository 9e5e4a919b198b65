# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels mixed along the edge on which they lie: so a turned head is read where it is drawn out.

A picture's leaning edge goes on by steps of a pixel. Drawn out across, between pixels, each step becomes a tooth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ....compiled import Number, compiled
from .read import between, linear_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .read import Colour

    Array = NDArray[np.float32]

_CELL = 2  # pixels for which one direction is told
_AROUND = 1.0  # cells over which changes are gathered
_FLAT = 6 / 255  # of full scale from a pixel to the next: what changes less has no teeth that are seen
_GRAIN, _EDGE = 0.4, 0.8  # coherence of the changes: with less in common than this they are grain, with more an edge
_STEPS = np.array([-3, -1.5, 0, 1.5, 3], np.float32)  # pixels along an edge at which it is read
_BELL = np.exp(-0.5 * (_STEPS / 2.0) ** 2)
_WEIGHTS = (_BELL / _BELL.sum()).astype(np.float32)
_SOME = np.float32(0.02)  # a smaller share is not seen


def edge_directions(pixels: Array, top: float) -> Array:
    """For every second pixel of (h, w, 3 or 4), of scale `top`: (rows, columns, 2) how sure an edge goes which way.

    It is the cosine and sine of twice the edge's angle, so that opposite ways are one, by how far it is an edge, 0..1.
    The angle is that of the structure tensor (Bigun and Granlund 1987).
    """
    size = [-(-length // _CELL) for length in pixels.shape[1::-1]]
    cells = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cells[..., :3].sum(2) / np.float32(3 * top), np.float32)
    right, down = (np.asarray(cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8 / _CELL)) for order in ((1, 0), (0, 1)))
    changes = np.dstack([down * down - right * right, -2 * right * down, right * right + down * down])
    gathered = np.asarray(cv2.GaussianBlur(changes, (0, 0), _AROUND), np.float32)
    way = gathered[..., :2] / (gathered[..., 2:] + np.float32(_FLAT**2))
    coherence = np.sqrt((way**2).sum(2, keepdims=True))
    sure = np.clip((coherence - _GRAIN) / (_EDGE - _GRAIN), 0, 1)
    return np.asarray(way * (sure / np.maximum(coherence, 1e-6)), np.float32)


@compiled
def mixed_along_edges(pixels: Array, directions: Array) -> tuple[Array, NDArray[np.uint8]]:
    """Pixels (h, w, 4), each mixed with those along its edge as far as there is one; (rows, columns) 1 where one is.

    Rows and columns are those of `edge_directions`.
    """
    height, width = pixels.shape[:2]
    mixed, some = pixels.copy(), np.zeros(directions.shape[:2], np.uint8)
    flat = pixels.reshape(-1)
    for i in range(directions.shape[0]):
        for j in range(directions.shape[1]):
            if directions[i, j, 0] == 0 and directions[i, j, 1] == 0:  # as in most places
                continue
            some[i, j] = 1
            for row in range(i * _CELL, min((i + 1) * _CELL, height)):
                for column in range(j * _CELL, min((j + 1) * _CELL, width)):
                    own = pixels[row, column]
                    colour, share = _along_edge(flat, directions, (height, width), np.float32(column), np.float32(row))
                    for k in range(4):
                        mixed[row, column, k] = own[k] + (colour[k] - own[k]) * share
    return mixed, some


@compiled
def is_beside_edge(some: NDArray[np.uint8], across: Number, down: Number) -> bool:
    """Whether a place between pixels lies where `mixed_along_edges` found some edge."""
    i, j = np.int64(down + np.float32(0.5)) // _CELL, np.int64(across + np.float32(0.5)) // _CELL
    return some[min(max(i, 0), some.shape[0] - 1), min(max(j, 0), some.shape[1] - 1)] > 0


@compiled
def _along_edge(
    pixels: Array, directions: Array, size: tuple[Number, Number], across: Number, down: Number
) -> tuple[Colour, Number]:
    """The mean along the edge at a place of flat pixels (rows, columns, 4) of a `size`, and how far there is one."""
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    rows, columns, none = directions.shape[0], directions.shape[1], (zero, zero, zero, zero)
    x = min(max((across + half) / np.float32(_CELL) - half, zero), np.float32(columns - 1))
    y = min(max((down + half) / np.float32(_CELL) - half, zero), np.float32(rows - 1))
    flat = directions.reshape(-1)
    i, j = min(np.int64(y), rows - 2), min(np.int64(x), columns - 2)
    at, line = np.uint64(2 * (i * columns + j)), np.uint64(2 * columns)
    x, y = x - np.float32(j), y - np.float32(i)
    cosine = between(flat, at, np.uint64(2), line, x, y)
    sine = between(flat, at + np.uint64(1), np.uint64(2), line, x, y)
    share = np.sqrt(cosine * cosine + sine * sine)
    if share < _SOME:
        return none, zero
    cosine /= share
    aside, below = np.sqrt(max(half + half * cosine, zero)), np.sqrt(max(half - half * cosine, zero))
    below = -below if sine < 0 else below
    last_row, last_column, line = np.float32(size[0] - 1), np.float32(size[1] - 1), np.uint64(4 * size[1])
    red = green = blue = alpha = zero
    for k in range(len(_STEPS)):
        x = min(max(across + _STEPS[k] * aside, zero), last_column)
        y = min(max(down + _STEPS[k] * below, zero), last_row)
        i, j = min(np.int64(y), size[0] - 2), min(np.int64(x), size[1] - 2)
        at = np.uint64(4 * (i * size[1] + j))
        colour, weight = linear_at(pixels, at, line, x - np.float32(j), y - np.float32(i)), _WEIGHTS[k]
        red, green = red + weight * colour[0], green + weight * colour[1]
        blue, alpha = blue + weight * colour[2], alpha + weight * colour[3]
    return (red, green, blue, alpha), min(share, one)
