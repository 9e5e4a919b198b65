# SPDX-License-Identifier: GPL-3.0-or-later
"""Creases that expressions press into skin: darker furrows with a lighter rise beside them, on the portrait's own skin.

A ratio image says by what factor an expression changes the brightness of every place of a face (Liu, Shan and Zhang,
2001). Here the furrows are where anatomy has them, and as deep as the landmarks have moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...landmarks.topology import LID_PAIRS
from .grid import Grid, area_of
from .sampling import smooth_curve, smooth_step, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace

    Array = NDArray[np.float32]
    Points = NDArray[np.floating[Any]]

_CELLS = 40  # per eye distance
_SIDES = (
    (0, 48, 31, 36, -1),
    (1, 54, 35, 45, 1),
)  # number, corner of the mouth, wing of the nose, corner of the eye, sign
# Depth: natural logarithm of the factor in the middle of a furrow at full strength. Width in eye distances.
_FOLD, _FOLD_WIDTH = 0.16, 0.035
_LINE, _LINE_WIDTH = 0.10, 0.014
_FROWN, _FROWN_WIDTH = 0.16, 0.018
_FEET, _FEET_WIDTH = 0.09, 0.012
_RISE = 0.5  # of the furrow's depth: how light the skin beside it gets
_SMILE, _RAISE, _KNIT, _SQUINT = 0.16, 0.10, 0.05, 0.05  # eye distances of motion that give full strength
_LEAST = 0.02  # a strength below is not seen
_SEEN = 0.004  # nor is a logarithm


class Creases:
    """The creases of one portrait's face."""

    def __init__(self, face: FittedFace, amount: float) -> None:
        """Lay furrows of full strength on the face; `amount` 0 is none, 1 those of a lined face."""
        self._points = face.points[:, :2]
        self._distance = face.eye_distance
        self._amount = amount
        low, high = self._points.min(0), self._points.max(0)
        box = np.concatenate([low - [0, 0.6 * self._distance], high])
        self.grid = Grid.over(area_of(box), max(1, round(self._distance / _CELLS)))
        axes = face.direction(np.array([[1.0, 0, 0], [0, 1.0, 0]]))[:, :2]
        self._right, self._up = axes / np.linalg.norm(axes, axis=1, keepdims=True)
        self._maps = np.stack([*self._folds(), self._forehead(), self._frown(), *self._crow_feet()])

    def logarithm(self, moved: Points) -> Array | None:
        """(rows, columns) the brightness factor's logarithm for (68, 2) moved landmarks of the unturned face.

        None when nothing creases.
        """
        strengths = self._amount * self._strengths(moved)
        if strengths.max() < _LEAST:
            return None
        return np.tensordot(strengths.astype(np.float32), self._maps, 1)

    def shade(self, pixels: NDArray[Any], positions: Array, logarithm: Array) -> None:
        """Change skin (h, w, C) that was read from portrait positions (h, w, 2), in place."""
        factor = np.asarray(self.grid.sample(logarithm, positions), np.float32)
        rows, columns = np.nonzero(np.abs(factor) > _SEEN)
        skin = pixels[rows, columns]
        skin[:, :3] = to_pixels(skin[:, :3].astype(np.float32) * np.exp(factor[rows, columns, None]), pixels.dtype)
        pixels[rows, columns] = skin

    def _strengths(self, moved: Points) -> NDArray[np.float64]:
        """Folds right and left, forehead, frown, crow's feet right and left: 0..1."""
        way = (moved - self._points) / self._distance
        outward = way @ self._right
        upward = way @ self._up
        smiles: list[float] = []
        feet: list[float] = []
        for side, corner, _, _, sign in _SIDES:
            smile = float(sign * outward[corner] + upward[corner]) / _SMILE
            lower = [pair[1] for pair in LID_PAIRS[2 * side : 2 * side + 2]]
            smiles.append(smile)
            feet.append(smile - 0.4 + float(upward[lower].mean()) / _SQUINT)
        raised = upward[17:27].mean() / _RAISE
        knit = (outward[21] - outward[22]) / _KNIT / 2 - upward[[21, 22]].mean() / _KNIT / 2
        return smooth_step(np.array([*smiles, float(raised), float(knit), *feet])).astype(np.float64)

    def _folds(self) -> list[Array]:
        """From the wing of the nose past the corner of the mouth; the cheek rises beside it."""
        maps: list[Array] = []
        for _, corner, wing, _, sign in _SIDES:
            beside = sign * self._right * self._distance
            nose, mouth = self._points[wing], self._points[corner]
            path = np.array([nose + 0.05 * beside, (nose + mouth) / 2 + 0.13 * beside, mouth + 0.13 * beside])
            end = mouth + 0.15 * beside - 0.12 * self._up * self._distance
            maps.append(self._furrow(np.vstack([path, end]), _FOLD, _FOLD_WIDTH, beside))
        return maps

    def _forehead(self) -> Array:
        """Three lines across, above the brows."""
        brows = self._points[17:27]
        lines = np.zeros((self.grid.rows, self.grid.columns), np.float32)
        for height in (0.17, 0.28, 0.40):
            middle = brows + height * self._distance * self._up
            curve = middle.copy()
            curve += (middle.mean(0) - middle) @ np.outer(self._up, self._up) * 0.6  # flatter than the brows
            lines += self._furrow(curve[1:-1], _LINE, _LINE_WIDTH, self._up * self._distance)
        return lines

    def _frown(self) -> Array:
        """Two upright lines between the brows."""
        middle = self._points[[21, 22]].mean(0)
        lines = np.zeros((self.grid.rows, self.grid.columns), np.float32)
        for sign in (-1, 1):
            foot = middle + 0.055 * sign * self._right * self._distance
            path = np.array([foot + step * self._up * self._distance for step in (-0.06, 0.03, 0.12)])
            lines += self._furrow(path, _FROWN, _FROWN_WIDTH, sign * self._right * self._distance)
        return lines

    def _crow_feet(self) -> list[Array]:
        """Three short lines that spread from the outer corner of the eye."""
        maps: list[Array] = []
        for _, _, _, eye, sign in _SIDES:
            lines = np.zeros((self.grid.rows, self.grid.columns), np.float32)
            for slope in (0.35, -0.05, -0.45):
                along = (sign * self._right + slope * self._up) * self._distance
                path = self._points[eye] + np.array([[0.07], [0.14], [0.2]]) * along
                lines += self._furrow(path, _FEET, _FEET_WIDTH, self._up * self._distance)
            maps.append(lines)
        return maps

    def _furrow(self, path: Points, depth: float, width: float, rise: Points) -> Array:
        """(rows, columns): dark along a path (N, 2), lighter towards `rise`, fading at both ends."""
        curve = smooth_curve(path).astype(np.float32)
        share = np.linspace(0, 1, len(curve), dtype=np.float32)
        strong = np.sqrt(np.sin(np.pi * np.clip(share, 0.02, 0.98)))
        nodes = self.grid.nodes[..., None, :] - curve
        nearest = (nodes**2).sum(-1).argmin(-1)
        offset = np.take_along_axis(nodes, nearest[..., None, None], 2)[..., 0, :] / np.float32(self._distance)
        distance = np.linalg.norm(offset, axis=-1) / width
        up = (rise / np.linalg.norm(rise)).astype(np.float32)
        beside = np.linalg.norm(offset - 1.6 * width * up, axis=-1) / (1.5 * width)
        valley = -depth * np.exp(-(distance**2)) + _RISE * depth * np.exp(-(beside**2))
        return np.asarray(cv2.GaussianBlur(valley * strong[nearest], (0, 0), 0.7), np.float32)
