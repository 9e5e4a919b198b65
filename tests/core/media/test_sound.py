# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds are read at one rate and start at their file's time 0."""

from __future__ import annotations

import wave
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from core.errors import BadInputError
from core.media.sound import RATE, open_sound
from core.media.video import VideoWriter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _write(path: Path, samples: NDArray[np.int16], rate: int = RATE) -> Path:
    """(N, channels) as a WAV file."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return path


def _tone(seconds: float, rate: int = RATE) -> NDArray[np.int16]:
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def _read(path: Path) -> NDArray[np.int16]:
    with open_sound(path) as (_, blocks):
        return np.concatenate(list(blocks))


def test_a_sound_at_the_right_rate_is_read_as_it_is(tmp_path: Path) -> None:
    tone = _tone(1.3)
    path = _write(tmp_path / "tone.wav", tone[:, None])
    assert (_read(path) == tone).all()
    with open_sound(path) as (seconds, _):
        assert seconds == pytest.approx(1.3)


def test_two_channels_at_another_rate_become_one(tmp_path: Path) -> None:
    tone = _tone(2, 44100)
    heard = _read(_write(tmp_path / "stereo.wav", np.stack([tone, tone], 1), 44100)).astype(float)
    assert abs(len(heard) - 2 * RATE) < RATE // 100
    wanted = _tone(2).astype(float)[: len(heard)]
    inside = slice(RATE // 10, -RATE // 10)
    assert np.corrcoef(heard[inside], wanted[: len(heard)][inside])[0, 1] > 0.999


def test_a_movie_whose_sound_starts_late_begins_with_silence(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as movie:
        pictures = movie.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = movie.add_stream("pcm_s16le", rate=RATE)
        sound.layout = "mono"
        for _ in range(25):
            movie.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        movie.mux(pictures.encode())
        tone = av.AudioFrame.from_ndarray(_tone(0.5)[None], format="s16", layout="mono")
        tone.rate, tone.pts, tone.time_base = RATE, RATE // 2, Fraction(1, RATE)
        movie.mux(sound.encode(tone))
        movie.mux(sound.encode())
    heard = _read(path)
    assert not heard[: RATE // 2 - 10].any()
    assert np.abs(heard[RATE // 2 + 10 :]).max() > 7000
    assert len(heard) == pytest.approx(RATE, abs=20)


def test_what_is_no_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"missing\.wav: cannot be read as a sound"):
        _read(tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("no sound at all")
    with pytest.raises(BadInputError, match=r"text\.wav: cannot be read as a sound"):
        _read(tmp_path / "text.wav")
    with pytest.raises(BadInputError, match=r"empty\.wav: its sound is empty"):
        _read(_write(tmp_path / "empty.wav", np.zeros((0, 1), np.int16)))


def test_a_movie_without_sound_is_told(tmp_path: Path) -> None:
    movie = VideoWriter(tmp_path / "silent.mp4", Fraction(25), (64, 64), "")
    movie.write(np.zeros((64, 64, 3), np.uint8))
    movie.close()
    with pytest.raises(BadInputError, match=r"silent\.mp4: has no sound in it"):
        _read(tmp_path / "silent.mp4")
