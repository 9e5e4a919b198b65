# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth does what phones ask for, at whatever frame rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.landmarks.topology import LIP_PAIRS
from core.motion.controls import CONTROLS
from core.motion.expression import express
from core.motion.face_model import fit_face, load_face_model
from core.speech.listen import LOUDNESS_STEP, Speech
from core.speech.mouth import mouth_channels
from core.speech.phones import PHONES, SILENCE, Phone

UPPER_LIP, LOWER_LIP = 62, 66  # in the middle, inside
RATES = [Fraction(12), Fraction(24000, 1001), Fraction(25), Fraction(60)]


def _speech(text: str, length: float = 0.08, decibels: float = 60) -> Speech:
    """Phones of equal length between two pauses of half a second."""
    phones = [Phone(SILENCE, 0, 0.5)]
    for name in text.split():
        phones.append(Phone(name, phones[-1].end, phones[-1].end + length))
    phones.append(Phone(SILENCE, phones[-1].end, phones[-1].end + 0.5))
    seconds = Fraction(phones[-1].end).limit_denominator(1000)
    return Speech(phones, np.full(round(seconds / Fraction(LOUDNESS_STEP)), decibels, np.float32), seconds)


def _times(speech: Speech, fps: Fraction = Fraction(200)) -> np.ndarray:
    return np.arange(int(speech.seconds * fps)) / float(fps)


def _at(speech: Speech, channel: str, time: float) -> float:
    return float(mouth_channels(speech, _times(speech), 0)[channel][round(time * 200)])


def _faces(speech: Speech, times: np.ndarray) -> np.ndarray:
    """(F, 68) how far down the mean face's points are, centimetres; at rest its lips are closed."""
    face = fit_face(load_face_model().landmarks[:, :2] * (10, -10))
    channels = mouth_channels(speech, times, 1)
    frames = ({name: float(values[i]) for name, values in channels.items()} for i in range(len(times)))
    return np.array([express(face, frame).landmarks[:, 1] for frame in frames]) / face.scale


def _lips_apart(speech: Speech, times: np.ndarray) -> np.ndarray:
    upper, lower = (list(side) for side in zip(*LIP_PAIRS, strict=True))
    points = _faces(speech, times)
    return (points[:, lower] - points[:, upper]).max(axis=1)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("phone", ["P", "B", "M"])
def test_lips_touch_in_a_frame_however_short_the_sound_is(fps: Fraction, phone: str) -> None:
    for length in (0.03, 0.047, 0.09):
        speech = _speech(f"AA AA {phone} AA AA", length)
        times = _times(speech, fps)
        apart = _lips_apart(speech, times)
        sound = speech.phones[3]
        near = (times > sound.start - 1 / fps) & (times < sound.end + 1 / fps)
        assert apart[near].min() < 0.12
        assert apart.max() > 0.5, "the vowels beside it are open"


@pytest.mark.parametrize("vowel", ["AA", "EH", "IY", "AO"])
def test_lips_do_not_snap(vowel: str) -> None:
    """At 25 fps they need two frames to meet and two to part, wherever frames fall."""
    for length in (0.07, 0.1, 0.15):
        speech = _speech(f"{vowel} {vowel} P {vowel} {vowel}", length)
        for shift in range(8):
            apart = _lips_apart(speech, np.arange(shift / 200, float(speech.seconds), 0.04))
            assert np.abs(np.diff(apart)).max() < 0.7 * apart.max()


def test_every_phone_moves_the_mouth_within_its_range_and_rest_ends_it() -> None:
    speech = _speech(" ".join(PHONES))
    channels = mouth_channels(speech, _times(speech), 1)
    for name, values in channels.items():
        assert CONTROLS[name].region == "mouth"
        assert values.min() >= 0
        assert values.max() <= 1
        assert values[[0, -1]] == pytest.approx(0, abs=0.01)
    assert channels["jawOpen"].max() > 0.2


