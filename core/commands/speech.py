# SPDX-License-Identifier: GPL-3.0-or-later
"""`speech`: a voice drives the mouth."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..speech.amounts import Amounts
from .values import amount, frame_rate

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent

HELP = "make controls from a voice: the mouth speaks what is heard"
_AMOUNTS = {
    "loudness": "how far loud speech opens the jaw more than quiet speech",
    "blinks": "how many of them",
    "gaze": "how far it jumps aside",
    "brows": "how far they rise with the accents",
    "head": "how far it moves",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Controls from a voice. The models are English: the words of an English transcript are aligned with the sound; "
        "without one, and in other languages, the mouth follows the phones that are heard, which is less exact."
    )
    parser.add_argument("sound", type=Path, help="a sound file, or a movie with sound")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="C.json", help=".json or .csv")
    parser.add_argument("--text", type=Path, metavar="T.txt", help="what is said, in English")
    parser.add_argument("--fps", type=frame_rate, default=Fraction(25), metavar="N", help="25, 30000/1001 ...")
    for name, told in _AMOUNTS.items():
        usual = getattr(Amounts, name)
        parser.add_argument(
            f"--{name}", type=amount, default=usual, metavar="0..1", help=f"{told} ({usual} if not given)"
        )


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Make them."""
    from ..motion.capture_files import check_output, write_controls
    from ..speech.listen import listen
    from ..speech.perform import perform
    from ..speech.transcript import load_transcript

    amounts = Amounts(**{name: getattr(options, name) for name in _AMOUNTS})
    check_output(options.output)
    words = None if options.text is None else load_transcript(options.text)
    track = perform(listen(options.sound, words, options.fps, tell), options.fps, amounts)
    write_controls(options.output, track)
    tell({"event": "done", "frames": track.frames, "output": str(options.output)})
