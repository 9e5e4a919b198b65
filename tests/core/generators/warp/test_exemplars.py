# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hidden cells have their like, and how pieces of a picture are put together."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.warp.fill.exemplars import find_pieces, grown
from core.generators.warp.fill.quilt import copy_pieces, even_out

SIDE = 120


def _stripes() -> np.ndarray:
    rows = np.arange(SIDE) % 20 < 8
    return np.where(rows[:, None, None], (200, 60, 40), (70, 110, 150)).repeat(SIDE, axis=1).astype(np.uint8)


def _hole() -> np.ndarray:
    hidden = np.zeros((SIDE, SIDE), bool)
    hidden[35:90, 40:85] = True
    return hidden


def _own() -> np.ndarray:
    return np.moveaxis(np.indices((SIDE, SIDE), np.int32), 0, 2)


def test_every_hidden_cell_has_a_seen_one_like_it() -> None:
    picture, hidden = _stripes(), _hole()
    covered = np.where(hidden[..., None], np.uint8(0), picture)
    doubtful = grown(hidden, 3)
    places = find_pieces(covered, hidden, doubtful)
    assert places is not None
    assert np.array_equal(places[~hidden], _own()[~hidden])
    rows, columns = places[hidden].T
    assert not doubtful[rows, columns].any()
    assert (picture[rows, columns] == picture[hidden]).all(1).mean() > 0.9


def test_without_anything_to_be_seen_there_are_no_pieces() -> None:
    hidden = np.ones((SIDE, SIDE), bool)
    hidden[:, :5] = False
    assert find_pieces(_stripes(), hidden, hidden) is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_pieces_are_copied_at_full_size(kind: type) -> None:
    large = np.random.default_rng(3).integers(0, 200, (3 * SIDE, 3 * SIDE, 4)).astype(kind)
    places, wanted = _own().copy(), np.zeros((3 * SIDE, 3 * SIDE), bool)
    places[30:80, 30:80, 1] += 35
    wanted[120:180, 120:180] = True
    nothing = np.zeros((SIDE, SIDE, 4), np.float32)
    copied = copy_pieces(large, places, nothing, wanted)
    assert copied.dtype == kind
    assert np.array_equal(copied[~wanted], large[~wanted])
    assert np.allclose(copied[120:180, 120:180], large[120:180, 225:285], atol=1e-3)
    brighter = copy_pieces(large, places, nothing + 5, wanted)
    assert np.allclose(brighter[wanted], copied[wanted] + 5, atol=1e-3)
    bright = np.full_like(large, 255 if kind == np.uint8 else 65535)
    if kind != np.float32:
        assert np.array_equal(copy_pieces(bright, places, nothing + 5, wanted), bright)


def test_a_small_step_goes_and_a_large_one_stays() -> None:
    small = np.full((SIDE, SIDE, 3), 100, np.float32)
    small[:, :30] = 104  # from here the hole is filled
    small[:, 100:] = 220
    hidden, places = _hole(), _own().copy()
    places[hidden] = places[hidden] % [SIDE, 20]
    added = even_out(small, places, hidden)
    assert not added[~hidden].any()
    assert np.abs(small[places[..., 0], places[..., 1]] + added - 100)[hidden].max() < 1.5
    places[..., 1] = np.where(hidden, 100 + places[..., 1] % 20, places[..., 1])
    assert np.abs(even_out(small, places, hidden)).max() < 60  # of 120
