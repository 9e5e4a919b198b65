# SPDX-License-Identifier: GPL-3.0-or-later
"""Phones -> the mouth's channels, with coarticulation.

Each sound pulls the mouth towards its shape with a weight that fades before and after it; the mouth is at the weighted
mean of all (dominance functions: Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech"). What may
not be averaged, lips that touch and a lip on the teeth, is laid over that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..motion.easing import ease
from .loudness import louder, moments
from .visemes import REST, gestures, lip_on_teeth, lips_shut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .listen import Speech
    from .phones import Phone

    Array = NDArray[np.float64]

# Shape's value -> how strongly a sound insists on it, and the seconds in which that falls to 1/e before the sound and
# after it. Lips round early: they have time while the tongue is busy.
_FADES = {
    "jaw": ("jaw_dominance", 0.040, 0.045),
    "pucker": ("lip_dominance", 0.100, 0.060),
    "funnel": ("lip_dominance", 0.100, 0.060),
    "stretch": ("lip_dominance", 0.060, 0.050),
    "lower": ("lip_dominance", 0.045, 0.045),
    "upper": ("lip_dominance", 0.045, 0.045),
}
_REACH = 3  # times those seconds: further away there is nothing left
_SHORT_PAUSE = 0.25  # seconds; the mouth does not go to rest in a shorter one
_CLOSING, _OPENING = 0.10, 0.08  # seconds in which lips come together and part, however far: wide ones go faster
_CLOSED_JAW = 0.5  # share of its opening that the jaw keeps under closed lips
_CLOSED_PUCKER = 0.5  # share of their rounding that closed lips keep: round ones do not quite meet
_MEET, _PRESS = 1.0, 0.5  # mouthClose for each jawOpen, and the pressure, with which lips surely touch
_ROLLED, _RAISED = 0.4, 0.4  # mouthRollLower, and mouthUpperUp, with which the lower lip is at teeth that are seen
_BITE = 0.05  # jawOpen at most with it
_LOUD_RANGE, _LOUD_MOST = 20.0, 0.4  # decibels that would double the jaw's opening; the most that it changes
_LOUD_WIDTH = 0.06  # seconds over which it is smoothed


def mouth_channels(speech: Speech, times: Array, loudness: float) -> dict[str, Array]:
    """ARKit channels of the mouth at (F,) rising times in seconds; `loudness` (0..1): how far it scales the jaw."""
    value = _blend(speech.phones, times)
    value["jaw"] *= 1 + loudness * _emphasis(speech, times)
    teeth = _held(lip_on_teeth(speech.phones), times)
    # What parts the lips shrinks with it, and the press draws together what is left: the gap is its square.
    apart = np.sqrt(1 - _held(lips_shut(speech.phones), times))
    shut = 1 - apart
    jaw = value["jaw"] + teeth * np.minimum(_BITE - value["jaw"], 0)
    jaw *= 1 - _CLOSED_JAW * shut
    lower = value["lower"] * apart * (1 - teeth)
    upper = (value["upper"] + teeth * (_RAISED - value["upper"])) * apart
    return {
        "jawOpen": jaw,
        "mouthClose": _MEET * jaw * shut,
        "mouthPucker": value["pucker"] * (1 - (1 - _CLOSED_PUCKER) * shut),
        "mouthFunnel": value["funnel"] * apart * (1 - teeth),
        "mouthRollLower": _ROLLED * teeth * apart,
        **_both("mouthStretch", value["stretch"]),
        **_both("mouthPress", _PRESS * shut),
        **_both("mouthLowerDown", lower),
        **_both("mouthUpperUp", upper),
    }


def _both(name: str, values: Array) -> dict[str, Array]:
    return {f"{name}Left": values, f"{name}Right": values}


def _blend(phones: list[Phone], times: Array) -> dict[str, Array]:
    """The weighted mean of all shapes at each time, by shape's value."""
    sums = {name: np.zeros(len(times)) for name in _FADES}
    weights = {name: np.full(len(times), 1e-6) for name in _FADES}  # far from any sound there is rest
    for viseme, start, end in gestures(phones):
        strength = min((end - start) / _SHORT_PAUSE, 1.0) if viseme is REST else 1.0
        for name, (dominance, before, after) in _FADES.items():
            first, last = np.searchsorted(times, (start - _REACH * before, end + _REACH * after))
            near = times[first:last]
            away = np.maximum((start - near) / before, 0) + np.maximum((near - end) / after, 0)
            weight = strength * getattr(viseme, dominance) * np.exp(-(away**2))
            sums[name][first:last] += weight * getattr(viseme, name)
            weights[name][first:last] += weight
    return {name: sums[name] / weights[name] for name in _FADES}


def _held(intervals: Iterable[tuple[float, float]], times: Array) -> Array:
    """(F,) 0..1: 1 in each interval, at one of the times at least, smoothly up before it and down after it."""
    curve = np.zeros(len(times))
    for wanted_start, wanted_end in intervals:
        nearest = float(times[np.argmin(np.abs(times - (wanted_start + wanted_end) / 2))])
        start, end = min(wanted_start, nearest), max(wanted_end, nearest)
        first, last = np.searchsorted(times, (start - _CLOSING, end + _OPENING))
        near = times[first:last]
        way = 1 - np.maximum((start - near) / _CLOSING, 0) - np.maximum((near - end) / _OPENING, 0)
        curve[first:last] = np.maximum(curve[first:last], ease(way))
    return curve


def _emphasis(speech: Speech, times: Array) -> Array:
    """(F,) what loudness adds to the jaw's opening, as a share of it."""
    level = np.interp(times, moments(speech), louder(speech, _LOUD_WIDTH))
    return np.clip(level / _LOUD_RANGE, -_LOUD_MOST, _LOUD_MOST)
