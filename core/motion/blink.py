# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast lids close and open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .easing import ease

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

# Seconds. Lids come down in about 0.1 s, rest for a moment and take about twice as long to rise, quickly at first and
# slowly at the end (Kwon et al. 2013, J. R. Soc. Interface 10:20130227: closing, closed, early and late opening;
# Sforza et al. 2008: closing is 40 to 47 % faster than opening).
_CLOSING, _CLOSED, _OPENING = 0.1, 0.03, 0.2
_EARLY = 1.6  # 1 would be an opening as even as the closing; above it most of the way lies in the first half


def blink_curve(fps: Fraction) -> NDArray[np.float32]:
    """Values of one blink at a frame rate, for eyeBlinkLeft and eyeBlinkRight: 0, up to exactly 1, and back to 0."""
    first = -math.ceil(_CLOSING * fps)
    last = math.ceil((_CLOSED + _OPENING) * fps)
    # A frame falls on the moment at which the lids meet, so that no rate misses it.
    time = np.arange(first, last + 1) / float(fps)
    opening = np.clip((time - _CLOSED) / _OPENING, 0, 1)
    down, up = ease(1 + time / _CLOSING), ease(1 - (1 - opening) ** _EARLY)
    return np.where(time <= 0, down, 1 - up).astype(np.float32)
