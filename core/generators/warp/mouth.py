# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen between parted lips: the portrait's own teeth where it shows them, the model's in its colours else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...landmarks.topology import INNER_LIP, LIP_PAIRS, MOUTH_CORNERS, OUTER_LIP
from ...motion.face_model import FaceModel, FittedFace, load_face_model
from .sampling import full_scale, polygon_mask, read_at, sample, smooth_curve, smooth_step, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_TEETH_DEPTH = 10.0  # cm, where the front teeth stand in the model
_TEETH_SHOW = 0.32  # cm, the model hides its upper teeth this much more than a talking person does
_OPEN_SOURCE = 0.035  # a portrait whose lips stand apart this much (eye distances) shows its own mouth
_WIDE_SOURCE = 0.14  # and from here on its lower half moves with the jaw
_JAW = (7, 8, 9, 65, 66, 67)  # chin and lower lip: between the two move the lower teeth
_BRIGHTER = 1.25  # the model's pictures are lit from the front only
_SHADED = 0.8
_LIP_EDGE = 0.035  # eye distances
_UPPER_LIP = (61, 62, 63)
_TEETH_RISE = 0.8  # of the lip's rise
_TEETH_SEEN = 0.6  # an open mouth this bright against the skin shows teeth
_TOOTH, _GUM = 2, 1


