# SPDX-License-Identifier: GPL-3.0-or-later
"""One eye with its lids: the upper lid unrolls from its fold over the eyeball and takes its lashes with it.

A picture of an open eye does not show the lid that closes it. So the skin of the closed lid is made once, in place, and
a closing lid uncovers it downwards; stretching the skin above would smear lashes and the shadow under the brow over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..fields.face_field import LEFT, RIGHT
from ..fill.plate import membrane
from ..pixels.sampling import blend, from_8bit, full_scale, read_at, smooth_step, to_8bit, to_pixels, with_alpha_in
from .eye_pixels import LASHES_ASIDE, LASHES_UP, SHADOW, SOFT, TABLE, Look, Parts, draw, heights, rims_of
from .eyeball import Eyeball

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace
    from ..frame import Window
    from ..pixels.compose import Gains

    Array = NDArray[np.float32]
    Rims = tuple[NDArray[np.float64], NDArray[np.float64]]

# All lengths are shares of the eye's width.
_MARGIN = 0.75  # of the picture around the eye that is looked at
_WORK_WIDTH = 64  # pixels across the eye on the copy that is filled in
_LASHES_DOWN = 0.08  # below the lower rim there are lashes and their shadow
_WING = 0.05  # so much longer are the lashes beside the corners
_ROUND = 0.04  # a closed lid is round: its middle is this much brighter than its edges
_NEIGHBOURS = 0.25  # skin is compared with what is so far around it
_OTHER, _SHADED = 0.6, 0.72  # what is darker than this share of that is no skin; skin, but no model for a lid's middle
_ENDS = 0.25  # so far from the edges that are next to shade it has the colour of a lid's middle
_TEXTURE = 0.03  # what is finer is texture; the lid takes that of the cheek below
_USUAL = 0.9  # of the texture's values: stronger ones are wrinkles and rims of glasses
_EDGE = 0.012  # softness of the lid's edge
_SEAM, _TINT = 0.45, (0.8, 1.25)  # closed lids touch in a line that takes this much of the light, in the lashes' colour
_BAND, _THICKEST = 1.2, 0.6  # lashes of a closed eye lie in a band; so much darker than those of the open one; at most
_BAND_ABOVE, _BAND_BELOW, _BAND_ASIDE = 0.06, 0.03, 0.35  # how dark those are is told near the rim, off the corners
_FADE = 2.5  # in the last of so many parts of their length lashes and shadow fade out
_TINTED = 1.5  # times as much as of the colour that it takes least of, a lash takes of any colour
_DARKEST = 0.75  # no lash takes more of the light
_LINE = 0.025  # of dark lashes at the very edge of the lid
_STIRRED = 0.07  # of motion after which it is drawn instead of left as it is in the portrait
_UNROLLED = 0.12  # share of closing at which the made skin is all that is seen
_TURNED = 0.35, 0.85  # between these shares of closing the lashes turn from up to down


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

    @cached_property
    def to_local(self) -> NDArray[np.float64]:
        """(2, 3): the affine map from positions in the face."""
        x, y = self.along / max(float(self.along @ self.along), 1e-12)  # what turns and scales is turned back
        left, top = self.corner
        return np.array([[x, y, -x * left - y * top], [-y, x, y * left - x * top]])

    def from_local(self, corner: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2, 3): the affine map to positions in the face that are counted from `corner`."""
        return np.column_stack([self.axes.T, self.corner - corner])

    def local(self, positions: NDArray[Any]) -> Array:
        return _affine(positions, self.to_local)


