# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth interpolation of displacements that are known at scattered points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....compiled import compiled
from ..pixels.exponential import log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Floats = NDArray[np.floating[Any]]

_RIDGE = 1e-6  # centres may meet
_NEAREST = np.float32(1e-12)  # squared distance


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
    unit = np.ascontiguousarray((centres - origin) / spread, np.float64)
    count, dimensions = unit.shape
    system = _plate_system(unit, smooth)
    right = np.zeros((len(system), values.shape[1]))
    right[:count] = values
    weights = np.linalg.solve(system, right).astype(np.float32)
    flat = points.reshape(-1, dimensions)
    if dimensions == 2 and values.shape[1] == 2:
        read = _read_plate(np.asarray(flat, np.float32), origin, spread, unit.astype(np.float32), weights)
    else:
        flat = ((flat - origin) / spread).astype(np.float32)
        read = weights[count] + flat @ weights[count + 1 :]
        read += _plate_kernel(flat, unit.astype(np.float32), dimensions) @ weights[:count]
    return read.reshape(*points.shape[:-1], -1)


@compiled
def _plate_system(centres: NDArray[np.float64], smooth: float) -> NDArray[np.float64]:
    """The equations for a plate's weights: of the kernels at (N, D) centres, and of a plane."""
    count, dimensions = centres.shape
    system = np.zeros((count + dimensions + 1, count + dimensions + 1))
    for i in range(count):
        for j in range(i):
            squared = 0.0
            for k in range(dimensions):
                squared += (centres[i, k] - centres[j, k]) ** 2
            value = np.sqrt(squared) if dimensions == 3 else squared * np.log(max(squared, _NEAREST))
            system[i, j] = system[j, i] = value
        system[i, i] = smooth
        system[i, count] = system[count, i] = 1
        for k in range(dimensions):
            system[i, count + 1 + k] = system[count + 1 + k, i] = centres[i, k]
    return system


@compiled
def _read_plate(points: Array, origin: NDArray[np.float64], spread: float, centres: Array, weights: Array) -> Array:
    """(N, 2) values at (N, 2) points of a plate by its (M + 3, 2) weights: of kernels r^2 log r^2, and of a plane.

    Its (M, 2) centres are counted from an `origin` (2,) in units of the `spread`.
    """
    count, size = len(centres), len(points)
    x, y = np.empty(size, np.float32), np.empty(size, np.float32)
    out_x, out_y = np.empty(size, np.float32), np.empty(size, np.float32)
    for n in range(size):
        x[n], y[n] = (points[n, 0] - origin[0]) / spread, (points[n, 1] - origin[1]) / spread
        out_x[n] = weights[count, 0] + x[n] * weights[count + 1, 0] + y[n] * weights[count + 2, 0]
        out_y[n] = weights[count, 1] + x[n] * weights[count + 1, 1] + y[n] * weights[count + 2, 1]
    for m in range(count):
        centre_x, centre_y, weight_x, weight_y = centres[m, 0], centres[m, 1], weights[m, 0], weights[m, 1]
        for n in range(size):
            across, down = x[n] - centre_x, y[n] - centre_y
            squared = across * across + down * down + _NEAREST
            value = squared * log(squared)
            out_x[n] += weight_x * value
            out_y[n] += weight_y * value
    out = np.empty((size, 2), np.float32)
    out[:, 0], out[:, 1] = out_x, out_y
    return out


@compiled
def bumps_between(
    moved: NDArray[np.float64],
    rest: NDArray[np.float64],
    still: NDArray[np.float64],
    per_radius: float,
    steepest: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (N, 2) and weights (N, 2) of `bump`s with values `rest` (K, 2) at places `moved` (K, 2).

    At others, `still` (L, 2), they have what those values leave there at least: see `fading`.
    """
    centres, values = np.concatenate((moved, still)), np.concatenate((rest, fading(rest, moved, still, steepest)))
    return centres, bump_weights(centres, values, per_radius)


@compiled
def bump_weights(centres: NDArray[np.float64], values: NDArray[np.float64], per_radius: float) -> NDArray[np.float64]:
    """(N, K) by which `bump`s at (N, 2) centres have (N, K) values there, and reach no farther than 1 / `per_radius`.

    Wendland's C2 function (1995): its systems are positive definite.
    """
    count, weights, lower = len(centres), values.copy(), np.zeros((len(centres), len(centres)))
    for i in range(count):  # the system as lower @ lower.T (Cholesky)
        for j in range(i + 1):
            rest = bump((centres[i, 0] - centres[j, 0]) * per_radius, (centres[i, 1] - centres[j, 1]) * per_radius)
            rest += _RIDGE if i == j else 0.0
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(rest) if i == j else rest / lower[j, j]
    for channel in range(values.shape[1]):
        for i in range(count):
            for k in range(i):
                weights[i, channel] -= lower[i, k] * weights[k, channel]
            weights[i, channel] /= lower[i, i]
        for i in range(count - 1, -1, -1):
            for k in range(i + 1, count):
                weights[i, channel] -= lower[k, i] * weights[k, channel]
            weights[i, channel] /= lower[i, i]
    return weights


@compiled
def fading(
    values: NDArray[np.float64], centres: NDArray[np.float64], points: NDArray[np.float64], steepest: float
) -> NDArray[np.float64]:
    """(M, 2) what (N, 2) values at (N, 2) centres leave at least at (M, 2) points, where else nothing would be asked.

    A point on an edge that moves must go with it: asked to stay, `bump`s would swing over. Values fall off by
    `steepest` a pixel.
    """
    out = np.zeros((len(points), 2))
    for i in range(len(points)):
        most = 0.0
        for j in range(len(centres)):
            size = np.sqrt(values[j, 0] ** 2 + values[j, 1] ** 2)
            x, y = points[i, 0] - centres[j, 0], points[i, 1] - centres[j, 1]
            left = size - steepest * np.sqrt(x * x + y * y)
            if left > most:
                most = left
                out[i, 0], out[i, 1] = values[j, 0] * left / size, values[j, 1] * left / size
    return out


@compiled
def bump(x: float, y: float) -> float:
    """1 at the centre, falling to 0 at a distance of 1."""
    squared = x * x + y * y
    if squared >= 1:
        return 0.0
    r = np.sqrt(squared)
    falling = (1 - r) * (1 - r)
    return falling * falling * (4 * r + 1)


def _plate_kernel(a: NDArray[Any], b: NDArray[Any], dimensions: int) -> NDArray[Any]:
    """(N, M) of (N, D) and (M, D) points, by |a|^2 + |b|^2 - 2ab in one product."""
    left = np.column_stack([a, (a**2).sum(1), np.ones(len(a), a.dtype)])
    right = np.column_stack([-2 * b, np.ones(len(b), b.dtype), (b**2).sum(1)])
    squared = left @ right.T
    if dimensions == 3:
        np.maximum(squared, 0, out=squared)  # rounding
        return np.sqrt(squared, out=squared)
    np.maximum(squared, 1e-12, out=squared)
    squared *= cv2.log(squared)
    return squared
