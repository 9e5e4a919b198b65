# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a speaking face does; apart, so that to show the options loads nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Amounts:
    """How much of what: 0 is nothing, 1 is lively."""

    loudness: float = 0.5  # how far loud speech opens the jaw more than quiet speech
    blinks: float = 0.7
    gaze: float = 0.5
    brows: float = 0.5
    head: float = 0.5
