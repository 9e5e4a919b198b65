# SPDX-License-Identifier: GPL-3.0-or-later
"""One clip of a talking head: pictures with landmarks in a file, and warps of them if they were added.

The pictures are JPEG (4:4:4) one after another. Nothing is ever unpickled, and a file appears whole or not at all.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..errors import BadInputError
from ..files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Source = Mapping[str, Any]

VERSION = 1
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
DAMAGED = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error),
    RuntimeError,  # zipfile's, of a file that is encrypted or packed in another way
)
"""What numpy raises of a file of arrays that is none, or is damaged."""
_NEEDED = ("version", "pictures", "picture_ends", "landmarks", "fps", "source")
_WARPED = ("warp_references", "warps", "warp_ends", "confidences", "confidence_ends")


@dataclass(frozen=True)
class NewClip:
    """A clip to be written."""

    pictures: Sequence[Picture]  # F of (size, size, 3) RGB
    landmarks: NDArray[np.float32]  # (F, 68, 2) pixels of the pictures
    fps: Fraction
    source: Source  # what it was made from, plain JSON values


class Clip:
    """The frames of one clip. Pictures are decoded when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Open a clip's file. Raises BadInputError: missing, foreign, truncated, or of another version."""
        self.path = path
        found = self._read(_NEEDED[:1])
        version = found["version"].tolist()
        if version != VERSION:
            raise other_version(path, version)
        found = self._read(_NEEDED[1:])
        self._pictures, self._picture_ends = found["pictures"], found["picture_ends"]
        self.landmarks: NDArray[np.float32] = found["landmarks"]
        frames = len(self._picture_ends)
        self._check(frames > 0 and self.landmarks.shape == (frames, 68, 2) and np.isfinite(self.landmarks).all())
        self._check(_are_ends(self._picture_ends, len(self._pictures)))
        self._check(found["fps"].shape == (2,) and found["fps"].min() > 0)
        self.fps = Fraction(*found["fps"].tolist())
        try:
            self.source: dict[str, Any] = json.loads(found["source"].tobytes())
        except ValueError as error:
            raise self._damaged() from error

    def __len__(self) -> int:
        return len(self._picture_ends)

    def picture(self, frame: int) -> Picture:
        """A frame, (size, size, 3) RGB."""
        return self._decode(self._pictures, self._picture_ends, frame)

    def landmark_picture(self, frame: int) -> Picture:
        """The frame's landmarks drawn as lines, (size, size, 3) RGB."""
        from ..generators.few_shot.landmark_picture import draw_landmarks

        return draw_landmarks(self.landmarks[frame], self.picture(frame).shape[0])

    @property
    def has_warps(self) -> bool:
        """Whether warps of the frames are stored with it."""
        return bool(self._warped)

    @property
    def warp_references(self) -> NDArray[np.int64]:
        """(F, R): the frames of the clip that the warps of each frame were made from; R is 0 without warps."""
        return self._warped.get("warp_references", np.zeros((len(self), 0), np.int64))

    def warp(self, frame: int, reference: int) -> Picture:
        """The frame as the warp generator draws it from its reference of that number, (size, size, 3) RGB."""
        return self._decode(self._warped["warps"], self._warped["warp_ends"], self._place(frame, reference))

    def confidence(self, frame: int, reference: int) -> Picture:
        """(size, size): where that warp shows what the reference shows; 255 is read from it pixel by pixel."""
        ends = self._warped["confidence_ends"]
        return self._decode(self._warped["confidences"], ends, self._place(frame, reference), cv2.IMREAD_GRAYSCALE)

    @cached_property
    def _warped(self) -> dict[str, NDArray[Any]]:
        found = self._read(_WARPED, optional=True)
        if found:
            references = found["warp_references"]
            self._check(references.ndim == 2 and len(references) == len(self))
            self._check(references.min() >= 0 and references.max() < len(self))
            for blobs, ends in (("warps", "warp_ends"), ("confidences", "confidence_ends")):
                self._check(len(found[ends]) == references.size and _are_ends(found[ends], len(found[blobs])))
        return found

    def _place(self, frame: int, reference: int) -> int:
        return frame * self.warp_references.shape[1] + reference

    def _decode(self, blobs: Picture, ends: NDArray[np.int64], place: int, kind: int = cv2.IMREAD_COLOR) -> Picture:
        start = ends[place - 1] if place else 0
        pixels: Any = cv2.imdecode(blobs[start : ends[place]], kind)
        self._check(pixels is not None)
        return np.ascontiguousarray(pixels[..., ::-1] if kind == cv2.IMREAD_COLOR else pixels, np.uint8)

    def _read(self, names: Sequence[str], *, optional: bool = False) -> dict[str, NDArray[Any]]:
        """Arrays of the file by their names; none of them if they are optional and not there."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                if optional and names[0] not in arrays:
                    return {}
                return {name: arrays[name] for name in names}
        except FileNotFoundError as error:
            raise BadInputError(f"{self.path}: there is no such clip.") from error
        except DAMAGED as error:
            raise self._damaged() from error

    def _check(self, is_right: bool | np.bool_) -> None:  # noqa: FBT001 - reads as an assertion
        if not is_right:
            raise self._damaged()

    def _damaged(self) -> BadInputError:
        return BadInputError(f"{self.path}: is no clip of shards, or is damaged. Delete it and make it anew.")


def write_clip(path: Path, clip: NewClip) -> None:
    """Write a clip's file. Raises BadInputError."""
    pictures, picture_ends = _join(_encode(picture) for picture in clip.pictures)
    arrays = {
        "version": np.int64(VERSION),
        "pictures": pictures,
        "picture_ends": picture_ends,
        "landmarks": np.asarray(clip.landmarks, np.float32),
        "fps": np.array([clip.fps.numerator, clip.fps.denominator], np.int64),
        "source": np.frombuffer(json.dumps(clip.source).encode(), np.uint8),
    }
    _write_arrays(path, arrays)


def write_warps(
    path: Path, references: NDArray[np.int64], warps: Sequence[Picture], confidences: Sequence[Picture]
) -> None:
    """Add warps to a clip's file, or replace those in it. Raises BadInputError.

    `references` (F, R): the frame that each warp was made from; `warps` and `confidences`: F * R pictures (S, S, 3)
    and (S, S), those of the first frame first.
    """
    Clip(path)  # nothing is added to what is no clip
    with np.load(path, allow_pickle=False) as arrays:
        kept = {name: arrays[name] for name in _NEEDED}
    pictures, picture_ends = _join(_encode(picture) for picture in warps)
    masks, mask_ends = _join(_encode(mask) for mask in confidences)
    added = dict(zip(_WARPED, (references.astype(np.int64), pictures, picture_ends, masks, mask_ends), strict=True))
    _write_arrays(path, kept | added)


def other_version(path: Path, version: object) -> BadInputError:
    """What to tell of a file that is not of this version."""
    return BadInputError(f"{path}: has version {version}; this program reads version {VERSION}. Make it anew.")


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def _encode(pixels: Picture) -> Picture:
    is_coded, blob = cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels, _QUALITY)
    if not is_coded:
        raise ValueError("not a picture of bytes")
    return np.asarray(blob, np.uint8).ravel()


def _join(blobs: Iterable[Picture]) -> tuple[Picture, NDArray[np.int64]]:
    kept = list(blobs)
    return np.concatenate(kept), np.cumsum([len(blob) for blob in kept], dtype=np.int64)


def _are_ends(ends: NDArray[np.int64], length: int) -> bool:
    return ends.ndim == 1 and ends[-1] == length and bool((np.diff(ends, prepend=0) > 0).all())
