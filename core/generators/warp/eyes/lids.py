# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where the lids really end: detectors put their points inside the eye, on iris and lashes.

A lid that closed along the detected points would leave slivers of the iris above itself and beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....landmarks.topology import EYES, LOWER_LIDS, UPPER_LIDS
from ..fields.curves import smooth_curve
from ..pixels.sampling import read_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SEARCH = np.linspace(-0.03, 0.16, 39)  # upwards from the detected lid, in eye widths
_LEAST, _CORNER, _LOWER = 0.02, 0.05, 0.02  # outwards in any case, in eye widths
_LASHES = 0.04  # the line of lashes under the lid's edge goes with the lid
_MEETS = 3  # the power of the opening by which the shifts go
_LEAST_EDGE = 0.25  # of the grey range across the search: a weaker edge says nothing


def lid_shifts(pixels: NDArray[Any], points: Array) -> Array:
    """(68, 2) pixels from the detected eye outline to the seen one; zero for every point that is not of the eyes.

    The upper edge is the strongest step from dark (lashes, iris) to bright (lid) on the way up, as a mean over the lid.
    """
    shifts = np.zeros((68, 2))
    for eye in EYES:
        corners = points[list(eye), :2]
        across = corners[3] - corners[0]
        up = np.array([across[1], -across[0]])
        lid = smooth_curve(corners[:4])[5:-5]
        grey = _grey_at(pixels, (lid[:, None] + _SEARCH[None, :, None] * up).astype(np.float32))
        profile = np.convolve(np.pad(grey.mean(0), 2, "edge"), np.ones(5) / 5, "valid")
        step = np.gradient(profile)
        best = int(np.argmax(step))
        seen = step[best] * len(_SEARCH) / 4 > _LEAST_EDGE * np.ptp(profile)
        rise = max(_SEARCH[best] - _LASHES, _LEAST) if seen else _LEAST
        shifts[list(eye)] = [-_CORNER * across, rise * up, rise * up, _CORNER * across, -_LOWER * up, -_LOWER * up]
    return shifts


def follow_lids(shifts: Array, neutral: Array, moved: Array) -> Array:
    """The shifts for moved (68, 2) landmarks: lids that close meet, so the shift goes as the opening goes.

    It goes faster: of a half-closed eye trackers see the dark rim, which hangs over the eyeball, as the lid's edge.
    """
    result = shifts.copy()
    before, now = (np.hypot(*(points[UPPER_LIDS, :2] - points[LOWER_LIDS, :2]).T) for points in (neutral, moved))
    share = np.minimum(now / np.maximum(before, 1e-6), 1)[:, None] ** _MEETS
    result[UPPER_LIDS] *= share
    result[LOWER_LIDS] *= share
    return result


def _grey_at(pixels: NDArray[Any], positions: NDArray[np.float32]) -> NDArray[np.float32]:
    return read_at(pixels, positions)[..., :3].astype(np.float32).mean(-1)
