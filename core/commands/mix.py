# SPDX-License-Identifier: GPL-3.0-or-later
"""`mix`: one performance put over another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from .values import amount, frame_rate, region

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent
    from ..motion.controls import ControlTrack

HELP = "put the channels of one controls file over those of another"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("base", type=Path, metavar="A.json", help="tells the frame rate")
    parser.add_argument("over", type=Path, metavar="B.json", help="what is put over it")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="C.json", help=".json or .csv")
    parser.add_argument("--regions", nargs="+", type=region, metavar="REGION", help="of B that count: head, eyes, ...")
    parser.add_argument("--amount", type=amount, default=1.0, metavar="0..1", help="how far B replaces A, or is added")
    parser.add_argument("--add", action="store_true", help="add what B does instead of replacing A by it")
    parser.add_argument("--loop", action="store_true", help="the shorter one begins again; else its end is held")
    parser.add_argument("--fps", type=frame_rate, metavar="RATE", help="such as 25, 29.97 or 30000/1001")


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Mix them."""
    from ..motion.capture_files import write_controls
    from ..motion.controls import REGIONS
    from ..motion.mixing import mix

    base, over = (_controls(path, options, tell) for path in (options.base, options.over))
    regions = options.regions or REGIONS
    mixed = mix(base, over, regions=regions, amount=options.amount, add=options.add, loop=options.loop)
    write_controls(options.output, mixed)
    tell({"event": "done", "frames": mixed.frames, "output": str(options.output)})


def _controls(path: Path, options: argparse.Namespace, tell: OnEvent) -> ControlTrack:
    from ..motion.capture_files import read_capture
    from ..motion.controls import ControlTrack

    capture = read_capture(path, options.fps)
    if not isinstance(capture.content, ControlTrack):
        raise BadInputError(f"{path}: holds landmarks; `capture` finds their controls.")
    controls, told = capture.content.clamped()
    for message in (*capture.told, *told):
        tell({"event": "warning", "message": message})
    return controls
