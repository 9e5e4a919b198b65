# SPDX-License-Identifier: GPL-3.0-or-later
"""The sounds of a language in time: phones with the CMU dictionary's names (ARPAbet without stress)."""

from __future__ import annotations

from dataclasses import dataclass

PHONES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
SILENCE = "SIL"


@dataclass(frozen=True)
class Phone:
    """A piece of a sound: one of PHONES, or SILENCE, which is noise too. Times are in seconds."""

    name: str
    start: float
    end: float
