# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mouth does for each phone.

The classes follow the shapes of Rhubarb Lip Sync (D. S. Wolf, MIT), A to H and X, after Preston Blair; diphthongs and
sounds of a length in between are divided by its rules. The strengths are ours, for the 68 points of the face model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .phones import SILENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .phones import Phone


@dataclass(frozen=True)
class Viseme:
    """A shape, and how strongly it insists on it against its neighbours (0..1)."""

    jaw: float  # jawOpen
    pucker: float
    funnel: float
    stretch: float
    lower: float  # mouthLowerDown
    upper: float  # mouthUpperUp
    jaw_dominance: float
    lip_dominance: float


REST = Viseme(0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 1.0, 0.6)
_LIPS_SHUT = Viseme(0.03, 0.00, 0.00, 0.00, 0.00, 0.00, 0.8, 0.1)  # A: P B M, see `lips_shut`
_TEETH_TOGETHER = Viseme(0.05, 0.00, 0.06, 0.12, 0.32, 0.16, 0.9, 0.3)  # B: S Z
_NARROW = Viseme(0.14, 0.00, 0.00, 0.30, 0.24, 0.14, 0.7, 0.9)  # B: the vowel of "bee"
_HALF = Viseme(0.31, 0.00, 0.00, 0.12, 0.16, 0.09, 0.8, 0.6)  # C
_HALF_WIDE = Viseme(0.40, 0.00, 0.00, 0.20, 0.18, 0.14, 1.0, 0.8)  # C: the vowel of "bat"
_WIDE_OPEN = Viseme(0.50, 0.00, 0.00, 0.05, 0.12, 0.06, 1.0, 0.8)  # D
_ROUND_OPEN = Viseme(0.38, 0.10, 0.35, 0.00, 0.00, 0.00, 1.0, 0.9)  # E
_ROUND = Viseme(0.17, 0.25, 0.25, 0.00, 0.07, 0.00, 0.7, 0.7)  # E, smaller: ER R
_PUCKERED = Viseme(0.10, 0.90, 0.25, 0.00, 0.00, 0.00, 0.9, 1.0)  # F
_PUSHED = Viseme(0.07, 0.40, 0.20, 0.00, 0.14, 0.07, 0.9, 0.7)  # B or F: SH ZH CH JH
_LIP_ON_TEETH = Viseme(0.05, 0.00, 0.00, 0.00, 0.00, 0.20, 0.9, 0.3)  # G: F V, see `lip_on_teeth`
_TONGUE_UP = Viseme(0.15, 0.00, 0.00, 0.05, 0.14, 0.07, 0.5, 0.15)  # H, and B: L N T D TH DH
_TONGUE_BACK = Viseme(0.18, 0.00, 0.00, 0.05, 0.07, 0.00, 0.25, 0.05)  # what its neighbours do: K G NG

_VISEMES = {
    "AA": _WIDE_OPEN, "AE": _HALF_WIDE, "AO": _ROUND_OPEN, "EH": _HALF, "IY": _NARROW, "IH": _NARROW, "UW": _PUCKERED,
    "UH": _PUCKERED, "W": _PUCKERED, "Y": _NARROW, "R": _ROUND, "P": _LIPS_SHUT, "B": _LIPS_SHUT, "M": _LIPS_SHUT,
    "F": _LIP_ON_TEETH, "V": _LIP_ON_TEETH, "S": _TEETH_TOGETHER, "Z": _TEETH_TOGETHER, "SH": _PUSHED, "ZH": _PUSHED,
    "CH": _PUSHED, "JH": _PUSHED, "L": _TONGUE_UP, "N": _TONGUE_UP, "T": _TONGUE_UP, "D": _TONGUE_UP,
    "TH": _TONGUE_UP, "DH": _TONGUE_UP, "K": _TONGUE_BACK, "G": _TONGUE_BACK, "NG": _TONGUE_BACK, SILENCE: REST,
}  # fmt: skip
_DIPHTHONGS = {
    "EY": (_HALF, _NARROW), "AY": (_WIDE_OPEN, _NARROW), "OW": (_ROUND_OPEN, _PUCKERED),
    "AW": (_WIDE_OPEN, _PUCKERED), "OY": (_ROUND_OPEN, _NARROW),
}  # fmt: skip
_BY_LENGTH = {  # seconds from which on the second one is meant
    "AH": (_HALF, 0.20, _WIDE_OPEN),
    "ER": (_HALF, 0.07, _ROUND),
}
_FIRST_PART = 0.6  # of a diphthong
# A lip that closes for P or B is there a moment before the recogniser's phone begins, and lets go when a good half of
# it is over: that is how loudness runs in the samples.
_HOLD_EARLY, _HOLD_SHARE, _HOLD_LEAST = 0.01, 0.6, 0.04


def gestures(phones: list[Phone]) -> Iterator[tuple[Viseme, float, float]]:
    """The shapes for phones, and the seconds at which they begin and end; a sound that needs none (HH) has none."""
    for phone in phones:
        length = phone.end - phone.start
        if phone.name in _DIPHTHONGS:
            first, second = _DIPHTHONGS[phone.name]
            middle = phone.start + _FIRST_PART * length
            yield first, phone.start, middle
            yield second, middle, phone.end
        elif phone.name in _BY_LENGTH:
            short, limit, long = _BY_LENGTH[phone.name]
            yield short if length < limit else long, phone.start, phone.end
        elif phone.name in _VISEMES:
            yield _VISEMES[phone.name], phone.start, phone.end


def lips_shut(phones: list[Phone]) -> Iterator[tuple[float, float]]:
    """From which second to which the lips touch, whatever is around it."""
    return (_hold(phone) for phone in phones if _VISEMES.get(phone.name) is _LIPS_SHUT)


def lip_on_teeth(phones: list[Phone]) -> Iterator[tuple[float, float]]:
    """From which second to which the lower lip is at the upper teeth, whatever is around it."""
    return (_hold(phone) for phone in phones if _VISEMES.get(phone.name) is _LIP_ON_TEETH)


def _hold(phone: Phone) -> tuple[float, float]:
    start = phone.start - _HOLD_EARLY
    return start, max(phone.start + _HOLD_SHARE * (phone.end - phone.start), start + _HOLD_LEAST)