class MouthInterior:
    """The mouth of one portrait, as three pictures: upper jaw, lower jaw, and its own where it is open."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace) -> None:
        """Lay the model's teeth behind the portrait's lips and colour them from the portrait."""
        model = load_face_model()
        self._pixels = pixels
        self._lips = face.points[:, :2]
        self._distance = face.eye_distance
        lip = self._lips[list(OUTER_LIP)]
        low = np.floor(lip.min(0) - 0.35 * self._distance).astype(int)
        high = np.ceil(lip.max(0) + 0.35 * self._distance).astype(int)
        self._corner = low.astype(np.float32)
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        to_atlas = _atlas_map(model, face)
        palette = _Palette(pixels, face)
        self._upper = palette.paint(_lay(model.mouth_upper, to_atlas, self._corner, size))
        self._lower = palette.paint(_lay(model.mouth_lower, to_atlas, self._corner, size))
        self._lower[..., :3] *= _SHADED  # by the upper jaw
        self._cavity = palette.cavity
        self._opening = _opening(self._lips) / self._distance
        soft = 0.01 * self._distance
        inner = self._lips[list(INNER_LIP)]
        shown = inner.copy()
        shown[5:8, 1] -= _LIP_EDGE * self._distance  # else a rim of the lower lip stays under the teeth
        self._own = polygon_mask(smooth_curve(shown, loop=True), (int(low[0]), int(low[1])), size[::-1], soft)
        self._middle = (inner[1:4, 1].mean() + inner[5:8, 1].mean()) / 2

    def read(self, positions: Array, moved: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Pixels of the interior at (h, w, 2) portrait positions, for (68, 2) moved landmarks."""
        local = positions - self._corner
        jaw = (moved - self._lips)[list(_JAW)].mean(0).astype(np.float32)
        inside = np.empty((*positions.shape[:2], 3), np.float32)
        inside[:] = self._cavity
        own = self._own_amount(moved)
        # Behind an open mouth of the portrait's own, the model's upper jaw only continues it upwards.
        above = smooth_step((self._middle - positions[..., 1]) / (0.02 * self._distance) + 0.5)[..., None]
        for layer, at, shown in ((self._lower, local - jaw, 1.0), (self._upper, local, 1 - own + own * above)):
            colour = read_at(layer, at, outside_zero=True)
            inside += (colour[..., :3] - inside) * (colour[..., 3:] * shown)
        inside *= self._lip_shadow(positions, moved)[..., None]
        if own > 0:
            inside = self._lay_own(inside, positions, jaw, self._lift(moved), own)
        drawn = to_pixels(inside * full_scale(self._pixels.dtype), self._pixels.dtype)
        if self._pixels.shape[2] == drawn.shape[2]:
            return drawn
        return np.concatenate([drawn, sample(self._pixels, positions)[..., 3:]], axis=2)

    def _own_amount(self, moved: NDArray[np.floating[Any]]) -> float:
        """How much of the portrait's own interior shows: all of an open mouth, a closed one's line only while shut."""
        if self._opening > _OPEN_SOURCE:
            return 1.0
        wider = _opening(moved) / self._distance - self._opening
        return 1 - float(smooth_step(np.array(wider / 0.02)))

    def _lift(self, moved: NDArray[np.floating[Any]]) -> Array:
        """Shown teeth go up with a rising lip for the most part: what is above them is not in the picture."""
        rise = (moved - self._lips)[list(_UPPER_LIP)].mean(0)
        return np.array([0, _TEETH_RISE * min(float(rise[1]), 0)], np.float32)

    def _lay_own(self, inside: Array, positions: Array, jaw: Array, lift: Array, own: float) -> Array:
        """The portrait's own interior stays with the skull; the lower half of a wide one moves with the jaw."""
        top = full_scale(self._pixels.dtype)
        wide = float(smooth_step(np.array((self._opening - _WIDE_SOURCE) / 0.05)))
        for shift, half in ((lift + (jaw - lift) * wide, -1), (lift, 1)):
            at = positions - shift
            coverage = read_at(self._own, at - self._corner, outside_zero=True) * own
            if wide:  # the upper half over the lower one, softly
                edge = (self._middle - at[..., 1]) / (0.02 * self._distance)
                coverage = coverage * (smooth_step(edge + 0.5) if half > 0 else 1)
            pixels = sample(self._pixels, at)[..., :3].astype(np.float32) / top
            inside = inside + (pixels - inside) * coverage[..., None]
        return inside

    def _lip_shadow(self, positions: Array, moved: NDArray[np.floating[Any]]) -> Array:
        """The upper lip and the corners throw a shadow into the mouth."""
        inner = moved[list(INNER_LIP)]
        rim = smooth_curve(inner[:5])
        order = np.argsort(rim[:, 0])
        edge = np.asarray(np.interp(positions[..., 0], rim[order, 0], rim[order, 1]), np.float32)
        below = positions[..., 1] - edge
        half = max(float(np.ptp(inner[:, 0])) / 2, 1)
        aside = np.abs(positions[..., 0] - inner[:, 0].mean()) / half
        under_lip = 0.6 + 0.4 * smooth_step(below / (0.07 * self._distance))
        return (under_lip * (1 - 0.5 * smooth_step((aside - 0.4) / 0.6))).astype(np.float32)


