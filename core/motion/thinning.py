# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer keys for a curve that is known in every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .easing import ease

if TYPE_CHECKING:
    from numpy.typing import NDArray


def thin(values: NDArray[np.floating[Any]], tolerance: float, *, eased: bool = False) -> list[int]:
    """Rows of (F,) values that must be keyed so that what is between two keys is at most `tolerance` off.

    Between keys the curve goes straight, or eases in and out as a preset does. The key that is added next is where
    a curve is farthest off (Ramer 1972, Douglas and Peucker 1973, with the distance along the value's axis).
    """
    last = len(values) - 1
    if tolerance <= 0:
        return list(range(last + 1))
    keys, spans = {0, last}, [(0, last)]
    while spans:
        first, end = spans.pop()
        if end - first < 2:
            continue
        share = np.arange(end - first + 1) / (end - first)
        if eased:
            share = ease(share)
        off = np.abs(values[first : end + 1] - values[first] - share * (values[end] - values[first]))
        farthest = int(off.argmax())
        if off[farthest] > tolerance:
            keys.add(first + farthest)
            spans += [(first, first + farthest), (first + farthest, end)]
    return sorted(keys)
