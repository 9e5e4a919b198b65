# SPDX-License-Identifier: GPL-3.0-or-later
"""What geometry needs of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import normalize

from ..motion.pose import head_rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_UP = np.array([[1.0], [-1.0], [1.0]])


def smoothstep(start: float, end: float, values: Tensor) -> Tensor:
    """0 up to `start`, 1 from `end` on, smooth between; also downwards."""
    t = ((values - start) / (end - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def length(vectors: Tensor) -> Tensor:
    """(...,) of (..., C)."""
    return (vectors * vectors).sum(-1).sqrt()


def cross(first: Tensor, second: Tensor) -> Tensor:
    """(..., 3) the vector that stands on both."""
    return torch.linalg.cross(first, second)  # pyright: ignore[reportUnknownVariableType] - torch does not tell it


def vertex_normals(vertices: Tensor, corners: Tensor) -> Tensor:
    """(V, 3) unit normals: the mean of the triangles around a vertex, weighted by their areas."""
    first, second, third = (vertices.index_select(0, corner) for corner in corners.T)
    across = cross(second - first, third - first)
    normals = torch.zeros_like(vertices)
    for corner in corners.T:
        normals.index_add_(0, corner, across)
    return normalize(normals, dim=1)


def rotation(yaw: float, pitch: float, roll: float, device: torch.device | str = "cpu") -> Tensor:
    """(3, 3) of a head's angles in degrees: `head_rotation` where y points up."""
    return torch.tensor(_UP * head_rotation(yaw, pitch, roll) * _UP.T, dtype=torch.float32, device=device)


def to_numpy(values: Tensor) -> NDArray[Any]:
    """The same numbers for numpy."""
    return values.cpu().numpy()  # pyright: ignore[reportUnknownVariableType] - torch does not tell it
