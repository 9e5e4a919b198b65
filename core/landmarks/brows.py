# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows as the pixels show them: detectors that know a face's usual shape hardly follow them.

A brow is a bar that is darker than the skin on both sides of it. The curve near the detector's points with most of
such a bar under it is the brow. It is found in each frame by itself, so nothing drifts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .topology import EYE_OUTER_CORNERS, LEFT_BROW, RIGHT_BROW, UPPER_LIDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_BROWS = [*RIGHT_BROW, *LEFT_BROW]
_WIDTH = 128  # pixels between the eyes' outer corners that are enough
# Lengths in that distance.
_STEP = 1 / 128
_LOWEST, _HIGHEST = -0.1, 0.3  # of the brow over the detector's points
_TILT, _BEND = 0.06, 0.04  # of it, at most
_BAR = 0.045  # from a brow's middle to the skin
_LID = 0.07  # from the upper lid to a brow, at least
_NEAR = 0.03  # from the curve to the middle of the bar
_BLUR = 1 / 64
_COSTS = 0.05, 0.3, 0.6  # contrast that one of height, tilt and bend must bring
_ENOUGH = 0.15  # contrast: lashes, which are darker, count no more than brows
_FAINT, _CLEAR = 0.04, 0.08  # contrast that is too little, and that is enough to be trusted

_PLACES = 24  # along a brow
_low, _high, _bar, _near = (round(length / _STEP) for length in (_LOWEST, _HIGHEST, _BAR, _NEAR))
_heights = np.arange(_low, _high + 1) * _STEP
_sampled = np.arange(_low - _bar, _high + _bar + 1)[:, None, None] * _STEP
_around = np.arange(-_near, _near + 1)[:, None]


def _shapes(places: int) -> Array:
    """(places, 3) height, tilt and bend along a brow."""
    x = np.linspace(-1, 1, places)
    return np.stack([np.ones(places), x, x**2 - 1 / 3], axis=1)


def _cells(rows: NDArray[Any]) -> NDArray[Any]:
    """Where in a table of all heights at all places these rows (..., _PLACES) of it are."""
    return np.asarray(rows * _PLACES + np.arange(_PLACES))


_at_points, _at_places = _shapes(5), _shapes(_PLACES)
_stiff: Array = np.diag([1e-3, 0.5, 1.0])
_between = (1 - np.abs(np.linspace(0, 4, _PLACES)[:, None] - np.arange(5))).clip(0)  # linear, of five points
_ranges = [(_LOWEST, _HIGHEST), (-_TILT, _TILT), (-_BEND, _BEND)]
_tried = np.stack(np.meshgrid(*[np.arange(a, b, 2 * _STEP) for a, b in _ranges], indexing="ij"), -1).reshape(-1, 3)
_rows = (np.rint(_tried @ _at_places.T / _STEP).astype(int) - _low).clip(0, len(_heights) - 1)
_curves, _costs = _cells(_rows).T.copy(), np.abs(_tried) @ _COSTS


def measure_brows(rgb8: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Array:
    """(2, 10): how far the brows are above their points, in distances of the eyes' outer corners, and their contrast.

    Of a face with landmarks (68, 2) in a picture (H, W, 3).
    """
    points = landmarks.astype(np.float64)
    up = _up(points)
    distance = float(np.linalg.norm(up))
    reach = (_HIGHEST + 2 * _BAR) * distance
    left, top = np.maximum(points[_BROWS].min(axis=0) - reach, 0).astype(int)
    right, bottom = np.maximum(points[_BROWS].max(axis=0) + reach, 0).astype(int)
    part = rgb8[top:bottom, left:right]
    if not part.size:
        return np.zeros((2, 10))
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32)
    factor = min(1.0, _WIDTH / max(distance, 1.0))
    if factor < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), max(_BLUR * distance * factor, 0.1)), np.float32)
    points = (points - (left, top) + 0.5) * factor - 0.5
    sides = zip(points[_BROWS].reshape(2, 5, 2), points[UPPER_LIDS].reshape(2, 2, 2), strict=True)
    return np.concatenate([_measure(smooth, brow, lid, up * factor) for brow, lid in sides], axis=1)


def place_brows(landmarks: NDArray[np.float32], measured: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """A track (F, 68, 2) whose brows move as was measured (F, 2, 10), and lie where the detector mostly has them.

    Brows that hardly stand out, or do so less than usual because something is before them, stay the detector's.
    """
    heights, contrast = measured[:, 0], measured[:, 1]
    usual, clear = np.median(heights, axis=0), np.median(contrast, axis=0)
    trust = ((clear - _FAINT) / (_CLEAR - _FAINT)).clip(0, 1) * (4 * contrast / np.maximum(clear, 1e-6) - 1).clip(0, 1)
    placed = landmarks.copy()
    placed[:, _BROWS] += (trust * (heights - usual))[..., None] * _up(landmarks)[:, None]
    return placed


def _up(points: NDArray[Any]) -> NDArray[Any]:
    """(..., 2) from the eyes of faces (..., 68, 2) to the forehead, as long as the outer corners are apart."""
    right, left = (points[..., corner, :] for corner in EYE_OUTER_CORNERS)
    return np.stack([left[..., 1] - right[..., 1], right[..., 0] - left[..., 0]], axis=-1)


def _measure(smooth: NDArray[np.float32], brow: Array, lid: Array, up: Array) -> Array:
    """(2, 5) heights of a brow over its points (5, 2), and its contrast; `lid` (2, 2) is below it."""
    base = _between @ brow
    places = (base + _sampled * up).astype(np.float32)
    grey = cv2.remap(smooth, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    skin = np.minimum(grey[2 * _bar :], grey[: -2 * _bar])
    darker = ((skin - grey[_bar:-_bar]) / np.maximum(skin, 8)).clip(0, _ENOUGH)
    over_lid = (base @ up - (lid @ up).max()) / max(float(up @ up), 1e-6)
    darker[over_lid + _heights[:, None] < _LID] = 0
    contrasts = darker.take(_curves).sum(axis=0) / _PLACES
    best = int((contrasts - _costs).argmax())
    # Between the steps: the middle of the bar near the curve, and the curve through that.
    near = (_rows[best] + _around).clip(0, len(_heights) - 1)
    weights = darker.take(_cells(near))
    wanted: Array = _at_places.T @ (weights * _heights[near]).sum(axis=0)
    weighted: Array = _at_places * weights.sum(axis=0)[:, None]
    fitted: Array = np.linalg.solve(_at_places.T @ weighted + _stiff, wanted)
    return np.stack([_at_points @ fitted, np.full(5, contrasts[best])])
