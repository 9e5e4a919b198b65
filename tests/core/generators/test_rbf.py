# SPDX-License-Identifier: GPL-3.0-or-later
"""Bumps about scattered places have the values that they are asked to have, and reach no farther than told."""

from __future__ import annotations

import numpy as np

from core.generators.warp.rbf import bump, bump_weights

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
