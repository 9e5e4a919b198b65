# SPDX-License-Identifier: GPL-3.0-or-later
"""What a voice makes of a face, layer by layer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from core.motion.controls import CONTROLS
from core.speech.amounts import Amounts
from core.speech.listen import Speech
from core.speech.perform import perform
from core.speech.phones import SILENCE, Phone

MOUTH_ONLY = Amounts(blinks=0, gaze=0, brows=0, head=0)
FPS = Fraction(30000, 1001)


@pytest.fixture
def speech() -> Speech:
    """A minute: four seconds of talk and two of pause, again and again; talk has a loud syllable in it."""
    phones: list[Phone] = []
    loudness = np.full(6000, 20, np.float32)
    for start in range(0, 60, 6):
        phones += [Phone("AA", start + i / 5, start + (i + 1) / 5) for i in range(20)]
        phones.append(Phone(SILENCE, start + 4, start + 6))
        loudness[start * 100 : start * 100 + 400] = 60
        loudness[start * 100 + 200 : start * 100 + 220] = 70
    return Speech(phones, loudness, Fraction(60))


def test_frames_cover_the_sound_exactly(speech: Speech) -> None:
    """Ten minutes at 29.97: the last frame begins before the end, one more would not."""
    for seconds in (Fraction(60), Fraction(600), Fraction(601, 10)):
        long = replace(speech, seconds=seconds)
        track = perform(long, FPS, MOUTH_ONLY)
        assert track.fps == FPS
        assert (track.frames - 1) / FPS < seconds <= track.frames / FPS


def test_a_layer_without_an_amount_is_not_there(speech: Speech) -> None:
    names = perform(speech, FPS, MOUTH_ONLY).channels
    assert {CONTROLS[name].region for name in names} == {"mouth"}
    for layer, region in (("blinks", "eyes"), ("gaze", "eyes"), ("brows", "brows"), ("head", "head")):
        more = perform(speech, FPS, replace(MOUTH_ONLY, **{layer: 0.5})).channels
        assert {CONTROLS[name].region for name in more} == {"mouth", region}
        assert all((more[name] == names[name]).all() for name in names)


def test_the_same_sound_gives_the_same_and_another_something_else(speech: Speech) -> None:
    first, again = (perform(speech, FPS, Amounts()).channels for _ in range(2))
    assert all((first[name] == again[name]).all() for name in first)
    other = perform(replace(speech, loudness=speech.loudness + 1), FPS, Amounts()).channels
    assert (first["eyeBlinkLeft"] != other["eyeBlinkLeft"]).any()
    assert (first["gazeYaw"] != other["gazeYaw"]).any()
    assert (first["headYaw"] != other["headYaw"]).any()


def test_blinks_are_whole_and_the_amount_is_how_many(speech: Speech) -> None:
    def count(amount: float) -> int:
        channels = perform(speech, FPS, replace(MOUTH_ONLY, blinks=amount)).channels
        lids = channels["eyeBlinkLeft"]
        assert (lids == channels["eyeBlinkRight"]).all()
        assert set(lids[np.flatnonzero((lids[1:-1] > lids[:-2]) & (lids[1:-1] >= lids[2:])) + 1]) == {1.0}
        return int((lids == 1).sum())

    assert 10 <= count(1) <= 32
    assert count(0.3) < count(1) / 2


def test_the_first_blink_comes_early_however_few_there_are(speech: Speech) -> None:
    for number in range(20):
        other = replace(speech, loudness=speech.loudness + number)
        for amount in (0.1, 0.7, 1.0):
            lids = perform(other, FPS, replace(MOUTH_ONLY, blinks=amount)).channels["eyeBlinkLeft"]
            assert 0.9 < int(np.argmax(lids == 1)) / FPS < 3.2


def test_the_gaze_jumps_a_little_and_rests_in_between(speech: Speech) -> None:
    def looked(amount: float, fps: Fraction = FPS) -> np.ndarray:
        channels = perform(speech, fps, replace(MOUTH_ONLY, gaze=amount)).channels
        return np.array([channels["gazeYaw"], channels["gazePitch"]])

    degrees = looked(1)
    assert 3 < np.abs(degrees[0]).max() <= 8
    assert 1 < np.abs(degrees[1]).max() <= 4
    assert degrees[:, [0, -1]] == pytest.approx(0, abs=1e-6)
    moves = np.abs(np.diff(degrees)).max(axis=0) > 1e-6
    jumps = np.count_nonzero(np.diff(moves.astype(int)) == 1)
    assert 30 <= jumps <= 100, "in a minute"
    assert np.count_nonzero(moves) <= 3 * jumps, "no jump is longer than 50 ms"
    assert (np.hypot(*degrees) <= 1.5).mean() > 0.5, "who listens is looked at more than not"
    assert looked(0.5) == pytest.approx(degrees / 2, abs=1e-5)
    assert looked(1, 2 * FPS)[:, ::2] == pytest.approx(degrees, abs=1e-5)


def test_brows_rise_at_accents(speech: Speech) -> None:
    brows = perform(speech, FPS, replace(MOUTH_ONLY, brows=1)).channels["browInnerUp"]
    times = np.arange(len(brows)) / float(FPS)
    accent = np.abs(times % 6 - 2.1) < 0.05
    assert brows[accent].min() > 0.2
    assert brows[(times % 6 > 0.5) & (times % 6 < 1.5)].max() < 0.01
    assert perform(speech, FPS, replace(MOUTH_ONLY, brows=0.5)).channels["browInnerUp"] == pytest.approx(brows / 2)


def test_the_head_moves_smoothly_and_rests_in_pauses(speech: Speech) -> None:
    channels = perform(speech, FPS, replace(MOUTH_ONLY, head=1)).channels
    times = np.arange(len(channels["headYaw"])) / float(FPS)
    for name in ("headYaw", "headPitch", "headRoll"):
        values = channels[name]
        assert 0.5 < np.ptp(values) < 10
        assert np.abs(np.diff(values)).max() * float(FPS) < 30, "degrees in a second"
        assert np.abs(values[(times % 6 > 4.9) & (times % 6 < 5.1)]).max() < 0.5
        assert abs(values[0]) < 0.1
        assert abs(values[-1]) < 0.1
