# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m core COMMAND`; see `commands`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from .commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Event, OnEvent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input, 3 something missing, 130 cancelled."""
    options = _parser().parse_args(arguments)
    # Before numpy is loaded. Its small systems are solved slower by several threads than by one, and not always
    # with the same last bit; a torch that waits by spinning takes the processor from Blender's window.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if options.command == "worker":
        from .worker import serve

        return serve()
    from .events import report

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may have letters that a console cannot show
    tell: OnEvent = _tell_json if options.progress == "json" else _tell_text
    try:
        return report(partial(COMMANDS[options.command].run, options, tell), tell)
    except (KeyboardInterrupt, SystemError) as error:
        # Numba makes a SystemError of an interrupt that comes while it enters compiled code.
        if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        tell({"event": "cancelled", "frames": None})
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Gioconda: a still portrait set in motion.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        options = commands.add_parser(name, help=command.HELP)
        command.add_options(options)
        options.add_argument("--progress", choices=("text", "json"), default="text")
    commands.add_parser("worker", help="serve Blender: commands on stdin, events on stdout")
    return parser


def _tell_json(event: Event) -> None:
    print(json.dumps(event), flush=True)


def _tell_text(event: Event) -> None:
    """One line for people; errors go to stderr."""
    kind = event["event"]
    if kind == "frame":
        done, total = event["done"], event["total"]
        end = "\n" if done == total or not sys.stdout.isatty() else "\r"
        print(f"Frame {event['frame']}" + (f" ({done} of {total})" if total else ""), end=end, flush=True)
    elif kind in ("error", "warning"):
        print(f"{kind.capitalize()}: {event['message']}", file=sys.stderr)
    elif kind == "stage":
        print(event["message"], flush=True)
    elif kind == "step":
        values = ", ".join(f"{name} {value:.4g}" for name, value in event["values"].items())
        print(f"Step {event['step']} of {event['total']}: {values}", flush=True)
    elif kind == "done":
        frames = event["frames"]
        made = "" if frames is None else f"{frames} frame{'' if frames == 1 else 's'} in "
        print(f"Done: {made}{event['output']}" if event["output"] else "Done")
    elif kind == "cancelled":
        print("Cancelled; what is finished is kept.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
