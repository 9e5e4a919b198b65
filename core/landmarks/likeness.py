# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling one person from another: dlib's face recognition network, which comes with the detector's package."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import dlib as untyped_dlib
import face_recognition_models as models
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .detect import Face

dlib: Any = untyped_dlib

ALIKE = 0.6
"""Of the distance of two people: pictures of one are nearer than this to each other (dlib's own limit)."""

_SIDE, _PADDING = 150, 0.25  # what the network was trained with


@cache
def _load_network() -> Any:  # noqa: ANN401
    return dlib.face_recognition_model_v1(models.face_recognition_model_location())


class Likeness:
    """How somebody looks in one picture, by which they are found again among others."""

    def __init__(self, rgb8: NDArray[np.uint8], face: Face) -> None:
        """Remember a face of an (H, W, 3) picture; it is not described until it is compared."""
        self._chip = _chip(rgb8, face)

    @cached_property
    def description(self) -> NDArray[np.float64]:
        """(128,) numbers; those of one person's pictures are near each other."""
        return _describe(self._chip)

    def distance(self, rgb8: NDArray[np.uint8], face: Face) -> float:
        """How little a face of another picture looks like this person, from 0 on; takes a tenth of a second."""
        return float(np.linalg.norm(_describe(_chip(rgb8, face)) - self.description))


def _chip(rgb8: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """(150, 150, 3): the face upright."""
    points = dlib.points([dlib.point(round(x), round(y)) for x, y in face.landmarks.tolist()])
    x, y, width, height = (round(value) for value in face.box)
    shape = dlib.full_object_detection(dlib.rectangle(x, y, x + width, y + height), points)
    return np.asarray(dlib.get_face_chip(rgb8, shape, _SIDE, _PADDING), np.uint8)


def _describe(chip: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(128,)."""
    return np.asarray(_load_network().compute_face_descriptor(chip), np.float64)
