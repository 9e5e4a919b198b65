# SPDX-License-Identifier: GPL-3.0-or-later
"""What a speaking face does besides its mouth: blinks, gaze, brows and a head that moves, each by an amount.

The same sound gives the same motion: what is by chance comes from a seed, and what emphasises from the loudness.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from ..motion.blink import blink_curve
from ..motion.easing import ease
from .listen import LOUDNESS_STEP
from .loudness import louder, moments, said, smoothed
from .phones import SILENCE

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from .listen import Speech

    Array = NDArray[np.float64]

_FIRST_BLINK = (1.0, 2.0)  # seconds: nobody should wait for the first sign of life, whatever the amount
_BLINK_GAP = (1.0, 4.0)  # seconds from one blink to the next, at amount 1: who talks blinks some 26 times a minute
_BLINK_AT_PAUSE = 1.0  # seconds that a blink is put off for a pause, in which people like to blink
_GAZE_HELD = (0.8, 2.4), (0.4, 1.0)  # seconds that eyes rest on who listens, and aside
_GAZE_OFF = (0.0, 1.5), (3.0, 8.0)  # degrees that they are off the middle then, at amount 1
_GAZE_PITCH = 0.5  # of these degrees, up and down: eyes wander sideways more
_SACCADE = 0.05  # seconds of a jump
_ACCENT_GAP = 1.2  # seconds: the loudest moment within so much of it on both sides is an accent
_ACCENT_WIDTH = 0.12  # seconds over which its loudness is smoothed: a syllable
_ACCENT_LOUD, _ACCENT_LEAST = 6.0, 0.4  # decibels of a full accent, and the strength of the weakest
_ACCENT_RISE, _ACCENT_FALL = 0.20, 0.50  # seconds
_BROW_INNER, _BROW_OUTER = 0.35, 0.25  # browInnerUp and browOuterUp of an accent, at amount 1
_NOD = -2.5  # degrees of an accent, at amount 1
_SWAY = {"headYaw": 4.0, "headPitch": 2.0, "headRoll": 2.5}  # degrees at most, at amount 1
_SWAY_HERTZ = (0.13, 0.21, 0.34)
_STILL = 0.6  # seconds in which a head comes to rest in a pause, and from which it starts


def blinks(speech: Speech, fps: Fraction, frames: int, amount: float, seed: int) -> dict[str, Array]:
    """Whole blinks; the amount is how many."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    pauses = [phone.start for phone in speech.phones if phone.name == SILENCE]
    curve, lids = blink_curve(fps), np.zeros(frames)
    time = chance.uniform(*_FIRST_BLINK)
    while time < speech.seconds:
        time = next((pause for pause in pauses if time <= pause < time + _BLINK_AT_PAUSE), time)
        first = round(time * fps)
        part = lids[first : first + len(curve)]
        part[:] = np.maximum(part, curve[: len(part)])
        time += chance.uniform(*_BLINK_GAP) / amount
    return {"eyeBlinkLeft": lids, "eyeBlinkRight": lids}


def gaze(speech: Speech, times: Array, amount: float, seed: int) -> dict[str, Array]:
    """Jumps, and rests in between: on who listens and aside by turns, and in the middle at both ends."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    shifts: list[tuple[float, Array]] = []
    time, is_aside = 0.0, False
    while (time := time + chance.uniform(*_GAZE_HELD[is_aside])) < speech.seconds - _SACCADE:
        is_aside = not is_aside
        off, way = amount * chance.uniform(*_GAZE_OFF[is_aside]), chance.uniform(0, 2 * np.pi)
        shifts.append((time, off * np.array([np.cos(way), _GAZE_PITCH * np.sin(way)])))
    degrees, was = np.zeros((2, len(times))), np.zeros(2)
    for number, (time, wanted) in enumerate(shifts, start=1):
        to = wanted * (number < len(shifts))  # the last one goes back to the middle
        degrees += (to - was)[:, None] * ease((times - time) / _SACCADE)
        was = to
    return {"gazeYaw": degrees[0], "gazePitch": degrees[1]}


def brows(speech: Speech, times: Array, amount: float) -> dict[str, Array]:
    """Raised where the speech has its accents."""
    raised = amount * _accented(speech, times)
    outer = _BROW_OUTER * raised
    return {"browInnerUp": _BROW_INNER * raised, "browOuterUpLeft": outer, "browOuterUpRight": outer}


def head(speech: Speech, times: Array, amount: float, seed: int) -> dict[str, Array]:
    """Sways slowly, nods at accents, and is still in pauses."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    talking = _talking(speech, times)
    channels: dict[str, Array] = {}
    for name, most in _SWAY.items():
        waves = [np.sin(2 * np.pi * (hertz * times + chance.random())) for hertz in _SWAY_HERTZ]
        channels[name] = amount * most * talking * np.mean(waves, axis=0)
    channels["headPitch"] += amount * _NOD * _accented(speech, times)
    return channels


def _accented(speech: Speech, times: Array) -> Array:
    """(F,) 0..1: smoothly up to each accent and down after it."""
    level, at = louder(speech, _ACCENT_WIDTH), moments(speech)
    reach = round(_ACCENT_GAP / LOUDNESS_STEP)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(level, reach, constant_values=-np.inf), 2 * reach + 1)
    curve = np.zeros(len(times))
    for peak in np.flatnonzero((level >= around.max(axis=1)) & (level > 0)):
        since = times - at[peak]
        way = 1 - np.maximum(-since / _ACCENT_RISE, since / _ACCENT_FALL)
        strength = np.clip(level[peak] / _ACCENT_LOUD, _ACCENT_LEAST, 1)
        curve = np.maximum(curve, strength * ease(np.asarray(way, np.float64)))
    return curve


def _talking(speech: Speech, times: Array) -> Array:
    """(F,) 0..1: 0 at both ends and in long pauses."""
    activity, end = said(speech), round(_STILL / LOUDNESS_STEP)
    activity[:end] = activity[-end:] = 0
    return np.interp(times, moments(speech), smoothed(activity, _STILL / 2))
