# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies in and out, a frame at a time, with the exact frame rate."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from ..errors import BadInputError, CancelledError
from ..files import cannot_write, replacing
from .pictures import to_rgb8
from .rates import meant_rate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

# x264's constant rate factor (16: visually without loss), and threads: their number changes what is written, so it
# must not depend on the machine.
_OPTIONS = {"crf": "16", "threads": "4"}
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT  # equal on every processor
_AHEAD = 4  # frames
_BT709 = 1  # ITU-T H.273: primaries, transfer and matrix of BT.709 have the same number
# Matroska tells a frame's duration in nanoseconds, of which FFmpeg makes a fraction of small numbers: 19001/317 of
# 60000/1001. This is less than what 29.97, exactly, is off.
_REDUCED = 5e-7
_ENDINGS = (
    ".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".vob", ".mxf", ".3gp",
    ".wmv", ".ogv",
)  # fmt: skip


def is_video(path: Path) -> bool:
    """By the file's ending; a folder that holds nothing but movies, a movie in pieces (`open_video`), is one too."""
    return path.suffix.lower() in _ENDINGS or (path.is_dir() and bool(pieces(path)))


def pieces(path: Path) -> list[Path]:
    """The files of a movie: one, or those in its folder (`open_video`); none if that holds anything else."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    return files if all(file.suffix.lower() in _ENDINGS for file in files) else []


@contextmanager
def open_video(
    path: Path, damaged: list[int] | None = None
) -> Generator[tuple[Fraction, tuple[int, int], Iterator[NDArray[np.uint8]]]]:
    """The exact fps, (width, height), and the frames as (H, W, 3) uint8 RGB, one by one. Raises BadInputError.

    Frames are upright, and evenly spaced: where a movie's own are not, some are repeated or left out. A folder of
    movies is one that was written in pieces, which follow each other in the order of their names. Numbers of the
    movie's own frames whose pictures are wrong, as the file is damaged, are added to `damaged` on the way.
    """
    if path.is_dir() and pieces(path):
        with _open_pieces(pieces(path)) as movie:
            yield movie
        return
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise BadInputError(f"{path}: cannot be read as a movie ({error}).") from error
    with container:
        if not container.streams.video:
            raise BadInputError(f"{path}: has no picture in it.")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"  # frames side by side: threads within a frame now and then do not mark its damage
        fps = _rate(stream)
        frames = _evenly(_decode(path, container, [] if damaged is None else damaged), fps)
        first = next(frames, None)
        if first is None:
            raise BadInputError(f"{path}: has no frame in it.")
        yield fps, (first.shape[1], first.shape[0]), chain([first], frames)


@contextmanager
def _open_pieces(paths: list[Path]) -> Generator[tuple[Fraction, tuple[int, int], Iterator[NDArray[np.uint8]]]]:
    def rest() -> Iterator[NDArray[np.uint8]]:
        for path in paths[1:]:
            with open_video(path) as (_, other, frames):
                if other != size:
                    raise BadInputError(f"{path}: has {other[0]} x {other[1]} pixels, others {size[0]} x {size[1]}.")
                yield from frames

    with open_video(paths[0]) as (fps, size, frames):
        yield fps, size, chain(frames, rest())


def exact_frames(path: Path, wanted: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Number and pixels of the frames of a movie; BadInputError on the way if they are not as many as its track has."""
    count = 0
    with open_video(path) as (_, _, frames):
        for count, pixels in enumerate(frames, 1):
            if count == wanted and next(frames, None) is not None:
                raise BadInputError(f"{path}: has more frames than the track, which has {wanted}.")
            yield count - 1, pixels
    raise BadInputError(f"{path}: has {count} frames; the track has {wanted}.")


