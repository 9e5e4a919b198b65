# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a picture shows people, as a network sees it: hair, hats, clothes, whatever the wall's colour is.

The network is MediaPipe's selfie segmentation for single pictures, which is free (Apache-2.0, see its licence beside
it) and small; OpenCV runs it. How it was made: its model card, "MediaPipe Selfie Segmentation", Google 2021.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_NETWORK = Path(__file__).with_name("selfie_segmentation.tflite")
_SIDE = 256  # pixels of the square that it looks at
_LEAST = 1e-3  # probabilities that it gives are not told as surer


def people_odds(picture: NDArray[np.uint8]) -> Array:
    """(h, w) the log odds, -6.9 to 6.9, that a pixel of a picture (h, w, 3) shows a person, whoever it is."""
    height, width = picture.shape[:2]
    zoom = _SIDE / max(height, width)
    # The middles of both pictures lie on each other; what the square has more repeats the picture's border.
    middle, half = (np.array([width, height]) - 1) / 2, (_SIDE - 1) / 2
    matrix = np.column_stack([zoom * np.eye(2), half - zoom * middle])
    beyond = cv2.BORDER_REPLICATE
    square = cv2.warpAffine(picture, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR, borderMode=beyond)
    network = cv2.dnn.readNetFromTFLite(str(_NETWORK))
    network.setInput(cv2.dnn.blobFromImage(square, 1 / 255))
    person = np.clip(np.asarray(network.forward(), np.float32)[0, 0], _LEAST, 1 - _LEAST)
    odds = np.log(person / (1 - person))
    back = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(odds, matrix, (width, height), flags=back, borderMode=beyond), np.float32)
