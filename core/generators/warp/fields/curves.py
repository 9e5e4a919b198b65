# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth curves through a few points, such as the landmarks of lids and lips."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ....compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def smooth_curve(points: NDArray[np.floating[Any]], steps: int = 8) -> Array:
    """A Catmull-Rom curve through (N, D) points, `steps` positions a piece, from the first point to the last.

    The curve leaves its ends straight.
    """
    return _catmull_rom(len(points), steps) @ points


def eye_outline(eye: NDArray[np.floating[Any]]) -> Array:
    """(N, 2) the closed outline of an eye through its six landmarks (6, 2), the upper lid first."""
    return np.concatenate([smooth_curve(eye[:4]), smooth_curve(eye[[3, 4, 5, 0]])])


def smooth_loop(points: NDArray[np.floating[Any]], steps: int = 8) -> Array:
    """A closed curve through (N, 2) points, `steps` positions a piece, from the first point to that again.

    A Catmull-Rom curve that takes as long from point to point as they lie apart, so that unequal distances give no
    bumps (Yuksel et al., "Parameterization and applications of Catmull-Rom curves", Computer-Aided Design 43, 2011).
    """
    return _loop(np.ascontiguousarray(points, np.float64), _hermite(steps))


@compiled
def _loop(points: Array, weights: Array) -> Array:
    """`smooth_loop` by the weights of `_hermite`."""
    count, steps = len(points), len(weights)
    chords, tangents, out = np.empty(count), np.empty((count, 2)), np.empty((count * steps + 1, 2))
    for i in range(count):
        after = (i + 1) % count
        x, y = points[after, 0] - points[i, 0], points[after, 1] - points[i, 1]
        chords[i] = max(np.sqrt(x * x + y * y), 1e-6)
    for i in range(count):
        before, own = chords[i - 1], chords[i]
        for k in range(2):
            coming, going = points[i, k] - points[i - 1, k], points[(i + 1) % count, k] - points[i, k]
            tangents[i, k] = (coming / before * own + going / own * before) / (before + own)
    for i in range(count):
        after = (i + 1) % count
        for step in range(steps):
            for k in range(2):
                bend = weights[step, 2] * tangents[i, k] + weights[step, 3] * tangents[after, k]
                ends = weights[step, 0] * points[i, k] + weights[step, 1] * points[after, k]
                out[i * steps + step, k] = ends + bend * chords[i]
    out[-1, 0], out[-1, 1] = points[0, 0], points[0, 1]
    return out


@cache
def _catmull_rom(count: int, steps: int) -> Array:
    """(N, count) weights of the points of an open curve."""
    points = np.eye(count)
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    tangent = (ends[2:] - ends[:-2]) / 2
    pieces = np.stack([points[:-1], points[1:], tangent[:-1], tangent[1:]], axis=1)
    return np.concatenate([(_hermite(steps) @ pieces).reshape(-1, count), points[-1:]])


@cache
def _hermite(steps: int) -> Array:
    """(steps, 4) weights of a piece's two ends and their tangents, from its start to just before its end."""
    t = np.linspace(0, 1, steps, endpoint=False)
    powers = np.stack([np.ones(steps), t, t**2, t**3], axis=1)
    return powers @ np.array([[1, 0, 0, 0], [0, 0, 1, 0], [-3, 3, -2, -1], [2, -2, 1, 1]])
