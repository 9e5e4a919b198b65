# SPDX-License-Identifier: GPL-3.0-or-later
"""Which phones are said when: pocketsphinx with the English models that its wheel brings."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations, groupby, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pocketsphinx as untyped_pocketsphinx

from .phones import PHONES, SILENCE, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

pocketsphinx: Any = untyped_pocketsphinx

_STEP = 0.01  # seconds between the recogniser's frames
_HEARING = {"lw": 2.0, "beam": 1e-20, "pbeam": 1e-20}  # measured: docs/decisions/speech.md
_ALONE = "%"  # before a phone's name: a word that is this one phone
_BESIDE = "-"  # between the phones of a word that is several
_ONE_MORE = 0.01  # probability of a further phone in a word that is not known, so that it leaves others what is theirs
_LIPS = {"P", "B", "M"}
# Phones that are made in the same way at other places, and are taken for those of the lips. At most so many phones of
# a stretch are others than those that were heard. Lips are taken back more reluctantly: to miss them shows more.
_ALIKE = ({"P", "T", "K"}, {"B", "D", "G"}, {"B", "V", "DH"}, {"M", "N", "NG"})
_MISHEARD, _ANOTHER, _NO_LIPS = 2, 0.01, 1e-4


class Recogniser:
    """Listens to (N,) samples at 16 kHz. Half a minute at once is enough: its memory grows with the square of that."""

    def hear(self, sound: NDArray[np.int16]) -> list[Phone]:
        """The phones of a sound of which nothing is known.

        Phones are heard one by one, because to hear each with its neighbours takes forty times as long. Which of those
        that sound alike close the lips is decided with the neighbours in a second pass.
        """
        _process(self._listener, sound)
        heard = [_phone(part.word, part.start_frame, part.end_frame + 1) for part in self._listener.seg() or ()]
        if not heard:
            return []
        stretches = _stretches([phone.name for phone in heard])
        paths = [(i, i + 1, *variant) for i, stretch in enumerate(stretches) for variant in _variants(stretch)]
        new = {word: word.removeprefix(_ALONE).replace(_BESIDE, " ") for *_, word in paths if not self.knows(word)}
        for left, (word, names) in enumerate(new.items(), 1 - len(new)):
            self._aligner.add_word(word, names, left == 0)  # the last one makes them all known
        return self._read(sound, len(stretches), paths)[0] or heard

    def align(self, sound: NDArray[np.int16], words: Sequence[str | None]) -> tuple[list[Phone], int]:
        """The phones of a sound in which the first of these words are said, and how many words these are.

        None stands for words that the dictionary lacks: it may be any phones, and goes on in the next sound where it
        ends this one. No phones where the words do not fit the sound.
        """
        phones, said = self._read(sound, len(words), list(_paths(words)))
        count = sum(1 if is_unknown else len(list(group)) for is_unknown, group in groupby(said, _is_unknown))
        return phones, count - bool(said and _is_unknown(said[-1]))

    def knows(self, word: str) -> bool:
        """Whether it is in the dictionary."""
        return self._aligner.lookup_word(word) is not None

    def _read(
        self, sound: NDArray[np.int16], last: int, paths: Sequence[tuple[int, int, float, str]]
    ) -> tuple[list[Phone], list[str]]:
        """The phones and the words of a sound that follows a grammar's paths from state 0 to `last`, if it does."""
        decoder = self._aligner
        decoder.add_fsg("words", decoder.create_fsg("words", 0, last, paths))
        decoder.activate_search("words")
        _process(decoder, sound)
        said = [part.word for part in decoder.seg() or () if not part.word.startswith(("<", "+", f"{_ALONE}{SILENCE}"))]
        try:
            decoder.set_alignment()  # a second pass, for the phones of these words
        except RuntimeError:
            return [], []
        _process(decoder, sound)
        parts = decoder.get_alignment().phones()
        return [_phone(part.name, part.start, part.start + part.duration) for part in parts], said

    @cached_property
    def _listener(self) -> Any:  # noqa: ANN401 - it has no types
        model = pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin")
        return pocketsphinx.Decoder(lm=None, allphone=model, loglevel="FATAL", **_HEARING)

    @cached_property
    def _aligner(self) -> Any:  # noqa: ANN401
        decoder = pocketsphinx.Decoder(lm=None, bestpath=False, loglevel="FATAL")  # the best path would lose pauses
        for name in (*PHONES, SILENCE):
            decoder.add_word(f"{_ALONE}{name}", name, name == SILENCE)  # the last one makes them all known
        return decoder


def _paths(words: Sequence[str | None]) -> Iterator[tuple[int, int, float, str]]:
    """A grammar's transitions: any number of the words, in their order; the last state ends it."""
    last = len(words)
    yield 0, last, 1.0, f"{_ALONE}{SILENCE}"
    for here, word in enumerate(words):
        targets = {here + 1, last}
        if word is not None:
            yield from ((here, target, 1.0, word) for target in targets)
            continue
        inside = last + 1 + here
        for phone in PHONES:
            for start in (here, inside):
                yield from ((start, target, _ONE_MORE, f"{_ALONE}{phone}") for target in (*targets, inside))


def _stretches(names: list[str]) -> list[list[str]]:
    """Phones in their order, cut at pauses and where a phone that may be misheard is on neither side."""
    stretches: list[list[str]] = []
    for before, name in pairwise([SILENCE, *names]):
        if SILENCE in (before, name) or len(_alike(before)) == len(_alike(name)) == 1:
            stretches.append([])
        stretches[-1].append(name)
    return stretches


def _alike(name: str) -> set[str]:
    """What a phone may be that sounds like this one: one of them is of the lips."""
    others = {other for group in _ALIKE if name in group for other in group if _LIPS & {name, other}}
    return {name} | others


def _variants(stretch: list[str]) -> Iterator[tuple[float, str]]:
    """Words that may be a stretch of phones, and how likely each is."""
    for count in range(_MISHEARD + 1):
        for places in combinations(range(len(stretch)), count):
            for others in product(*(sorted(_alike(stretch[place]) - {stretch[place]}) for place in places)):
                said = dict(zip(places, others, strict=True))
                names = [said.get(place, name) for place, name in enumerate(stretch)]
                likely = [_ANOTHER if name in _LIPS else _NO_LIPS for name in others]
                yield float(np.prod(likely)), _ALONE + _BESIDE.join(names)


def _is_unknown(word: str) -> bool:
    return word.startswith(_ALONE)


def _process(decoder: Any, sound: NDArray[np.int16]) -> None:  # noqa: ANN401
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), full_utt=True)
    decoder.end_utt()


def _phone(name: str, start: int, end: int) -> Phone:
    return Phone(name if name in PHONES else SILENCE, start * _STEP, end * _STEP)
