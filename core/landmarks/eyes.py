# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids and irises as each eye shows them by itself: a small network looks at its picture, level and of one size.

Predictors of whole faces know both eyes to move together and hardly to shut, and tell no irises. The network was
trained with rendered eyes, by `core.training.eyes`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WEIGHTS = Path(__file__).with_name("eyes.npz")
ROWS, COLUMNS = 32, 48  # of the pictures that the network looks at
WIDTH = 26.0  # pixels of an eye there, from corner to corner
LAYERS = ((16, 5, 2), (32, 3, 2), (32, 3, 1), (64, 3, 2))  # of its convolutions: channels, side and step
HIDDEN = 64
FROM_OUTER_CORNER = np.array([[36, 37, 38, 39, 40, 41], [45, 44, 43, 42, 47, 46]])
"""The points of the right and the left eye: outer corner, upper lid, inner corner, lower lid."""


def see_eyes(grey: NDArray[np.uint8], points: Array) -> tuple[Array, Array]:
    """The points (68, 2) of a face in a grey picture with the lids as the eyes show them, and both irises (2, 2).

    They are the mean of what the network says of an eye that lies a little differently in its picture.
    """
    eyes = points[FROM_OUTER_CORNER]
    middles = (eyes[:, 0] + eyes[:, 3]) / 2
    across = (middles[1] - middles[0]) / max(float(np.linalg.norm(middles[1] - middles[0])), 1e-6)
    halves = np.linalg.norm(eyes[:, 3] - eyes[:, 0], axis=1) / 2
    starts, ends = middles - halves[:, None] * across, middles + halves[:, None] * across
    level = [to_patch(starts[eye], ends[eye], mirrored=eye == 1) for eye in (0, 1)]
    looked = np.stack([_LOOKS[..., :2] @ each + _LOOKS[..., 2:] * (0, 0, 1) for each in level]).reshape(-1, 2, 3)
    said = predict(normal(np.stack([patch(grey, matrix) for matrix in looked])), network())
    places = said * WIDTH + ((COLUMNS - 1) / 2, (ROWS - 1) / 2) - looked[:, None, :, 2]
    places = places @ np.linalg.inv(looked[..., :2]).transpose(0, 2, 1)  # in the picture
    found = places.reshape(2, len(_LOOKS), 7, 2).mean(axis=1)
    seen = points.copy()
    seen[FROM_OUTER_CORNER] = found[:, :6]
    return seen, found[:, 6]


def _look(x: float, y: float, larger: float = 1, turn: float = 0) -> Array:
    """(2, 3): of patches, whose eye is shifted by shares of its width, enlarged and turned about the middle."""
    factor = larger * np.exp(1j * turn)
    middle = complex((COLUMNS - 1) / 2, (ROWS - 1) / 2)
    shift = middle - factor * middle + WIDTH * complex(x, y)
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


_LOOKS = np.stack([_look(-0.08, 0.05, 0.9, 0.05), _look(0.08, 0.05, 1.0, -0.05), _look(0, -0.06, 1.1, 0)])


def to_patch(start: Array, end: Array, *, mirrored: bool) -> Array:
    """(2, 3): from a picture to the one that the network looks at, by the left and right ends of an eye (2,).

    A left eye is mirrored, so that it looks like a right one.
    """
    way = complex(*(end - start))
    turn = WIDTH / way if abs(way) > 1 else complex(1)  # a pixel: no eye is seen from the side
    shift = complex((COLUMNS - 1) / 2, (ROWS - 1) / 2) - turn * complex(*(start + end)) / 2
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    mirror = np.array([[-1, 0, COLUMNS - 1], [0, 1, 0]], np.float64)
    return np.asarray(mirror @ [*matrix, (0, 0, 1)]) if mirrored else matrix


def patch(grey: NDArray[Any], matrix: Array) -> NDArray[np.float32]:
    """(ROWS, COLUMNS) of a picture; each pixel is the mean of all that it covers."""
    finer = int(np.clip(np.ceil(1 / np.hypot(*matrix[:, 0])), 2, 8))
    larger = finer * matrix
    larger[:, 2] += (finer - 1) / 2
    size = (finer * COLUMNS, finer * ROWS)
    seen = cv2.warpAffine(grey, larger, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(seen, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def normal(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, ROWS, COLUMNS) pictures in the same light."""
    middle = patches.mean(axis=(1, 2), keepdims=True)
    return (patches - middle) / (patches.std(axis=(1, 2), keepdims=True) + 4)


@cache
def network() -> dict[str, NDArray[np.float32]]:
    """The weights that ship."""
    with np.load(WEIGHTS, allow_pickle=False) as weights:
        return {name: values.astype(np.float32) for name, values in weights.items()}


def predict(patches: NDArray[np.float32], weights: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """(N, 7, 2) lids and iris in normal pictures (N, ROWS, COLUMNS): from the middle, in an eye's width."""
    values = patches[..., None]
    for number, (_, side, step) in enumerate(LAYERS):
        around = side // 2
        padded = np.pad(values, ((0, 0), (around, around), (around, around), (0, 0)))
        rows, columns = values.shape[1:3]
        shifted = [
            padded[:, row : row + rows : step, column : column + columns : step]
            for row in range(side)
            for column in range(side)
        ]
        windows = np.concatenate(shifted, axis=3)
        flat = windows.reshape(-1, windows.shape[3])  # one product of matrices is faster than many small ones
        values = np.maximum(flat @ weights[f"kernel{number}"] + weights[f"bias{number}"], 0)
        values = values.reshape(*windows.shape[:3], -1)
    hidden = np.maximum(values.reshape(len(values), -1) @ weights["kernel4"] + weights["bias4"], 0)
    return (hidden @ weights["kernel5"] + weights["bias5"]).reshape(-1, 7, 2)
