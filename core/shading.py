# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver's movie shows of its creases, for the frames of its landmark track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .errors import BadInputError
from .generators.warp.ratio_images import RatioImages
from .landmarks.track import read_between
from .media.video import open_video

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .landmarks.track import LandmarkTrack


def measure_shading(
    movie: Path, track: LandmarkTrack, neutral_frame: int, times: NDArray[np.float64]
) -> NDArray[np.float16]:
    """(T, rows, columns, 2) at `times` (T,) in frames of the track: see `FaceTarget.shading`.

    Frame n of the track belongs to frame n of the movie. Raises BadInputError when their numbers or sizes differ,
    or the neutral frame does not exist.
    """
    neutral = _neutral(movie, track, neutral_frame)
    # What is read between two frames, each of them smoothed with its neighbours.
    near = range(max(int(times.min()) - 1, 0), min(int(times.max()) + 3, track.frames))
    measured: list[NDArray[np.float16]] = []
    with open_video(movie) as (_, _, frames):
        for number, (pixels, landmarks) in enumerate(zip(frames, track.landmarks, strict=True)):
            if number in near:
                measured.append(neutral.measure(pixels, landmarks).astype(np.float16))
    return read_between(_steady(np.stack(measured)), times - near.start).astype(np.float16)


def _neutral(movie: Path, track: LandmarkTrack, neutral_frame: int) -> RatioImages:
    if not 0 <= neutral_frame < track.frames:
        raise BadInputError(f"{movie}: the neutral frame {neutral_frame} does not exist; it has 0-{track.frames - 1}.")
    count, neutral = 0, None
    with open_video(movie) as (_, size, frames):
        if size != track.size:
            raise BadInputError(
                f"{movie}: has {size[0]} x {size[1]} pixels; the track belongs to {track.size[0]} x {track.size[1]}."
            )
        for count, pixels in enumerate(frames, 1):
            if count == neutral_frame + 1:
                neutral = RatioImages(pixels, track.landmarks[neutral_frame])
    if count != track.frames or neutral is None:
        raise BadInputError(f"{movie}: has {count} frames; the track has {track.frames}.")
    return neutral


def _steady(measured: NDArray[np.float16]) -> NDArray[np.float16]:
    """Smooth over three frames."""
    before = np.concatenate([measured[:1], measured[:-1]]).astype(np.float32)
    after = np.concatenate([measured[1:], measured[-1:]])
    return ((before + after) / 4 + measured / np.float32(2)).astype(np.float16)
