# SPDX-License-Identifier: GPL-3.0-or-later
"""The predictor of 68 points against dlib's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dlib as untyped_dlib
import face_recognition_models as models
import numpy as np

from core.landmarks.shape_predictor import find_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

dlib: Any = untyped_dlib


def test_the_points_are_dlibs(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    """To the whole pixels that dlib gives, in boxes around the face, beside it and partly outside of the picture."""
    grey = np.ascontiguousarray(pixels[..., 1])
    left, top = landmarks[17:].min(axis=0).round()
    corners = np.array([[left, top - 10], [left - 14, top], [left + 9, top + 21], [0, 0], [200, 170]])
    predictor = dlib.shape_predictor(models.pose_predictor_model_location())
    for width in (70, 120):
        found = find_points(grey, corners, width)
        for points, (x, y) in zip(found, corners.astype(int).tolist(), strict=True):
            parts = predictor(grey, dlib.rectangle(x, y, x + width, y + width)).parts()
            np.testing.assert_allclose(points, [(part.x, part.y) for part in parts], atol=0.501)
