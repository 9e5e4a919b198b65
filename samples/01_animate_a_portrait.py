# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a portrait by controls: she turns her head, blinks and says ah.

    python samples/01_animate_a_portrait.py face.jpg -o out/animated

Run it with the environment that `python build.py setup` makes. The frames lie in the output folder.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.job import Job, PortraitSource
from core.motion.controls import ControlTrack
from core.run import run_job

FRAMES = 20


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portrait", type=Path)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a folder for frames, or a file ending in .mp4"
    )
    options = parser.parse_args()
    there_and_back = np.sin(np.linspace(0, np.pi, FRAMES)).astype(np.float32)
    controls = ControlTrack(
        Fraction(25),
        {
            "headYaw": 15 * there_and_back,  # degrees
            "jawOpen": 0.6 * there_and_back,  # from 0 to 1
            "eyeBlinkLeft": there_and_back**8,
            "eyeBlinkRight": there_and_back**8,
        },
    )
    job = Job(PortraitSource(options.portrait), controls, options.output)
    run_job(job, lambda event: print(event.get("message", event.get("path", event["event"]))))


if __name__ == "__main__":
    main()
