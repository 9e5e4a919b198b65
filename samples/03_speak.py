# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a portrait speak with a recorded voice, and nod while it does.

    python samples/03_speak.py face.jpg voice.wav --text words.txt -o out/speaks

Without a text, and in other languages than English, the mouth follows the sounds that are heard.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.drivers import SoundDriver
from core.job import Job, PortraitSource
from core.motion.preset import load_preset
from core.run import run_job
from core.speech.amounts import Amounts


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portrait", type=Path)
    parser.add_argument("voice", type=Path, help="a sound file, or a movie with sound")
    parser.add_argument("--text", type=Path, help="what is said, in English")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a folder for frames, or a file ending in .mp4"
    )
    options = parser.parse_args()
    nod = load_preset("nod", Fraction(25))  # what is keyed by hand would be added in the same way
    driver = SoundDriver(options.voice, nod.fps, frames=nod.frames, text_path=options.text, amounts=Amounts(head=0))
    job = Job(PortraitSource(options.portrait), driver, options.output, keys=nod)
    run_job(job, lambda event: print(event.get("message", event.get("path", event["event"]))))


if __name__ == "__main__":
    main()
