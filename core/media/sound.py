# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound of any sound file or movie, as speech recognisers want it."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from numpy.typing import NDArray

RATE = 16000
"""Samples per second."""

_GAP = 0.05  # seconds; less between two packets is how their times are rounded


@contextmanager
def open_sound(path: Path) -> Generator[tuple[float | None, Iterator[NDArray[np.int16]]]]:
    """The length in seconds as the file tells it, and (N,) blocks of samples, one channel. Raises BadInputError.

    Time 0 is the file's: where a movie's sound starts later than its picture, or leaves a gap, there is silence.
    """
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise BadInputError(f"{path}: cannot be read as a sound or a movie ({error}).") from error
    with container:
        if not container.streams.audio:
            raise BadInputError(f"{path}: has no sound in it.")
        blocks = _resampled(_decode(path, container), container.start_time or 0)
        first = next(blocks, None)
        if first is None:
            raise BadInputError(f"{path}: its sound is empty.")
        length = None if container.duration is None else container.duration / av.time_base
        yield length, chain([first], blocks)


def _decode(path: Path, container: InputContainer) -> Iterator[AudioFrame]:
    try:
        yield from container.decode(audio=0)
    except av.error.FFmpegError as error:
        raise BadInputError(f"{path}: is damaged ({error}).") from error


def _resampled(frames: Iterator[AudioFrame], start: int) -> Iterator[NDArray[np.int16]]:
    """Blocks at RATE; `start`: the file's first moment, microseconds."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    given = 0
    for frame in chain(frames, [None]):  # None: what the resampler still holds
        if frame is not None and frame.time is not None:
            missing = frame.time - start / av.time_base - given / RATE
            if missing > _GAP:
                silence = np.zeros(round(missing * RATE), np.int16)
                given += len(silence)
                yield silence
        for block in resampler.resample(frame):
            samples = block.to_ndarray().reshape(-1).astype(np.int16)
            given += len(samples)
            if len(samples):
                yield samples
