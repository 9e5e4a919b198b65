# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth's inside as a driver's movie shows it, without its colours: how bright it is and where teeth are.

What is measured fits any portrait's lips and palette. Brightness is told against the driver's own skin, so that its
room and camera do not leak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYE_OUTER_CORNERS, LIP_PAIRS
from ..fields.face_field import MOUTH
from ..pixels.sampling import ramp, read_at, smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_ROWS, _COLUMNS = 48, 96
_SKIN = (31, 35, 54, 12, 8, 4, 48)  # around the mouth
_LIPS = ((50, 51, 52, 63, 62, 61), (58, 57, 56, 65, 66, 67))  # between their edges
_BRIGHT = 85  # percentile of the skin's brightness
_OPEN = (0.03, 0.06)  # eye distances between the lips from which the inside is seen a little, and well
_WIDE = (16.0, 40.0)  # pixels of the mouth's width, the same
_TOOTH_RED = 0.35  # of the skin's redness, log R / G, that teeth have
_LEAST_RED = 0.1  # between teeth and lips: with less the picture is grey, and what is bright is a tooth
_TOOTH_BRIGHT = (0.35, 0.7)  # of the skin's brightness: dark places are no teeth whatever their colour
_DARKEST = 4.0  # 0..255
_LIP_BRIGHT, _LIP_RED, _FRINGE = (0.5, 0.75), (0.6, 0.85), 0.1  # of the lips' own; widths beside their edges
_SKIN_BRIGHT = 0.5  # of the skin's brightness: nothing inside is so bright beside the corners
_EDGE = 0.015  # widths beside the lips that are blurred with them
_FILL, _LITTLE = 2.5, 0.02  # cells over which what is seen goes on under what is taken for lips
_CORNER = 0.06  # widths beside the corners, where it is faded out
_STRETCH = (1.4, 2.0)  # by which teeth may be drawn taller or smaller than they are, and at which they are not drawn


def measure(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> Array:
    """What (H, W, 3) RGB pixels show between the lips of (68, 2) landmarks: (rows, columns, 4).

    From the upper lip to the lower one, corner to corner: brightness (1 is the skin's), share of tooth, how sure both
    are (0..1), and the height of the opening there in widths of the mouth. It may be blended with other frames'.
    """
    points = np.asarray(landmarks, np.float64)
    upper, lower, width = _lips(points)
    u = np.linspace(0, 1, _COLUMNS)
    top, bottom = (np.column_stack([np.interp(u, rim[:, 0], rim[:, 1])]) for rim in (upper, lower))
    along, down = _axes(points)
    share = np.linspace(0, 1, _ROWS)[:, None, None]
    v = top + (bottom - top) * share
    at = (points[60] + width * (u[:, None] * along + v * down)).astype(np.float32)
    # As many pixels as cells, so that none is left out.
    cell = max(width / _COLUMNS, 0.3)
    low: NDArray[np.int64] = np.clip(
        np.floor(points[list(_SKIN)].min(0) - 4).astype(int), 0, np.array(pixels.shape[1::-1]) - 2
    )
    high = np.ceil(points[list(_SKIN)].max(0) + 4).astype(int)
    part = pixels[low[1] : max(high[1], low[1] + 2), low[0] : max(high[0], low[0] + 2)].astype(np.float32)
    skin, *both = (_inside(part, points[list(outline)] - low) for outline in (_SKIN, *_LIPS))
    lips = np.concatenate(both)
    if cell > 1:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.5 * cell), np.float32)
    colour = read_at(part, at - low.astype(np.float32), cubic=True)
    bright = max(float(np.percentile(skin @ np.full(3, 1 / 3), _BRIGHT)), 2 * _DARKEST)
    brightness = np.maximum(colour.mean(-1) / bright, 0)
    tooth = _tooth_share(colour, brightness, float(np.median(_redness(skin))), float(np.median(_redness(lips))))
    right, left = EYE_OUTER_CORNERS
    gap = np.mean([points[j, 1] - points[i, 1] for i, j in LIP_PAIRS]) / np.linalg.norm(points[right] - points[left])
    inside_picture = (at >= 0).all(-1) & (at <= np.array(pixels.shape[1::-1]) - 1).all(-1)
    near = (np.minimum(share, 1 - share) * (bottom - top))[..., 0]
    beside = np.broadcast_to(np.minimum(u, 1 - u) < _FRINGE, near.shape)
    leaked = _lip_share(colour, lips) * ((near < _FRINGE) | beside)
    lip = np.maximum(leaked, (near < _EDGE) | (beside & (brightness > _SKIN_BRIGHT))).astype(np.float32)
    brightness, tooth = (_fill(plane, 1 - lip) for plane in (brightness, tooth))
    sure = ramp(float(gap), *_OPEN) * ramp(width, *_WIDE) * inside_picture
    height = np.broadcast_to((bottom - top)[:, 0], brightness.shape)
    return np.dstack([brightness, tooth, sure, height]).astype(np.float32)


