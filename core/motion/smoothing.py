# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a tracker's trembling out of a landmark track without delaying it and without flattening what is fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALF = 2  # frames on either side
_ORDER = 2
_TRUSTED = 0.5  # a point is moved at most this many standard deviations of its own noise: what moves fast stays
_MAD = 1.4826  # standard deviation of a normal distribution whose median absolute deviation is 1


def smooth_track(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth (F, 68, 2) landmarks over the whole track; a track at rest comes back bit for bit.

    A centred Savitzky-Golay filter (1964) has no delay, but would take the depth of a blink that lasts three frames.
    So its correction is limited to what the point's own noise explains.
    """
    if len(landmarks) < 2 * _HALF + 1:
        return landmarks
    values = landmarks.astype(np.float64)
    # Past its ends a track goes on point-mirrored, so that a steady motion stays what it is.
    before, after = 2 * values[:1] - values[_HALF:0:-1], 2 * values[-1:] - values[-2 : -_HALF - 2 : -1]
    padded = np.concatenate([before, values, after])
    steps = np.arange(-_HALF, _HALF + 1)
    weights = np.linalg.pinv(np.vander(steps, _ORDER + 1, increasing=True))[0]
    # Of differences, so that the correction of a constant is exactly zero.
    correction = sum(w * (padded[k : k + len(values)] - values) for k, w in enumerate(weights))
    noise = _MAD * np.median(np.abs(correction), axis=0)
    return (values + np.clip(correction, -_TRUSTED * noise, _TRUSTED * noise)).astype(np.float32)
