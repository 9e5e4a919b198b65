# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces in a picture: what every detector gives, and which detectors there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..errors import BadInputError
from ..packages import missing_package
from . import CACHED, DETECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from . import ModelFiles

_JUMP = 0.5  # a face whose centre is further off than this share of its box is another one


class NoFaceError(BadInputError):
    """A picture or movie does not show the face that is wanted."""


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the picture (x right, y down; whole numbers are the middles of pixels)."""

    landmarks: NDArray[np.float32]  # (68, 2)
    confidence: NDArray[np.float32]  # (68,) 0 to 1
    box: tuple[float, float, float, float]  # around the landmarks: x, y of the top left corner, width, height
    iris: NDArray[np.float32] | None = None  # (2, 2) the right and the left one, where they were looked for


class FaceDetector(Protocol):
    """Finds faces and their landmarks; made once, used for many pictures."""

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        """All faces of an (H, W, 3) picture, largest first; an empty list if there is none.

        Not `thorough`: in the time that a frame of a movie is worth.
        """
        ...

    def follow(self, rgb8: NDArray[np.uint8], last: Face, *, check: bool) -> Face | None:
        """The face that was `last` a frame ago, searched only where it was; None if it is not there.

        With `check` it must be told to be a face, not only to have its points.
        """
        ...


def create_detector(name: str, models: ModelFiles = CACHED) -> FaceDetector:
    """A detector by its name in DETECTORS, which reads `models` if it needs any.

    Raises BadInputError for an unknown name,
    MissingError for a package that is not installed or weights that are not there and may not be downloaded.
    """
    if name not in DETECTORS:
        raise BadInputError(f"There is no detector {name!r}; choose one of {', '.join(DETECTORS)}.")
    try:
        if name == "dlib":
            from .dlib_detector import DlibDetector

            return DlibDetector()
        from .face_alignment_detector import FaceAlignmentDetector
        from .weights import POINTS_2D, POINTS_3D

        points = POINTS_3D if name == "face-alignment-3d" else POINTS_2D
        return FaceAlignmentDetector(models, points)
    except ImportError as error:
        raise missing_package(error) from error


def face_of(
    landmarks: NDArray[np.float64], confidence: NDArray[np.float64], iris: NDArray[np.float64] | None = None
) -> Face:
    """A face from its points; the box is theirs."""
    (left, top), (right, bottom) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    box = (left, top, right - left, bottom - top)
    irises = None if iris is None else iris.astype(np.float32)
    return Face(landmarks.astype(np.float32), confidence.clip(0, 1).astype(np.float32), box, irises)


def nearest_face(faces: Iterable[Face], last: Face) -> Face | None:
    """The face that `last` may have become within a frame; None if all are too far from it."""

    def distance(face: Face) -> float:
        return float(np.linalg.norm(face.landmarks.mean(0) - last.landmarks.mean(0)))

    nearest = min(faces, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) < _JUMP * last.box[2] else None


def pick_face(faces: Sequence[Face], index: int, what: str) -> Face:
    """The face of that index (0: the largest) in `what`, a file's name. NoFaceError if it does not exist."""
    if not faces:
        raise NoFaceError(
            f"{what}: no face found. Use a picture that shows the face larger and more from the front, "
            "try another detector, or give the 68 landmarks by hand."
        )
    if not 0 <= index < len(faces):
        count = "1 face is" if len(faces) == 1 else f"{len(faces)} faces are"
        last = len(faces) - 1
        raise NoFaceError(f"{what}: face {index} does not exist; {count} found, choose {_choices(last)}.")
    return faces[index]


def largest_first(faces: Iterable[Face]) -> list[Face]:
    """The order in which faces are numbered: by the area of the box; equal ones from left to right."""
    return sorted(faces, key=lambda face: (-face.box[2] * face.box[3], face.box[0], face.box[1]))


def _choices(last: int) -> str:
    return "0" if last == 0 else f"0 (the largest) to {last}"