def read(mouth: Array, positions: Array, moved: NDArray[np.floating[Any]], blur: float) -> tuple[Array, Array, Array]:
    """Brightness, share of tooth and how sure both are, (h, w) each, at (h, w, 2) positions between `moved` lips.

    `blur` pixels is what the portrait's edges have.
    """
    upper, lower, width = _lips(moved)
    along, down = _axes(moved)
    local = (positions - moved[60].astype(np.float32)) / np.float32(width)
    u, v = (np.asarray(local @ axis.astype(np.float32), np.float32) for axis in (along, down))
    top, bottom = (np.interp(u, rim[:, 0], rim[:, 1]).astype(np.float32) for rim in (upper, lower))
    height = np.maximum(bottom - top, 1e-3)
    share = (v - top) / height
    tall = float(np.median(height[(share > 0) & (share < 1)])) if ((share > 0) & (share < 1)).any() else 1.0
    sigmas = blur / width * _COLUMNS, blur / width * _ROWS / tall
    soft = cv2.GaussianBlur(mouth, (0, 0), max(sigmas[0], 0.3), sigmaY=max(sigmas[1], 0.3))
    at = np.dstack([u * (_COLUMNS - 1), share * (_ROWS - 1)]).astype(np.float32)
    brightness, tooth, sure = cv2.split(read_at(soft[..., :3], at))
    stretch = np.exp(np.abs(np.log(max(float(height.max()), 1e-3) / max(float(mouth[..., 3].max()), 1e-3))))
    sure = sure * (1 - ramp(float(stretch), *_STRETCH))
    sure *= smooth_step(np.minimum(u, 1 - u) / _CORNER)
    return np.asarray(brightness, np.float32), np.asarray(tooth, np.float32), np.asarray(sure, np.float32)


def _lips(points: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Inner edges of the upper and the lower lip, (N, 2) along and below the line between the corners; its length."""
    along, down = _axes(points)
    width = max(float(np.linalg.norm(points[64] - points[60])), 1.0)
    edges: list[NDArray[np.float64]] = []
    for rim in MOUTH.rims(points):
        curve = (rim - points[60]) / width
        edges.append(np.column_stack([np.maximum.accumulate(curve @ along), curve @ down]))
    return edges[0], edges[1], width


def _axes(points: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors from the right corner of the mouth to the left one, and down."""
    along = np.asarray(points[64] - points[60], np.float64)
    along /= max(float(np.linalg.norm(along)), 1e-6)
    return along, np.array([-along[1], along[0]])


def _inside(part: Array, outline: NDArray[np.floating[Any]]) -> Array:
    """(N, 3) colours in an outline; of one pixel at least."""
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.asarray(np.round(outline), np.int32)), (1,))
    return part[mask > 0] if mask.any() else part.reshape(-1, 3)


def _redness(colours: Array) -> Array:
    return np.log(np.maximum(colours[..., 0], _DARKEST) / np.maximum(colours[..., 1], _DARKEST))


def _lip_share(colour: Array, lips: Array) -> Array:
    """(h, w): 1 as red and as bright as lips, which landmarks that are a little off leave inside."""
    brightness = colour.mean(-1) / max(float(np.median(lips @ np.full(3, 1 / 3))), _DARKEST)
    redness = _redness(colour) / np.float32(max(float(np.median(_redness(lips))), _LEAST_RED))
    return ramp(brightness, *_LIP_BRIGHT) * ramp(redness, *_LIP_RED)


def _fill(plane: Array, there: Array) -> Array:
    """(h, w) values that go on from where they are `there` (0..1) to where they are not."""
    filled: Array = np.full_like(plane, np.average(plane, weights=there + 1e-6))
    for sigma in (4 * _FILL, _FILL):
        around, weight = (cv2.GaussianBlur(p, (0, 0), sigma) for p in (plane * there, there))
        filled = (around + _LITTLE * filled) / (weight + _LITTLE)
    return np.asarray(filled + (plane - filled) * there, np.float32)


def _tooth_share(colour: Array, brightness: Array, skin: float, lips: float) -> Array:
    """(h, w): 1 as little red as teeth are, 0 as red as lips."""
    least, most = _TOOTH_RED * skin, max(lips, skin)
    coloured = float(smooth_step((most - least) / _LEAST_RED - 0.5))
    share = np.clip((most - _redness(colour)) / max(most - least, 1e-3), 0, 1)
    return np.asarray((1 - coloured + coloured * share) * ramp(brightness, *_TOOTH_BRIGHT), np.float32)
