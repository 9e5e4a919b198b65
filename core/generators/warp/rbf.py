# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth interpolation of displacements that are known at scattered points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .compiled import Number, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Floats = NDArray[np.floating[Any]]


def thin_plate(
    centres: Floats,
    values: Floats,
    points: Floats,
    smooth: float = 0,
) -> Array:
    """Thin-plate spline through (N, D) centres with (N, K) values, read at (..., D) points: (..., K).

    Bookstein, "Principal Warps" (1989); in 3D the kernel is r, in 2D r^2 log r. `smooth` lets the surface miss the
    values a little, in units of the kernel over centres scaled to unit spread.
    """
    origin, spread = centres.mean(0), float(np.std(centres)) or 1.0
    unit = (centres - origin) / spread
    count, dimensions = unit.shape
    system = np.zeros((count + dimensions + 1,) * 2)
    system[:count, :count] = _plate_kernel(unit, unit, dimensions) + smooth * np.eye(count)
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = unit
    system[count + 1 :, :count] = unit.T
    right = np.zeros((len(system), values.shape[1]))
    right[:count] = values
    weights = np.linalg.solve(system, right).astype(np.float32)
    flat = ((points.reshape(-1, dimensions) - origin) / spread).astype(np.float32)
    affine = weights[count] + flat @ weights[count + 1 :]
    read = _plate_kernel(flat, unit.astype(np.float32), dimensions) @ weights[:count] + affine
    return read.reshape(*points.shape[:-1], -1)


def local_bumps(
    centres: Floats,
    values: Floats,
    points: Floats,
    radius: float,
) -> Array:
    """Interpolation that is zero beyond `radius` of every centre, by Wendland's C2 function (1995)."""
    system = _wendland(_squared_distances(centres, centres) / radius**2)
    weights = np.linalg.solve(system + 1e-6 * np.eye(len(centres)), values).astype(np.float32)
    flat = np.ascontiguousarray(points, np.float32).reshape(-1, 2)
    return _bumps_at(flat, centres.astype(np.float32), weights, np.float32(1 / radius)).reshape(*points.shape[:-1], -1)


@compiled
def _bumps_at(points: Array, centres: Array, weights: Array, per_radius: Number) -> Array:
    """(N, K) the weighted sum at (N, 2) points of Wendland's function of the distance to each centre."""
    count, channels, one = len(centres), weights.shape[1], np.float32(1)
    out = np.zeros((len(points), channels), np.float32)
    for i in range(len(points)):
        for j in range(count):
            x, y = (points[i, 0] - centres[j, 0]) * per_radius, (points[i, 1] - centres[j, 1]) * per_radius
            squared = x * x + y * y
            if squared < one:
                r = np.sqrt(squared)
                falling = (one - r) * (one - r)
                value = falling * falling * (np.float32(4) * r + one)
                for k in range(channels):
                    out[i, k] += value * weights[j, k]
    return out


def _plate_kernel(a: NDArray[Any], b: NDArray[Any], dimensions: int) -> NDArray[Any]:
    squared = _squared_distances(a, b)
    if dimensions == 3:
        return np.sqrt(squared, out=squared)
    squared *= cv2.log(np.maximum(squared, 1e-12))
    return squared


def _squared_distances(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(N, M) of (N, D) and (M, D) points: in one product, |a|^2 + |b|^2 - 2ab."""
    left = np.column_stack([a, (a**2).sum(1), np.ones(len(a), a.dtype)])
    right = np.column_stack([-2 * b, np.ones(len(b), b.dtype), (b**2).sum(1)])
    squared = left @ right.T
    return np.maximum(squared, 0, out=squared)  # rounding


def _wendland(squared: NDArray[Any]) -> NDArray[Any]:
    r = np.sqrt(np.minimum(squared, 1, out=squared), out=squared)
    falling = 1 - r
    falling *= falling  # products: a power of 4 takes five times as long
    falling *= falling
    falling *= 4 * r + 1
    return falling
