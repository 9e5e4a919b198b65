# SPDX-License-Identifier: GPL-3.0-or-later
"""dlib's 68-point predictor (Kazemi and Sullivan 2014), for several boxes of a picture at once.

Points come from 7500 trees whose leaves, 65 MB, are what a prediction waits for. Boxes near each other mostly end in
the same leaves, so five of them take a quarter of the time of dlib's own five calls; the points are the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import face_recognition_models as models
import numpy as np

from ..compiled import Number, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS, _TREES, _SPLITS = 15, 500, 15  # regressions, trees of each, questions in a tree
_PIXELS, _NUMBERS = 500, 136  # pixels of a face that a level knows, and numbers of 68 points


class _Model(NamedTuple):
    """The trained forests. Lengths are in widths of the box, places count from its top left corner."""

    mean: NDArray[np.float32]  # (136,) the face that is started from: x and y of each point
    anchors: NDArray[np.uint8]  # (15, 500) the point that a pixel goes with
    offsets: NDArray[np.float32]  # (15, 500, 2) from that point to the pixel, in the mean face
    pairs: NDArray[np.uint16]  # (15, 500, 15, 2) pixels whose difference a split asks for
    thresholds: NDArray[np.float32]  # (15, 500, 15) that it must exceed for the first of two branches
    leaves: NDArray[np.float32]  # (15, 500, 16, 136) what is added to the points


def find_points(grey: NDArray[np.uint8], corners: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """(B, 68, 2) pixels of a picture (H, W): the face in each of the boxes whose top left `corners` are (B, 2)."""
    found = np.empty((len(corners), _NUMBERS), np.float32)
    _predict(grey, corners, float(width), _load(), found)
    return corners[:, None] + width * found.reshape(-1, 68, 2)


@cache
def _load() -> _Model:
    """Once for all detectors: it takes a second."""
    model = _Model(
        np.empty(_NUMBERS, np.float32),
        np.empty((_LEVELS, _PIXELS), np.uint8),
        np.empty((_LEVELS, _PIXELS, 2), np.float32),
        np.empty((_LEVELS, _TREES, _SPLITS, 2), np.uint16),
        np.empty((_LEVELS, _TREES, _SPLITS), np.float32),
        np.empty((_LEVELS, _TREES, _SPLITS + 1, _NUMBERS), np.float32),
    )
    _read(np.fromfile(models.pose_predictor_model_location(), np.uint8), model)
    return model


@compiled
def _whole(data: NDArray[np.uint8], at: Number) -> tuple[Number, Number]:
    """A whole number of dlib's files, and where the next one begins."""
    size = data[at] & 15
    value = np.int64(0)
    for byte in range(size):
        value |= np.int64(data[at + 1 + byte]) << (8 * byte)
    return (-value if data[at] & 128 else value), at + 1 + size


@compiled
def _real(data: NDArray[np.uint8], at: Number) -> tuple[Number, Number]:
    """A fraction, and where the next number begins."""
    mantissa, at = _whole(data, at)
    exponent, at = _whole(data, at)
    return mantissa * 2.0**exponent, at


@compiled
def _read(data: NDArray[np.uint8], model: _Model) -> None:
    """A predictor's file; what is read and not kept are the sizes of its lists."""
    mean, anchors, offsets, pairs, thresholds, leaves = model
    at = _read_reals(data, _skip(data, 0, 3), mean)
    at = _skip(data, at, 1)
    for level in range(len(leaves)):
        at = _skip(data, at, 1)
        for tree in range(leaves.shape[1]):
            at = _skip(data, at, 1)
            for split in range(pairs.shape[2]):
                pairs[level, tree, split, 0], at = _whole(data, at)
                pairs[level, tree, split, 1], at = _whole(data, at)
                thresholds[level, tree, split], at = _real(data, at)
            at = _skip(data, at, 1)
            for leaf in range(leaves.shape[2]):
                at = _read_reals(data, _skip(data, at, 2), leaves[level, tree, leaf])
    at = _skip(data, at, 1)
    for level in range(len(anchors)):
        at = _skip(data, at, 1)
        for pixel in range(anchors.shape[1]):
            anchors[level, pixel], at = _whole(data, at)
    at = _skip(data, at, 1)
    for level in range(len(offsets)):
        at = _read_reals(data, _skip(data, at, 1), offsets[level].reshape(-1))


