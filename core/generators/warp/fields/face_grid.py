# SPDX-License-Identifier: GPL-3.0-or-later
"""A grid over the face model's mean face: what is known of every face is laid on one portrait from here.

Unit: the distance between the outer eye corners. x to the picture's right, y down, (0, 0) between the eyes' heights.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYE_OUTER_CORNERS
from ....motion.face_model import load_face_model
from ..pixels.sampling import read_at
from .grid import Grid
from .rbf import thin_plate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

CELLS = 64  # per unit
ROWS, COLUMNS = 144, 128
LEFT, TOP = -1.0, -0.75
_COARSE = 8  # splines are smooth: they are computed at every so manyth node
_SMOOTH = 1e-3


@cache
def mean_points() -> NDArray[np.float64]:
    """(68, 2) landmarks of the mean face."""
    points = load_face_model().landmarks
    right, left = EYE_OUTER_CORNERS
    unit = np.linalg.norm(points[right] - points[left])
    middle = points[[right, left]].mean(0)
    return (points - middle)[:, :2] * [1, -1] / unit


@cache
def nodes() -> Array:
    """(ROWS, COLUMNS, 2) positions of the nodes on the mean face."""
    x = LEFT + (np.arange(COLUMNS) + 0.5) / CELLS
    y = TOP + (np.arange(ROWS) + 0.5) / CELLS
    return np.dstack(np.meshgrid(x, y)).astype(np.float32)


def indices(points: NDArray[np.floating[Any]], shape: tuple[int, ...] = (ROWS, COLUMNS)) -> Array:
    """Fractional (column, row) of (..., 2) positions on the mean face, in a field of `shape` over the grid."""
    cells = CELLS * shape[1] / COLUMNS
    return ((points - [LEFT, TOP]) * cells - 0.5).astype(np.float32)


def lay(fields: Array, places: Array) -> Array:
    """Fields (K, rows, columns) over the mean face at places (h, w, 2) of it, zero outside: (K, h, w)."""
    at = indices(places, fields.shape[1:])
    return np.stack([read_at(field, at, cubic=True, outside_zero=True) for field in fields])


def places_on_mean_face(grid: Grid, points: NDArray[np.floating[Any]]) -> Array:
    """(rows, columns, 2): where on the mean face the nodes of a picture's grid are, by its (68, 2) landmarks."""
    coarse = Grid(grid.left, grid.top, grid.cell * _COARSE, -(-grid.columns // _COARSE), -(-grid.rows // _COARSE))
    places = thin_plate(points, mean_points(), coarse.nodes, _SMOOTH)
    return coarse.finer(_COARSE).enlarged(places)[: grid.rows, : grid.columns]


def places_in_picture(points: NDArray[np.floating[Any]]) -> Array:
    """(ROWS, COLUMNS, 2): where in a picture with these (68, 2) landmarks the nodes of the mean face are, pixels."""
    coarse = nodes().reshape(ROWS // _COARSE, _COARSE, COLUMNS // _COARSE, _COARSE, 2).mean((1, 3))
    places = thin_plate(mean_points(), points, coarse, _SMOOTH)
    return np.asarray(cv2.resize(places, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC), np.float32)
