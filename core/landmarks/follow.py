# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmark tracks from a picture or a movie: one face, followed from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInputError
from ..media.pictures import read_picture, to_rgb8
from ..media.video import open_video, pieces, read_ahead, survey_video
from . import CACHED, MISSING
from .brows import measure_brows, place_brows
from .detect import NoFaceError, create_detector, nearest_face, pick_face
from .likeness import ALIKE, Likeness
from .track import LandmarkTrack, bridged
from .track_cache import cached, content_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import Event, OnEvent
    from . import ModelFiles
    from .detect import Face, FaceDetector

_PATIENCE = 10  # frames without the face, after which only every tenth is searched thoroughly
# So many frames apart: whether what is followed is a face, whether there are others, and then whether it is the same.
_CHECK, _LOOK_AROUND, _COMPARE = 5, 100, 10
_SURELY = 0.1  # of a distance of likeness: another face is taken for the person if it is nearer by this


@dataclass(frozen=True)
class FaceChoice:
    """Which face is followed, and by what."""

    detector: str = "dlib"
    face_index: int = 0  # 0 is the largest in the first frame that shows enough faces
    like: Path | None = None  # a picture of the person to be followed, instead of the index
    missing: str = "interpolate"  # frames without the face; or "hold" the last one with it
    models: ModelFiles = CACHED


def cached_track(
    path: Path, choice: FaceChoice, on_event: OnEvent, *, use_cache: bool = True, counted_from: int = 0
) -> LandmarkTrack:
    """`track_video`, or what it gave when the same movie was last tracked with the same choice.

    Movies are known by their content. A warning lists the frames without the face, if there are any, by numbers of
    which the first frame has `counted_from`. Raises BadInputError, MissingError.
    """

    def track() -> LandmarkTrack:
        detector = create_detector(choice.detector, choice.models)
        like = None if choice.like is None else person_of(choice.like, detector)
        return track_video(path, detector, choice.face_index, on_event, like)

    if choice.missing not in MISSING:
        raise BadInputError(f"Frames without a face can be {' or '.join(MISSING)}; not {choice.missing!r}.")
    if use_cache:
        files = pieces(path) + ([] if choice.like is None else [choice.like])
        found = cached(content_key(files, f"{choice.detector} {choice.face_index}"), track, on_event)
    else:
        found = track()
    hold = choice.missing == "hold"
    if found.unseen():
        unseen = [(counted_from + first, counted_from + last) for first, last in found.unseen()]
        ranges = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in unseen)
        done = "held from the frame before" if hold else "interpolated"
        where = f"in the frames {ranges} (counted from {counted_from})"
        on_event({"event": "warning", "message": f"{path.name}: the face is not seen {where}; they are {done}."})
    return found.holding() if hold else found


def person_of(path: Path, detector: FaceDetector) -> Likeness:
    """The person of a picture, by its largest face. Raises BadInputError."""
    return Likeness(*largest_face(path, detector))


def largest_face(path: Path, detector: FaceDetector) -> tuple[NDArray[np.uint8], Face]:
    """A picture (H, W, 3), and the largest face in it. Raises BadInputError."""
    rgb8 = to_rgb8(read_picture(path))
    return rgb8, pick_face(detector.detect(rgb8), 0, str(path))


def track_picture(path: Path, detector: FaceDetector, face_index: int, on_event: OnEvent) -> LandmarkTrack:
    """The landmarks of one face of a picture, as a track of one frame. Raises BadInputError."""
    on_event({"event": "stage", "stage": "detect", "message": f"Looking for faces in {path.name}"})
    pixels = read_picture(path)
    face = pick_face(detector.detect(to_rgb8(pixels)), face_index, str(path))
    size = (pixels.shape[1], pixels.shape[0])
    return LandmarkTrack(face.landmarks[None], face.confidence[None], Fraction(25), size)


def track_video(
    path: Path, detector: FaceDetector, face_index: int, on_event: OnEvent, like: Likeness | None = None
) -> LandmarkTrack:
    """The landmarks of one face of a movie in every frame.

    The face is picked in the first frame that shows enough faces, or the person, and then followed; one that was
    lost is known again by its looks. Frames without it are filled in from their neighbours, with confidence 0. Raises
    NoFaceError when it is never seen.
    """
    total, even = survey_video(path)
    damaged: list[int] = []
    with open_video(path, damaged) as (fps, size, decoded), read_ahead(decoded) as frames:
        if not even:
            spread = f"its frames are not evenly spaced; they are read at {float(fps):.6g} per second"
            on_event({"event": "warning", "message": f"{path.name}: {spread}."})

        def tell(event: Event) -> None:
            on_event({**event, "total": total})

        track = track_frames(frames, fps, size, detector, face_index, tell, path, like)
    if damaged:
        wrong = f"{len(damaged)} frames from frame {damaged[0]} on (counted from 0) are not as they were filmed"
        on_event({"event": "warning", "message": f"{path.name}: is damaged; {wrong}."})
    return track


