# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame rates that television slowed by 1.001, and numbers that stand for them."""

from __future__ import annotations

from fractions import Fraction


def meant_rate(fps: Fraction, within: float) -> Fraction:
    """The multiple of 1000/1001 frames per second that a rate is not further from than `within`, else the rate."""
    slowed = Fraction(round(fps * 1001 / 1000) * 1000, 1001)
    return slowed if abs(slowed - fps) < within else fps
