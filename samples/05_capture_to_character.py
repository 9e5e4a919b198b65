# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a recording of Live Link Face, halve what the brows do, and write it back for a 3D character.

python samples/05_capture_to_character.py MySlate_1.csv -o out/character.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.motion.amounts import RegionAmounts
from core.motion.capture_files import read_capture, write_controls


def main() -> None:
    """Read the command line, scale and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path, help="Live Link Face, OpenFace, a table or JSON of controls, landmarks")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a table in Live Link Face's form, .csv")
    options = parser.parse_args()
    capture = read_capture(options.capture)
    for message in capture.told:
        print(message)
    controls = RegionAmounts(brows=0.5).scale(capture.controls())
    for message in write_controls(options.output, controls, as_live_link=True):
        print(message)
    print(f"{controls.frames} frames of {len(controls.channels)} controls in {options.output}")


if __name__ == "__main__":
    main()