@compiled
def _skip(data: NDArray[np.uint8], at: Number, count: int) -> Number:
    """Where what follows so many whole numbers begins."""
    for _ in range(count):
        _, at = _whole(data, at)
    return at


@compiled
def _read_reals(data: NDArray[np.uint8], at: Number, out: NDArray[np.float32]) -> Number:
    """Fill an array; where what follows begins."""
    for k in range(len(out)):
        out[k], at = _real(data, at)
    return at


@compiled
def _predict(
    grey: NDArray[np.uint8], corners: NDArray[np.float64], width: float, model: _Model, found: NDArray[np.float32]
) -> None:
    """Write the points of each box into `found` (B, 136)."""
    mean, anchors, offsets, pairs, thresholds, leaves = model
    boxes, numbers = found.shape
    values = np.empty(anchors.shape[1], np.float32)
    reached = np.empty((leaves.shape[1], boxes), np.uint8)
    for box in range(boxes):
        for k in range(numbers):
            found[box, k] = mean[k]
    for level in range(len(leaves)):
        for box in range(boxes):
            _read_pixels(grey, corners[box], width, mean, found[box], anchors[level], offsets[level], values)
            for tree in range(leaves.shape[1]):
                reached[tree, box] = _leaf(pairs[level, tree], thresholds[level, tree], values)
        for tree in range(leaves.shape[1]):
            for box in range(boxes):
                leaf = reached[tree, box]
                for k in range(numbers):
                    found[box, k] += leaves[level, tree, leaf, k]


@compiled
def _read_pixels(
    grey: NDArray[np.uint8],
    corner: NDArray[np.float64],
    width: float,
    mean: NDArray[np.float32],
    face: NDArray[np.float32],
    anchors: NDArray[np.uint8],
    offsets: NDArray[np.float32],
    values: NDArray[np.float32],
) -> None:
    """The pixels of a level, at a face's points (136,), turned and enlarged as it is against the mean face."""
    middle_x, middle_y, face_x, face_y = _middle(mean, 0), _middle(mean, 1), _middle(face, 0), _middle(face, 1)
    along = across = extent = 0.0
    for k in range(0, len(mean), 2):
        x, y = mean[k] - middle_x, mean[k + 1] - middle_y
        u, v = face[k] - face_x, face[k + 1] - face_y
        along += x * u + y * v
        across += x * v - y * u
        extent += x * x + y * y
    cosine, sine = np.float32(along / extent), np.float32(across / extent)
    for pixel in range(len(values)):
        k, x, y = 2 * np.int64(anchors[pixel]), offsets[pixel, 0], offsets[pixel, 1]
        column = int(np.floor(corner[0] + width * (cosine * x - sine * y + face[k]) + 0.5))
        row = int(np.floor(corner[1] + width * (sine * x + cosine * y + face[k + 1]) + 0.5))
        inside = 0 <= row < grey.shape[0] and 0 <= column < grey.shape[1]
        values[pixel] = grey[row, column] if inside else 0


@compiled
def _middle(points: NDArray[np.float32], first: int) -> float:
    """The mean of every second number."""
    total = 0.0
    for k in range(first, len(points), 2):
        total += points[k]
    return total / (len(points) // 2)


@compiled
def _leaf(pairs: NDArray[np.uint16], thresholds: NDArray[np.float32], values: NDArray[np.float32]) -> int:
    """The leaf of a tree in which these pixels end."""
    node = 0
    while node < len(pairs):
        difference = values[pairs[node, 0]] - values[pairs[node, 1]]
        node = 2 * node + 2 - (difference > thresholds[node])  # the first branch or the second
    return node - len(pairs)
