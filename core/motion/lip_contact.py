# SPDX-License-Identifier: GPL-3.0-or-later
"""When a driver closes its lips on purpose, so that those of a portrait that smiles with open lips meet as well.

Lips that rest shut tell nothing: the portrait keeps its own expression. Lips that meet between two openings, as for p,
b and m, are meant to touch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..landmarks.topology import CHIN, EYES, INNER_LOWER_LIP, INNER_UPPER_LIP
from .easing import ease

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Openings are shares of the outer-eye distance.
_SHUT_SHARE, _SHUT_MOST = 0.05, 0.02  # quantile of a track's openings that stands for shut lips, if it is that small
_TREMBLING = 0.008  # lips that are open by less still touch
_PART = 0.05  # from shut to this the portrait's own opening comes back
_VALLEY = 0.02  # what is less deep between two openings is no closing
_NEAR, _FAR = 0.3, 0.7  # seconds to an opening before and after: nearer counts wholly, further away not at all
_OPEN_REST = 0.03, 0.06  # a driver that rests with lips open from here to there closes them whenever they meet
_AROUND_REST = 0.12  # seconds in which a closing sets in beside a frame that is exactly neutral


def face_down(points: NDArray[np.floating[Any]]) -> Array:
    """The unit vector (2,) from the eyes to the chin of (68, 2 or 3) points."""
    down = points[CHIN, :2] - points[[i for eye in EYES for i in eye], :2].mean(0)
    return np.asarray(down / np.linalg.norm(down), np.float64)


def lip_openings(points: NDArray[np.floating[Any]], down: Array) -> Array:
    """(...) mean distance of the inner lips of (..., 68, 2 or 3) points along `down`; less than 0 where they cross."""
    apart = points[..., INNER_LOWER_LIP, :] - points[..., INNER_UPPER_LIP, :]
    return np.asarray((apart @ down).mean(-1), np.float64)


def lip_contact(
    openings: Array, at_rest: float, still: NDArray[np.bool_], fps: Fraction, own: Array | float = math.inf
) -> Array:
    """(F,) the share of a portrait's `own` opening that lips which are open by `openings` (F,) mean to close, 0..1.

    `own` is one for all frames or has one for each. `at_rest` is the driver's opening when its face is neutral, by
    which its lips close anyhow; frames that equal the neutral one exactly, `still` (F,), mean nothing.
    """
    shut = max(min(float(np.quantile(openings, _SHUT_SHARE)), at_rest, _SHUT_MOST), 0) + _TREMBLING
    open_by = openings - shut
    valley = ease((_lowest_peak(open_by, float(fps)) - open_by) / _VALLEY)
    left = max(at_rest, 0) / np.maximum(own, 1e-6)
    meeting = valley * np.maximum(1 - np.clip(open_by / _PART, 0, 1) - left, 0)
    rests_open = float(ease((at_rest - shut - _OPEN_REST[0]) / (_OPEN_REST[1] - _OPEN_REST[0])))
    below_rest = rests_open * (1 - np.clip(open_by / max(at_rest - shut, 1e-6), 0, 1)) * np.maximum(1 - left, 0)
    return np.maximum(meeting, below_rest) * _away_from(still, float(fps))


def _lowest_peak(openings: Array, fps: float) -> Array:
    """(F,) the lower one of the highest openings shortly before and shortly after; far ones count less."""
    steps = int(_FAR * fps)
    padded = np.pad(openings, steps, constant_values=-1.0)
    before, after = (np.full(len(openings), -1.0) for _ in range(2))
    for step in range(1, steps + 1):
        share = 1 - float(ease((step / fps - _NEAR) / (_FAR - _NEAR)))
        before = np.maximum(before, share * padded[steps - step : steps - step + len(openings)])
        after = np.maximum(after, share * padded[steps + step : steps + step + len(openings)])
    return np.minimum(before, after)


def _away_from(still: NDArray[np.bool_], fps: float) -> Array:
    """(F,) 0 at still frames, 1 from a while beside them on."""
    if not still.any():
        return np.ones(len(still))
    frames = np.flatnonzero(still)
    every = np.arange(len(still))
    after = np.clip(np.searchsorted(frames, every), 0, len(frames) - 1)
    away = np.minimum(np.abs(every - frames[after]), np.abs(every - frames[np.maximum(after - 1, 0)]))
    return np.asarray(ease(away / (_AROUND_REST * fps)), np.float64)
