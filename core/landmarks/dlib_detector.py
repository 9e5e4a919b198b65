# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector whose models come with its packages: nothing has to be downloaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import cv2
import dlib as untyped_dlib
import face_recognition_models as models
import numpy as np

from .detect import Face, face_of, largest_first
from .eyes import see_eyes
from .resizing import resized
from .shape_predictor import find_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    _Shifts = Sequence[tuple[float, float]]

dlib: Any = untyped_dlib

_HOG_SIDE = 1024  # the picture's long side is shrunk to this: faces from 80 pixels on are found in it
_CNN_SIDE = 512  # its time grows with the pixels: 1 to 2 s for a square
_TILT = 30.0  # degrees that the picture is turned by to find tilted heads: HOG knows them to about 20
_BOX_TO_POINTS = 1.25  # side of HOG's boxes / extent of brows, eyes, nose and mouth: median of 69 faces
_FIRST_WIDTH, _SECOND_WIDTH = 250, 400  # pixels a box is brought to before its points are found
_MARGIN = 0.6  # of the box's side, kept around it
_NEAR_WIDTH, _NEAR_MARGIN = 320, 0.3  # the same for a face that is followed: what shifts and the jaw need at least
# Shifts of the box, in its side, that points are the mean over. The cross takes little more than half of the grid's
# time, and is as steady from a box that is made of points.
_GRID: _Shifts = [(x, y) for x in (-0.05, 0.0, 0.05) for y in (-0.05, 0.0, 0.05)]
_CROSS: _Shifts = [(0, 0), (0.08, 0), (0, 0.08), (-0.08, 0), (0, -0.08)]
_FAR, _LOOKS = 0.05, 3  # a face that moved further, of its side, is looked at again where it is; so often at most
_HOG_WIDTH, _HOG_DOUBT = 90, -0.5  # pixels of a face that is checked; below HOG's own threshold: it is likely there
_MEAN = np.array([[1 / 3, 1 / 3, 1 / 3, -1 / 3]])  # of the channels, rounded down
_STEADY = 0.02  # of the box's side that points follow those shifts by: faces 0.001 to 0.007, other things above 0.035


@dataclass(frozen=True)
class _Candidate:
    """What may be a face: a square in the picture, turned clockwise by an angle."""

    x: float  # centre, pixels
    y: float
    side: float
    degrees: float
    score: float  # 0 to 1


@cache
def _load_hog() -> Any:  # noqa: ANN401
    """Once for all detectors: it takes a second."""
    return dlib.get_frontal_face_detector()


@cache
def _load_cnn() -> Any:  # noqa: ANN401
    return dlib.cnn_face_detection_model_v1(models.cnn_face_detector_model_location())


class DlibDetector:
    """dlib's HOG detector, its CNN detector where that finds nothing, and its 68-point predictor."""

    def __init__(self) -> None:
        self._hog = _load_hog()

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        """All faces of an (H, W, 3) picture, largest first; an empty list if there is none.

        Where the first look finds nothing, `thorough` takes seconds to look for small, tilted and painted faces.
        """
        grey = np.asarray(cv2.transform(rgb8, _MEAN), np.uint8)  # as dlib makes it of colours
        searches = self._searches(rgb8) if thorough else [self._by_hog(rgb8, 1)]
        for candidates in searches:
            faces = [face for candidate in candidates if (face := _face(grey, candidate))]
            if faces:
                return largest_first(_distinct(faces))
        return []

    def follow(self, rgb8: NDArray[np.uint8], last: Face, *, check: bool) -> Face | None:
        """The face that was `last` a frame ago, by the predictor alone; None if the points it gives are no face's.

        With `check` HOG must see a face there, too.
        """
        box = _level_box(last.landmarks.astype(np.float64), 1)
        reach = box.side * (0.5 + _MARGIN) * np.sqrt(2)
        left, top = (max(int(middle - reach), 0) for middle in (box.x, box.y))
        right, bottom = (max(int(middle + reach), 0) for middle in (box.x, box.y))
        part = rgb8[top:bottom, left:right]
        if not part.size:
            return None
        grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)  # as steady, and faster
        box = replace(box, x=box.x - left, y=box.y - top)
        if check and not self._sees_face(grey, box):
            return None
        for _ in range(_LOOKS):
            landmarks, spread = _points(grey, box, _NEAR_WIDTH, _CROSS, _NEAR_MARGIN)
            if spread[17:].mean() > _STEADY:
                return None
            before, box = box, _level_box(landmarks, 1)
            if np.hypot(box.x - before.x, box.y - before.y) < _FAR * box.side:
                corner = np.array([left, top], np.float64)
                landmarks, irises = see_eyes(grey, landmarks)
                return face_of(landmarks + corner, np.exp(-spread / _STEADY), irises + corner)
        return None

    def _sees_face(self, grey: NDArray[np.uint8], box: _Candidate) -> bool:
        """Whether HOG finds something about as large as the box and about where it is."""
        near, _ = _level_crop(grey, box, _NEAR_WIDTH, _NEAR_MARGIN)
        crop = resized(near, _HOG_WIDTH / _NEAR_WIDTH)
        rectangles, _, _ = self._hog.run(crop, 0, _HOG_DOUBT)
        middle = np.array([len(crop), len(crop)]) / 2
        centres = [(each.dcenter().x, each.dcenter().y) for each in rectangles]
        return any(np.linalg.norm(centre - middle) < _HOG_WIDTH / 3 for centre in centres)

    def _searches(self, rgb8: NDArray[np.uint8]) -> Iterator[list[_Candidate]]:
        yield self._by_hog(rgb8, 1)
        yield self._by_hog(rgb8, 2)
        yield [*self._by_hog(rgb8, 1, _TILT), *self._by_hog(rgb8, 1, -_TILT)]
        yield self._by_cnn(rgb8)

    def _by_hog(self, rgb8: NDArray[np.uint8], enlarge: float, degrees: float = 0) -> list[_Candidate]:
        factor = enlarge * min(1.0, _HOG_SIDE / max(rgb8.shape[:2]))
        picture = resized(rgb8, factor)
        height, width = picture.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)  # positive: anticlockwise
        if degrees:
            picture = cv2.warpAffine(picture, turn, (width, height))
        rectangles, scores, _ = self._hog.run(picture, 0, 0)
        back = cv2.invertAffineTransform(turn)
        found = zip(rectangles, scores, strict=True)
        return [_candidate(rectangle, factor, back, degrees, 0.5 + score / 4) for rectangle, score in found]

    def _by_cnn(self, rgb8: NDArray[np.uint8]) -> list[_Candidate]:
        """Every face three times, as this detector does not tell how it is tilted: the steadiest will be right."""
        factor = min(1.0, _CNN_SIDE / max(rgb8.shape[:2]))
        found = [(each.rect, each.confidence) for each in _load_cnn()(resized(rgb8, factor), 0)]
        turns = product(found, (0, _TILT, -_TILT))
        return [_candidate(rectangle, factor, np.eye(2, 3), degrees, score) for (rectangle, score), degrees in turns]


