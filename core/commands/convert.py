# SPDX-License-Identifier: GPL-3.0-or-later
"""`convert`: a capture file, or a preset, in another form."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from .values import frame_rate

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent
    from ..motion.capture_files import Capture

HELP = "write a capture file or a preset in another form, by the file's ending"
_PRESET = "preset:"
_PRESET_RATE = Fraction(25)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("source", help="a capture file, preset:NAME of those that ship, or preset:FILE.json")
    parser.add_argument("output", type=Path, help=".json or .csv for controls, .json or .npz for landmarks")
    parser.add_argument("--live-link", action="store_true", help="write the CSV as Live Link Face does")
    parser.add_argument("--face-index", "--face", type=int, default=0, metavar="N", help="of several faces, from 0")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="of a preset: how strong it is")
    parser.add_argument("--seconds", type=float, metavar="S", help="of a preset that loops: how long it plays")
    parser.add_argument("--fps", type=frame_rate, metavar="RATE", help="such as 25, 29.97 or 30000/1001")


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Read and write it."""
    from ..landmarks.track import LandmarkTrack, save_track
    from ..motion.capture_files import write_controls

    capture = _read(options)
    for message in capture.told:
        tell({"event": "warning", "message": message})
    if isinstance(capture.content, LandmarkTrack):
        if options.output.suffix.lower() not in (".json", ".npz"):
            raise BadInputError(
                f"{options.source}: holds landmarks; write them to .npz or .json, or find their controls (`capture`)."
            )
        save_track(options.output, capture.content)
    else:
        controls, told = capture.content.clamped()
        for message in (*told, *write_controls(options.output, controls, as_live_link=options.live_link)):
            tell({"event": "warning", "message": message})
    tell({"event": "done", "frames": capture.content.frames, "output": str(options.output)})


def _read(options: argparse.Namespace) -> Capture:
    from ..motion.capture_files import Capture, read_capture
    from ..motion.preset import load_preset

    if not options.source.startswith(_PRESET):
        if options.scale != 1 or options.seconds is not None:
            raise BadInputError(f"{options.source}: --scale and --seconds are for presets.")
        return read_capture(Path(options.source), options.fps, options.face_index)
    name = options.source.removeprefix(_PRESET)
    preset = Path(name) if name.lower().endswith(".json") else name
    rate = options.fps or _PRESET_RATE
    return Capture(load_preset(preset, rate, scale=options.scale, seconds=options.seconds))
