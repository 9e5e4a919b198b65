# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound file -> what is said in it when, and how loud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInputError
from ..media.sound import RATE, open_sound
from .phones import SILENCE, Phone
from .recogniser import Recogniser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import OnEvent

LOUDNESS_STEP = 0.01
"""Seconds between two values of `Speech.loudness`."""

_STEP = int(RATE * LOUDNESS_STEP)
_WINDOW = (8 * RATE, 20 * RATE)  # samples that are listened to at once, at least and at most
_PAUSE = int(0.3 * RATE)  # the quietest stretch so long is where a sound is cut
_FASTEST = 7  # words in a second
_NAMED = 10  # words that a warning names


@dataclass(frozen=True)
class Speech:
    """What was heard."""

    phones: list[Phone]  # one after another, pauses included
    loudness: NDArray[np.float32]  # (N,) decibels, at every LOUDNESS_STEP
    seconds: Fraction


def listen(path: Path, transcript: Sequence[str] | None, fps: Fraction, on_event: OnEvent) -> Speech:
    """Find the phones: those of the transcript's words, without one those that are heard. Raises BadInputError.

    The sound is read in windows that end in pauses, so that memory does not grow with it. `fps` is what progress is
    told in.
    """
    on_event({"event": "stage", "stage": "listen", "message": f"Listening to {path.name}"})
    reader = _Reader(transcript or (), on_event)
    phones: list[Phone] = []
    loudness: list[NDArray[np.float32]] = []
    samples = 0
    with open_sound(path) as (length, blocks):
        for window in _windows(blocks):
            start = samples / RATE
            phones += [
                replace(phone, start=start + phone.start, end=start + phone.end) for phone in reader.phones(window)
            ]
            loudness.append(_loudness(window))
            samples += len(window)
            done = int(samples * fps / RATE)
            total = length and max(int(length * fps), done)
            on_event({"event": "frame", "frame": done, "path": str(path), "done": done, "total": total})
    if all(phone.name == SILENCE for phone in phones):
        raise BadInputError(f"{path.name}: no speech is found in it.")
    reader.finish()
    return Speech(phones, np.concatenate(loudness), Fraction(samples, RATE))


class _Reader:
    """Follows a transcript from window to window."""

    def __init__(self, transcript: Sequence[str], on_event: OnEvent) -> None:
        self._recogniser, self._on_event = Recogniser(), on_event
        # Words that are not known, and stand beside one another, are one stretch.
        knows = {word: self._recogniser.knows(word) for word in dict.fromkeys(transcript)}
        groups = groupby(transcript, key=lambda word: word if knows[word] else None)
        self._waiting = [word for word, group in groups for word in (list(group) if word else [None])]
        unknown = [word for word, known in knows.items() if not known]
        if unknown:
            told = ", ".join(unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED} more" if unknown[_NAMED:] else "")
            self._warn(f"The dictionary, which is English, lacks words; there the mouth follows what is heard: {told}.")

    def phones(self, window: NDArray[np.int16]) -> list[Phone]:
        """The phones of the next window."""
        if not window.any():  # the recogniser hears something in a silence without any noise
            return [Phone(SILENCE, 0.0, len(window) / RATE)]
        if any(self._waiting):
            most = int(_FASTEST * len(window) / RATE) + 1
            phones, count = self._recogniser.align(window, self._waiting[:most])
            if phones:
                del self._waiting[:count]
                return phones
        return self._recogniser.hear(window)

    def finish(self) -> None:
        """Warn of what was not heard."""
        left = [word for word in self._waiting if word]
        if left:
            self._warn(f"The transcript goes on after the sound: {len(left)} of its words, from {left[0]!r} on.")

    def _warn(self, message: str) -> None:
        self._on_event({"event": "warning", "message": message})


def _windows(blocks: Iterable[NDArray[np.int16]]) -> Iterator[NDArray[np.int16]]:
    """Cut a sound in its pauses."""
    shortest, longest = _WINDOW
    waiting: list[NDArray[np.int16]] = []
    for block in blocks:
        waiting.append(block)
        while sum(map(len, waiting)) >= longest:
            sound = np.concatenate(waiting)
            energy = np.cumsum(sound[shortest - _PAUSE : longest].astype(np.float64) ** 2)
            quietest = int(np.argmin(energy[_PAUSE:] - energy[:-_PAUSE]))
            cut = (shortest - _PAUSE // 2 + quietest) // _STEP * _STEP  # whole values of loudness
            yield sound[:cut]
            waiting = [sound[cut:]]
    yield np.concatenate(waiting)


def _loudness(sound: NDArray[np.int16]) -> NDArray[np.float32]:
    whole = sound[: len(sound) // _STEP * _STEP].reshape(-1, _STEP).astype(np.float64)
    return (10 * np.log10((whole**2).mean(axis=1) + 1)).astype(np.float32)