def _face(grey: NDArray[np.uint8], candidate: _Candidate) -> Face | None:
    """Find the points of a candidate, then again in the level box that those points make; None: it is no face.

    HOG's boxes jump by a twelfth of the face when the picture moves by a pixel; the predictor follows them. A box made
    of the points, and the mean over small shifts of it, are five times steadier.
    """
    first, _ = _points(grey, candidate, _FIRST_WIDTH, _GRID)
    level = _level_box(first, candidate.score)
    landmarks, spread = _points(grey, level, _SECOND_WIDTH, _GRID)
    if spread[17:].mean() > _STEADY:
        return None
    return face_of(landmarks, candidate.score * np.exp(-spread / _STEADY))


def _points(
    grey: NDArray[np.uint8], box: _Candidate, width: int, shifts: _Shifts, margin: float = _MARGIN
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(68, 2) pixels of the picture, the mean over shifts of the box, and (68,) how far they follow the shifts."""
    crop, to_crop = _level_crop(grey, box, width, margin)
    points = find_points(crop, (len(crop) - width) / 2 + width * np.array(shifts), width)
    back = cv2.invertAffineTransform(to_crop)
    spread = points.std(axis=0).mean(axis=1) / width
    return points.mean(axis=0) @ back[:, :2].T + back[:, 2], spread


def _distinct(faces: list[Face]) -> list[Face]:
    """Of faces found twice the one with the surer points."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -float(face.confidence.mean())):
        centre = face.landmarks.mean(axis=0)
        if all(np.linalg.norm(centre - other.landmarks.mean(axis=0)) > other.box[2] / 2 for other in kept):
            kept.append(face)
    return kept


def _candidate(rectangle: Any, factor: float, back: NDArray[Any], degrees: float, score: float) -> _Candidate:  # noqa: ANN401
    """A dlib rectangle of a picture that was resized by `factor` and then turned; `back` undoes the turn."""
    centre = rectangle.dcenter()
    x, y = back @ (centre.x, centre.y, 1)
    side = rectangle.width() / factor
    return _Candidate((x + 0.5) / factor - 0.5, (y + 0.5) / factor - 0.5, side, degrees, float(np.clip(score, 0, 1)))


def _level_box(landmarks: NDArray[np.float64], score: float) -> _Candidate:
    """The box around brows, eyes, nose and mouth in which the eyes are level."""
    across = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    angle = float(np.arctan2(across[1], across[0]))
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = landmarks[17:] @ axes.T  # without the jaw, which is the least certain
    low, high = level.min(0), level.max(0)
    x, y = (low + high) / 2 @ axes
    return _Candidate(float(x), float(y), _BOX_TO_POINTS * float((high - low).max()), np.degrees(angle), score)


def _level_crop(
    grey: NDArray[np.uint8], box: _Candidate, width: int, margin: float = _MARGIN
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A square with the box, made level and `width` pixels wide, in its middle, and the (2, 3) matrix to its pixels."""
    factor, shrink = width / box.side, min(1.0, 2 * width / box.side)
    small = resized(grey, shrink)  # against aliasing
    size = round(width * (1 + 2 * margin))
    to_crop = np.asarray(cv2.getRotationMatrix2D((box.x, box.y), box.degrees, factor), np.float64)
    to_crop[:, 2] += (size - 1) / 2 - np.array([box.x, box.y])
    from_small = np.array([[1 / shrink, 0, 0.5 / shrink - 0.5], [0, 1 / shrink, 0.5 / shrink - 0.5], [0, 0, 1]])
    matrix = np.asarray(to_crop @ from_small, np.float64)
    crop = cv2.warpAffine(small, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(crop, np.uint8), to_crop
