# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said is found when it is said, with a transcript and without."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.media.sound import RATE
from core.speech.listen import LOUDNESS_STEP, Speech, listen
from core.speech.phones import SILENCE, Phone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Sentence
    from numpy.typing import NDArray

    WriteSound = Callable[[str, NDArray[Any]], Path]

YOUNG_MAN = "SIL HH IY W AH Z N AA T SIL AH N IH L D IH S P OW Z D Y AH NG M AE N SIL"


def _listen(path: Path, words: Sequence[str] | None = None) -> tuple[Speech, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    return listen(path, words, Fraction(25), events.append), events


def _said(speech: Speech) -> list[Phone]:
    return [phone for phone in speech.phones if phone.name != SILENCE]


def _names(phones: list[Phone]) -> str:
    return " ".join(phone.name for phone in phones)


def _warnings(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"] for event in events if event["event"] == "warning"]


def test_words_are_aligned(sentences: list[Sentence]) -> None:
    speech, events = _listen(sentences[1].path, sentences[1].words)
    assert _names(speech.phones) == YOUNG_MAN
    assert not _warnings(events)
    assert float(speech.seconds) == pytest.approx(2.99, abs=0.01)
    for before, after in zip(speech.phones, speech.phones[1:], strict=False):
        assert before.end == pytest.approx(after.start)
    level = [
        speech.loudness[round(p.start / LOUDNESS_STEP) : round(p.end / LOUDNESS_STEP)].mean() for p in speech.phones
    ]
    vowels = [db for db, phone in zip(level, speech.phones, strict=True) if phone.name[0] in "AEIOU"]
    pauses = [db for db, phone in zip(level, speech.phones, strict=True) if phone.name == SILENCE]
    assert min(vowels) > max(pauses) + 3, "phones lie where their sound is"


def test_words_that_the_dictionary_lacks_are_heard(sentences: list[Sentence]) -> None:
    words = ["xill" if word == "ill" else word for word in sentences[1].words]
    speech, events = _listen(sentences[1].path, words)
    (warning,) = _warnings(events)
    assert warning.endswith(": xill.")
    before, after = YOUNG_MAN.split("IH L")
    assert _names(speech.phones).startswith(before)
    assert _names(speech.phones).endswith(after)
    assert not _names(speech.phones).startswith(before + after.strip()), "something is heard in its place"


def test_a_transcript_in_another_language_is_heard_freely(sentences: list[Sentence]) -> None:
    speech, events = _listen(sentences[1].path, ["дядя", "самых", "честных", "правил"])
    assert speech.phones == _listen(sentences[1].path)[0].phones
    assert "English" in _warnings(events)[0]


def test_a_transcript_with_more_words_than_the_sound(sentences: list[Sentence]) -> None:
    words = [*sentences[1].words, "unless", "to", "be", "rather", "cold", "hearted"]
    speech, events = _listen(sentences[1].path, words)
    assert _names(speech.phones) == YOUNG_MAN
    assert "6 of its words, from 'unless'" in _warnings(events)[0]


def test_a_long_sound_is_cut_in_pauses_and_stays_in_step(sentences: list[Sentence], write_sound: WriteSound) -> None:
    """Five sentences one after another are what each of them is by itself."""
    path = write_sound("all.wav", np.concatenate([sentence.samples for sentence in sentences]))
    speech, events = _listen(path, [word for sentence in sentences for word in sentence.words])
    assert not _warnings(events)
    progress = [event for event in events if event["event"] == "frame"]
    assert len(progress) > 1
    assert progress[-1]["done"] == progress[-1]["total"] == int(speech.seconds * 25)
    wanted: list[Phone] = []
    start = 0.0
    for sentence in sentences:
        wanted += [
            Phone(p.name, start + p.start, start + p.end) for p in _said(_listen(sentence.path, sentence.words)[0])
        ]
        start += len(sentence.samples) / RATE
    heard = _said(speech)
    assert len(heard) == len(wanted)
    same = [a.name == b.name and abs(a.start - b.start) < 0.05 for a, b in zip(heard, wanted, strict=True)]
    assert np.mean(same) > 0.97


def test_without_a_transcript_closed_lips_are_heard_and_few_others(sentences: list[Sentence]) -> None:
    missed = others = closed = 0
    for sentence in sentences:
        heard, said = (_closures(_listen(sentence.path, words)[0]) for words in (None, sentence.words))
        missed += sum(not any(_near(one, other) for other in heard) for one in said)
        others += sum(not any(_near(one, other) for other in said) for one in heard)
        closed += len(said)
    assert missed <= 0.1 * closed
    assert others <= 0.1 * closed


def _closures(speech: Speech) -> list[Phone]:
    return [phone for phone in speech.phones if phone.name in ("P", "B", "M")]


def _near(one: Phone, other: Phone) -> bool:
    return one.start < other.end + 0.04 and one.end > other.start - 0.04


@pytest.mark.parametrize("words", [None, ["hello", "my", "friend"]])
def test_what_is_no_speech_is_told(write_sound: WriteSound, words: list[str] | None) -> None:
    chance, time = np.random.default_rng(0), np.arange(3 * RATE) / RATE
    for name, samples in {
        "silence.wav": np.zeros(3 * RATE),
        "short.wav": chance.normal(0, 3, 100),
        "noise.wav": chance.normal(0, 3000, 3 * RATE),
        "tone.wav": 8000 * np.sin(2 * np.pi * 440 * time),
    }.items():
        with pytest.raises(BadInputError, match=f"{name}: no speech is found"):
            _listen(write_sound(name, samples), words)
