# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoken sentences with what is said in them."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.media.sound import RATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sentence:
    """A sample of a reader's voice."""

    path: Path
    words: list[str]

    @property
    def samples(self) -> NDArray[np.int16]:
        with wave.open(str(self.path)) as sound:
            return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


@pytest.fixture(scope="session")
def sentences(shared: Path) -> list[Sentence]:
    """Five sentences read for LibriVox."""
    folder = shared / "data/speech/librivox"
    lines = (folder / "transcription").read_text("utf-8").splitlines()
    found: list[Sentence] = []
    for _, *words, _, name in (line.split() for line in lines):
        found.append(Sentence(folder / f"{name.strip('()')}.wav", words))
    return found


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[[str, NDArray[np.int16]], Path]:
    """write_sound("noise.wav", samples): a file of (N,) samples."""

    def write(name: str, samples: NDArray[np.int16]) -> Path:
        with wave.open(str(tmp_path / name), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(samples.astype(np.int16).tobytes())
        return tmp_path / name

    return write
