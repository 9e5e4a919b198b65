# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions change how the skin takes the light: folds, and cheeks that rise. Multiplied into the moved pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...motion.face_model import FittedFace, load_face_model
from .crease_shapes import raised_by, shapes
from .face_grid import lay, places_on_mean_face
from .grid import Grid, area_of
from .sampling import read_at, smooth_step, to_8bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_CELLS_PER_EYE_DISTANCE = 64
_MARGIN = np.array([0.15, 0.65, 0.15, 0.1])  # left, top, right, bottom of the landmarks' box, in eye distances
_RIDGE = 0.001  # of the expressions' strengths, in eye distances squared
_UNSURE, _NOTHING = 0.15, 0.01  # strengths below the first are as likely a tracker's trembling
_STRONGEST = 1.3
_DARKEST, _BRIGHTEST = -0.5, 0.25  # log brightness
_GAMMA = 2.2  # display values are about this root of light
_REDDER = 0.5  # light that is thrown from skin to skin in a fold takes on its colour
_SKIN = 3.0  # robust standard deviations from the colour of the cheeks


@dataclass(frozen=True)
class Shade:
    """The factors of one frame."""

    grid: Grid
    gain: Array  # (rows, columns, C) for every channel of the pixels; 1 along the grid's edge

    def apply(self, pixels: NDArray[Any], positions: Array) -> None:
        """Multiply (h, w, C) pixels, in place, that were read at the portrait's `positions` (h, w, 2)."""
        window = self._window(positions)
        if window is None:
            return
        cell = self.grid.cell  # as Grid.indices, in a tenth of the time
        to_cells = np.eye(2, 3) / cell
        to_cells[:, 2] = [0.5 / cell - 0.5 - corner / cell for corner in (self.grid.left, self.grid.top)]
        gain = read_at(self.gain, np.asarray(cv2.transform(positions[window], to_cells), np.float32))
        part = np.ascontiguousarray(pixels[window])
        pixels[window] = cv2.multiply(part, gain, dtype=_CV_TYPES[pixels.dtype.name])

    def _window(self, positions: Array, step: int = 8) -> tuple[slice, slice] | None:
        """Rows and columns around the positions that lie on the grid."""
        rows, columns = self.grid.whole
        few = positions[::step, ::step]
        inside = (few[..., 0] > columns.start) & (few[..., 0] < columns.stop)
        inside &= (few[..., 1] > rows.start) & (few[..., 1] < rows.stop)
        window: list[slice] = []
        for axis in (1, 0):
            found = np.nonzero(inside.any(axis))[0]
            if not len(found):
                return None
            window.append(slice(max(int(found[0]) - 1, 0) * step, (int(found[-1]) + 2) * step))
        return window[0], window[1]


_CV_TYPES = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U, "float32": cv2.CV_32F}


class Creases:
    """One portrait's shapes, laid under it once."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, amount: float) -> None:
        """`amount` 0: nothing ever creases."""
        self._points = face.points[:, :2]
        self._amount = amount
        box = np.concatenate([self._points.min(0), self._points.max(0)])
        box += _MARGIN * face.eye_distance * [-1, -1, 1, 1]
        self._grid = Grid.over(area_of(box), max(1, round(face.eye_distance / _CELLS_PER_EYE_DISTANCE)))
        places = places_on_mean_face(self._grid, self._points)
        skin, colour = _find_skin(pixels, self._grid, places)
        self._shapes = (lay(shapes(), places) * skin * amount).reshape(len(shapes()), -1)
        self._reader = _strength_reader(face)
        self._channels = _exponents(colour, pixels)

    def shade(self, moved: NDArray[np.floating[Any]]) -> Shade | None:
        """The factors for (68, 2) landmarks with the head's pose taken off; None when nothing creases."""
        strengths = self._strengths(moved)
        if not strengths.any() or self._amount == 0:
            return None
        light = (strengths @ self._shapes).reshape(self._grid.rows, self._grid.columns)
        light = np.clip(light, _DARKEST, _BRIGHTEST)
        return Shade(self._grid, np.exp(light[..., None] * self._channels))

    def _strengths(self, moved: NDArray[np.floating[Any]]) -> Array:
        """How strongly each shape is raised."""
        raw = self._reader @ (moved - self._points).reshape(-1)
        raw = np.clip(raw, 0, None)
        return (raw * raw / (raw + _UNSURE) - _NOTHING).clip(0, _STRONGEST).astype(np.float32)


