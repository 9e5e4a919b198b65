# SPDX-License-Identifier: GPL-3.0-or-later
"""Move two faces of one picture, each by a preset of its own.

    python samples/07_two_faces.py friends.jpg -o out/friends

The frames of the first face are what the second one is drawn in.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.drivers import PresetDriver
from core.job import Job, PortraitSource
from core.run import run_job

PRESETS = ("nod", "wink")  # of the largest face, and of the next


def main() -> None:
    """Read the command line and draw twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder for frames")
    parser.add_argument("--frames", type=int, default=40)
    options = parser.parse_args()
    shown = options.picture
    for index, preset in enumerate(PRESETS):
        folder = options.output / f"face_{index}"
        driver = PresetDriver(preset, Fraction(25), frames=options.frames)
        run_job(Job(PortraitSource(shown, face_index=index), driver, folder), lambda _: None)
        print(f"{preset} of face {index}: {folder}")
        shown = folder


if __name__ == "__main__":
    main()
