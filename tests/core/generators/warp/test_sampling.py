# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels are read between pixels without inventing light that is below zero or colours that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.warp.fields.curves import smooth_loop
from core.generators.warp.pixels.sampling import sample

WHITE = {"uint8": 255, "uint16": 65535, "float32": 40.0}  # the last one is a lamp


def _positions(by: float) -> np.ndarray:
    return np.dstack(np.meshgrid(np.arange(8, dtype=np.float32) + by, np.arange(8, dtype=np.float32))).astype(
        np.float32
    )


@pytest.mark.parametrize("kind", WHITE)
def test_no_dark_rim_beside_a_bright_light(kind: str) -> None:
    pixels = np.zeros((8, 8, 3), kind)
    pixels[:, 4:] = WHITE[kind]
    assert np.array_equal(sample(pixels, _positions(0)), pixels)
    between = sample(pixels, _positions(0.5))
    assert between.min() >= 0
    assert between.max() > 0.9 * WHITE[kind]


def test_negative_light_of_a_file_stays() -> None:
    pixels = np.full((8, 8, 3), -0.25, np.float32)
    np.testing.assert_allclose(sample(pixels, _positions(0.5)), pixels)


@pytest.mark.parametrize("kind", WHITE)
def test_an_invisible_pixels_colour_does_not_bleed(kind: str) -> None:
    pixels = np.zeros((8, 8, 4), kind)
    pixels[..., :3], pixels[:, 4:, :3] = 0, WHITE[kind]  # white where it is seen, black where it is not
    pixels[:, 4:, 3] = 1 if kind == "float32" else WHITE[kind]
    half = sample(pixels, _positions(0.5))
    seen = half[..., 3] > 0.1 * pixels[..., 3].max()
    assert seen.any()
    assert half[seen][:, :3].min() > 0.98 * WHITE[kind]


def test_a_loop_through_points_at_unequal_distances_has_no_bumps() -> None:
    angle = np.radians([0, 60, 75, 90, 180, 250, 265, 280])
    loop = smooth_loop(np.column_stack([np.cos(angle), np.sin(angle)]))
    assert np.allclose(loop[:-1:8], np.column_stack([np.cos(angle), np.sin(angle)]))
    along = np.diff(loop, axis=0, append=loop[1:2])
    turns = along[:-1, 0] * along[1:, 1] - along[:-1, 1] * along[1:, 0]
    assert (turns > 0).all()