class _Palette:
    """Colours 0..1 of teeth, gum and cavity that belong to this portrait."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace) -> None:
        points = face.points[:, :2]
        skin = _colours_in(pixels, np.concatenate([points[31:36], points[[48, 3, 36, 45, 13, 54]]]))
        lips = _colours_in(pixels, points[list(OUTER_LIP)])
        bright = np.percentile(skin, 85, axis=0)
        # Teeth are as bright as lit skin and far less coloured, under the same light; its own ones tell better.
        self._tooth = np.clip(bright.mean() + 0.35 * (bright - bright.mean()), 0, 1).astype(np.float32)
        if _opening(points) > _OPEN_SOURCE * face.eye_distance:
            own = np.percentile(_colours_in(pixels, points[list(INNER_LIP)]), 80, axis=0)
            if own.mean() > _TEETH_SEEN * bright.mean():
                self._tooth = own.astype(np.float32)
        lip = np.median(lips, axis=0)
        self.cavity = (0.13 * lip).astype(np.float32)
        # Light in a mouth has been thrown about by lips and gums: the darker, the more of their tint.
        self._tint = (np.maximum(lip, 0.02) / max(float(lip.mean()), 0.02)).astype(np.float32)
        self._gum = (0.7 * lip * self._tint).astype(np.float32)

    def paint(self, jaw: Array) -> Array:
        """(h, w, 4) colour and coverage from a laid (h, w, 3) tooth share, coverage, shade."""
        tooth, coverage, shade = (jaw[..., i : i + 1] for i in range(3))
        base = self._gum + (self._tooth - self._gum) * np.clip(tooth / np.maximum(coverage, 1e-3), 0, 1)
        light = np.clip(_BRIGHTER * shade / np.maximum(coverage, 1e-3), 0, 1)
        colour = self.cavity + (base * self._tint ** (1 - light) - self.cavity) * light
        return np.concatenate([colour, coverage], axis=2).astype(np.float32)


def _atlas_map(model: FaceModel, face: FittedFace) -> NDArray[np.float64]:
    """(2, 3) affine from the picture to the model's mouth pictures (column, row)."""
    corners = list(MOUTH_CORNERS)
    plane = np.array([[0, 0, _TEETH_DEPTH], [1, 0, _TEETH_DEPTH], [0, 1, _TEETH_DEPTH]], np.float64)
    at, right, up = face.from_model(plane)[:, :2]
    # The fit leaves the lips a little beside the portrait's: hang the teeth behind its own lip line.
    line = face.points[[60, 61, 62, 63, 64], :2].mean(0)
    model_line = model.landmarks[[60, 61, 62, 63, 64]].mean(0)
    wider = np.linalg.norm(np.subtract(*face.model_points[corners])) / np.linalg.norm(
        np.subtract(*model.landmarks[corners])
    )
    axes = np.column_stack([right - at, up - at]) * np.clip(wider, 0.85, 1.15)
    start = line - axes @ (model_line[:2] + np.array([0, _TEETH_SHOW]))
    to_model = np.linalg.inv(axes)
    to_cells = np.array([[1 / model.mouth_step, 0], [0, -1 / model.mouth_step]])
    offset = np.array([-model.mouth_origin[0], model.mouth_origin[1]]) / model.mouth_step
    linear = to_cells @ to_model
    return np.column_stack([linear, offset - linear @ start])


def _lay(atlas: NDArray[np.uint8], to_atlas: NDArray[np.float64], corner: Array, size: tuple[int, int]) -> Array:
    """One jaw at the portrait's resolution: tooth share, coverage, shade, each 0..1 (premultiplied by coverage)."""
    tooth = (atlas[..., 0] == _TOOTH).astype(np.float32)
    there = (atlas[..., 0] >= _GUM).astype(np.float32)
    planes = np.dstack([tooth, there, atlas[..., 1].astype(np.float32) / 255])
    shrink = float(np.sqrt(abs(np.linalg.det(to_atlas[:, :2]))))
    # At least a cell of blur hides the model's facets, more where many cells fall into one pixel.
    planes = cv2.GaussianBlur(planes, (0, 0), max(1.0, 0.6 * shrink))
    local = to_atlas.copy()
    local[:, 2] += to_atlas[:, :2] @ corner
    laid = cv2.warpAffine(planes, local, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return np.asarray(laid, np.float32)


def _opening(points: NDArray[np.floating[Any]]) -> float:
    return float(np.mean([points[lower, 1] - points[upper, 1] for upper, lower in LIP_PAIRS]))


def _colours_in(pixels: NDArray[Any], outline: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(N, 3) colours 0..1 of the pixels inside the convex hull of an outline."""
    low = np.maximum(np.floor(outline.min(0)).astype(int), 0)
    high = np.ceil(outline.max(0)).astype(int) + 1
    patch = pixels[low[1] : high[1], low[0] : high[0], :3]
    mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.asarray(np.round(outline - low), np.int32)), (1,))
    return patch[mask > 0].astype(np.float64) / full_scale(pixels.dtype)
