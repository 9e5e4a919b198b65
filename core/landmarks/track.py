# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks over time, and files of them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

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

    def resample(self, fps: Fraction, frames: int, start: Fraction = Fraction(0)) -> LandmarkTrack:
        """Read `frames` frames at another rate from `start` seconds on: linear in time, the ends are held."""
        times = np.array([float((start + Fraction(i) / fps) * self.fps) for i in range(frames)])
        return LandmarkTrack(
            _read_at(self.landmarks, times),
            _read_at(self.confidence, times),
            fps,
            self.size,
            None if self.iris is None else _read_at(self.iris, times),
        )


def _read_at(values: NDArray[np.float32], times: NDArray[np.float64]) -> NDArray[np.float32]:
    at = np.clip(times, 0, len(values) - 1)
    before = np.minimum(at.astype(int), max(len(values) - 2, 0))
    after = np.minimum(before + 1, len(values) - 1)
    share = (at - before).reshape(-1, *[1] * (values.ndim - 1)).astype(np.float32)
    return values[before] + share * (values[after] - values[before])


def load_track(path: Path) -> LandmarkTrack:
    """Read a track from .npz or .json; never unpickles. Raises BadInputError."""
    try:
        if path.suffix.lower() == ".json":
            data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        else:
            with np.load(path, allow_pickle=False) as archive:
                data = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, EOFError) as error:
        raise BadInputError(f"{path}: cannot be read as a landmark track, .npz or .json ({error}).") from error
    return track_from_mapping(data, str(path))


def track_from_mapping(data: Mapping[str, Any], source: str) -> LandmarkTrack:
    """Check the arrays or lists of a track; `source` names it in errors (BadInputError)."""
    if not hasattr(data, "keys") or (missing := [key for key in _KEYS if key not in data]):
        raise BadInputError(f"{source}: a landmark track needs {', '.join(_KEYS)}; {missing} is not in it.")
    try:
        landmarks = np.asarray(data["landmarks"], np.float32)
        confidence = np.asarray(data["confidence"], np.float32)
        numbers = [int(v) for v in (*np.asarray(data["fps"]).ravel(), *np.asarray(data["size"]).ravel())]
        given = data.get("iris")
        iris = None if given is None else np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"{source}: holds something that is not a number ({error}).") from error
    frames = len(landmarks) if landmarks.ndim else 0
    _expect(landmarks, (frames, 68, 2), "landmarks", source)
    if not frames:
        raise BadInputError(f"{source}: the track has no frames.")
    _expect(confidence, (frames, 68), "confidence", source)
    if iris is not None:
        _expect(iris, (frames, 2, 2), "iris", source)
    if len(numbers) != 4 or numbers[0] <= 0 or numbers[1] <= 0:
        raise BadInputError(f"{source}: fps must be two numbers above 0, such as [25, 1], and size width, height.")
    return LandmarkTrack(landmarks, confidence, Fraction(numbers[0], numbers[1]), (numbers[2], numbers[3]), iris)


def _expect(values: NDArray[np.float32], shape: tuple[int, ...], name: str, source: str) -> None:
    if values.shape != shape:
        raise BadInputError(f"{source}: {name} has the shape {values.shape}; {('frames', *shape[1:])} is wanted.")
    bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if bad.any():
        raise BadInputError(f"{source}: {name} is not a number in frame {int(np.argmax(bad))} (counted from 0).")


def save_track(path: Path, track: LandmarkTrack) -> None:
    """Write .npz, or .json by the file's ending."""
    arrays: dict[str, NDArray[Any]] = {
        "landmarks": track.landmarks,
        "confidence": track.confidence,
        "fps": np.array([track.fps.numerator, track.fps.denominator], np.int64),
        "size": np.array(track.size, np.int64),
    }
    if track.iris is not None:
        arrays["iris"] = track.iris
    try:
        if path.suffix.lower() == ".json":
            text = json.dumps({name: values.tolist() for name, values in arrays.items()})
            path.write_text(text, encoding="utf-8")
        else:
            with path.open("wb") as file:  # a file, because savez would append .npz to a name without it
                np.savez_compressed(file, allow_pickle=False, **arrays)
    except OSError as error:
        raise BadInputError(f"{path}: the track cannot be written ({error.strerror or error}).") from error