def test_vowels_differ_as_they_should() -> None:
    speech = {name: _speech(name, 0.16) for name in ("AA", "IY", "UW", "AO")}
    jaw, pucker, stretch, funnel = (
        {name: _at(said, channel, 0.58) for name, said in speech.items()}
        for channel in ("jawOpen", "mouthPucker", "mouthStretchLeft", "mouthFunnel")
    )
    assert jaw["AA"] > 2 * jaw["IY"] > 0
    assert jaw["AO"] > 2 * jaw["UW"]
    assert max(pucker, key=pucker.__getitem__) == "UW"
    assert max(stretch, key=stretch.__getitem__) == "IY"
    assert max(funnel, key=funnel.__getitem__) == "AO"


def test_the_lower_lip_comes_to_the_teeth() -> None:
    for phone in ("F", "V"):
        speech = _speech(f"AA {phone} AA")
        start, middle = _faces(speech, np.array([0, speech.phones[2].start + 0.02]))
        assert abs(middle[LOWER_LIP] - start[LOWER_LIP]) < 0.2, "where the teeth end"
        assert start[UPPER_LIP] - middle[UPPER_LIP] > 0.2, "which are seen"


def test_lips_round_ahead_of_the_vowel_and_the_jaw_anticipates() -> None:
    """Through the consonants of "stew"; and 40 to 80 ms before a vowel that follows a pause."""
    stew, steal = _speech("S T UW"), _speech("S T IY")
    vowel = stew.phones[3].start
    assert _at(stew, "mouthPucker", vowel - 0.06) > 0.2
    assert _at(steal, "mouthPucker", vowel - 0.06) < 0.01
    first = _speech("AA")
    peak = _at(first, "jawOpen", 0.54)
    assert _at(first, "jawOpen", 0.46) > 0.1 * peak
    assert _at(first, "jawOpen", 0.38) < 0.05 * peak


def test_the_jaw_does_not_chatter() -> None:
    """In quick speech it opens and closes at most once for each syllable."""
    speech = _speech("T AH D IH N AH K AE T", 0.06)
    jaw = mouth_channels(speech, _times(speech, Fraction(25)), 0)["jawOpen"]
    turns = np.diff(np.sign(np.diff(jaw[np.abs(np.diff(jaw, prepend=0)) > 1e-4])))
    assert np.count_nonzero(turns) <= 2 * 4


def test_the_jaw_stays_open_in_a_short_pause_and_shuts_in_a_long_one() -> None:
    def pause(length: float) -> float:
        speech = _speech("AA AA")
        first, second = speech.phones[1:3]
        gap = Phone(SILENCE, first.end, first.end + length)
        phones = [*speech.phones[:2], gap, Phone("AA", gap.end, gap.end + 0.1), Phone(SILENCE, gap.end + 0.1, 3)]
        assert second.name == "AA"
        return _at(Speech(phones, np.full(300, 60, np.float32), Fraction(3)), "jawOpen", gap.start + length / 2)

    assert pause(0.06) > 0.15
    assert pause(0.6) < 0.01


def test_loudness_scales_the_jaw_within_limits() -> None:
    def jaw(decibels: float, amount: float) -> float:
        """In the second of three vowels, of which the others have 60 dB."""
        speech = _speech("AA HH AA HH AA", 0.3)
        speech.loudness[110:140] = decibels
        return float(mouth_channels(speech, _times(speech), amount)["jawOpen"][250])

    quiet, even, loud, shout = (jaw(decibels, 1) for decibels in (50, 60, 66, 90))
    assert quiet < even < loud < shout
    assert shout == pytest.approx(1.4 * even, rel=0.01)
    assert jaw(0, 1) == pytest.approx(0.6 * even, rel=0.01)
    assert jaw(90, 0) == jaw(60, 0) == pytest.approx(even)


def test_frames_are_exact_moments() -> None:
    """What two frame rates have in common they show alike."""
    speech = _speech("S IY N OW AH")  # lips that are held are shown in the nearest frame
    slow, fast = (mouth_channels(speech, _times(speech, Fraction(fps * 1000, 1001)), 1) for fps in (30, 60))
    for name in slow:
        assert slow[name] == pytest.approx(fast[name][::2][: len(slow[name])])
