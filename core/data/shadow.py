# SPDX-License-Identifier: GPL-3.0-or-later
"""Which vertices light from a direction reaches, by a depth map seen from there."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .rasterise import rasterise
from .tensors import cross

_SIZE = 160  # pixels of the depth map
_BIAS = 0.24  # cm
_LOWEST = -24.0  # cm: what lies below takes no part
_TAPS = (
    (-1.5, -0.5),
    (0.5, -1.5),
    (1.5, 0.5),
    (-0.5, 1.5),
    (-0.5, -0.5),
    (0.5, 0.5),
    (1.2, -1.2),
    (-1.2, 1.2),
)  # pixels
_DIRECTIONS = 28


def lit_share(vertices: Tensor, corners: Tensor, direction: Tensor) -> Tensor:
    """(N,) 0 in the shadow to 1 in the light that comes from a direction (unit, towards the light)."""
    up = torch.tensor([0.0, 1.0, 0.0] if abs(float(direction[1])) < 0.9 else [1.0, 0.0, 0.0], device=vertices.device)
    right = torch.nn.functional.normalize(cross(up, direction), dim=0)
    upwards = cross(direction, right)
    high = vertices[vertices[:, 1] > _LOWEST]
    across, along = vertices @ right, vertices @ upwards
    low_x, low_y = (high @ right).amin(), (high @ upwards).amin()
    scale = (_SIZE - 5) / torch.maximum((high @ right).amax() - low_x, (high @ upwards).amax() - low_y)
    toward = vertices @ direction
    toward = toward - toward.amin() + 1
    column, row = (across - low_x) * scale + 2, _SIZE - 3 - (along - low_y) * scale
    fragments = rasterise(torch.stack([column, row, toward], 1), corners, _SIZE)
    depth = torch.zeros(_SIZE * _SIZE, device=vertices.device)
    depth[fragments.pixels] = fragments.nearness
    total = torch.zeros(len(vertices), device=vertices.device)
    for x, y in _TAPS:
        place_x = (column + x).round().long().clamp(0, _SIZE - 1)
        place_y = (row + y).round().long().clamp(0, _SIZE - 1)
        total += depth.index_select(0, place_y * _SIZE + place_x) < toward + _BIAS
    return total / len(_TAPS)


def openness(vertices: Tensor, normals: Tensor, corners: Tensor) -> Tensor:
    """(N,) share of the light that falls evenly from all around and is not held off by the figure itself."""
    number = np.arange(_DIRECTIONS) + 0.5
    height, angle = 1 - 2 * number / _DIRECTIONS, np.pi * (1 + 5**0.5) * number  # spread evenly: a Fibonacci spiral
    flat = np.sqrt(1 - height**2)
    spread = np.stack([flat * np.cos(angle), height, flat * np.sin(angle)], 1)
    reached = torch.zeros(len(vertices), device=vertices.device)
    possible = torch.full_like(reached, 1e-6)
    for each in torch.tensor(spread, dtype=torch.float32, device=vertices.device):
        if float(each[1]) < -0.75:
            continue  # the body is there
        slope = (normals @ each).clamp(min=0)
        reached += slope * lit_share(vertices, corners, each)
        possible += slope
    return _smoothed(_smoothed(reached / possible, corners), corners)


def _smoothed(values: Tensor, corners: Tensor) -> Tensor:
    """(N,) the mean of each vertex's triangles: the grain of coarse depth maps goes."""
    means = values[corners].mean(1)
    total, count = values.clone(), torch.ones_like(values)
    for corner in corners.T:
        total.index_add_(0, corner, means)
        count.index_add_(0, corner, torch.ones_like(means))
    return total / count
