# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields beside an opening: what an edge adds to its skin."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.warp.face_field import _fading
from core.generators.warp.rbf import bump, bump_weights


@pytest.mark.parametrize("away", [0.3, 1.0, 4.0])
def test_an_edge_that_moves_beside_a_point_that_stays_does_not_swing_over(away: float) -> None:
    edge = np.column_stack([np.arange(0.0, 41, 5), np.zeros(9)])
    moves = np.tile([0.0, 4.0], (9, 1))
    still = np.array([[11.0, -away], [0.0, -25.0], [40.0, -25.0]])
    values = np.concatenate([moves, _fading(moves, edge, still)])
    centres, per_radius = np.concatenate([edge, still]), 1 / 36
    weights = bump_weights(centres, values, per_radius)
    near = [
        sum(
            bump((x - a) * per_radius, (y - b) * per_radius) * weight
            for (a, b), weight in zip(centres, weights[:, 1], strict=True)
        )
        for x in range(0, 41, 2)
        for y in range(-25, 1)
    ]
    assert max(near) < 1.1 * 4
    assert min(near) > -0.3 * 4
    assert values[-2:] == pytest.approx(0)  # who is far enough stays
