# SPDX-License-Identifier: GPL-3.0-or-later
"""A job whose portrait moves: every frame of a movie or an image sequence is re-performed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .drivers import PerformanceDriver
from .errors import BadInputError
from .generators import create_footage_generator
from .generators.base import Portrait
from .landmarks.detect import create_detector
from .landmarks.follow import track_frames
from .landmarks.track import LandmarkTrack, at_size, load_track, runs_of
from .landmarks.track_cache import cached, content_key
from .media.footage import Footage, is_footage
from .media.pictures import check_opaque, to_rgb8
from .motion.footage import FootageFace
from .motion.neutral_frame import find_neutral_frame
from .motion.plan import plan_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from .driver_motion import DriverMotion
    from .events import OnEvent
    from .job import Job, PortraitSource
    from .motion.target import FaceTarget

    Pixels = NDArray[Any]

_TOLD = 10  # every so many frames that are searched
_LONGEST_GAP = 5  # frames without the face that are filled in; where it is missing for longer, nothing is drawn


def moves(portrait: PortraitSource) -> bool:
    """Whether the portrait is footage."""
    return bool(portrait.paths) or is_footage(portrait.path)


class FootageJob:
    """The footage of a job, its face found."""

    def __init__(self, job: Job, begin: Callable[[str, str], None], on_event: OnEvent) -> None:
        """Read, and follow the face if no track is given. `begin` tells a stage. Raises GiocondaError."""
        self._job, portrait = job, job.portrait
        if portrait.landmarks is not None or portrait.head_mask_path is not None:
            raise BadInputError(
                f"{portrait.path}: moves, so that landmarks or a head mask of one picture do not fit: give a landmark "
                "track with as many frames, or let its face be found."
            )
        if isinstance(job.driver, PerformanceDriver) and not job.driver.relative:
            raise BadInputError(
                f"{job.driver.path}: footage has its own motion, to which only a track's relative motion can be added."
            )
        self._footage = Footage(portrait.paths or [portrait.path])
        track = self._track(begin, on_event)
        self._frames, seen = track.frames, _seen(track)
        self._drawn: NDArray[np.bool_] = seen
        for run in runs_of(~seen):
            which = f"the frames {run.start + 1}-{run.stop}"
            message = f"{portrait.name}: no face is seen in {which}; they stay as they are."
            on_event({"event": "warning", "message": message})
        rest = find_neutral_frame(track) if portrait.rest_frame is None else portrait.rest_frame
        if not 0 <= rest < track.frames:
            raise BadInputError(
                f"{portrait.path}: the frame at rest {rest} does not exist; it has 0-{track.frames - 1}."
            )
        self._rest = rest
        self._face = FootageFace(track.landmarks, rest, track.fps)

    @property
    def fps(self) -> Fraction | None:
        """What a movie says of itself."""
        return self._footage.fps

    def plan(self, motion: DriverMotion) -> list[FaceTarget]:
        """What every frame of the driver asks for; landmarks move by their change against its neutral frame."""
        job = self._job
        faces = self._face.without(job.replace, job.neutralise)
        shown = [faces[self._number(i)] for i in range(motion.content.frames)]
        neutral = None if motion.found is None else motion.found.neutral
        return plan_on(shown, motion.content, relative_to=neutral, amounts=job.amounts, keys=job.keys, gaze=motion.gaze)

    def draw(
        self, targets: Iterable[FaceTarget], frames: range, *, head_moves: bool
    ) -> Iterator[tuple[Pixels, Pixels]]:
        """Of these frames, counted from 0, what the footage shows, and the same with its target drawn."""
        job, face = self._job, self._face
        (pixels,) = self._footage.at([self._rest], self._frames)
        rest = Portrait(pixels, face.rest.points[:, :2], creases=job.creases)
        generator = create_footage_generator(
            job.generator, rest, face.rest, new_mouth="mouth" in job.replace, head_moves=head_moves
        )
        numbers = [self._number(i) for i in frames]
        shown = self._footage.at(numbers, self._frames)
        for number, pixels, target in zip(numbers, shown, targets, strict=True):
            self._check(pixels)
            if self._drawn[number]:
                yield pixels, generator.draw(pixels, face.faces[number], face.poses[number], target)
            else:
                yield pixels, pixels

    def _number(self, frame: int) -> int:
        """Of the footage's frame that a frame is drawn from."""
        return min(frame + self._job.portrait.first_frame, self._frames - 1)

    def _check(self, pixels: Pixels) -> None:
        if self._job.only_changes:
            check_opaque(pixels, self._job.portrait.path)

    def _track(self, begin: Callable[[str, str], None], on_event: OnEvent) -> LandmarkTrack:
        portrait, footage = self._job.portrait, self._footage
        first = next(footage.frames())
        self._check(first)
        size = (first.shape[1], first.shape[0])
        if portrait.landmarks_path is not None:
            track = at_size(load_track(portrait.landmarks_path), size, portrait.landmarks_path)
            if self.fps is None and track.frames != len(footage.pictures):
                raise BadInputError(
                    f"{portrait.landmarks_path}: has {track.frames} frames; the image sequence has "
                    f"{len(footage.pictures)}."
                )
            return track

        def count(event: dict[str, Any]) -> None:
            if event["frame"] % _TOLD == 0:
                begin("detect", f"Following the face: frame {event['frame']}")

        def follow() -> LandmarkTrack:
            detector = create_detector(portrait.detector, self._job.models)
            pictures = (to_rgb8(pixels) for pixels in footage.frames())
            rate = self.fps or Fraction(25)
            return track_frames(pictures, rate, size, detector, portrait.face_index, count, Path(portrait.name))

        return cached(content_key(footage.files, f"{portrait.detector} {portrait.face_index}"), follow, on_event)


def _seen(track: LandmarkTrack) -> NDArray[np.bool_]:
    """(F,) whether the face is there; short gaps between frames that show it are filled in."""
    seen = np.asarray(track.confidence.any(axis=1))
    for run in runs_of(~seen):
        if len(run) <= _LONGEST_GAP and run.start > 0 and run.stop < len(seen):
            seen[run.start : run.stop] = True
    return seen
