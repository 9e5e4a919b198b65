# SPDX-License-Identifier: GPL-3.0-or-later
"""A voice -> controls: the mouth, and by choice blinks, gaze, brows and the head."""

from __future__ import annotations

import zlib
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..motion.controls import ControlTrack
from .liveliness import blinks, brows, gaze, head
from .mouth import mouth_channels

if TYPE_CHECKING:
    from fractions import Fraction

    from .amounts import Amounts
    from .listen import Speech


def perform(speech: Speech, fps: Fraction, amounts: Amounts) -> ControlTrack:
    """The controls of every frame that begins within the sound; a layer whose amount is 0 has no channels."""
    frames = ceil(speech.seconds * fps)
    times = np.arange(frames) * fps.denominator / fps.numerator
    seed = zlib.crc32(speech.loudness.tobytes())
    channels = mouth_channels(speech, times, amounts.loudness)
    if amounts.blinks:
        channels |= blinks(speech, fps, frames, amounts.blinks, seed)
    if amounts.gaze:
        channels |= gaze(speech, times, amounts.gaze, seed)
    if amounts.brows:
        channels |= brows(speech, times, amounts.brows)
    if amounts.head:
        channels |= head(speech, times, amounts.head, seed)
    track, _ = ControlTrack(fps, {name: values.astype(np.float32) for name, values in channels.items()}).clamped()
    return track
