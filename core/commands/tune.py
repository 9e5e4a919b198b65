# SPDX-License-Identifier: GPL-3.0-or-later
"""`tune`: learn a person from a few pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .values import minutes

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent

HELP = "learn a person from a few pictures, for the generator few_shot"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("pictures", nargs="+", type=Path,
                        help="pictures, folders of pictures, or movies of one person")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PERSON.safetensors")
    parser.add_argument("--checkpoint", type=Path, metavar="C.safetensors",
                        help="trained networks to start from; those that ship if not given")  # fmt: skip
    parser.add_argument("--minutes", type=minutes, default=4.0, help="how long it may learn")


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Learn, and write the person file."""
    from ..training.learn_person import learn_person

    learn_person(options.pictures, options.output, tell, options.checkpoint, minutes=options.minutes)
