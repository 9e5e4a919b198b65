# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances of any rate and length are put over one another without a drift or a jump."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.errors import BadInputError
from core.motion.controls import CONTROLS, ControlTrack
from core.motion.mixing import mix, resample

FILM = Fraction(24000, 1001)


def _track(fps: Fraction | int = 25, **channels: list[float]) -> ControlTrack:
    return ControlTrack(Fraction(fps), {name: np.array(values, np.float32) for name, values in channels.items()})


def test_the_same_rate_comes_back_bit_for_bit() -> None:
    values = np.random.default_rng(5).normal(size=50).astype(np.float32)
    track = ControlTrack(FILM, {"headYaw": values})
    assert np.array_equal(resample(track, FILM, 50).channels["headYaw"], values)


def test_ten_minutes_end_on_the_right_frame() -> None:
    """A ramp whose value is its time: no rate makes it drift."""
    for fps, other in ((FILM, Fraction(25)), (Fraction(30000, 1001), FILM), (Fraction(25), Fraction(60000, 1001))):
        frames = int(600 * fps)
        seconds = (np.arange(frames) / float(fps)).astype(np.float32)
        count = int(599 * other)
        read = resample(ControlTrack(fps, {"headYaw": seconds}), other, count)
        assert read.channels["headYaw"][-1] == pytest.approx((count - 1) / float(other), abs=1e-3)


def test_what_is_too_short_is_held_or_looped() -> None:
    track = _track(25, jawOpen=[0, 0.4, 0.8])
    assert resample(track, Fraction(25), 5).channels["jawOpen"] == pytest.approx([0, 0.4, 0.8, 0.8, 0.8])
    assert resample(track, Fraction(25), 5, loop=True).channels["jawOpen"] == pytest.approx([0, 0.4, 0.8, 0, 0.4])
    slow = resample(track, Fraction(50), 8, loop=True).channels["jawOpen"]
    assert slow == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 0.4, 0, 0.2])  # the way back to the beginning is even


def test_regions_of_one_replace_those_of_the_other() -> None:
    keys = _track(25, headYaw=[10, 10], jawOpen=[0.1, 0.1])
    voice = _track(25, jawOpen=[0.5, 0.6], headYaw=[1, 1], browInnerUp=[1, 1])
    mixed = mix(keys, voice, regions=["mouth", "eyes"])
    assert mixed.channels["headYaw"].tolist() == [10, 10]
    assert mixed.channels["jawOpen"] == pytest.approx([0.5, 0.6])
    assert "browInnerUp" not in mixed.channels
    assert mix(keys, voice).channels["browInnerUp"].tolist() == [1, 1]


def test_amount_and_adding() -> None:
    base, over = _track(25, headYaw=[10, 10], headZoom=[1.1, 1.1]), _track(25, headYaw=[20, 30], headZoom=[1.2, 1])
    assert mix(base, over, amount=0).channels["headYaw"].tolist() == [10, 10]
    assert mix(base, over, amount=0.5).channels["headYaw"].tolist() == [15, 20]
    added = mix(base, over, add=True).channels
    assert added["headYaw"].tolist() == [30, 40]
    assert added["headZoom"] == pytest.approx([CONTROLS["headZoom"].maximum, 1.1])  # no more than a head can do


def test_a_channel_that_one_lacks_is_neutral_there() -> None:
    mixed = mix(_track(25, jawOpen=[0, 0]), _track(25, headZoom=[1.2, 1.2]), amount=0.5)
    assert mixed.channels["headZoom"] == pytest.approx([1.1, 1.1])


def test_the_longer_one_tells_the_length_and_the_first_one_the_rate() -> None:
    base, over = _track(25, headYaw=[1, 2]), _track(50, jawOpen=[0, 0.1, 0.2, 0.3, 0.4, 0.5])
    held, looped = (mix(base, over, loop=loop) for loop in (False, True))
    assert (held.fps, held.frames) == (25, 3)
    assert held.channels["jawOpen"] == pytest.approx([0, 0.2, 0.4])
    assert held.channels["headYaw"].tolist() == [1, 2, 2]
    assert looped.channels["headYaw"].tolist() == [1, 2, 1]


def test_nothing_is_read_at_no_rate() -> None:
    for fps, frames in ((Fraction(0), 3), (Fraction(25), 0)):
        with pytest.raises(BadInputError, match="cannot be read"):
            resample(_track(25, jawOpen=[0]), fps, frames)
