# SPDX-License-Identifier: GPL-3.0-or-later
"""The z-buffer gives what a plain loop over pixels and triangles gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch")

from core.data.rasterise import rasterise  # noqa: E402

SIZE = 24


def _plainly(points: Any, corners: Any) -> dict[int, int]:
    """Pixel -> triangle, by a loop."""
    seen: dict[int, tuple[float, int]] = {}
    for number, corner in enumerate(corners):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = points[corner]
        area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
        if area <= 0:
            continue
        for row in range(SIZE):
            for column in range(SIZE):
                second = ((cx - ax) * (row - ay) - (cy - ay) * (column - ax)) / area
                third = ((by - ay) * (column - ax) - (bx - ax) * (row - ay)) / area
                if min(second, third, 1 - second - third) < 0:
                    continue
                nearness = az + second * (bz - az) + third * (cz - az)
                pixel = row * SIZE + column
                if pixel not in seen or nearness > seen[pixel][0]:
                    seen[pixel] = nearness, number
    return {pixel: number for pixel, (_, number) in seen.items()}


def test_random_triangles_are_seen_as_by_a_loop() -> None:
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-6, SIZE + 6, (60, 2)), rng.uniform(0.01, 0.1, 60)])
    corners = rng.integers(0, 60, (40, 3))
    found = rasterise(torch.tensor(points, dtype=torch.float32), torch.tensor(corners), SIZE)
    wanted = _plainly(points, corners)
    got = dict(zip(found.pixels.tolist(), found.triangles.tolist(), strict=True))
    same = sum(got.get(pixel) == number for pixel, number in wanted.items())
    assert len(wanted) > 300
    assert same >= 0.99 * len(wanted)  # but for pixels whose middle is on an edge
    assert len(got.keys() - wanted.keys()) <= 3


def test_values_are_interpolated_in_perspective() -> None:
    """A floor that recedes: depth along it is not linear on the picture, 1 / depth is."""
    floor = torch.tensor([[-10.0, 23.0, 1.0], [34.0, 23.0, 1.0], [12.0, 0.0, 0.1]])
    depth = 1 / floor[:, 2:]
    found = rasterise(floor, torch.tensor([[0, 1, 2]]), SIZE)
    rows = found.pixels.div(SIZE, rounding_mode="floor")
    wanted = 1 / (0.1 + 0.9 * rows / 23)
    torch.testing.assert_close(found.read(depth, torch.tensor([[0, 1, 2]]))[:, 0], wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.nearness, 1 / wanted, rtol=1e-4, atol=1e-5)


def test_neighbours_leave_no_gap_and_backs_are_not_seen() -> None:
    square = torch.tensor([[2.3, 3.1, 1], [2.9, 19.7, 1], [18.2, 20.4, 1], [17.1, 2.2, 1.0]])
    corners = torch.tensor([[0, 1, 2], [0, 2, 3]])
    inside = rasterise(square, corners, SIZE).pixels
    picture = torch.zeros(SIZE * SIZE, dtype=torch.bool)
    picture[inside] = True
    for row in picture.reshape(SIZE, SIZE):
        filled = row.nonzero()[:, 0]
        assert not len(filled) or len(filled) == filled[-1] - filled[0] + 1
    assert len(inside) > 240
    assert not len(rasterise(square, corners[:, [0, 2, 1]], SIZE).pixels)


def test_what_is_beside_the_picture_or_behind_the_camera_is_left_out() -> None:
    beside = torch.tensor([[-9.0, 0, 1], [-9, 9, 1], [-1, 9, 1]])
    behind = torch.tensor([[2.0, 2, -1], [2, 20, 1], [20, 20, 1]])
    for points in (beside, behind):
        assert not len(rasterise(points, torch.tensor([[0, 1, 2]]), SIZE).pixels)


def test_of_equally_near_ones_the_first_is_seen() -> None:
    points = torch.tensor([[2.0, 2, 1], [2, 20, 1], [20, 20, 1]])
    assert set(rasterise(points, torch.tensor([[0, 1, 2]] * 3), SIZE).triangles.tolist()) == {0}
