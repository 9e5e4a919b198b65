# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a person in a movie say something else: the mouth is replaced, all else stays as it was filmed.

python samples/06_change_footage.py movie.mp4 new_voice.wav -o out/dubbed
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.drivers import SoundDriver
from core.job import Job, PortraitSource
from core.media.video import open_video
from core.run import run_job
from core.speech.amounts import Amounts


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("movie", type=Path)
    parser.add_argument("voice", type=Path, help="a sound file, or a movie with sound")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a folder for frames, or a file ending in .mp4"
    )
    parser.add_argument("--frames", type=int, help="so many, from the first on")
    options = parser.parse_args()
    with open_video(options.movie) as (fps, _, _):
        mouth_only = Amounts(blinks=0, gaze=0, brows=0, head=0)
        driver = SoundDriver(options.voice, fps, frames=options.frames, amounts=mouth_only)
    job = Job(PortraitSource(options.movie), driver, options.output, replace=("mouth",))
    run_job(job, lambda event: print(event.get("message", event.get("path", event["event"]))))


if __name__ == "__main__":
    main()
