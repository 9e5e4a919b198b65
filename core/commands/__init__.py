# SPDX-License-Identifier: GPL-3.0-or-later
"""One file for each command of `python -m core`: what it is for, its options, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import animate, capture, compile_loops, convert, data, detect, evaluate, matte, mix, speech, train, tune

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent


class Command(Protocol):
    """A command's file."""

    @property
    def HELP(self) -> str:  # noqa: N802 - a constant of the file
        """What it is for, in a line."""
        ...

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add what the command takes."""
        ...

    @staticmethod
    def run(options: argparse.Namespace, tell: OnEvent) -> None:
        """Do it. Raises GiocondaError."""
        ...


COMMANDS: dict[str, Command] = {
    "animate": animate,
    "capture": capture,
    "speech": speech,
    "convert": convert,
    "mix": mix,
    "detect": detect,
    "matte": matte,
    "data": data,
    "compile": compile_loops,
    "train": train,
    "tune": tune,
    "evaluate": evaluate,
}
