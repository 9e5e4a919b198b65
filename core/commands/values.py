# SPDX-License-Identifier: GPL-3.0-or-later
"""How values of options are written."""

from __future__ import annotations

import argparse
from fractions import Fraction
from math import inf, nan

from .. import json_form
from ..media.rates import meant_rate

_ROUNDED = 0.005  # 23.98 is meant as 24000/1001


def amount(text: str) -> float:
    """A number from 0 to 1."""
    try:
        return json_form.amount(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 0 to 1 is wanted") from None


def minutes(text: str) -> float:
    """A time that is more than none, and ends."""
    try:
        time = float(text)
    except ValueError:
        time = nan
    if not 0 < time < inf:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of minutes above 0 is wanted")
    return time


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 on is wanted")
    return int(text)


def region(text: str) -> str:
    """The name of a region of the face."""
    from ..motion.controls import REGIONS

    if text not in REGIONS:
        raise argparse.ArgumentTypeError(f"{text!r}: one of {', '.join(REGIONS)} is wanted")
    return text


def neutral_frame(text: str) -> int | None:
    """A frame's number, counted from 0, or none where it is to be found."""
    if text == "found":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a frame's number or found is wanted") from None


def frame_rate(text: str) -> Fraction:
    """Exact frames per second: 25, 30000/1001, and 29.97, by which the same is meant."""
    try:
        fps = Fraction(text)
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if fps <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: a frame rate such as 25 or 30000/1001 is wanted")
    return meant_rate(fps, _ROUNDED) if "." in text else fps