def track_frames(
    frames: Iterable[NDArray[np.uint8]],
    fps: Fraction,
    size: tuple[int, int],
    detector: FaceDetector,
    face_index: int,
    on_event: OnEvent,
    path: Path,
    like: Likeness | None = None,
) -> LandmarkTrack:
    """`track_video` of (H, W, 3) frames that were read; `path` names them in events and errors."""
    if face_index < 0:
        raise BadInputError(f"{path}: face {face_index} does not exist; 0 is the largest.")
    follower = _Follower(detector, face_index, like)
    brows: list[NDArray[np.float64]] = []
    for number, pixels in enumerate(frames, 1):
        face = follower.look(pixels)
        if face:
            brows.append(measure_brows(pixels, face.landmarks))
        on_event({"event": "frame", "frame": number, "path": str(path), "done": number, "total": None})
    found = follower.found
    if not any(found):
        wanted = f"no face {face_index} (counted from 0)" if face_index else "no face"
        wanted = wanted if like is None else "nobody like the person of the picture"
        raise NoFaceError(f"{path.name}: {wanted} is found in any of its {len(found)} frames.")
    return _fill(found, np.array(brows), fps, size)


class _Follower:
    """One face, from frame to frame."""

    def __init__(self, detector: FaceDetector, face_index: int, person: Likeness | None) -> None:
        self.found: list[Face | None] = []
        self._detector, self._face_index, self._person = detector, face_index, person
        self._last: Face | None = None
        self._missed = 0
        self._several = False  # faces are in the picture
        self._sure = 0  # the last frame in which it was the person

    def look(self, pixels: NDArray[np.uint8]) -> Face | None:
        """Find the face in the next frame."""
        number = len(self.found)
        face = None
        if self._last is not None and not self._missed:
            face = self._detector.follow(pixels, self._last, check=number % _CHECK == 0)
        if face is not None and number % _LOOK_AROUND == 0:
            self._several = len(self._detector.detect(pixels, thorough=False)) > 1
        if face is not None and self._person is not None and self._several and number % _COMPARE == 0:
            face = self._compare(pixels, face, self._person)
        face = face or self._find(pixels)
        self.found.append(face)
        self._last, self._missed = (face, 0) if face else (self._last, self._missed + 1)
        return face

    def _find(self, pixels: NDArray[np.uint8]) -> Face | None:
        """The face, wherever it is."""
        thorough = self._missed < _PATIENCE or self._missed % _PATIENCE == 0
        faces = self._detector.detect(pixels, thorough=thorough)
        self._several = len(faces) > 1
        if self._person is None:
            face = next(iter(faces[self._face_index :]), None)
            self._person = None if face is None else Likeness(pixels, face)
        else:
            face = _most_alike(self._person, pixels, faces, ALIKE, self._last)
        if face is None:
            return None
        self._sure = len(self.found)
        return self._detector.follow(pixels, face, check=False) or face  # as steadily as in the frames to come

    def _compare(self, pixels: NDArray[np.uint8], face: Face, person: Likeness) -> Face:
        """The face, if no other one is more like the person; else that, and frames since the last sure one are lost."""
        distance = person.distance(pixels, face)
        if distance < ALIKE:
            self._sure = len(self.found)
            return face
        others = [each for each in self._detector.detect(pixels, thorough=False) if nearest_face([each], face) is None]
        other = _most_alike(person, pixels, others, min(ALIKE, distance - _SURELY), None)
        if other is None:
            return face
        self.found[self._sure + 1 :] = [None] * (len(self.found) - self._sure - 1)
        self._sure = len(self.found)
        return other


def _most_alike(
    person: Likeness, pixels: NDArray[np.uint8], faces: list[Face], limit: float, last: Face | None
) -> Face | None:
    """Of faces that differ from the person by less than `limit` the likest; of much the same ones that at `last`."""
    distances = [person.distance(pixels, face) for face in faces]
    least = min(distances, default=limit)
    if least >= limit:
        return None
    much_the_same = min(limit, least + _SURELY)
    best = [face for face, distance in zip(faces, distances, strict=True) if distance < much_the_same]
    near = None if last is None else nearest_face(best, last)
    return near or faces[distances.index(least)]


def _fill(found: list[Face | None], brows: NDArray[np.float64], fps: Fraction, size: tuple[int, int]) -> LandmarkTrack:
    """The track of the faces that were found, with the `brows` (N, 2, 10) of each of them as they were measured."""
    known = np.array([face is not None for face in found])
    faces = [face for face in found if face is not None]
    landmarks, confidence = np.zeros((len(found), 68, 2), np.float32), np.zeros((len(found), 68), np.float32)
    landmarks[known] = place_brows(np.stack([face.landmarks for face in faces]), brows)
    confidence[known] = [face.confidence for face in faces]
    landmarks = bridged(landmarks, known).astype(np.float32)
    irises = [face.iris for face in faces if face.iris is not None]
    if len(irises) < len(faces):
        return LandmarkTrack(landmarks, confidence, fps, size)
    iris = np.zeros((len(found), 2, 2), np.float32)
    iris[known] = irises
    return LandmarkTrack(landmarks, confidence, fps, size, bridged(iris, known).astype(np.float32))
