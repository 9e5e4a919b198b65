# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances read at another rate, and put one over the other."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.track import frame_places, read_between
from .controls import CONTROLS, REGIONS, ControlTrack

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..landmarks.track import LandmarkTrack


def resample(
    controls: ControlTrack, fps: Fraction, frames: int, *, start: Fraction = Fraction(0), loop: bool = False
) -> ControlTrack:
    """Read `frames` frames at another rate from `start` seconds on, linear in time. Raises BadInputError.

    What lies before and after the controls is held, or they begin again.
    """
    places = frame_places(controls.fps, fps, frames, start)
    channels = controls.channels
    if loop:
        places %= controls.frames
        channels = {name: np.append(values, values[:1]) for name, values in channels.items()}
    return ControlTrack(fps, {name: read_between(values, places) for name, values in channels.items()})


def mix(
    base: ControlTrack,
    over: ControlTrack,
    *,
    regions: Collection[str] = REGIONS,
    amount: float = 1.0,
    add: bool = False,
    loop: bool = False,
) -> ControlTrack:
    """Channels of `over`, those of the regions, put over the same ones of `base`, at the rate of `base`.

    `amount` 0 keeps the base, 1 takes what is over it; `add` keeps the base and adds what `over` does. The longer one
    tells the length, the other one is held or looped. Values stay within what a control can do.
    """
    frames = max(base.frames, frames_at(over, base.fps))
    under, upper = (resample(track, base.fps, frames, loop=loop) for track in (base, over))
    channels = dict(under.channels)
    for name, values in upper.channels.items():
        control = CONTROLS.get(name)
        if control is None or control.region not in regions:
            continue
        neutral = np.float32(control.neutral)
        own = channels.get(name, np.full(frames, neutral, np.float32))
        mixed = own + np.float32(amount) * (values - (neutral if add else own))
        channels[name] = np.clip(mixed, control.minimum, control.maximum).astype(np.float32)
    return ControlTrack(base.fps, channels)


def frames_at(track: ControlTrack | LandmarkTrack, fps: Fraction) -> int:
    """How many frames of a rate last as long as the track, not longer."""
    return max(int(track.frames / track.fps * fps), 1)
