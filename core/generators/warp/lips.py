# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips keep their thickness when the mouth opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...landmarks.topology import LIP_PAIRS, MOUTH_CORNERS
from .sampling import smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OUTER_TO_INNER = ((50, 61), (51, 62), (52, 63), (58, 67), (57, 66), (56, 65))
_KEPT = np.array([1.15, 1.15, 1.15, 1.1, 1.0, 1.1])  # of the thickness: lips roll out; trackers leave a fifth less of them
_STRETCHED = (0.7, 1.0)
_OF_GAP = 0.25  # of the opening is the most that each lip takes
_OPEN = 0.04  # eye distances of opening, more than the portrait's, in which this sets in


def keep_lips(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]], distance: float) -> NDArray[np.float64]:
    """(68, 2) shifts of an unturned face's moved landmarks, so that no lip of the opening mouth gets thin.

    The outer edges stay. A mouth that does not open may roll its lips in.
    """
    outer, inner = (list(side) for side in zip(*_OUTER_TO_INNER, strict=True))
    thick, wanted = ((points[inner] - points[outer])[:, 1] for points in (moved, still))
    right, left = MOUTH_CORNERS
    narrower = np.linalg.norm(still[left] - still[right]) / max(float(np.linalg.norm(moved[left] - moved[right])), 1e-6)
    kept = _KEPT * np.clip(narrower, *_STRETCHED)  # a lip drawn wide gets thin
    lacking = np.maximum(kept * np.abs(wanted) - np.abs(thick), 0)
    upper, lower = (list(side) for side in zip(*LIP_PAIRS, strict=True))
    gap = moved[lower, 1] - moved[upper, 1]
    opens = (gap - still[lower, 1] + still[upper, 1]).mean() / distance
    lacking = np.minimum(lacking, _OF_GAP * np.tile(np.maximum(gap, 0), 2))
    shifts = np.zeros((68, 2))
    shifts[inner, 1] = lacking * np.sign(wanted) * smooth_step(np.array(opens / _OPEN))
    return shifts
