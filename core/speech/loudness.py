# SPDX-License-Identifier: GPL-3.0-or-later
"""How loud a speech is, beside how loud it mostly is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .listen import LOUDNESS_STEP
from .phones import SILENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .listen import Speech

    Array = NDArray[np.float64]


def moments(speech: Speech) -> Array:
    """The seconds to which the values of `Speech.loudness` belong."""
    return (np.arange(len(speech.loudness)) + 0.5) * LOUDNESS_STEP


def said(speech: Speech) -> Array:
    """At these moments: 1.0 where something is said, 0.0 in pauses."""
    starts = np.array([phone.start for phone in speech.phones])
    is_said = np.array([phone.name != SILENCE for phone in speech.phones])
    return is_said[np.maximum(np.searchsorted(starts, moments(speech), side="right") - 1, 0)].astype(np.float64)


def louder(speech: Speech, width: float) -> Array:
    """At these moments: decibels above the median of what is said; `width`: seconds over which it is smoothed."""
    smooth = smoothed(speech.loudness.astype(np.float64), width)
    return smooth - np.median(smooth[said(speech) > 0])


def smoothed(values: Array, width: float) -> Array:
    """A mean with Gaussian weights; `width`: their standard deviation in seconds."""
    half = round(3 * width / LOUDNESS_STEP)
    weights: Array = np.exp(-((np.arange(-half, half + 1) * LOUDNESS_STEP / width) ** 2) / 2)
    weights /= weights.sum()
    return np.convolve(np.pad(values, half, mode="edge"), weights, mode="valid")
