# SPDX-License-Identifier: GPL-3.0-or-later
"""`matte`: write the mask of what moves with the head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .portrait_options import add_portrait_options, model_files, portrait_source

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent

HELP = "write the mask of what moves with the head, to be seen and painted over"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("portrait", type=Path, help="the picture")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="M.png", help="white is the head")
    add_portrait_options(parser)


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Write it."""
    from ..run import write_matte

    write_matte(portrait_source(options), options.output, tell, model_files(options))
