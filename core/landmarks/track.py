# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks over time, and files of them."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import BadInputError
from ..files import write_bytes
from ..json_form import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_Float = TypeVar("_Float", bound="np.floating[Any]")

_KEYS = ("landmarks", "confidence", "fps", "size")


@dataclass(frozen=True)
class LandmarkTrack:
    """The 68 points of one face in every frame; a portrait's landmarks are a track of one frame."""

    landmarks: NDArray[np.float32]  # (F, 68, 2) pixels, origin top-left, x right, y down
    confidence: NDArray[np.float32]  # (F, 68) 0..1
    fps: Fraction
    size: tuple[int, int]  # width, height of the picture that the pixels belong to
    iris: NDArray[np.float32] | None = None  # (F, 2, 2) centres of the right and the left iris

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.landmarks)

    def unseen(self) -> list[tuple[int, int]]:
        """The frames in which nothing was found, as ranges: first and last one, counted from 0."""
        return [(run.start, run.stop - 1) for run in runs_of(~self.confidence.any(axis=1))]

    def holding(self) -> LandmarkTrack:
        """The same, but frames in which nothing was found are as the last one before (the first ones: as the next)."""
        seen = np.flatnonzero(self.confidence.any(axis=1))
        if not len(seen):
            return self
        held = seen[np.maximum(np.searchsorted(seen, np.arange(self.frames), side="right") - 1, 0)]
        iris = None if self.iris is None else self.iris[held]
        return replace(self, landmarks=self.landmarks[held], iris=iris)

    def resample(self, fps: Fraction, frames: int, start: Fraction = Fraction(0)) -> LandmarkTrack:
        """Read `frames` frames at another rate from `start` seconds on: linear in time, the ends are held."""
        places = frame_places(self.fps, fps, frames, start)
        return LandmarkTrack(
            read_between(self.landmarks, places),
            read_between(self.confidence, places),
            fps,
            self.size,
            None if self.iris is None else read_between(self.iris, places),
        )


def frame_places(own: Fraction, fps: Fraction, frames: int, start: Fraction = Fraction(0)) -> NDArray[np.float64]:
    """(F,) where frames of another rate, from `start` seconds on, lie among those of the `own` rate.

    Exact fractions until the end: nothing drifts, however long it is. Raises BadInputError.
    """
    if fps <= 0 or frames < 1:
        raise BadInputError(f"A performance cannot be read as {frames} frames at {fps} per second.")
    return np.array([float((start + i / fps) * own) for i in range(frames)])