class Eye:
    """One eye of a portrait; `eye` is 0 for the subject's right one, `iris` one of those of `find_irises`."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, eye: int, iris: NDArray[np.float64]) -> None:
        """Complete the eyeball, make the skin of the closed lid, and take the lashes off the picture."""
        rims = (RIGHT, LEFT)[eye].rims(face.points[:, :2])
        self._place = _Place.of(rims)
        self._upper, self._lower = (heights(rim, self._place.to_local) for rim in rims)
        self._own = np.stack([self._upper, self._lower], axis=1)
        self._opened = max(float(np.maximum(self._lower - self._upper, 0).mean()), 1e-6)
        self._width = float(np.linalg.norm(self._place.along))
        points = np.concatenate(rims)
        margin, size = _MARGIN * self._width, pixels.shape[1::-1]
        low = np.clip(np.floor(points.min(0) - margin), 0, np.array(size) - 2).astype(int)
        high = np.clip(np.ceil(points.max(0) + margin), low + 2, size).astype(int)
        self._corner = low.astype(np.float64)
        self._to_patch = self._place.from_local(self._corner).astype(np.float32)
        patch = pixels[low[1] : high[1], low[0] : high[0]]
        local = self._local_of(patch.shape[:2], 1)
        self._zone = self._hidden(local, SOFT)
        self._ball = Eyeball(patch, self._corner, face, eye, iris)
        skin = blend(patch, self._make_skin(patch, local), self._zone)
        below = np.asarray(local[..., 1] - np.interp(local[..., 0], TABLE, self._upper), np.float32)
        lashes = self._find_lashes(patch, skin, local[..., 0], below)
        skin, white, whole = (with_alpha_in(part) for part in (skin, self._ball.white, self._ball.whole))
        at_rim = (np.abs(local[..., 0] - 0.5) < _BAND_ASIDE) & (below > -_BAND_ABOVE) & (below < _BAND_BELOW)
        left, top = self._corner.astype(np.float32)
        self._parts = Parts(left, top, skin, white, whole, self._zone, with_alpha_in(lashes), _closed(lashes[at_rim]))

    def look(self, window: Window, gaze: NDArray[np.float64]) -> Look | None:
        """How it looks in a frame; None: as in the portrait, its own pixels stay."""
        place = _Place.of(window.rims)
        rims, opened, moved = rims_of(*window.rims, place.to_local, self._own)
        move = self._ball.move(gaze)
        stirred = _step(max(self._width * moved, np.hypot(move[0], move[1])), 0, _STIRRED * self._width)
        if stirred == 0:
            return None
        pixel = 1 / max(float(np.hypot(*place.along)), 1e-6)
        closing = 1 - opened / self._opened
        return Look(
            rims,
            place.to_local.astype(np.float32),
            self._to_patch,
            edge=np.float32(max(_EDGE, 0.7 * pixel)),
            line=np.float32(max(_LINE, pixel)),
            stirred=np.float32(stirred),
            unrolled=np.float32(stirred * _step(closing, 0, _UNROLLED)),
            turned=np.float32(_step(closing, *_TURNED)),
            iris=self._ball.iris,
            move=move,
        )

    def draw(self, out: NDArray[Any], window: Window, look: Look, gains: Gains) -> None:
        """Lay the eye over the skin that is drawn around it on `out` (H, W, C), lit by the same `gains`."""
        top = full_scale(out.dtype) if np.issubdtype(out.dtype, np.integer) else 0.0
        rows, columns = window.area
        draw(out, rows.start, columns.start, window.unturned, gains, self._parts, look, top)

    def _local_of(self, shape: tuple[int, ...], zoom: float) -> Array:
        """(h, w, 2): along and down of the pixels of the patch, reduced by `zoom`."""
        x, y = ((np.arange(n, dtype=np.float32) + 0.5) / zoom - 0.5 for n in shape[1::-1])
        return self._place.local(np.dstack(np.meshgrid(x, y)) + self._corner)

    def _hidden(self, local: Array, soft: float) -> Array:
        """(h, w): 1 on the opening and its lashes."""
        along, down = local[..., 0], local[..., 1]
        upper, lower = (np.interp(along, TABLE, heights) for heights in (self._upper, self._lower))
        wing = _WING * np.clip(2 * along - 1, -1, 1) ** 2
        outside = np.maximum.reduce([upper - LASHES_UP - wing - down, down - lower - _LASHES_DOWN])
        outside = np.maximum(outside, np.abs(along - 0.5) - 0.5 - LASHES_ASIDE)
        return smooth_step(0.5 - outside / soft)

    def _make_skin(self, patch: NDArray[Any], local: Array) -> NDArray[Any]:
        """The patch with a smooth closed lid in it that has the texture of the cheek below."""
        made = from_8bit(self._lid_colours(patch, local), patch.dtype)
        colour = patch[..., :3].astype(np.float32)
        texture = colour - np.asarray(cv2.GaussianBlur(colour, (0, 0), _TEXTURE * self._width))
        most = float(np.quantile(np.abs(texture[self._zone == 0]), _USUAL)) if (self._zone == 0).any() else 0.0
        height = float(np.max(self._lower - self._upper)) + LASHES_UP + _LASHES_DOWN
        at = _affine(local, self._place.from_local(self._corner - height * self._place.axes[1]))
        made += np.clip(read_at(texture, at), -most, most)
        return np.concatenate([to_pixels(made, patch.dtype), patch[..., 3:]], axis=2)

    def _lid_colours(self, patch: NDArray[Any], local: Array) -> Array:
        """(h, w, 3) display values 0..255 of the patch without texture, the lid from the skin around it."""
        zoom = min(1.0, _WORK_WIDTH / self._width)
        eight = to_8bit(np.ascontiguousarray(patch[..., :3]))
        small = np.asarray(cv2.resize(eight, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        known = (self._hidden(self._local_of(small.shape[:2], zoom), 1e-3) == 0).astype(np.float32)
        calm = np.asarray(cv2.medianBlur(small, 5), np.float32)  # single lashes reach farther
        grey = calm.mean(-1)
        around = _NEIGHBOURS * self._width * zoom
        weight = np.asarray(cv2.GaussianBlur(known, (0, 0), around), np.float32)
        usual = np.asarray(cv2.GaussianBlur(grey * known, (0, 0), around), np.float32) / np.maximum(weight, 1e-3)
        # Brows, lashes and rims of glasses are no skin; the shade under a brow goes on a little over a lid's edge only.
        ends, middle = (membrane(calm, known * (grey > share * usual)) for share in (_OTHER, _SHADED))
        ends, middle = (
            np.asarray(cv2.resize(part, patch.shape[1::-1], interpolation=cv2.INTER_CUBIC)) for part in (ends, middle)
        )
        upper, lower = (np.interp(local[..., 0], TABLE, heights) for heights in (self._upper, self._lower))
        from_top, from_bottom = local[..., 1] - upper + LASHES_UP, lower + _LASHES_DOWN - local[..., 1]
        smooth = ends + (middle - ends) * smooth_step(np.minimum(from_top, from_bottom) / _ENDS)[..., None]
        height = np.clip(from_top / (from_top + from_bottom), 0, 1)
        across = np.clip(1 - (2 * local[..., 0] - 1) ** 2, 0, 1)
        return (smooth * (1 + _ROUND * np.sin(np.pi * height) * across)[..., None]).astype(np.float32)

    def _find_lashes(self, patch: NDArray[Any], skin: NDArray[Any], along: Array, below: Array) -> Array:
        """(h, w, 3): by which share the portrait is darker beside the upper rim than skin and eyeball would be."""
        bare = np.where((below > 0)[..., None], self._ball.whole, skin)[..., :3]
        bare = np.maximum(bare.astype(np.float32), 0.02 * full_scale(patch.dtype))
        dark = np.clip(1 - patch[..., :3].astype(np.float32) / bare, 0, _DARKEST)
        dark = np.minimum(dark, _TINTED * dark.min(axis=2, keepdims=True))  # skin before the eyeball is no lash
        weight = smooth_step(_FADE * (1 - np.maximum(-below / LASHES_UP, below / SHADOW)))
        weight *= smooth_step((0.5 + LASHES_ASIDE - np.abs(along - 0.5)) / LASHES_ASIDE)
        return (dark * weight[..., None]).astype(np.float32)


def _closed(lashes: Array) -> Array:
    """(2, 3) how dark a closed eye's band of lashes is, and the line in which its lids touch; of (N, 3) `lashes`."""
    usual = lashes.mean(0) if len(lashes) else np.zeros(3, np.float32)
    tint = np.clip(usual / max(float(usual.mean()), 1e-6), *_TINT)
    return np.stack([np.minimum(_BAND * usual, _THICKEST), _SEAM * tint]).astype(np.float32)


def _step(value: float, start: float, end: float) -> float:
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return float(t * t * (3 - 2 * t))


def _affine(positions: NDArray[Any], matrix: NDArray[np.float64]) -> Array:
    """Of (h, w, 2) positions p: matrix @ (p, 1)."""
    return np.asarray(cv2.transform(np.asarray(positions, np.float32), matrix), np.float32)
