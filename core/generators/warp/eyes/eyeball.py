# SPDX-License-Identifier: GPL-3.0-or-later
"""The eyeball under the lids: what they hide is filled in once, and the iris moves over the white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYES
from ....motion.face_model import IRIS_DEPTH, FittedFace, load_face_model
from ..fields.curves import eye_outline
from ..fill.plate import membrane
from ..pixels.sampling import from_8bit, polygon_mask, read_at, smooth_step, to_8bit, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_WORK_WIDTH = 64  # pixels across the eye while filling
_LID_SHADOW = 0.06  # this close to the lids (of the eye's width) lashes and shadow are not the eyeball
_RIM = 0.03  # and this close to any edge skin shines through
_PALER = 0.7  # what is less pale than this share of a side of the eye is not taken for its white
_ROUND = 0.3  # of the light that a white of the eye lacks at the corners
_ON = 0.12  # the separate iris is faded in over this share of its radius, so that no gaze means no change


class Eyeball:
    """One eye of a portrait."""

    def __init__(
        self,
        patch: NDArray[Any],
        corner: NDArray[np.float64],
        face: FittedFace,
        eye: int,
        iris: NDArray[np.float64],
    ) -> None:
        """Complete the eyeball on a `patch` of the portrait whose first pixel is at `corner` (x, y).

        `eye` is 0 for the subject's right one; `iris` (3,) its centre and radius in pixels of the portrait.
        """
        corners = face.points[list(EYES[eye]), :2]
        self._width = float(np.linalg.norm(corners[3] - corners[0]))
        self._turn_radius = IRIS_DEPTH * load_face_model().eyes[eye, 3] * face.scale
        outline = eye_outline(corners) - corner
        self._centre = (iris[:2] - corner).astype(np.float32)
        self._radius = float(iris[2])
        self.iris: Array = np.array([*self._centre, self._radius, max(0.15 * self._radius, 1)], np.float32)
        """Pixels of the patch: centre, radius, softness of the edge."""
        self._fill(patch, outline)

    def _fill(self, patch: NDArray[Any], outline: NDArray[np.float64]) -> None:
        """Work on a small copy: what is filled in is smooth, what is seen keeps its pixels."""
        zoom = min(1.0, _WORK_WIDTH / self._width)
        reduced = cv2.resize(to_8bit(patch[..., :3]), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        small = np.asarray(reduced, np.uint8)
        # Of what is seen, lashes and shadow at the upper lid go with the lid.
        half = len(outline) // 2
        up = _upwards(outline) * self._width
        bare = np.concatenate([outline[:half] - _LID_SHADOW * up, outline[half:]])
        seen, below = (polygon_mask((edge + 0.5) * zoom - 0.5, (0, 0), small.shape[:2], 0) for edge in (outline, bare))
        clear = _within(seen, _LID_SHADOW * self._width * zoom)
        if not clear.any():  # the portrait's eye is shut: there is nothing to learn from
            clear = (seen > 0.5).astype(np.uint8)
        centre, radius = (self._centre + 0.5) * np.float32(zoom) - 0.5, self._radius * zoom
        white = _fill_white(small, _within(below, _RIM * self._width * zoom), centre, radius)
        iris = _fill_iris(small, clear, centre, radius)
        shown = polygon_mask(bare, (0, 0), patch.shape[:2], 0.02 * self._width)
        disc = smooth_step((radius - _distance(small.shape[:2], centre)) / max(0.15 * radius, 1) + 0.5)
        white *= self._shade(small.shape[:2], outline, zoom)[..., None]
        whole = white + (iris - white) * disc[..., None]
        white, whole = (_to_patch(part, patch) for part in (white, whole))
        beside = smooth_step((_distance(patch.shape[:2], self._centre) / self._radius - 1.1) / 0.3)
        self.white = _over(white, patch, shown * beside)
        self.whole = _over(whole, patch, shown)

    def _shade(self, shape: tuple[int, ...], outline: NDArray[np.float64], zoom: float) -> Array:
        """(h, w) light on the ball that is made up: it turns away from the viewer on the way to the corners."""
        left, right = outline[[0, len(outline) // 2]]
        x, y = np.meshgrid(*((np.arange(n, dtype=np.float32) + 0.5) / zoom - 0.5 for n in shape[::-1]))
        along = ((np.dstack([x, y]) - (left + right) / 2) @ (right - left)) / (self._width / 2) ** 2 / 2
        return np.asarray(1 - _ROUND * np.clip(along, -1, 1) ** 2, np.float32)

    def move(self, gaze: NDArray[np.float64]) -> Array:
        """By a gaze (yaw, pitch) in radians: pixels to the right, down, and how far the moved iris is drawn, 0..1."""
        across, down = np.sin(gaze[0]) * self._turn_radius, -np.sin(gaze[1]) * self._turn_radius
        amount = smooth_step(np.hypot(across, down) / (_ON * self._radius))
        return np.array([across, down, amount], np.float32)


def _within(seen: Array, margin: float) -> NDArray[np.uint8]:
    """(h, w) 1 where something is `seen` (0..1) and its edge is farther away than `margin` pixels."""
    size = 2 * max(1, round(margin)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.erode((seen > 0.99).astype(np.uint8), kernel), np.uint8)


def _upwards(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    along = outline[len(outline) // 2] - outline[0]
    return np.array([along[1], -along[0]]) / np.linalg.norm(along)


def _fill_white(small: NDArray[np.uint8], clear: NDArray[np.uint8], centre: Array, radius: float) -> Array:
    """The eyeball without its iris: the clear white of both sides, continued smoothly under iris and lids.

    Of either side what is palest: beside it skin of the lids and the corners shows, which is redder, and shade.
    """
    outside = (clear > 0) & (_distance(clear.shape, centre) > 1.15 * radius)
    if not outside.any():
        outside = np.ones_like(outside)
    calm = np.asarray(cv2.medianBlur(small, 3), np.float32)
    pale, left = calm.min(-1), np.arange(clear.shape[1]) < centre[0]
    white = np.zeros(outside.shape, np.bool_)
    for side in (outside & left, outside & ~left):
        if side.any():
            white[side & (pale >= np.quantile(pale[side], _PALER))] = True
    return membrane(calm, white.astype(np.float32))


def _fill_iris(small: NDArray[np.uint8], clear: NDArray[np.uint8], centre: Array, radius: float) -> Array:
    """The whole iris: what the lids hide is its mirror image, or else its colour at that distance."""
    rows, columns = np.mgrid[: clear.shape[0], : clear.shape[1]].astype(np.float32)
    distance = _distance(clear.shape, centre)
    bins = np.minimum(distance.astype(int), int(2 * radius))
    count = np.bincount(bins.ravel(), clear.ravel())
    profile = np.dstack(
        [np.bincount(bins.ravel(), (clear * small[..., c]).ravel()) / np.maximum(count, 1) for c in range(3)]
    )[0]
    known = np.nonzero(count)[0]
    nearest = known[np.abs(np.arange(len(count))[:, None] - known).argmin(1)] if len(known) else np.arange(len(count))
    by_distance = np.asarray(profile[nearest][bins], np.float32)
    filled = np.asarray(cv2.GaussianBlur(by_distance, (0, 0), 1), np.float32)
    flipped = np.dstack([columns, 2 * centre[1] - rows])
    flipped_clear = read_at(clear.astype(np.float32), flipped, outside_zero=True)
    for picture, shown in ((read_at(small, flipped), flipped_clear), (small, clear.astype(np.float32))):
        filled = filled + (picture - filled) * np.asarray(cv2.GaussianBlur(shown, (0, 0), 1))[..., None]
    return filled.astype(np.float32)


def _over(filled: Array, patch: NDArray[Any], shown: Array) -> NDArray[Any]:
    """The portrait's own pixels where they show the eyeball, the filled ones elsewhere."""
    return to_pixels(filled + (patch.astype(np.float32) - filled) * shown[..., None], patch.dtype)


def _distance(shape: tuple[int, ...], centre: Array) -> Array:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.hypot(columns - centre[0], rows - centre[1])


def _to_patch(small: Array, patch: NDArray[Any]) -> Array:
    """An 8-bit range picture at the patch's size, range and channels (its own alpha kept)."""
    large = np.asarray(cv2.resize(small, patch.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return np.concatenate([from_8bit(large, patch.dtype), patch[..., 3:].astype(np.float32)], axis=2)