def bridged(values: NDArray[np.floating[Any]], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Rows (F, ...), those that are not known (F,) linear between their neighbours; the ends are held."""
    every = np.arange(len(values))
    rows = values[known].reshape(np.count_nonzero(known), -1)
    columns: list[NDArray[np.float64]] = [np.interp(every, every[known], column) for column in rows.T]
    return np.column_stack(columns).reshape(values.shape)


def runs_of(marked: NDArray[np.bool_]) -> list[range]:
    """The frames (F,) that are marked, in ranges without gaps."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]]))).tolist()
    return [range(start, stop) for start, stop in zip(steps[::2], steps[1::2], strict=True)]


def read_between(values: NDArray[_Float], places: NDArray[np.float64]) -> NDArray[_Float]:
    """Rows (N, ...) at fractional places (F,): (F, ...), linear between two of them; the ends are held."""
    at = np.clip(places, 0, len(values) - 1)
    before = at.astype(int)
    after = np.minimum(before + 1, len(values) - 1)
    share = (at - before).reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    # Bit for bit a row where one is hit.
    return (values[before] * (1 - share) + values[after] * share).astype(values.dtype, copy=False)


def at_size(track: LandmarkTrack, size: tuple[int, int], source: Path) -> LandmarkTrack:
    """A track brought to a (width, height) if it was found in a larger or smaller copy; else BadInputError.

    `source` is the track's file.
    """
    width, height = size
    factor = width / track.size[0]
    if abs(track.size[1] * factor - height) > max(1.0, factor):
        raise BadInputError(
            f"{source}: these landmarks belong to a picture of {track.size[0]} x {track.size[1]} pixels; "
            f"the portrait has another shape ({width} x {height})."
        )
    if factor == 1:
        return track

    def scaled(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return (points + np.float32(0.5)) * np.float32(factor) - np.float32(0.5)

    iris = None if track.iris is None else scaled(track.iris)
    return replace(track, landmarks=scaled(track.landmarks), size=size, iris=iris)


def check_shape(landmarks: NDArray[np.floating[Any]], source: Path) -> None:
    """Raise BadInputError where points (F, 68, 2) cannot be pixels of a face; `source` is their file."""
    flat = np.ptp(landmarks, axis=1).min(axis=1) < 1
    if flat.any():
        raise BadInputError(
            f"{source}: the points of frame {int(np.argmax(flat))} (counted from 0) lie in one place or on a line: "
            "they must be pixels of a face."
        )


def load_track(path: Path) -> LandmarkTrack:
    """Read a track from .npz or .json; never unpickles. Raises BadInputError."""
    what = "a landmark track, .npz or .json"
    if path.suffix.lower() == ".json":
        return track_from_mapping(read_json(path, what), str(path))
    try:
        values = _arrays(path.read_bytes())
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInputError(f"{path}: cannot be read as {what} ({reason}).") from error
    return track_from_mapping(values, str(path))


def _arrays(npz: bytes) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(io.BytesIO(npz)):
        raise ValueError("it is no .npz, or it is cut off")
    with np.load(io.BytesIO(npz), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def track_from_mapping(data: Mapping[str, Any], source: str) -> LandmarkTrack:
    """Check the arrays or lists of a track; `source` names it in errors (BadInputError)."""
    missing = [key for key in _KEYS if key not in data] if hasattr(data, "keys") else list(_KEYS)
    if missing:
        raise BadInputError(f"{source}: a landmark track needs {', '.join(_KEYS)}; without {', '.join(missing)}.")
    try:
        landmarks = np.asarray(data["landmarks"], np.float32)
        confidence = np.asarray(data["confidence"], np.float32)
        fps, size = (np.asarray(data[name]) for name in ("fps", "size"))
        given = data.get("iris")
        iris = None if given is None else np.asarray(given, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{source}: holds something that is not a number ({error}).") from error
    frames = len(landmarks) if landmarks.ndim else 0
    if landmarks.ndim and not frames:
        raise BadInputError(f"{source}: the track has no frames.")
    _expect(landmarks, (frames, 68, 2), "landmarks", source)
    _expect(confidence, (frames, 68), "confidence", source)
    if iris is not None:
        _expect(iris, (frames, 2, 2), "iris", source)
    for name, pair in (("fps", fps), ("size", size)):
        if pair.shape != (2,) or pair.dtype.kind not in "iu" or pair.min() < 1:
            form = "[25, 1]" if name == "fps" else "[width, height]"
            raise BadInputError(f"{source}: {name} must be two whole numbers above 0, {form}; it is {pair.tolist()}.")
    rate = Fraction(int(fps[0]), int(fps[1]))
    return LandmarkTrack(landmarks, confidence, rate, (int(size[0]), int(size[1])), iris)


def _expect(values: NDArray[np.float32], shape: tuple[int, ...], name: str, source: str) -> None:
    if values.shape != shape:
        raise BadInputError(f"{source}: {name} has the shape {values.shape}; {('frames', *shape[1:])} is wanted.")
    bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if bad.any():
        raise BadInputError(f"{source}: {name} is not a number in frame {int(np.argmax(bad))} (counted from 0).")


def save_track(path: Path, track: LandmarkTrack) -> None:
    """Write .npz, or .json by the file's ending. Raises BadInputError."""
    arrays: dict[str, NDArray[Any]] = {
        "landmarks": track.landmarks,
        "confidence": track.confidence,
        "fps": np.array([track.fps.numerator, track.fps.denominator], np.int64),
        "size": np.array(track.size, np.int64),
    }
    if track.iris is not None:
        arrays["iris"] = track.iris
    if path.suffix.lower() == ".json":
        data = json.dumps({name: values.tolist() for name, values in arrays.items()}).encode()
    else:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType] - newer stubs see options in the names
        data = buffer.getvalue()
    write_bytes(path, data)
