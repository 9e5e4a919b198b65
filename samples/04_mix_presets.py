# SPDX-License-Identifier: GPL-3.0-or-later
"""Put motion together from presets: breathe and look about, laugh in the middle, and keep it as a preset of your own.

python samples/04_mix_presets.py -o out/mine.json
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # core is used from where it lies

from core.motion.mixing import mix, resample
from core.motion.preset import load_preset, save_preset

RATE = Fraction(25)
SECONDS = 6


def main() -> None:
    """Read the command line, mix and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the preset, .json")
    options = parser.parse_args()
    idle = load_preset("idle", RATE, seconds=SECONDS)
    laugh = load_preset("laugh", RATE, scale=0.8)
    later = resample(laugh, RATE, int(SECONDS * RATE), start=Fraction(-2))  # two seconds later; its ends are held
    mixed = mix(idle, later, regions=("mouth", "brows"), add=True)
    save_preset(options.output, mixed, "Breathes, looks about, and laughs after two seconds.")
    print(f"{mixed.frames} frames in {options.output}: choose it in Blender's panel, or make controls of it:")
    print(f"python -m core convert preset:{options.output} controls.json")


if __name__ == "__main__":
    main()
