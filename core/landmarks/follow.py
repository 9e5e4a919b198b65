# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmark tracks from a picture or a movie: one face, followed from frame to frame."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..media.pictures import read_picture, to_rgb8
from ..media.video import open_video
from .detect import Face, FaceDetector, pick_face
from .track import LandmarkTrack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    OnEvent = Callable[[dict[str, Any]], None]

_JUMP = 0.5  # a face whose centre is further off than this share of its box is another one
_PATIENCE = 10  # frames without the face, after which only every tenth is searched thoroughly


def track_picture(path: Path, detector: FaceDetector, face_index: int, on_event: OnEvent) -> LandmarkTrack:
    """The landmarks of one face of a picture, as a track of one frame. Raises BadInputError."""
    on_event({"event": "stage", "stage": "detect", "message": f"Looking for faces in {path.name}"})
    pixels = read_picture(path)
    face = pick_face(detector.detect(to_rgb8(pixels)), face_index, str(path))
    size = (pixels.shape[1], pixels.shape[0])
    return LandmarkTrack(face.landmarks[None], face.confidence[None], Fraction(25), size)


def track_video(path: Path, detector: FaceDetector, face_index: int, on_event: OnEvent) -> LandmarkTrack:
    """The landmarks of one face of a movie in every frame.

    The face is picked in the first frame that shows enough faces, then the nearest one is taken. Frames without
    it are filled in from their neighbours, with confidence 0. Raises BadInputError when it is never seen.
    """
    with open_video(path) as (fps, size, frames):
        return track_frames(frames, fps, size, detector, face_index, on_event, path)


def track_frames(
    frames: Iterable[NDArray[np.uint8]],
    fps: Fraction,
    size: tuple[int, int],
    detector: FaceDetector,
    face_index: int,
    on_event: OnEvent,
    path: Path,
) -> LandmarkTrack:
    """`track_video` of (H, W, 3) frames that were read; `path` names them in events and errors."""
    if face_index < 0:
        raise BadInputError(f"{path}: face {face_index} does not exist; 0 is the largest.")
    found: list[Face | None] = []
    last: Face | None = None
    missed = 0
    for number, pixels in enumerate(frames, 1):
        faces = detector.detect(pixels, thorough=missed < _PATIENCE or missed % _PATIENCE == 0)
        face = _nearest(faces, last) if last else next(iter(faces[face_index:]), None)
        found.append(face)
        last, missed = (face, 0) if face else (last, missed + 1)
        on_event({"event": "frame", "frame": number, "path": str(path), "done": number, "total": None})
    if last is None:
        raise BadInputError(f"{path}: no face {face_index} is found in any of its {len(found)} frames.")
    return _fill(found, fps, size)


def _nearest(faces: list[Face], last: Face) -> Face | None:
    def distance(face: Face) -> float:
        return float(np.linalg.norm(face.landmarks.mean(0) - last.landmarks.mean(0)))

    nearest = min(faces, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) < _JUMP * last.box[2] else None


def _fill(found: list[Face | None], fps: Fraction, size: tuple[int, int]) -> LandmarkTrack:
    known = [i for i, face in enumerate(found) if face is not None]
    seen = np.stack([face.landmarks for face in found if face is not None]).reshape(len(known), -1)
    every = np.arange(len(found))
    columns: list[NDArray[np.float64]] = [np.interp(every, known, column) for column in seen.T]
    landmarks = np.column_stack(columns)
    confidence: NDArray[np.float32] = np.zeros((len(found), 68), np.float32)
    for i, face in enumerate(found):
        if face is not None:
            confidence[i] = face.confidence
    return LandmarkTrack(landmarks.reshape(-1, 68, 2).astype(np.float32), confidence, fps, size)