def _strength_reader(face: FittedFace) -> NDArray[np.float64]:
    """(K, 136): landmark offsets in pixels -> strengths, by a ridge regression on the model's expressions.

    What a slightly wrong head pose leaves behind (shift, size, turn) is taken off with six more directions.
    """
    expressions = load_face_model().expressions
    names = list(expressions)
    directions = face.direction(np.stack(list(expressions.values())))[..., :2]
    points, depth = face.points[:, :2] - face.points[:, :2].mean(0), face.points[:, 2] - face.points[:, 2].mean()
    flat = np.zeros_like(depth)
    ones = np.full_like(depth, face.eye_distance)
    pose = [(ones, flat), (flat, ones), points.T, (-points[:, 1], points[:, 0]), (depth, flat), (flat, depth)]
    basis = np.concatenate([directions, [np.column_stack(list(way)) for way in pose]]).reshape(-1, 136)
    basis /= face.eye_distance
    ridge = np.diag([_RIDGE] * len(names) + [_RIDGE / 10] * len(pose))
    solved = np.asarray(np.linalg.solve(basis @ basis.T + ridge, basis), np.float64)[: len(names)] / face.eye_distance
    full = (solved * basis[: len(names)]).sum(axis=1) * face.eye_distance  # what full strength is read as
    solved /= np.maximum(full, 0.3)[:, None]
    mix = np.zeros((len(raised_by()), len(names)))
    for row, shares in zip(mix, raised_by(), strict=True):
        for name, share in shares.items():
            row[names.index(name)] = share
    return mix @ solved


def _find_skin(pixels: NDArray[Any], grid: Grid, places: Array) -> tuple[Array, NDArray[np.float64]]:
    """(rows, columns) 0..1 where the face is bare skin by its colour, and the (3,) colour of the cheeks, 0..255."""
    rows, columns = grid.whole
    height, width = pixels.shape[:2]
    inside = slice(max(rows.start, 0), min(rows.stop, height)), slice(max(columns.start, 0), min(columns.stop, width))
    pad = (
        (inside[0].start - rows.start, rows.stop - inside[0].stop),
        (inside[1].start - columns.start, columns.stop - inside[1].stop),
        (0, 0),
    )
    patch = np.pad(to_8bit(np.ascontiguousarray(pixels[inside][..., :3])), pad, "edge")
    small = np.asarray(cv2.resize(patch, (grid.columns, grid.rows), interpolation=cv2.INTER_AREA), np.uint8)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    # Cheeks and nose: neither hair nor beard nor lips.
    known = (np.abs(places[..., 0]) < 0.5) & (places[..., 1] > 0.2) & (places[..., 1] < 0.55)
    colour = np.median(lab[known], axis=0)
    spread = np.maximum(1.5 * np.median(np.abs(lab[known] - colour), axis=0), [12, 3, 3])
    away = np.sqrt((((cv2.GaussianBlur(lab, (0, 0), 1.5) - colour) / spread / [1.5, 1, 1]) ** 2).sum(2))
    skin = smooth_step(2 - away / _SKIN)
    skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), 2.0), np.float32)
    edge = np.zeros_like(skin)
    edge[2:-2, 2:-2] = 1
    return skin * np.asarray(cv2.blur(edge, (5, 5)), np.float32), np.median(small[known], axis=0).astype(np.float64)


def _exponents(colour: NDArray[np.float64], pixels: NDArray[Any]) -> Array:
    """(C,) how much of a change of log brightness each channel takes: grey skin stays grey, alpha stays."""
    shown = np.log(np.maximum(colour, 8))
    exponents = 1 - _REDDER * (shown - shown.mean())
    if not np.issubdtype(pixels.dtype, np.integer):
        exponents *= _GAMMA
    return np.concatenate([exponents, np.zeros(pixels.shape[2] - 3)]).astype(np.float32)
