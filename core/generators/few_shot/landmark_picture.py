# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as pictures: what tells the networks where the face is wanted, and where they are precise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...landmarks.topology import (
    EYES,
    INNER_LIP,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    OUTER_LIP,
    RIGHT_BROW,
    RIGHT_EYE,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FRACTION_BITS = 4  # of OpenCV's coordinates
_LIDS = 0.4  # of an eye's width: the line that covers the lids, half of it to either side of the eye's outline
_ABOVE = 0.5  # of the way from the eyes to the brows: above those

# The colours of the paper's authors, RGB, and which lines are closed. The inner lip, which they leave out, is what
# tells whether the mouth is open.
_LINES = (
    (JAW, (255, 255, 255), False),
    (RIGHT_BROW, (255, 0, 0), False),
    (LEFT_BROW, (0, 255, 0), False),
    (NOSE_BRIDGE, (0, 0, 255), False),
    (NOSE_BASE, (0, 0, 255), False),
    (RIGHT_EYE, (255, 0, 255), True),
    (LEFT_EYE, (0, 255, 255), True),
    (OUTER_LIP, (255, 255, 0), True),
    (INNER_LIP, (255, 255, 0), True),
)


def draw_landmarks(landmarks: NDArray[np.floating[Any]], size: int) -> NDArray[np.uint8]:
    """(68, 2) pixels of a square picture of `size` -> (size, size, 3) coloured lines on black."""
    picture = np.zeros((size, size, 3), np.uint8)
    points = np.round(np.asarray(landmarks, np.float64) * 2**_FRACTION_BITS).astype(np.int32)
    width = max(1, round(size / 128))
    for line, colour, closed in _LINES:
        cv2.polylines(picture, [points[list(line)]], closed, colour, width, cv2.LINE_AA, _FRACTION_BITS)
    return picture


def draw_precise(landmarks: NDArray[np.floating[Any]], size: int) -> NDArray[np.uint8]:
    """(68, 2) pixels of a square picture of `size` -> (size, size): 255 on mouth and eyes with their lids, soft around.

    There landmarks say to the pixel what is wanted, and the warp does it.
    """
    picture = np.zeros((size, size), np.uint8)
    points = np.round(np.asarray(landmarks, np.float64) * 2**_FRACTION_BITS).astype(np.int32)
    for part, around in ((OUTER_LIP, 0.0), *((eye, _LIDS) for eye in EYES)):
        outline = points[list(part)]
        cv2.fillPoly(picture, [outline], (255,), cv2.LINE_AA, _FRACTION_BITS)
        width = max(1, round(around * float(np.linalg.norm(landmarks[part[3]] - landmarks[part[0]]))))
        cv2.polylines(picture, [outline], True, (255,), width, cv2.LINE_AA, _FRACTION_BITS)  # noqa: FBT003 - closed
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), size / 128), np.uint8)


def draw_face(landmarks: NDArray[np.floating[Any]], size: int, *, whole_brows: bool = False) -> NDArray[np.uint8]:
    """(68, 2) pixels of a square picture of `size` -> (size, size): 255 from the jaw to the brows, soft around.

    `whole_brows`: to above them. Their points lie in their middle.
    """
    picture = np.zeros((size, size), np.uint8)
    brows, eyes = ([*RIGHT_BROW, *LEFT_BROW], [*RIGHT_EYE, *LEFT_EYE])
    upwards = landmarks[brows].mean(axis=0) - landmarks[eyes].mean(axis=0)
    around = np.concatenate([landmarks, landmarks[brows] + _ABOVE * whole_brows * upwards]).astype(np.float64)
    points = np.round(around * 2**_FRACTION_BITS).astype(np.int32)
    cv2.fillConvexPoly(picture, cv2.convexHull(points), (255,), cv2.LINE_AA, _FRACTION_BITS)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), size / 64), np.uint8)
