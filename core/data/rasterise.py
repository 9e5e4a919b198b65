# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a mesh is seen where: a z-buffer in batched tensor operations, the same on CPU and GPU.

All triangles are cut into rows of pixels at once, and all rows into pixels. Of the triangles that cover a pixel the
nearest wins, and of equally near ones the first, so that the result never depends on the order of the work.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

_EDGE = 1e-3  # pixels: no gap between neighbours by rounding
_STEEP = 1e-12  # weight a pixel: edges along a row have no place where they cross it
_NUMBER = (1 << 32) - 1
_NOTHING = (1 << 63) - 1
_INFINITY_BITS = 0x7F800000


@dataclass(frozen=True)
class Fragments:
    """The pixels in which something is seen, in ascending order."""

    pixels: Tensor  # (P,) row * width + column
    triangles: Tensor  # (P,) which triangle is seen there
    weights: Tensor  # (P, 3) of its corners, correct in perspective
    nearness: Tensor  # (P,) 1 / depth

    def read(self, values: Tensor, corners: Tensor) -> Tensor:
        """Interpolate (V, C) values of vertices; `corners` (T, 3) are the triangles. Gives (P, C)."""
        seen = corners.index_select(0, self.triangles)
        first, second, third = (
            values.index_select(0, seen[:, corner]) * self.weights[:, corner, None] for corner in range(3)
        )
        return first + second + third


def rasterise(points: Tensor, corners: Tensor, size: int) -> Fragments:
    """Which triangle is seen in each pixel of a square picture.

    `points` (V, 3): column and row in pixels (whole numbers are the middles of pixels), and 1 / depth. `corners`
    (T, 3): anticlockwise where their front is seen; those seen from behind are left out.
    """
    planes = _planes(points, corners, size)
    nearest = torch.full((size * size,), _NOTHING, dtype=torch.int64, device=points.device)
    _draw(nearest, planes, size)
    pixels = (nearest != _NOTHING).nonzero()[:, 0]
    seen = planes.of(nearest.index_select(0, pixels) & _NUMBER)
    x, y = pixels % size - seen.x, pixels.div(size, rounding_mode="floor") - seen.y
    second, third = x * seen.second_x + y * seen.second_y, x * seen.third_x + y * seen.third_y
    nearness = seen.nearness + second * seen.second_rise + third * seen.third_rise
    at_corners = (seen.nearness, seen.nearness + seen.second_rise, seen.nearness + seen.third_rise)
    flat = (1 - second - third, second, third)
    weights = torch.stack([weight * at / nearness for weight, at in zip(flat, at_corners, strict=True)], 1)
    return Fragments(pixels, seen.number, weights, nearness)


@dataclass(frozen=True)
class _Planes:
    """Triangles whose front may be seen; all are (T,). Weights and 1 / depth are linear on the picture."""

    number: Tensor  # among all triangles
    left: Tensor  # first and last column that it may cover
    right: Tensor
    top: Tensor  # first row that it may cover
    height: Tensor  # number of rows
    x: Tensor  # column and row of its first corner, and 1 / depth there
    y: Tensor
    nearness: Tensor
    second_x: Tensor  # slopes of the second corner's weight
    second_y: Tensor
    third_x: Tensor  # and of the third's
    third_y: Tensor
    second_rise: Tensor  # of 1 / depth, from the first corner to the second
    third_rise: Tensor  # and to the third

    def of(self, chosen: Tensor) -> _Planes:
        return _Planes(*(getattr(self, field.name).index_select(0, chosen) for field in fields(self)))


def _planes(points: Tensor, corners: Tensor, size: int) -> _Planes:
    x, y, nearness = ([line.index_select(0, corner) for corner in corners.T] for line in points.T.contiguous())
    across_x, across_y, down_x, down_y = x[1] - x[0], y[1] - y[0], x[2] - x[0], y[2] - y[0]
    area = down_x * across_y - across_x * down_y  # positive for the front: rows grow downwards
    left, top = (_least(line).ceil().clamp(min=0) for line in (x, y))
    right, bottom = (_most(line).floor().clamp(max=size - 1) for line in (x, y))
    number = ((area > 0) & (right >= left) & (bottom >= top) & (_least(nearness) > 0)).nonzero()[:, 0]
    scale = -1 / area
    all_of_them = _Planes(
        torch.arange(len(corners), device=points.device),
        left,
        right,
        top,
        (bottom - top + 1).long(),
        x[0],
        y[0],
        nearness[0],
        down_y * scale,
        -down_x * scale,
        -across_y * scale,
        across_x * scale,
        nearness[1] - nearness[0],
        nearness[2] - nearness[0],
    )
    return all_of_them.of(number)


def _draw(nearest: Tensor, planes: _Planes, size: int) -> None:
    """Put the triangles into the z-buffer."""
    of, place = _spread(planes.height)
    rows = planes.of(of)  # each row of each triangle
    row = rows.top + place
    y = row - rows.y
    # On a row each weight grows or falls with the column: it is not negative from or up to where it crosses 0.
    low, high = rows.left, rows.right
    for start, slope_x, slope_y in (
        (0, rows.second_x, rows.second_y),
        (0, rows.third_x, rows.third_y),
        (1, -rows.second_x - rows.third_x, -rows.second_y - rows.third_y),
    ):
        grows = slope_x >= 0
        steep = torch.where(grows, slope_x.clamp(min=_STEEP), slope_x.clamp(max=-_STEEP))
        crossing = rows.x - (start + slope_y * y) / steep
        low = torch.where(grows, torch.maximum(low, crossing - _EDGE), low)
        high = torch.where(grows, high, torch.minimum(high, crossing + _EDGE))
    low, high = low.ceil(), high.floor()
    slope_x = rows.second_x * rows.second_rise + rows.third_x * rows.third_rise
    slope_y = rows.second_y * rows.second_rise + rows.third_y * rows.third_rise
    at_low = rows.nearness + (low - rows.x) * slope_x + y * slope_y

    in_row, step = _spread((high - low + 1).clamp(min=0).long())
    nearness = at_low.index_select(0, in_row) + slope_x.index_select(0, in_row) * step
    pixels = (row * size + low).long().index_select(0, in_row) + step
    # Bits of positive floats are in the order of their values; the nearest has the least key.
    farness = _INFINITY_BITS - nearness.clamp(min=0).view(torch.int32).long()
    nearest.scatter_reduce_(0, pixels, (farness << 32) | of.index_select(0, in_row), "amin")


def _spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For (N,) counts of parts: which one each part is of, and the how many-th it is there."""
    of = torch.repeat_interleave(counts)
    starts = counts.cumsum(0) - counts
    return of, torch.arange(len(of), device=of.device) - starts.index_select(0, of)


def _least(line: list[Tensor]) -> Tensor:
    return torch.minimum(torch.minimum(line[0], line[1]), line[2])


def _most(line: list[Tensor]) -> Tensor:
    return torch.maximum(torch.maximum(line[0], line[1]), line[2])
