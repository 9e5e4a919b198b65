# SPDX-License-Identifier: GPL-3.0-or-later
"""Splines and bumps about scattered places have the values that they are asked to have."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.warp.fields.rbf import bump, bump_weights, fading, thin_plate

_RADIUS = 30.0


def test_bumps_have_the_values_at_their_centres() -> None:
    random = np.random.default_rng(1)
    centres, values = random.uniform(0, 100, (20, 2)), random.normal(0, 5, (20, 2))
    weights = bump_weights(centres, values, 1 / _RADIUS)
    away = (centres[:, None] - centres) / _RADIUS
    read = np.array([[bump(x, y) for x, y in row] for row in away]) @ weights
    assert np.abs(read - values).max() < 1e-3


def test_centres_that_meet_share_a_value() -> None:
    centres = np.array([[10.0, 10.0], [10.0, 10.0], [40.0, 10.0]])
    values = np.array([[2.0, 0.0], [4.0, 0.0], [0.0, 0.0]])
    assert abs(bump_weights(centres, values, 1 / _RADIUS)[:2, 0].sum() - 3) < 1e-3


def test_a_bump_ends() -> None:
    assert bump(0.0, 0.0) == 1
    assert 0 < bump(0.6, 0.7) < bump(0.3, 0.3) < 1
    assert bump(0.8, 0.7) == bump(-1.0, 0.0) == 0


@pytest.mark.parametrize("away", [0.3, 1.0, 4.0])
def test_an_edge_that_moves_beside_a_point_that_stays_does_not_swing_over(away: float) -> None:
    edge = np.column_stack([np.arange(0.0, 41, 5), np.zeros(9)])
    moves = np.tile([0.0, 4.0], (9, 1))
    still = np.array([[11.0, -away], [0.0, -25.0], [40.0, -25.0]])
    values = np.concatenate([moves, fading(moves, edge, still, 0.5)])
    assert values[-2:] == pytest.approx(0)  # who is far enough stays
    centres = np.concatenate([edge, still])
    weights = bump_weights(centres, values, 1 / _RADIUS)[:, 1]
    x, y = np.meshgrid(np.arange(0.0, 41, 2), np.arange(-25.0, 1))
    places = np.column_stack([x.ravel(), y.ravel()])
    near = [sum(bump(*((place - centres[i]) / _RADIUS)) * weights[i] for i in range(12)) for place in places]
    assert max(near) < 1.1 * 4
    assert min(near) > -0.3 * 4


def test_a_spline_goes_through_its_values_and_is_affine_where_they_are() -> None:
    random = np.random.default_rng(2)
    centres = random.uniform(0, 100, (20, 2))
    values = random.normal(0, 5, (20, 2))
    assert np.abs(thin_plate(centres, values, centres) - values).max() < 1e-3
    far = random.uniform(-200, 300, (7, 9, 2)).astype(np.float32)
    affine = np.array([[0.5, -0.2], [0.1, 0.3]])
    assert np.abs(thin_plate(centres, centres @ affine + [3, -1], far) - (far @ affine + [3, -1])).max() < 1e-2


def test_two_values_are_read_as_each_of_them_is() -> None:
    """Two have a loop of their own, with a logarithm of its own."""
    random = np.random.default_rng(3)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2)
    centres, values = 20 * grid + random.uniform(-5, 5, (30, 2)), random.normal(0, 5, (30, 2))
    points = np.concatenate([random.uniform(-50, 150, (500, 2)), centres]).astype(np.float32)
    both = thin_plate(centres, values, points)
    alone = np.column_stack([thin_plate(centres, values[:, k : k + 1], points) for k in range(2)])
    assert np.abs(both - alone).max() < 5e-3
