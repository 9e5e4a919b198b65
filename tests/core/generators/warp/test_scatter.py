# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np

from core.generators.warp.fill.scatter import scattered


def test_there_is_more_of_the_same_texture_and_no_pattern() -> None:
    noise = np.random.default_rng(1).normal(0, 10, (24, 21, 3)).astype(np.float32)
    grain = noise + np.roll(noise, 1, axis=1)  # of a length, as brush strokes have
    grain -= grain.mean((0, 1))
    more = scattered(grain, 150, 90)
    assert more.shape == (150, 90, 3)
    assert abs(more.std() / grain.std() - 1) < 0.1

    def likeness(picture: np.ndarray, down: int, across: int) -> float:
        moved = np.roll(picture, (down, across), axis=(0, 1))
        return float((picture * moved)[24:-24, 24:-24].mean() / picture.var())

    assert abs(likeness(more, 0, 1) - 0.5) < 0.1
    assert max(abs(likeness(more, down, across)) for down in (0, 6, 12, 24) for across in (6, 12, 21)) < 0.15
    assert np.array_equal(more, scattered(grain, 150, 90))


def test_a_piece_of_one_pixel_is_enough() -> None:
    assert np.isfinite(scattered(np.zeros((2, 2, 4), np.float32), 5, 3)).all()
