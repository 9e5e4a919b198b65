# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver's movie shows beside its landmarks, for the frames that are drawn from its track."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from .errors import BadInputError
from .generators.warp.fields.face_grid import mean_points, nodes
from .generators.warp.mouth.driver import measure
from .generators.warp.shading.ratio_images import SHRINK, RatioImages
from .landmarks.topology import EYES, LEFT_BROW, RIGHT_BROW
from .media.video import exact_frames, open_video
from .motion.amounts import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .landmarks.track import LandmarkTrack
    from .motion.amounts import RegionAmounts
    from .motion.target import FaceTarget

_FADE = 0.05  # eye distances from one region to the next
_STEADY = {-2: 1 / 16, -1: 4 / 16, 0: 6 / 16, 1: 4 / 16, 2: 1 / 16}  # how much a frame and its neighbours count


def _shares(amounts: RegionAmounts) -> NDArray[np.float32]:
    """(rows, 1, 1) how much of the skin's change counts on the mean face: brows and what is above, eyes, the rest."""
    heights, points = nodes()[::SHRINK, 0, 1], mean_points()[:, 1]
    below_brows, below_eyes = points[[*RIGHT_BROW, *LEFT_BROW]].max(), points[[*EYES[0], *EYES[1]]].max()
    ends = (below_brows, below_brows + _FADE, below_eyes, below_eyes + _FADE)
    lower = max(amounts.mouth, amounts.jaw)
    return np.interp(heights, ends, (amounts.brows, amounts.eyes, amounts.eyes, lower)).astype(np.float32)[
        :, None, None
    ]


class DriverVideo:
    """The movie that a track belongs to, frame by frame."""

    def __init__(self, path: Path, track: LandmarkTrack, neutral_frame: int) -> None:
        """Read the neutral frame. Raises BadInputError when it does not exist, or movie and track differ in size."""
        self._path, self._track = path, track
        self._seen = track.confidence.any(axis=1)  # elsewhere its landmarks are made up: nothing is measured there
        if not 0 <= neutral_frame < track.frames:
            raise BadInputError(
                f"{path}: the neutral frame {neutral_frame} does not exist; the track has 0-{track.frames - 1}."
            )
        with open_video(path) as (_, size, frames):
            if size != track.size:
                raise BadInputError(
                    f"{path}: has {size[0]} x {size[1]} pixels; the track belongs to {track.size[0]} x {track.size[1]}."
                )
            neutral = next(islice(frames, neutral_frame, None), None)
        if neutral is None:
            raise BadInputError(f"{path}: has no frame {neutral_frame}; the track has {track.frames}.")
        self._ratios = RatioImages(neutral, track.landmarks[neutral_frame])

    def watch(
        self, targets: Iterable[FaceTarget], times: Iterable[float], amounts: RegionAmounts = WHOLE
    ) -> Iterator[FaceTarget]:
        """The targets with what the movie shows at their times: frames of the track, never going back.

        It counts by the `amounts` of the regions. The movie is read once, as targets are asked for; only the frames
        around one time are kept. Raises BadInputError on the way where movie and track differ in length.
        """
        last, frames = -1, exact_frames(self._path, self._track.frames)
        shares = _shares(amounts)
        shadings: dict[int, NDArray[np.float32]] = {}
        mouths: dict[int, NDArray[np.float32]] = {}
        for target, time in zip(targets, times, strict=True):
            around, between = self._steadied(time), self._between(time)
            first, end = min(around), max(around)
            while last < end:
                last, pixels = next(frames)
                if last >= first and self._seen[last]:
                    shadings[last] = self._ratios.measure(pixels, self._track.landmarks[last])
                    mouths[last] = measure(pixels, self._track.landmarks[last])
            shadings, mouths = ({n: value for n, value in of.items() if n >= first} for of in (shadings, mouths))
            shading = self._blend(shadings, around) if shares.any() else None
            mouth = self._blend(mouths, between)  # lips are too fast to be steadied
            if mouth is None:
                mouth = self._blend(mouths, around)
            if mouth is not None:
                mouth = mouth * np.array([1, 1, max(amounts.mouth, amounts.jaw), 1], np.float32)  # how sure it is
            yield replace(target, shading=None if shading is None else shading * shares, mouth=mouth)

    def _blend(
        self, measured: Mapping[int, NDArray[np.float32]], weights: Mapping[int, float]
    ) -> NDArray[np.float32] | None:
        """What was measured in frames that count by these weights; None if the face is seen in none of them."""
        seen = {number: weight for number, weight in weights.items() if self._seen[number]}
        if not seen:
            return None
        whole = 1.0 if len(seen) == len(weights) else sum(seen.values())
        return np.asarray(sum(weight / whole * measured[number] for number, weight in seen.items()), np.float32)

    def _steadied(self, time: float) -> dict[int, float]:
        """How much each frame counts at a time: linear between two, which are steadied by their neighbours."""
        end = self._track.frames - 1
        weights: dict[int, float] = {}
        for frame, share in self._between(time).items():
            for step, weight in _STEADY.items():
                number = min(max(frame + step, 0), end)
                weights[number] = weights.get(number, 0) + share * weight
        return weights

    def _between(self, time: float) -> dict[int, float]:
        """The frames on either side of a time, and their shares."""
        at = min(max(time, 0.0), self._track.frames - 1)
        return {frame: share for frame, share in ((int(at), 1 - at % 1), (int(at) + 1, at % 1)) if share}
