# SPDX-License-Identifier: GPL-3.0-or-later
"""Winks, which a predictor that knows both eyes to move together sees half open on one side, half shut on the other.

Each eye is looked at once more beside its own mirrored picture, which lies where the other eye was: then both do move
together, as in the faces that the predictor was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .shape_predictor import find_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_EYES = [
    [36, 37, 38, 39, 40, 41],
    [45, 44, 43, 42, 47, 46],
]  # right, left: outer corner, upper lid, inner corner, lower
_ACROSS, _UP = 1.0, 0.75  # reach of the mirrored picture from an eye's middle, in the eye's width
_NO_WINK, _WINK = 0.4, 0.6  # one eye less open than the other by this share: gaze to the nose looks like it up to there


def see_winks(crop: NDArray[np.uint8], points: Array, corner: Array, width: float) -> Array:
    """The points (68, 2) of a face in a grey picture, with the lids of each eye as they are by themselves if it winks.

    The face was found in a box `width` wide whose top left corner is (2,).
    """
    eyes = points[_EYES]
    if np.linalg.norm(eyes[:, 3] - eyes[:, 0], axis=1).min() < 1:  # pixels: no eye is seen from the side
        return points
    below = np.array([0.0, len(crop)])
    # One over the other, so that the predictor is asked once.
    twins = np.concatenate([_twinned(crop, eyes[eye], eyes[1 - eye]) for eye in (0, 1)])
    found = find_points(twins, np.array([corner, corner + below]), width)[:, _EYES]
    found[1] -= below
    mirrored = [mapped(found[eye, 1 - eye], _mirror(eyes[1 - eye], eyes[eye])) for eye in (0, 1)]
    lids = np.array([(found[eye, eye] + mirrored[eye]) / 2 for eye in (0, 1)])
    opening = np.linalg.norm(lids[:, [1, 2]] - lids[:, [5, 4]], axis=2).mean(axis=1)
    opening /= np.linalg.norm(lids[:, 3] - lids[:, 0], axis=1)
    differ = 1 - opening.min() / opening.max()
    share = float(np.clip((differ - _NO_WINK) / (_WINK - _NO_WINK), 0, 1))
    seen = points.copy()
    seen[_EYES] += share * (lids - eyes)
    return seen


def _twinned(crop: NDArray[np.uint8], eye: Array, other: Array) -> NDArray[np.uint8]:
    """A copy of a picture with an eye (6, 2), mirrored, in the place of the other, which it fades into."""
    across = other[3] - other[0]
    size = float(np.linalg.norm(across))
    middle = (other[0] + other[3]) / 2
    reach = size * _ACROSS  # the farther one
    left, top = np.maximum(middle - reach, 0).astype(int).tolist()
    right, bottom = np.maximum(middle + reach, 0).astype(int).tolist()
    twinned = crop.copy()
    part = twinned[top:bottom, left:right]
    if not part.size:
        return twinned
    matrix = _mirror(other, eye)
    matrix[:, 2] += matrix[:, :2] @ (left, top)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    mirrored = cv2.warpAffine(crop, matrix, part.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    x, y = columns - middle[0], rows - middle[1]
    along, up = (x * across[0] + y * across[1]) / size**2, (y * across[0] - x * across[1]) / size**2
    weights = (3 - 3 * np.hypot(along / _ACROSS, up / _UP)).clip(0, 1)
    part[:] = np.rint(part + weights * (mirrored.astype(np.float64) - part))
    return twinned


def _mirror(eye: Array, other: Array) -> Array:
    """(2, 3): takes an eye (6, 2) to the other one by its corners, mirrored."""
    start, end, other_start, other_end = (complex(*point) for point in (eye[0], eye[3], other[0], other[3]))
    turn = (other_end - other_start) / (end - start).conjugate()
    shift = other_start - turn * start.conjugate()
    return np.array([[turn.real, turn.imag, shift.real], [turn.imag, -turn.real, shift.imag]])


def mapped(points: Array, matrix: NDArray[Any]) -> Array:
    """(..., 2) points by an affine matrix (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)
