# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a face is bare skin: neither hair, beard, brow nor glasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..pixels.sampling import smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_FAR = 2.5  # robust standard deviations from the colour of the cheeks
_LEAST_SPREAD = np.array([10.0, 3.0, 3.0])  # of L, a, b in OpenCV's 8-bit scale
_BRIGHTER = np.array([0.5, 0.7, 0.7])  # and a highlight, which is paler too, least
_SHADED = np.array([1.5, 1.0, 1.0])  # brightness says less than colour: part of the face lies in shadow


def find_skin(picture: NDArray[np.uint8], places: Array) -> tuple[Array, NDArray[np.float64]]:
    """(h, w) 0..1 by the colour, and the (3,) colour of the cheeks, of a small (h, w, 3) picture of a face.

    `places` (h, w, 2) says where on the mean face its pixels are; one is about 1/64 of the eye distance.
    """
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    x, y = np.abs(places[..., 0]), places[..., 1]
    known = (x < 0.5) & (y > 0.2) & (y < 0.55)  # cheeks and nose, above a beard
    colour = np.median(lab[known], axis=0)
    spread = np.maximum(1.5 * np.median(np.abs(lab[known] - colour), axis=0), _LEAST_SPREAD)
    away = (cv2.GaussianBlur(lab, (0, 0), 1.5) - colour) / (spread * _SHADED)
    away *= np.where(away[..., :1] > 0, _BRIGHTER, 1)
    skin = smooth_step(2 - np.sqrt((away**2).sum(2)) / _FAR)
    return np.asarray(cv2.GaussianBlur(skin, (0, 0), 2.0), np.float32), np.median(picture[known], axis=0)
