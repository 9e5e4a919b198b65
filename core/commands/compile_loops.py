# SPDX-License-Identifier: GPL-3.0-or-later
"""`compile`: do once what the first frames on a computer would wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent

HELP = "compile for this computer what else the first frames wait for"


def add_options(parser: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def run(options: argparse.Namespace, tell: OnEvent) -> None:  # noqa: ARG001
    """Compile it."""
    from ..run import prepare_computer

    prepare_computer(tell)
