# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job's frames go: a folder of pictures, or one movie."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .files import write_bytes
from .provenance import picture_text, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from .job import Job
    from .media.video import VideoWriter

# To pack a frame takes longer than to draw it, in one core. Four writers keep up, and two cores are busy as it is.
_WRITERS = max(1, min((os.cpu_count() or 1) // 2, 4))
_WAITING = _WRITERS + 2  # frames that may wait to be written while the next one is drawn: memory stays flat


def is_movie(job: Job) -> bool:
    """Whether its frames become a movie, by the name of the output."""
    return job.output.suffix.lower() == ".mp4"


class Folder:
    """Frames as files, written by other threads while the next one is drawn."""

    def __init__(self, job: Job) -> None:
        from .media.footage import first_picture
        from .media.pictures import frame_format

        self._folder, self._text = job.output, picture_text(job.generator)
        self._format = frame_format(first_picture(job.portrait.path))
        self._pool = ThreadPoolExecutor(_WRITERS)

    def write(self, drawn: Iterable[tuple[int, NDArray[Any]]]) -> Iterator[tuple[Path, int]]:
        """Write frames by their 0-based numbers; yield path and 1-based number of each one on the disk, in order."""
        waiting: deque[tuple[Path, int, Future[None]]] = deque()
        for index, pixels in drawn:
            path = self._folder / f"frame_{index + 1:06d}.{self._format.ending}"
            waiting.append((path, index + 1, self._pool.submit(self._write, path, pixels)))
            if len(waiting) > _WAITING:
                yield self._written(waiting)
        while waiting:
            yield self._written(waiting)

    def _write(self, path: Path, pixels: NDArray[Any]) -> None:
        write_bytes(path, self._format.encode(pixels, self._text))

    @staticmethod
    def _written(waiting: deque[tuple[Path, int, Future[None]]]) -> tuple[Path, int]:
        path, number, future = waiting.popleft()
        future.result()
        return path, number

    def close(self, *, complete: bool) -> None:
        """Wait for what is being written; frames that were only waiting are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=not complete)


class Movie:
    """Frames as one movie, which appears when it is whole."""

    def __init__(self, job: Job, fps: Fraction) -> None:
        self._path, self._fps, self._statement = job.output, fps, statement(job.generator)
        self._writer: VideoWriter | None = None

    def write(self, drawn: Iterable[tuple[int, NDArray[Any]]]) -> Iterator[tuple[Path, int]]:
        """Encode frames by their 0-based numbers; yield path and 1-based number of each."""
        from .media.video import VideoWriter

        for index, pixels in drawn:
            if self._writer is None:
                size = (pixels.shape[1], pixels.shape[0])
                self._writer = VideoWriter(self._path, self._fps, size, self._statement)
            self._writer.write(pixels)
            yield self._path, index + 1

    def close(self, *, complete: bool) -> None:
        """Finish the movie, or leave nothing."""
        if self._writer is not None and complete:
            self._writer.close()
        elif self._writer is not None:
            self._writer.discard()
