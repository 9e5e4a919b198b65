# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies in and out, a frame at a time, with the exact frame rate."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np

from ..errors import BadInputError
from ..files import cannot_write, make_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_QUALITY = "16"  # x264's constant rate factor: visually without loss
_ENDINGS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg")


def is_video(path: Path) -> bool:
    """By the file's ending."""
    return path.suffix.lower() in _ENDINGS


@contextmanager
def open_video(path: Path) -> Generator[tuple[Fraction, tuple[int, int], Iterator[NDArray[np.uint8]]]]:
    """The exact fps, (width, height), and the frames as (H, W, 3) uint8 RGB, one by one. Raises BadInputError."""
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise BadInputError(f"{path}: cannot be read as a movie ({error}).") from error
    with container:
        if not container.streams.video:
            raise BadInputError(f"{path}: has no picture in it.")
        stream = container.streams.video[0]
        fps = stream.average_rate or stream.base_rate or Fraction(25)
        yield fps, (stream.width, stream.height), _frames(path, container)


def _frames(path: Path, container: Any) -> Iterator[NDArray[np.uint8]]:  # noqa: ANN401
    try:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
    except av.error.FFmpegError as error:
        raise BadInputError(f"{path}: is damaged ({error}).") from error


class VideoWriter:
    """An H.264 movie in yuv420p, which every player shows; odd sides are made even by repeating the last line."""

    def __init__(self, path: Path, fps: Fraction, size: tuple[int, int], comment: str) -> None:
        """Open a temporary file beside `path`; `size` is (width, height). Raises BadInputError."""
        self._path, self._part = path, path.with_name(path.name + ".part")
        make_folder(path.parent)
        try:
            self._container = av.open(str(self._part), "w", format="mp4")
        except (av.error.FFmpegError, OSError) as error:
            raise cannot_write(path, error) from error
        self._container.metadata["comment"] = comment
        self._stream: Any = self._container.add_stream("libx264", rate=fps, options={"crf": _QUALITY})
        self._stream.width, self._stream.height = (side + side % 2 for side in size)
        self._stream.pix_fmt = "yuv420p"

    def write(self, pixels: NDArray[Any]) -> None:
        """Add a frame, (H, W, 3 or 4) uint8 or uint16; alpha is laid on black."""
        rgb = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
        if rgb.shape[2] == 4:
            rgb = (rgb[..., :3] * (rgb[..., 3:] / 255.0)).round().astype(np.uint8)
        even = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        self._encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24"))

    def close(self) -> None:
        """Finish the movie and give it its name."""
        self._encode(None)
        self._container.close()
        self._part.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()
        with suppress(OSError):
            self._part.unlink()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise cannot_write(self._path, error) from error
