# SPDX-License-Identifier: GPL-3.0-or-later
"""How values set in, run out and stay within their room without a kink."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EASY = 0.75  # of a room: so far a value goes as asked


def ease(share: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The cubic from 0 to 1 that starts and ends at rest; what lies beside is held."""
    t = np.clip(share, 0, 1)
    return t * t * (3 - 2 * t)


def ease_within(value: float, room: float) -> float:
    """A value that stays within -room .. room: in its last quarter it comes nearer to the end and never passes it."""
    easy = _EASY * room
    beyond = max(abs(value) - easy, 0.0)
    return float(np.sign(value) * (min(abs(value), easy) + (room - easy) * np.tanh(beyond / (room - easy))))
