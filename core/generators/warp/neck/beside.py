# SPDX-License-Identifier: GPL-3.0-or-later
"""One side of a portrait's head and neck, in eye distances outwards from the middle of the chin and below it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pixels.sampling import read_at, sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..surface.head import Head

    Array = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]

STEP = 0.02  # eye distances, in which outlines are looked for
_WIDEST = 2.0  # so far out


class Beside:
    """The left (1) or right (-1) side of a head, whatever way it is tilted in the picture."""

    def __init__(self, pixels: NDArray[Any], mask: Array, head: Head, side: int) -> None:
        """Of a portrait (H, W, C) with the head mask (H, W)."""
        self.pixels, self.mask, self.face, self._side = pixels, mask, head.face, side
        self._chin = head.face.points[8, :2]
        self._axes = np.array([side * head.turns.aside[:2], head.turns.below[:2]])  # eye distances a pixel
        self._pixels = np.linalg.inv(self._axes)  # an eye distance

    @cached_property
    def opaque(self) -> NDArray[Any]:
        """(H, W, 3) the portrait without alpha, which OpenCV wants as an array of its own."""
        return np.ascontiguousarray(self.pixels[..., :3])

    def places(self, out: Numbers | float, below: Numbers | float) -> Array:
        """The portrait's positions (h, w, 2) so far out and below, two arrays that go together (h, w)."""
        there = np.dstack(np.broadcast_arrays(out, below))
        return np.asarray(self._chin + there @ self._pixels.T, np.float32)

    def of(self, places: Numbers) -> tuple[Array, Array]:
        """How far out and below positions (..., 2) are."""
        out, below = np.moveaxis((places - self._chin) @ self._axes.T, -1, 0)
        return np.asarray(out, np.float32), np.asarray(below, np.float32)

    def of_model(self, out: float, up: float, forwards: float) -> tuple[float, float]:
        """How far out and below a place in the face model is, given in centimetres from the model's origin."""
        there = self.face.from_model(np.array([-self._side * out, up, forwards], np.float64))
        aside, below = self.of(there[:2])
        return float(aside), float(below)

    def read(self, out: Numbers, below: Numbers) -> NDArray[Any]:
        """(h, w, C) pixels so far out and below."""
        return sample(self.pixels, self.places(out, below))

    def outline(self, below: Numbers) -> Numbers:
        """(N,) how far out the person goes without a gap, so far below."""
        out = np.arange(0, _WIDEST, STEP)
        seen = read_at(self.mask, self.places(out, below[:, None]), outside_zero=True) > 0.5
        return np.cumprod(seen, axis=1).sum(1) * STEP - STEP
