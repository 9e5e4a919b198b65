# SPDX-License-Identifier: GPL-3.0-or-later
"""`train`: teach a few-shot network from shards of many people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent

HELP = "train a few-shot network, or go on with a training; also under torchrun"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE.toml", help="such as configs/hybrid.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="SHARDS", help="a folder that `core data` made")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN",
                         help="a folder; training goes on from the last state in it")  # fmt: skip
    for name in ("vgg19", "vggface"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE.safetensors",
                            help="weights for the paper's content loss; see docs/training.md")  # fmt: skip
    parser.add_argument("--start", type=Path, metavar="NETWORKS.safetensors",
                         help="trained networks of the same plan to begin with")  # fmt: skip
    parser.add_argument("--steps", type=int, metavar="N", help="how many in all, instead of the configuration's")


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Train it."""
    from ..training.config import load_config
    from ..training.train import train

    vgg = {name: path for name in ("vgg19", "vggface") if (path := getattr(options, name)) is not None}
    config = load_config(options.config)
    train(config, options.data, options.output, tell, steps=options.steps, vgg=vgg, start=options.start)
