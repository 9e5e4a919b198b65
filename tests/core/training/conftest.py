# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards and a configuration so small that a training takes seconds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.data.clips import NewClip, write_warps
from core.data.shards import Shards

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS = Path(__file__).parents[3] / "configs"
SIZE, FRAMES = 64, 5


def _clip(random: np.random.Generator) -> NewClip:
    """Coloured clouds that drift."""
    cloud = cv2.resize(random.integers(0, 256, (8, 8, 3), np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    pictures = [np.roll(cloud, 3 * frame, axis=1) for frame in range(FRAMES)]
    landmarks = random.uniform(0.3 * SIZE, 0.7 * SIZE, (FRAMES, 68, 2)).astype(np.float32)
    return NewClip(pictures, landmarks, Fraction(25), {})


@pytest.fixture(scope="session")
def make_shards(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """make_shards(people=3, warps=2): a folder of one clip each; one person more is held out."""

    def make(people: int = 3, warps: int = 2, held_out: int = 1) -> Path:
        folder = tmp_path_factory.mktemp("shards")
        shards, random = Shards.create(folder, SIZE), np.random.default_rng(people)
        for number in range(people + held_out):
            name = f"person{number}"
            shards.add(name, "train" if number < people else "held_out", "clip", {}, lambda: _clip(random))
            clip = shards.clip(name, "clip")
            if warps:
                references = (np.arange(FRAMES)[:, None] + 1 + np.arange(warps)) % FRAMES
                drawn = [clip.picture(frame) for frame in references.ravel()]
                sure = [np.full((SIZE, SIZE), 50 + 40 * (number % warps), np.uint8) for number in range(len(drawn))]
                write_warps(clip.path, references, drawn, sure)
        shards.save()
        return folder

    return make


@pytest.fixture(scope="session")
def shards(make_shards: Callable[..., Path]) -> Path:
    """Shards of three people with two warps a frame, and of one who is held out."""
    return make_shards()


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The smallest configuration."""
    return CONFIGS / "tiny.toml"
