# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tracker calls a closed eye, and how to close the lids of its landmarks for good.

Trackers put a gap between the lids of shut eyes: the opening of a blink ends at up to 0.4 of the open eye's. Drawn as
it stands, half of every blink would be lost. Half open eyes they see as they are, those that look down as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..landmarks.topology import EYES, LID_PAIRS, LOWER_LIDS, UPPER_LIDS

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_OPEN_SHARE = 0.8  # quantile of a track's openings that stands for its open eye: eyes are open most of the time
_SHUT = 0.2  # of the open eye: closed where a track shows no blink
_HIGHEST = 0.25  # what is shut for longer than a blink is not wider: one eye that is screwed up stays narrow
_STRETCHED = 0.25  # what is further above the closed level than this, as a share of the open eye, stays what it is
_WINK = 0.7  # up to here an eye that is less open than the other one is closing: who looks down lowers both lids
_MARGIN = 1.15  # shut eyes tremble too: what is this near to the level is shut
_DIP, _DIP_OVER, _LONGEST_DIP = 0.45, 0.6, 0.8  # a blink falls below and rises above, of the open eye, in seconds
_UPPER_SHARE = 0.85  # of the way that the lids still have to go; the lower lid goes the rest


def close_lids(
    landmarks: NDArray[np.float32], fps: Fraction, neutral: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """A track (F, 68, 2) whose lids meet where its own closed level is reached.

    Openings from that of the `neutral` landmarks (68, 2) on stay what they are.
    """
    openings, at_rest = lid_openings(landmarks), lid_openings(neutral[None])[0]
    wide = np.maximum(np.quantile(openings, _OPEN_SHARE, axis=0), 1e-6)
    shares = openings / wide
    levels = np.stack([_shut_shares(share, float(fps)) for share in shares.T], axis=1)
    knees = np.maximum(levels + _STRETCHED, np.minimum(shares[:, ::-1], _WINK))
    shut, knee = wide * levels, np.minimum(wide * knees, at_rest)
    rising = np.clip((openings - shut) / np.maximum(knee - shut, 1e-6), 0, 1)
    wanted = np.where((openings < knee) & (knee > shut), knee * rising, openings)
    missing = 1 - wanted / np.maximum(openings, 1e-6)
    closed = landmarks.copy()
    for number, (upper, lower) in enumerate(LID_PAIRS):
        way = (landmarks[:, lower] - landmarks[:, upper]) * missing[:, number // 2, None]
        closed[:, upper] += (_UPPER_SHARE * way).astype(np.float32)
        closed[:, lower] -= ((1 - _UPPER_SHARE) * way).astype(np.float32)
    return closed


def lid_openings(landmarks: NDArray[np.floating[Any]]) -> Array:
    """(F, 2) mean distance of the lids of the right and the left eye, as a share of the eye's width."""
    gaps = np.linalg.norm(landmarks[:, UPPER_LIDS] - landmarks[:, LOWER_LIDS], axis=2)
    widths = np.stack([np.linalg.norm(landmarks[:, e[3]] - landmarks[:, e[0]], axis=1) for e in EYES], axis=1)
    return np.asarray(gaps.reshape(-1, 2, 2).mean(2) / np.maximum(widths, 1e-6), np.float64)


def _shut_shares(shares: Array, fps: float) -> Array:
    """(F,) the share of the open eye that means closed: that at which a track's blinks end.

    Only short dips are blinks, so that squints are not; but an eye that stays narrower than they end tells that they
    were not seen at their lowest. A tracker ends some blinks higher than others, with the head's turn and the light:
    a blink's own end counts where it is higher.
    """
    blinks = _dips(shares, fps)
    if not blinks:
        return np.full(len(shares), _SHUT)
    ends = np.array([shares[run].min() for run in blinks])
    between = np.delete(shares, np.r_[tuple(blinks)])
    # The lower quarter: a camera does not catch every blink at its lowest.
    level = min(float(np.quantile(ends, 0.25)), float(between.min()), _HIGHEST)
    levels = np.full(len(shares), level)
    for run, end in zip(blinks, ends, strict=True):
        levels[run] = max(level, end)
    return _MARGIN * levels


def _dips(shares: Array, fps: float) -> list[slice]:
    """Where the eye closes from open and is open again soon."""
    found: list[slice] = []
    inside = np.flatnonzero(shares < _DIP)
    for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1) if len(inside) else []:
        before, after = _until_open(shares[: run[0]][::-1]), _until_open(shares[run[-1] + 1 :])
        if before is None or after is None or (before + len(run) + after) / fps > _LONGEST_DIP:
            continue
        found.append(slice(run[0] - before, run[-1] + 1 + after))
    return found


def _until_open(shares: Array) -> int | None:
    """How many frames it takes to the open eye; None where the track ends before."""
    opened = np.flatnonzero(shares > _DIP_OVER)
    return int(opened[0]) if len(opened) else None
