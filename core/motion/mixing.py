# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances read at another rate, and put one over the other."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInputError
from .controls import CONTROLS, REGIONS, ControlTrack

if TYPE_CHECKING:
    from collections.abc import Collection
    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack


def resample(
    controls: ControlTrack, fps: Fraction, frames: int, *, start: Fraction = Fraction(0), loop: bool = False
) -> ControlTrack:
    """Read `frames` frames at another rate from `start` seconds on, linear in time.

    What lies before and after the controls is held, or they begin again. Times are whole numbers of the two rates'
    common tick, so that nothing drifts however long it is.
    """
    if fps <= 0 or frames < 1:
        raise BadInputError(f"Controls cannot be read as {frames} frames at {fps} per second.")
    step, first_place = controls.fps / fps, controls.fps * start  # in frames of the source
    common = lcm(step.denominator, first_place.denominator)
    ticks = np.arange(frames, dtype=np.int64) * int(step * common) + int(first_place * common)
    before, rest = np.divmod(ticks, common)
    share = rest / common
    last = controls.frames - 1
    first, second = (at % controls.frames if loop else np.clip(at, 0, last) for at in (before, before + 1))

    def read(values: NDArray[np.float32]) -> NDArray[np.float32]:
        between = values[first] * (1 - share) + values[second] * share
        return np.where(rest == 0, values[first], between).astype(np.float32)  # bit for bit where a frame is hit

    return ControlTrack(fps, {name: read(values) for name, values in controls.channels.items()})


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
