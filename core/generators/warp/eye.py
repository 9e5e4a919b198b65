# SPDX-License-Identifier: GPL-3.0-or-later
"""One eye with its lids: the upper lid unrolls from its fold over the eyeball and takes its lashes with it.

A picture of an open eye does not show the lid that closes it. So the skin of the closed lid is made once, in place, and
a closing lid uncovers it downwards; stretching the skin above would smear lashes and the shadow under the brow over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .eyes import Eyeball
from .face_field import LEFT, RIGHT
from .plate import membrane
from .sampling import blend, from_8bit, full_scale, read_at, sample, smooth_step, to_8bit, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace
    from .frame import Window
    from .layers import Shading

    Array = NDArray[np.float32]
    Rims = tuple[NDArray[np.float64], NDArray[np.float64]]

# All lengths are shares of the eye's width.
_MARGIN = 0.75  # of the picture around the eye that is looked at
_WORK_WIDTH = 64  # pixels across the eye on the copy that is filled in
_LASHES_UP, _LASHES_DOWN, _LASHES_ASIDE = 0.16, 0.08, 0.15  # beyond the rims there are lashes and their shadow
_WING = 0.05  # so much longer are the lashes beside the corners
_SOFT = 0.09  # edge of the made skin
_ROUND = 0.12  # a closed lid is round: its middle is this much brighter than its edges
_NEIGHBOURS, _DARKER = 0.25, 0.6  # skin that is darker than this share of the skin so far around it is no model for it
_TEXTURE = 0.03  # what is finer is texture; the lid takes that of the cheek below
_USUAL = 0.9  # of the texture's values: stronger ones are wrinkles and rims of glasses
_EDGE = 0.012  # softness of the lid's edge
_SHADOW = 0.12  # down to here below the upper rim the eyeball has the lid's shadow
_SEAM, _SEAM_LENGTH = 0.45, 12  # closed lids touch in a line that takes this much of the light, but in the corners
_FADE = 2.5  # in the last of so many parts of their length lashes and shadow fade out
_DARKEST = 0.75  # no lash takes more of the light
_LINER = 0.04  # above the rim the lid itself may be dark; what is dark farther up is lashes
_LINE = 0.025  # of dark lashes at the very edge of the lid
_STIRRED = 0.07  # of motion after which it is drawn instead of left as it is in the portrait
_UNROLLED = 0.12  # share of closing at which the made skin is all that is seen
_TURNED = 0.35, 0.85  # between these shares of closing the lashes turn from up to down
_TABLE = np.linspace(-0.5, 1.5, 257)  # along the eye, from its left corner (0) to its right one (1)


@dataclass(frozen=True)
class _Place:
    """From positions in a face to (along, down) of an eye, in eye widths from its left corner, and back."""

    corner: NDArray[np.float64]
    along: NDArray[np.float64]

    @classmethod
    def of(cls, rims: Rims) -> _Place:
        return cls(rims[0][0], rims[0][-1] - rims[0][0])

    @property
    def axes(self) -> NDArray[np.float64]:
        """(2, 2): one eye width along and one down."""
        return np.array([self.along, [-self.along[1], self.along[0]]])

    def local(self, positions: NDArray[Any]) -> Array:
        matrix = np.linalg.inv(self.axes).T
        return _affine(positions, matrix, -matrix @ self.corner)

    def heights(self, rim: NDArray[np.float64]) -> Array:
        """How far down a rim is at the positions of the table; past the corners it stays on their level."""
        along, down = self.local(rim[None])[0].T
        return np.asarray(np.interp(_TABLE, along, down), np.float32)


@dataclass(frozen=True)
class _Lashes:
    """Where the lashes of one frame are: (h, w) fields, lengths in eye widths."""

    below_upper: Array  # how far below the upper rim
    above_lower: Array
    gone_down: Array  # how far that rim has gone down
    lid: Array  # coverage of the made skin
    ball: Array  # and of the eyeball
    turned: float  # 0..1: from up to down
    edge: float
    line: float

    def within(self, box: tuple[slice, slice]) -> _Lashes:
        """The same over a part."""
        return replace(
            self,
            below_upper=self.below_upper[box],
            above_lower=self.above_lower[box],
            gone_down=self.gone_down[box],
            lid=self.lid[box],
            ball=self.ball[box],
        )

    def darkness(self, here: Array, opposite: Array, along: Array) -> Array:
        """(h, w, 3) from the portrait's own there and on the opposite side of the rim; `along` (h, w) the eye."""
        side = self.below_upper
        up = smooth_step((-side - _LINER) / _LINER)
        above = here * (np.maximum(self.lid, self.ball) * (1 - self.turned * up))[..., None]
        hanging = self.turned * smooth_step(self.above_lower / self.line + 1)
        below = np.maximum(here * np.maximum(self.ball, hanging)[..., None], opposite * hanging[..., None])
        dark = above + (below - above) * smooth_step(side / self.edge + 0.5)[..., None]
        between_corners = np.clip(_SEAM_LENGTH * along * (1 - along), 0, 1)
        seam = _SEAM * self.turned * between_corners * smooth_step(1 - np.abs(side) / (1.5 * self.line))
        return np.maximum(dark, seam[..., None])


