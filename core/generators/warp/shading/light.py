# SPDX-License-Identifier: GPL-3.0-or-later
"""The light on the face stays in the room when the head turns: skin that turns towards it gets brighter.

Brightness is read as an even part and one that goes with the surface's direction (spherical harmonics up to the first
order; Ramamoorthi and Hanrahan 2001). What else makes skin bright or dark moves with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ....compiled import Number, compiled
from ..pixels.exponential import log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_ROUND = 3.0  # cells over which the surface is smoothed: its model is not this person's
_LIKELY, _ROUNDS = 2.0, 8  # robust fit: what is off by more than so many usual errors counts little
_RIDGE = 0.002  # against light from where no skin looks
_DARKEST = 0.15  # of the brightest: below, a ratio says nothing
_LEAST, _MOST = np.float32(-0.5), np.float32(0.4)  # change of log brightness


class Light:
    """The light on one portrait."""

    def __init__(self, brightness: Array, skin: Array, height: Array, cell: int) -> None:
        """Fit it to (h, w) brightness, 0..255, where `skin` (h, w) is 1, on a surface of (h, w) `height`.

        `height` is in pixels towards the viewer, and a cell of the fields is `cell` pixels wide.
        """
        down, across = np.gradient(cv2.GaussianBlur(height, (0, 0), _ROUND), cell)
        self._normals = np.dstack([-across, -down, np.ones_like(across)]).astype(np.float32)
        self._normals /= np.linalg.norm(self._normals, axis=2, keepdims=True)
        terms = np.column_stack([np.ones(brightness.size), self._normals.reshape(-1, 3)])
        seen, weight = brightness.ravel(), skin.ravel().astype(np.float64)
        ridge = _RIDGE * max(weight.sum(), 1) * np.diag([1e-6, 1, 1, 1])
        robust = weight
        fit = np.zeros(4)
        for _ in range(_ROUNDS):
            weighted = (terms * robust[:, None]).T
            fit = np.asarray(np.linalg.solve(weighted @ terms + ridge, weighted @ seen), np.float64)
            off = np.abs(seen - terms @ fit)
            usual = max(float(np.median(off[weight > 0.5])), 1.0) if (weight > 0.5).any() else 1.0
            robust = weight / (1 + (off / (_LIKELY * usual)) ** 2)
        self._even, self._from = float(fit[0]), fit[1:].astype(np.float32)
        self._least = _DARKEST * max(self._even + float(np.linalg.norm(fit[1:])), 1.0)
        self._before = self._at(self._from)

    def change(self, rotation: NDArray[np.float64]) -> Array:
        """(h, w) change of log brightness on the skin of a head that turns by `rotation` (3, 3); zeros for none."""
        return _change(self._at(rotation.T.astype(np.float32) @ self._from), self._before)

    def _at(self, light: Array) -> Array:
        """(h, w) brightness in a light from the right, from below and from the front (3,)."""
        x, y, z = light
        return _shine(self._normals, (np.float32(self._even), x, y, z), np.float32(self._least))


@compiled
def _shine(normals: Array, light: tuple[Number, Number, Number, Number], least: Number) -> Array:
    """(h, w) brightness, `least` at least, of a surface with `normals` (h, w, 3), in even light and from x, y, z."""
    even, x, y, z = light
    out = np.empty(normals.shape[:2], np.float32)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = max(even + normals[i, j, 0] * x + normals[i, j, 1] * y + normals[i, j, 2] * z, least)
    return out


@compiled
def _change(after: Array, before: Array) -> Array:
    """(h, w) change of log brightness."""
    out = np.empty_like(before)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = min(max(log(after[i, j] / before[i, j]), _LEAST), _MOST)
    return out
