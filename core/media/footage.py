# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that follow one another: a movie, or a picture file for every frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .pictures import read_picture
from .video import exact_frames, is_video, open_video, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".jp2", ".tga")


def is_footage(path: Path) -> bool:
    """A movie by its ending, or a folder."""
    return is_video(path) or path.is_dir()


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, frame 9 before frame 10. Raises BadInputError when there is none."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in _PICTURES and not path.name.startswith(".")]
    if not found:
        raise BadInputError(f"{folder}: there is no picture in this folder.")
    return sorted(found, key=lambda path: [int(n) if n.isdigit() else n for n in re.split(r"(\d+)", path.name)])


def evenly(count: int, most: int) -> list[int]:
    """Numbers below `count`: all of them, or `most` that are evenly spread from the first to the last."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist() if count else []


def first_picture(path: Path) -> Path | None:
    """The file of the first frame of a picture, a folder or a movie, which has none."""
    if is_video(path):
        return None
    return pictures_in(path)[0] if path.is_dir() else path


class Footage:
    """Frames that are read as they are asked for."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """A movie, a folder of pictures, or the pictures themselves in their order."""
        self._movie = paths[0] if len(paths) == 1 and is_video(paths[0]) else None
        self.pictures = pictures_in(paths[0]) if len(paths) == 1 and paths[0].is_dir() else list(paths)
        self.files = self.pictures if self._movie is None else pieces(self._movie)
        self.fps: Fraction | None = None
        """What a movie says of itself."""
        if self._movie is not None:
            with open_video(self._movie) as (fps, _, _):
                self.fps = fps

    def frames(self) -> Iterator[NDArray[Any]]:
        """All of them: (H, W, 3 or 4) pixels as `read_picture` gives them, of one size and type (BadInputError)."""
        if self._movie is not None:
            with open_video(self._movie) as (_, _, frames):
                yield from frames
        else:
            yield from self._read(self.pictures)

    def at(self, numbers: Iterable[int], total: int) -> Iterator[NDArray[Any]]:
        """The frames of these numbers from 0 on, never going back.

        Raises BadInputError where a movie turns out not to have `total` frames.
        """
        if self._movie is None:
            yield from self._read([self.pictures[number] for number in numbers])
            return
        frames = exact_frames(self._movie, total)
        shown, pixels = next(frames)
        for number in numbers:
            while shown < number:
                shown, pixels = next(frames)
            yield pixels

    def _read(self, paths: Iterable[Path]) -> Iterator[NDArray[Any]]:
        before: Path | None = None
        pixels = first = read_picture(self.pictures[0])
        for path in paths:
            if path != before:
                pixels, before = read_picture(path), path
            if pixels.shape != first.shape or pixels.dtype != first.dtype:
                other = f"{self.pictures[0].name}, the first of its sequence, is {_kind(first)}"
                raise BadInputError(f"{path}: is {_kind(pixels)}; {other}.")
            yield pixels


def _kind(pixels: NDArray[Any]) -> str:
    height, width, channels = pixels.shape
    return f"{width}x{height} pixels of {channels} channels, {pixels.dtype}"
