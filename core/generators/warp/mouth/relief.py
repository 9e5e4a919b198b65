# SPDX-License-Identifier: GPL-3.0-or-later
"""One part of the mouth's inside in relief: painted once for a portrait, then seen from any side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ....motion.face_model import DEPTH_STEPS, GUM, TOOTH
from ..pixels.sampling import read_at, smooth_step
from .draw import Part, meet

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ....motion.face_model import FaceModel

    Array = NDArray[np.float32]

_BACK_TEETH, _FADE = 5.0, 4.0  # cm: z from which teeth are as bright as the front ones come
_CROWN = 0.24  # cm, standard deviation of what is taken for the shade of crowns around
_CROWN_SHADE, _TOLD_APART = 0.8, 2.0  # of the light, in that shade; how much more than the model's crowns differ in it
_LEFT_OUT = 1.0  # cm before the depth at which teeth are left out
_LEVELS = 10  # depths at which a line of sight is compared with the relief


@dataclass(frozen=True)
class Sight:
    """How lines of sight run through a relief, centimetres: a line meets depth z at `at` @ (x, y, 1) + z * `slope`.

    (x, y) is where the line passes the plane of the lips, in the model's axes (y up).
    """

    at: NDArray[np.float64]  # (2, 3)
    slope: NDArray[np.float64]  # (2,)
    depth: NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 1, 0]))  # in the head: @ (y, z, 1)

    @classmethod
    def of_skull(cls, view: NDArray[np.float64], lips: float) -> Sight:
        """Lines along `view` (x, y a centimetre of z) from the plane z = `lips`."""
        return cls(np.column_stack([np.eye(2), -lips * view]), view)

    @classmethod
    def of_jaw(cls, view: NDArray[np.float64], lips: float, model: FaceModel, opened: float, aside: float) -> Sight:
        """The same lines as the relief of the wide open jaw meets them when the jaw is `opened` by a share of that.

        The lines are turned with the jaw about its hinge; `aside` centimetres it has gone to the picture's right.
        """
        angle = (opened - 1) * model.jaw_angle
        cos, sin = np.cos(angle), np.sin(angle)
        y, z = model.jaw_hinge
        along = np.array([cos * view[1] + sin, cos - sin * view[1]])  # the line's direction (y, z) in the open jaw
        slope = np.array([view[0], along[0]]) / along[1]
        # Where a line starts, (y, z) in the open jaw: affine in its height on the plane of the lips.
        start_y = np.array([cos, y - cos * y + sin * (lips - z)])
        start_z = np.array([-sin, z + sin * y + cos * (lips - z)])
        (ax, bx), (ay, by) = -slope[0] * start_z, start_y - slope[1] * start_z
        depth = np.array([sin * ay, sin * slope[1] + cos, sin * (by - y) + z - cos * z])
        return cls(np.array([[1, ax, bx - aside], [0, ay, by]]), slope, depth)


def of_model(picture: NDArray[np.uint8], step: float, back: float = 0.0) -> tuple[Array, Array]:
    """Planes (h, w, 3) and depth (h, w) for a `Relief`, of one of the model's pictures.

    Its cells are `step` centimetres; teeth behind z = `back`, centimetres, are left out.
    """
    depth = picture[..., 2].astype(np.float32) / DEPTH_STEPS
    crown = np.asarray(picture[..., 0] == TOOTH, np.float32)
    there = (picture[..., 0] >= GUM) * (1 - crown * (1 - smooth_step((depth - back) / _LEFT_OUT)))
    # Back teeth are dull and half hidden by what the model does not have: cheeks and saliva.
    tooth = crown * smooth_step((depth - _BACK_TEETH) / _FADE)
    shade = picture[..., 1] / np.float32(255)
    shade += (_told_apart(shade, crown, _CROWN / step) - shade) * crown
    return np.dstack([tooth * there, there, shade * there]).astype(np.float32), depth


def _told_apart(shade: Array, crown: Array, width: float) -> Array:
    """Shade (h, w) of crowns against that of those around, `width` cells wide.

    How the whole row is lit is another matter: the model's lower one is turned to the floor, because its jaw is open.
    """
    around, share = (cv2.GaussianBlur(plane, (0, 0), width) for plane in (shade * crown, crown))
    against = shade * share / np.maximum(around, np.float32(1e-3))
    return np.clip(_CROWN_SHADE * against**_TOLD_APART, 0, 1).astype(np.float32)


class Relief:
    """A front view of a part of the mouth with its depth."""

    def __init__(
        self,
        planes: Array,
        depth: Array,
        origin: NDArray[np.float64],
        step: float,
        scale: float,
        blur: float,
        paint: Callable[[Array], Array],
    ) -> None:
        """Paint it at `scale` pixels a centimetre, blurred as much as `blur` pixels.

        `paint` makes (h, w, 3) colours of the `planes` (h, w, 3): tooth share, coverage and shade, each 0..1; `depth`
        (h, w) is z in centimetres. Their cells are `step` centimetres, the first one lies at `origin` (x, y).
        """
        self._origin, self._step = origin, step
        cell = step * scale  # pixels
        there = planes[..., 1] >= 0.5
        # At least a cell of blur hides the model's facets, more where many cells fall into one pixel.
        planes = np.asarray(cv2.GaussianBlur(planes, (0, 0), max(0.8, 0.5 / cell, blur / cell)), np.float32)
        rows, columns = (max(int(np.ceil((n - 1) * cell)) + 1, 2) for n in depth.shape)
        self.zoom = scale
        matrix = np.array([[1 / cell, 0, 0], [0, 1 / cell, 0]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(planes, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        laid = np.clip(laid, 0, 1).astype(np.float32)
        # Colour and coverage, with a ring where nothing is.
        self.picture = np.pad(np.dstack([paint(laid), laid[..., 1]]), ((1, 1), (1, 1), (0, 0)), mode="edge")
        self.picture[[0, -1], :, 3] = self.picture[:, [0, -1], 3] = 0
        self._depth = np.asarray(cv2.GaussianBlur(depth, (0, 0), 1.5), np.float32)
        inside = self._depth[there] if there.any() else self._depth
        self._levels = np.linspace(inside.max(), inside.min(), _LEVELS, dtype=np.float32)

    def along(self, sight: Sight) -> Part:
        """It as the lines of sight run through it."""
        start = sight.at.copy()
        start[:, 2] -= self._origin
        down, slope = np.array([[1.0], [-1.0]]), sight.slope * [1, -1]  # rows count downwards
        numbers = (start * down / self._step, slope / self._step, start * down * self.zoom, slope * self.zoom)
        return Part(self._depth, self._levels, *(n.astype(np.float32) for n in (*numbers, sight.depth)))

    def depth_at(self, sight: Sight, nodes: Array) -> Array:
        """(h, w) depth z, centimetres, at which lines of sight through (h, w, 2) places of the lips' plane meet it."""
        return meet(self.along(sight), nodes)

    def pixels(self, sight: Sight, places: Array, depth: Array) -> Array:
        """(h, w, 2) pixels of the painted relief where the lines of sight through `places` are at `depth` (h, w)."""
        part = self.along(sight)
        return np.asarray(cv2.transform(places, part.pixels), np.float32) + depth[..., None] * part.along_pixels

    def read(self, pixels: Array) -> tuple[Array, Array]:
        """(h, w, 3) colour and (h, w) coverage at its (h, w, 2) pixels."""
        read = read_at(self.picture, pixels + np.float32(1))
        return read[..., :3], read[..., 3]
