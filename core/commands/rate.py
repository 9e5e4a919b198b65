# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that states a frame rate."""

from __future__ import annotations

import argparse
from fractions import Fraction

_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "59.94": 60, "119.88": 120}


def add_rate_option(parser: argparse.ArgumentParser) -> None:
    """Frames per second."""
    parser.add_argument("--fps", type=_rate, metavar="RATE",
                        help="frames a second, such as 25, 29.97 or 30000/1001")  # fmt: skip


def _rate(text: str) -> Fraction:
    """A frame rate; those of television, which are written short, exactly."""
    try:
        rate = Fraction(_NTSC[text] * 1000, 1001) if text in _NTSC else Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: a frame rate such as 25, 29.97 or 30000/1001 is wanted")
    return rate