class Eye:
    """One eye of a portrait; `eye` is 0 for the subject's right one."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, eye: int) -> None:
        """Complete the eyeball, make the skin of the closed lid, and take the lashes off the picture."""
        self._ball = Eyeball(pixels, face, eye)
        rims = (RIGHT, LEFT)[eye].rims(face.points[:, :2])
        self._place = _Place.of(rims)
        self._upper, self._lower = (self._place.heights(rim) for rim in rims)
        self._width = float(np.linalg.norm(self._place.along))
        points = np.concatenate(rims)
        margin, size = _MARGIN * self._width, pixels.shape[1::-1]
        low = np.clip(np.floor(points.min(0) - margin), 0, np.array(size) - 2).astype(int)
        high = np.clip(np.ceil(points.max(0) + margin), low + 2, size).astype(int)
        self._corner = low.astype(np.float64)
        patch = pixels[low[1] : high[1], low[0] : high[0]]
        local = self._local_of(patch.shape[:2], 1)
        self._zone = self._hidden(local, _SOFT)
        self._skin = blend(patch, self._make_skin(patch, local), self._zone)
        self._lashes = self._find_lashes(patch, local)

    def draw(
        self, under: NDArray[Any], window: Window, gaze: NDArray[np.float64], shade: Shading | None = None
    ) -> NDArray[Any]:
        """Lay the eye over the skin `under` (h, w, C) that is drawn around it, lit by `shade` as that is."""
        place = _Place.of(window.rims)
        upper, lower = _meet(*(place.heights(rim) for rim in window.rims))
        moved = self._width * max(np.abs(upper - self._upper).max(), np.abs(lower - self._lower).max())
        stirred = _step(max(moved, self._ball.way(gaze)), 0, _STIRRED * self._width)
        if stirred == 0:  # as in the portrait: its own pixels stay
            return under
        local = place.local(window.unturned)
        own = _affine(local, self._place.axes.T, self._place.corner - self._corner)
        index = np.clip((local[..., 0] - _TABLE[0]) / (_TABLE[1] - _TABLE[0]), 0, len(_TABLE) - 1).astype(np.intp)
        below_upper, above_lower = local[..., 1] - upper[index], lower[index] - local[..., 1]
        pixel = 1 / max(float(np.linalg.norm(place.along)), 1e-6)
        edge = max(_EDGE, 0.7 * pixel)
        closing = 1 - _opening(upper, lower) / _opening(self._upper, self._lower)
        unrolled, turned = stirred * _step(closing, 0, _UNROLLED), _step(closing, *_TURNED)
        covers = smooth_step(above_lower / edge + 0.5)
        inside = covers * smooth_step(below_upper / edge + 0.5)
        inside *= np.clip((below_upper + above_lower) / edge - 1, 0, 1)  # lids that nearly meet touch
        ball = inside * stirred
        # Where the eyeball is not yet drawn fully, the portrait's shows through it and not the lid.
        lid = read_at(self._zone, own, outside_zero=True) * covers * unrolled
        lid *= (1 - inside) / np.maximum(1 - ball, 1e-6)
        at = own + self._corner.astype(np.float32)

        def lit(pixels: NDArray[Any]) -> NDArray[Any]:
            if shade is not None:
                shade(pixels, at)
            return pixels

        drawn = blend(under, lit(sample(self._skin, own)), lid) if unrolled else under
        if ball.any():
            drawn = blend(drawn, lit(self._ball.read(at, gaze)), ball)
        gone_down, line = (upper - self._upper)[index], max(_LINE, pixel)
        lashes = _Lashes(below_upper, above_lower, gone_down, lid, ball, turned, edge, line)
        return self._draw_lashes(drawn, own, local[..., 0], lashes)

    def _draw_lashes(self, drawn: NDArray[Any], own: Array, along: Array, lashes: _Lashes) -> NDArray[Any]:
        """Beside the upper rim it is as dark as in the portrait: lashes and the lid's shadow go with the lid."""
        near = (lashes.below_upper > -_LASHES_UP) & (lashes.below_upper < _SHADOW)
        near &= (np.maximum(lashes.lid, lashes.ball) > 0) | ((lashes.turned > 0) & (lashes.below_upper > 0))
        rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return drawn
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part, down = lashes.within(box), self._place.axes[1].astype(np.float32)
        at = own[box] - part.gone_down[..., None] * down
        mirrored = at - 2 * part.below_upper[..., None] * down
        here, opposite = (read_at(self._lashes, there, outside_zero=True) for there in (at, mirrored))
        dark = part.darkness(here, opposite, along[box]) * near[box][..., None]
        darkened = drawn.copy()
        darkened[box][..., :3] = to_pixels(drawn[box][..., :3] * (1 - dark), drawn.dtype)
        return darkened

    def _local_of(self, shape: tuple[int, ...], zoom: float) -> Array:
        """(h, w, 2): along and down of the pixels of the patch, reduced by `zoom`."""
        x, y = ((np.arange(n, dtype=np.float32) + 0.5) / zoom - 0.5 for n in shape[1::-1])
        return self._place.local(np.dstack(np.meshgrid(x, y)) + self._corner)

    def _hidden(self, local: Array, soft: float) -> Array:
        """(h, w): 1 on the opening and its lashes."""
        along, down = local[..., 0], local[..., 1]
        upper, lower = (np.interp(along, _TABLE, heights) for heights in (self._upper, self._lower))
        wing = _WING * np.clip(2 * along - 1, -1, 1) ** 2
        outside = np.maximum.reduce([upper - _LASHES_UP - wing - down, down - lower - _LASHES_DOWN])
        outside = np.maximum(outside, np.abs(along - 0.5) - 0.5 - _LASHES_ASIDE)
        return smooth_step(0.5 - outside / soft)

    def _make_skin(self, patch: NDArray[Any], local: Array) -> NDArray[Any]:
        """The patch with a smooth closed lid in it that has the texture of the cheek below."""
        zoom = min(1.0, _WORK_WIDTH / self._width)
        eight = to_8bit(np.ascontiguousarray(patch[..., :3]))
        small = np.asarray(cv2.resize(eight, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        known = (self._hidden(self._local_of(small.shape[:2], zoom), 1e-3) == 0).astype(np.float32)
        calm = np.asarray(cv2.medianBlur(small, 5), np.float32)  # single lashes reach farther
        grey = calm.mean(-1)
        around = _NEIGHBOURS * self._width * zoom
        weight = np.asarray(cv2.GaussianBlur(known, (0, 0), around), np.float32)
        usual = np.asarray(cv2.GaussianBlur(grey * known, (0, 0), around), np.float32) / np.maximum(weight, 1e-3)
        known = known * (grey > _DARKER * usual)  # brows, the fold's shadow and rims of glasses are not the lid
        smooth = np.asarray(cv2.resize(membrane(calm, known), patch.shape[1::-1], interpolation=cv2.INTER_CUBIC))
        upper, lower = (np.interp(local[..., 0], _TABLE, heights) for heights in (self._upper, self._lower))
        height = np.clip((local[..., 1] - upper + _LASHES_UP) / (lower - upper + _LASHES_UP + _LASHES_DOWN), 0, 1)
        across = np.clip(1 - (2 * local[..., 0] - 1) ** 2, 0, 1)
        smooth = smooth * (1 + _ROUND * np.sin(np.pi * height) * across)[..., None]
        made = from_8bit(np.asarray(smooth, np.float32), patch.dtype)
        colour = patch[..., :3].astype(np.float32)
        texture = colour - np.asarray(cv2.GaussianBlur(colour, (0, 0), _TEXTURE * self._width))
        most = float(np.quantile(np.abs(texture[self._zone == 0]), _USUAL)) if (self._zone == 0).any() else 0.0
        height = float(np.max(self._lower - self._upper)) + _LASHES_UP + _LASHES_DOWN
        at = _affine(local, self._place.axes.T, self._place.corner - self._corner + height * self._place.axes[1])
        made += np.clip(read_at(texture, at), -most, most)
        return np.concatenate([to_pixels(made, patch.dtype), patch[..., 3:]], axis=2)

    def _find_lashes(self, patch: NDArray[Any], local: Array) -> Array:
        """(h, w, 3): by which share the portrait is darker beside the upper rim than skin and eyeball would be."""
        x, y = (np.arange(n, dtype=np.float32) for n in patch.shape[1::-1])
        positions = np.dstack(np.meshgrid(x, y)) + self._corner.astype(np.float32)
        ball = self._ball.read(positions, np.zeros(2))
        below = np.asarray(local[..., 1] - np.interp(local[..., 0], _TABLE, self._upper), np.float32)
        bare = np.where((below > 0)[..., None], ball, self._skin)[..., :3]
        bare = np.maximum(bare.astype(np.float32), 0.02 * full_scale(patch.dtype))
        dark = np.clip(1 - patch[..., :3].astype(np.float32) / bare, 0, _DARKEST)
        weight = smooth_step(_FADE * (1 - np.maximum(-below / _LASHES_UP, below / _SHADOW)))
        weight *= smooth_step((0.5 + _LASHES_ASIDE - np.abs(local[..., 0] - 0.5)) / _LASHES_ASIDE)
        return (dark * weight[..., None]).astype(np.float32)


def _step(value: float, start: float, end: float) -> float:
    return float(smooth_step(np.array((value - start) / (end - start))))


def _meet(upper: Array, lower: Array) -> tuple[Array, Array]:
    """Lids that are asked to pass each other meet half-way, as the skin drawn around them does."""
    middle = (upper + lower) / 2
    return np.minimum(upper, middle), np.maximum(lower, middle)


def _opening(upper: Array, lower: Array) -> float:
    return max(float(np.clip(lower - upper, 0, None).mean()), 1e-6)


def _affine(positions: NDArray[Any], matrix: NDArray[np.float64], shift: NDArray[np.float64]) -> Array:
    """Of (h, w, 2) positions p: matrix @ p + shift."""
    whole = np.column_stack([matrix, shift])
    return np.asarray(cv2.transform(np.asarray(positions, np.float32), whole), np.float32)
