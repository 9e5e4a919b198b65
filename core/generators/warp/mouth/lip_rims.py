# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lips of an open mouth begin in a picture: trackers leave teeth and dark beyond their points.

A frame whose mouth is to show something else must not keep a slit of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..pixels.sampling import read_at, to_8bit
from .lips import LOWER, UPPER, dark_corners, opening

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_STEPS = 49  # from the middle of the upper lip to that of the lower one
_END = 5  # of these steps at either end show lip alone
_BESIDE = np.linspace(-0.12, 0.12, 7)[:, None]  # mouth widths: several lines are looked along
_LIGHT = 0.5  # brightness counts so much: lips shine
_UNLIKE = 14.0  # in Lab: what differs less from the lips is no opening
_PART = 0.5  # of the greatest difference: there the lip begins
_MOST, _MARGIN = 0.08, 0.008  # eye distances: the longest way to it, and what lies in its soft edge
_CORNER = 0.5  # of the way from the inner to the outer corner


def open_rims(pixels: NDArray[Any], points: NDArray[np.floating[Any]], distance: float) -> Array:
    """(68, 2) shifts of the inner points of the lips, outwards to where the lips begin; `distance` is the eyes'."""
    upper, lower = (np.stack([points[list(edge), :2] for edge in lip]) for lip in (UPPER, LOWER))
    across = points[64, :2] - points[60, :2]
    down = np.array([-across[1], across[0]]) / max(float(np.linalg.norm(across)), 1e-6)
    start, end = upper.mean(0), lower.mean(0)  # (3, 2) the middles of the lips
    share = np.linspace(0, 1, _STEPS)
    places = start[:, None] + share[:, None] * (end - start)[:, None] + _BESIDE[:, None, None] * across
    colour = _colours(pixels, places.astype(np.float32), distance)  # (lines, 3, steps, 3)
    middle = (upper[1] + lower[1]) / 2
    shifts = np.zeros((68, 2))
    for lip, inner, side in ((UPPER[1], upper[1], -1), (LOWER[1], lower[1], 1)):
        ends = colour[:, :, :_END] if side < 0 else colour[:, :, -_END:]
        unlike = np.linalg.norm(colour - np.median(ends, axis=(0, 1, 2)), axis=-1)
        for number, point in enumerate(lip):
            length = max(float((end - start)[number] @ down), 1e-6)
            between, own = (float((p[number] - start[number]) @ down) / length for p in (middle, inner))
            edges = [_edge(line, between, own, side) for line in unlike[:, number]]
            way = side * (float(np.median(edges)) - own) * length / distance
            if way > 0:
                shifts[point] = side * min(way + _MARGIN, _MOST) * distance * down
    return shifts + dark_corners(points, opening(points + shifts, down), distance, _CORNER)


def _edge(unlike: Array, middle: float, inner: float, side: int) -> float:
    """The share of the line at which one `side` of its `middle` ends to be like the lip; `inner` if all of it is."""
    first = int(np.clip(round(middle * (_STEPS - 1)), 1, _STEPS - 2))
    line = unlike[first:] if side > 0 else unlike[first::-1]  # to the lip
    other = np.flatnonzero(line > max(_PART * float(line.max()), _UNLIKE))
    return (first + side * int(other[-1])) / (_STEPS - 1) if len(other) else inner


def _colours(pixels: NDArray[Any], places: NDArray[np.float32], distance: float) -> Array:
    """(..., 3) colours at places (..., 2), in which brightness counts less."""
    low = np.floor(np.clip(places.reshape(-1, 2).min(0) - 3, 0, None)).astype(int)
    high = np.ceil(places.reshape(-1, 2).max(0) + 4).astype(int)
    part = to_8bit(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0], :3]))
    if not part.size:
        return np.zeros((*places.shape[:-1], 3))
    soft = cv2.GaussianBlur(part, (0, 0), max(0.008 * distance, 0.3))
    lab = cv2.cvtColor(soft, cv2.COLOR_RGB2LAB).astype(np.float32) * np.array([_LIGHT, 1, 1], np.float32)
    flat = (places - low.astype(np.float32)).reshape(1, -1, 2)
    return np.asarray(read_at(lab, flat).reshape(*places.shape[:-1], 3), np.float64)