def survey_video(path: Path) -> tuple[int | None, bool]:
    """How many frames `open_video` will give, if the file tells it, and whether the movie's own are evenly spaced.

    Nothing is decoded, and what is no movie is not told here.
    """
    if path.is_dir() and pieces(path):
        totals, even = zip(*map(survey_video, pieces(path)), strict=True)
        return None if None in totals else sum(totals), all(even)
    with suppress(av.error.FFmpegError, OSError, IndexError), av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps, unit = _rate(stream), stream.time_base
        times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        if times and unit is not None:
            due = [round((time - times[0]) * unit * fps) for time in times]
            return due[-1] + 1, due == list(range(len(due)))
    return None, True


@contextmanager
def read_ahead(frames: Iterator[NDArray[np.uint8]]) -> Generator[Iterator[NDArray[np.uint8]]]:
    """The same frames; a thread decodes the next ones while one is worked on."""
    pool = ThreadPoolExecutor(1)

    def ahead() -> Iterator[NDArray[np.uint8]]:
        waiting = deque(pool.submit(next, frames, None) for _ in range(_AHEAD))
        while (frame := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, frames, None))
            yield frame

    try:
        yield ahead()
    finally:
        pool.shutdown(cancel_futures=True)


def _rate(stream: VideoStream) -> Fraction:
    # Of one or two frames of MPEG there is no average, and the base is twice the rate that the codec tells.
    others = [rate for rate in (stream.codec_context.framerate, stream.base_rate) if rate]
    fps = stream.average_rate or min(others, default=Fraction(25))
    return meant_rate(fps, _REDUCED * float(fps))


def _decode(
    path: Path, container: InputContainer, damaged: list[int]
) -> Iterator[tuple[Fraction | None, NDArray[np.uint8]]]:
    """The time of each frame in seconds, if it is known, and the frame."""
    try:
        for number, frame in enumerate(container.decode(video=0)):
            if frame.is_corrupt:
                damaged.append(number)
            time = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
            picture = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)  # as a telephone was held
            yield time, np.ascontiguousarray(picture, np.uint8)
    except av.error.FFmpegError as error:
        raise BadInputError(f"{path}: is damaged ({error}).") from error


def _evenly(frames: Iterator[tuple[Fraction | None, NDArray[np.uint8]]], fps: Fraction) -> Iterator[NDArray[np.uint8]]:
    """One frame for every 1/fps seconds."""
    count, start, last = 0, Fraction(0), None
    for time, picture in frames:
        if last is None:
            start = time or start
        due = count if time is None else round((time - start) * fps)
        while last is not None and count < due:
            yield last
            count += 1
        if due >= count:
            yield picture
            count += 1
        last = picture


class VideoWriter:
    """An H.264 movie in yuv420p, which every player shows; odd sides are made even by repeating the last line."""

    def __init__(self, path: Path, fps: Fraction, size: tuple[int, int], comment: str) -> None:
        """Open a temporary file beside `path`; `size` is (width, height). Raises BadInputError."""
        self._path = path
        with ExitStack() as end, self._telling():
            part = end.enter_context(replacing(path))
            self._container = av.open(str(part), "w", format="mp4")
            end.callback(self._close)
            self._end = end.pop_all()
        self._container.metadata["comment"] = comment
        self._stream: Any = self._container.add_stream("libx264", rate=fps, options=_OPTIONS)
        self._stream.width, self._stream.height = (side + side % 2 for side in size)
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context  # players guess the colours of a file that does not tell them
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG

    def write(self, pixels: NDArray[Any]) -> None:
        """Add a frame, (H, W, 3 or 4) uint8 or uint16; alpha is laid on black. Raises BadInputError."""
        rgb = to_rgb8(pixels)
        even = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        colours = {"dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG}
        with self._telling():
            self._encode(frame.reformat(format="yuv420p", interpolation=_EXACT, **colours))

    def close(self) -> None:
        """Finish the movie and give it its name. Raises BadInputError, and leaves nothing then."""
        with self._end, self._telling():
            self._encode(None)
            self._container.close()

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(CancelledError), self._end:
            raise CancelledError

    def _close(self) -> None:
        """Of a file that is open, Windows changes no name; one that is closed already stays so."""
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    @contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            raise cannot_write(self._path, error) from error
