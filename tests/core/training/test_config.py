# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations: those that ship can be read, and what is wrong with one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInputError

pytest.importorskip("torch", reason="training needs core/requirements-torch.txt")
from core.training.config import load_config

if TYPE_CHECKING:
    from pathlib import Path


def test_the_paper_s_numbers(tiny: Path) -> None:
    config = load_config(tiny.with_name("paper.toml"))
    assert (config.network.kind, config.network.width, config.network.embedding) == ("paper", 64, 512)
    assert (config.network.size, config.episodes.references) == (256, 8)
    optimiser = config.optimiser
    assert (optimiser.generator_rate, optimiser.discriminator_rate, optimiser.discriminator_steps) == (5e-5, 2e-4, 2)
    assert (config.losses.vgg19, config.losses.vggface, config.losses.features) == (1e-2, 2e-3, 10)


@pytest.mark.parametrize("name", ["hybrid", "hybrid_cpu", "tiny"])
def test_the_others_are_hybrids(tiny: Path, name: str) -> None:
    config = load_config(tiny.with_name(f"{name}.toml"))
    assert config.network.kind == "hybrid"
    assert config.episodes.warps > 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("seed = 1\n", "seed = 1\nsead = 2\n"), "Unknown: sead"),
        (("workers = 0\n", ""), "Missing: run.workers"),
        (("batch = 2", 'batch = "two"'), "episodes.batch is 'two'; a whole number"),
        (("batch = 2", "batch = 0"), "batch is 0; at least 1"),
        (("generator_rate = 5e-5", "generator_rate = -1"), "optimiser.generator_rate is -1.0; a number, 0 or more"),
        (("attention = true", "attention = 1"), "network.attention is 1; true or false"),
        (("average = 0.999", "average = 1"), "average is 1.0; less than 1"),
        (('precision = "auto"', 'precision = "half"'), "precision is 'half'; one of auto, float32, bfloat16"),
        (("warps = 2", "warps = 0"), "episodes.warps is 0: the hybrid needs"),
        (('kind = "hybrid"', 'kind = "magic"'), "'magic'"),
        (("seed = 1", "seed ="), "TOML"),
    ],
)
def test_what_is_wrong_is_named(tiny: Path, tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path, text = tmp_path / "mine.toml", tiny.read_text("utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change, 1), "utf-8")
    with pytest.raises(BadInputError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.toml: there is no such file"):
        load_config(tmp_path / "none.toml")
