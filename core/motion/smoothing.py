# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a tracker's trembling out of a landmark track without delaying it and without flattening what is fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

_HALF = 0.12  # seconds on either side
_ORDER = 2
_REACH = 0.9  # standard deviations of a point's noise: it is moved so far at most, what is more is motion
_NOISIEST = 1.5  # times the median of all points: a mouth that talks all the time is no noise
_MAD = 1.4826  # standard deviation of a normal distribution whose median absolute deviation is 1
_THIRD = np.sqrt(20)  # standard deviation of third differences of independent noise of 1


def smooth_track(landmarks: NDArray[np.float32], fps: Fraction) -> NDArray[np.float32]:
    """Smooth (F, N, 2) landmarks over the whole track; a track at rest comes back bit for bit.

    A centred Savitzky-Golay filter (1964) has no delay, but would take the depth of a blink that lasts three frames.
    So a point is moved no farther than its own noise explains (as Huber's estimator limits what is far off, 1964).
    """
    half = min(round(_HALF * fps), (len(landmarks) - 1) // 2)
    if half < _ORDER:  # between frames so far apart all is motion
        return landmarks
    values = landmarks.astype(np.float64)
    # Past its ends a track goes on point-mirrored, so that a steady motion stays what it is.
    before, after = 2 * values[:1] - values[half:0:-1], 2 * values[-1:] - values[-2 : -half - 2 : -1]
    padded = np.concatenate([before, values, after])
    powers = np.vander(np.arange(-half, half + 1), _ORDER + 1, increasing=True)
    weights: NDArray[np.float64] = np.linalg.pinv(powers)[0]
    # Of differences, so that the correction of a constant is exactly zero.
    correction = np.zeros_like(values)
    for k, weight in enumerate(weights):
        correction += weight * (padded[k : k + len(values)] - values)
    noise: NDArray[np.float64] = _MAD * np.median(np.abs(np.diff(values, 3, axis=0)), axis=(0, 2)) / _THIRD
    noise = np.minimum(noise, _NOISIEST * np.median(noise))
    share = np.linalg.norm(correction, axis=-1) / np.maximum(_REACH * noise, 1e-12)
    correction /= np.maximum(share, 1)[..., None]
    return (values + correction).astype(np.float32)
