# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin takes the light anew: expressions fold it, and the head turns in it. Multiplied into the moved pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....compiled import compiled
from ..fields.face_grid import lay, places_on_mean_face
from ..fields.grid import Grid, area_of, reduced
from ..pixels.exponential import exp
from .crease_shapes import mix, motions, shapes
from .light import Light
from .motions import motion_reader
from .skin import find_skin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace
    from ....motion.target import FaceTarget
    from ..surface.head import Head

    Array = NDArray[np.float32]

_CELLS_PER_EYE_DISTANCE = 64
_MARGIN = np.array([0.2, 0.65, 0.2, 0.4])  # left, top, right, bottom of the landmarks' box, in eye distances
_UNSURE, _NOTHING = 0.15, 0.01  # of full strength: below the first it is as likely a tracker's trembling
_FURTHEST = 1.3  # of full strength, see `motions`
_DARKEST, _BRIGHTEST = -0.5, 0.25  # log brightness
_FEATURES = 0.3  # eye distances: holes in the skin up to this size, eyes, brows and mouth, lie in the same light
_EDGE = 0.12  # eye distances over which the light's change ends towards what is no skin
_GAMMA = 2.2  # display values are about this root of light
_REDDER = 0.9  # light thrown from skin to skin in a fold takes on its colour; 0.7 to 1.3 in four clips of people


@dataclass(frozen=True)
class Shade:
    """The factors of one frame for the portrait's pixels, before they are moved."""

    grid: Grid
    gain: Array  # (rows, columns, 4) for red, green, blue and alpha; 1 along the grid's edge
    changes: NDArray[np.uint8]  # (rows, columns) 0 where it is 1 from this node to the next ones


class Creases:
    """One portrait's shapes, laid under it once."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, amount: float, head: Head) -> None:
        """`amount` 0: nothing ever changes; `head` is the surface under the picture."""
        self._points = face.points[:, :2]
        self._amount = amount
        box = np.concatenate([self._points.min(0), self._points.max(0)])
        box += _MARGIN * face.eye_distance * [-1, -1, 1, 1]
        self._grid = Grid.over(area_of(box), max(1, round(face.eye_distance / _CELLS_PER_EYE_DISTANCE)))
        places = places_on_mean_face(self._grid, self._points)
        small = reduced(pixels, self._grid)
        skin, colour = find_skin(small, places)
        self._places, self._skin = places, skin * _fade(skin.shape) * amount
        self._shapes = (lay(shapes(), places) * self._skin).reshape(len(shapes()), -1)
        self._light = Light(small.astype(np.float32).mean(-1), skin, head.at(self._grid.nodes), self._grid.cell)
        self._lit = _closed(skin) * amount
        self._reader = motion_reader(face, motions())
        self._exponents = _exponents(colour, pixels)

    def shade(self, target: FaceTarget, moved: NDArray[np.floating[Any]]) -> Shade | None:
        """The factors for a target, whose (68, 2) landmarks without the head's pose are `moved`; None: no change.

        What a movie shows (see `FaceTarget.shading`) stands in for the shapes where it is sure.
        """
        strengths, measured = self._strengths(moved), target.shading
        turned = bool((target.pose.rotation != np.eye(3)).any())
        if self._amount == 0 or not (turned or strengths.any() or measured is not None):
            return None
        light = (strengths @ self._shapes).reshape(self._grid.rows, self._grid.columns)
        if measured is not None:
            seen, sure = lay(np.moveaxis(measured, 2, 0), self._places)
            light = light * (1 - sure) + self._skin * seen
        light = np.clip(light, _DARKEST, _BRIGHTEST)
        if turned:
            light += self._light.change(target.pose.rotation) * self._lit
        return Shade(self._grid, *_factors(light, self._exponents))

    def _strengths(self, moved: NDArray[np.floating[Any]]) -> Array:
        """How strongly each shape is raised."""
        motion = np.clip(self._reader @ (moved - self._points).reshape(-1), 0, _FURTHEST)
        sure = np.clip(motion * motion / (motion + _UNSURE) - _NOTHING, 0, None)
        return mix() @ sure.astype(np.float32)


@compiled
def _factors(light: Array, exponents: Array) -> tuple[Array, NDArray[np.uint8]]:
    """`gain` and `changes` of a `Shade` by which log brightness changes by `light` (rows, columns)."""
    rows, columns = light.shape
    gain, changes = np.ones((rows, columns, 4), np.float32), np.zeros((rows, columns), np.uint8)
    for i in range(rows):
        for j in range(columns):
            if light[i, j] != 0:
                above, before = max(i - 1, 0), max(j - 1, 0)
                changes[i, j] = changes[i, before] = changes[above, j] = changes[above, before] = 1
                for k in range(3):
                    gain[i, j, k] = exp(light[i, j] * exponents[k])
    return gain, changes


def _closed(skin: Array) -> Array:
    """(rows, columns) the skin and the features in it, ending softly."""
    hole = round(_FEATURES * _CELLS_PER_EYE_DISTANCE)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * hole + 1, 2 * hole + 1))
    whole = cv2.morphologyEx(np.pad(skin, hole), cv2.MORPH_CLOSE, kernel)[hole:-hole, hole:-hole]
    soft = _EDGE * _CELLS_PER_EYE_DISTANCE
    reach = cv2.erode(np.pad(whole, 1), np.ones((3, 3), np.uint8), iterations=round(soft))[1:-1, 1:-1]
    return np.asarray(cv2.GaussianBlur(reach, (0, 0), soft / 2, borderType=cv2.BORDER_CONSTANT), np.float32)


def _fade(shape: tuple[int, ...]) -> Array:
    """0 along the edge of a field, 1 from five cells on."""
    inside = np.zeros(shape, np.float32)
    inside[3:-3, 3:-3] = 1
    return np.asarray(cv2.blur(inside, (5, 5)), np.float32)


def _exponents(colour: NDArray[np.float64], pixels: NDArray[Any]) -> Array:
    """(3,) how much of a change of log brightness each colour takes: grey skin stays grey."""
    shown = np.log(np.maximum(colour, 8))
    exponents = 1 - _REDDER * (shown - shown.mean())
    if not np.issubdtype(pixels.dtype, np.integer):
        exponents *= _GAMMA
    return exponents.astype(np.float32)
