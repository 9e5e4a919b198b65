# SPDX-License-Identifier: GPL-3.0-or-later
"""How values set in, run out and stay within their room without a kink."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_EASY = 0.75  # of a room: so far a value goes as asked


def ease(share: float | NDArray[np.floating[Any]]) -> Array:
    """The cubic from 0 to 1 that starts and ends at rest; what lies beside is held."""
    t = np.asarray(np.clip(share, 0, 1), np.float64)
    return t * t * (3 - 2 * t)


def ease_within(values: float | NDArray[np.floating[Any]], room: float | NDArray[np.floating[Any]]) -> Array:
    """Values that stay within -room .. room: in its last quarter they come nearer to the end and never pass it."""
    easy = _EASY * np.asarray(room, np.float64)
    size = np.abs(values)
    beyond = np.maximum(size - easy, 0)
    return np.asarray(np.sign(values) * (np.minimum(size, easy) + (room - easy) * np.tanh(beyond / (room - easy))))
