# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a person in a movie drive a portrait, and keep the performance as controls that can be changed.

python samples/02_perform_a_portrait.py face.jpg performance.mp4 -o out/performed --controls out/performance.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.drivers import PerformanceDriver
from core.job import Job, PortraitSource
from core.motion.amounts import WHOLE, RegionAmounts
from core.run import run_job, write_performance


def main() -> None:
    """Read the command line, find the controls and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portrait", type=Path)
    parser.add_argument("movie", type=Path, help="a movie with a face, or a capture file")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a folder for frames, or a file ending in .mp4"
    )
    parser.add_argument("--controls", type=Path, help="the performance as controls, .json or .csv")
    parser.add_argument("--head", type=float, default=1.0, help="how much of the head's motion, 0 to 1")
    options = parser.parse_args()

    def tell(event: dict) -> None:
        print(event.get("message", event.get("path", event["event"])))

    driver = PerformanceDriver(options.movie, neutral_frame=None)  # the frame in which the face rests is found
    if options.controls:
        write_performance(driver, WHOLE, None, options.controls, tell)
    amounts = RegionAmounts(head=options.head)
    run_job(Job(PortraitSource(options.portrait), driver, options.output, amounts=amounts), tell)


if __name__ == "__main__":
    main()
