# SPDX-License-Identifier: GPL-3.0-or-later
"""Two layers: the person, who moves, over the background, which does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .plate import colours_beside, fill_behind, foreground, with_wisps
from .sampling import farthest, read_at, sample, to_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .grid import Area

    Array = NDArray[np.float32]
    Shading = Callable[[NDArray[Any], Array], None]

_OPAQUE = 255
_STILL = 1e-3  # pixels
_KEPT = 0.85  # of the gradients, half-way between pixels: less is fine grain
_SOFTENED = 0.8  # pixels


class Layers:
    """One portrait taken apart by its head mask."""

    def __init__(self, pixels: NDArray[Any], mask: Array, area: Area) -> None:
        """`mask` (H, W) is 1 on what moves; nothing outside of `area` does."""
        self._pixels = pixels
        self._plate, self._person = pixels.copy(), pixels.copy()
        part = pixels[area]
        own = colours_beside(part, mask[area])
        covered = with_wisps(part, mask[area], own)
        self._plate[area] = fill_behind(part, covered)
        self._person[area] = foreground(part, self._plate[area], covered, own)
        self._kernel = _kernel_for(part, mask[area])
        self._coverage = np.rint(mask * _OPAQUE).astype(np.uint8)
        self._coverage[area] = np.rint(covered * _OPAQUE)

    def read(
        self, positions: Array, area: Area, edges: NDArray[np.uint8], shade: Shading | None = None
    ) -> NDArray[Any]:
        """The pixels of `area` when the person's come from portrait `positions` (h, w, 2), before the plate.

        `edges` (h, w) of one part of the person before another are softened where they are 1; `shade` may change the
        person's pixels, in place.
        """
        seen = self._put_together(positions, area, shade)
        if edges.any():
            cv2.copyTo(_soft(seen), edges, seen)
        return seen

    def _put_together(self, positions: Array, area: Area, shade: Shading | None) -> NDArray[Any]:
        person = sample(self._person, positions, kernel=self._kernel)
        if shade is not None:
            shade(person, positions)
        coverage = self._coverage_at(positions)
        seen = self._plate[area].copy()
        cv2.copyTo(person, (coverage == _OPAQUE).view(np.uint8), seen)
        soft = cv2.findNonZero(cv2.inRange(coverage, 1, _OPAQUE - 1))  # type: ignore[call-overload]
        if soft is None:
            return seen
        places = np.asarray(soft[:, 0], np.intp)
        columns, rows = places.T
        share = coverage[rows, columns].astype(np.float32) / _OPAQUE
        behind = seen[rows, columns].astype(np.float32)
        mixed = behind + (person[rows, columns] - behind) * share[:, None]
        # What does not move keeps its very pixels; put together again they would be rounded.
        own = places + np.array([area[1].start, area[0].start], np.float32)
        still = farthest(positions[rows, columns] - own) < _STILL
        seen[rows, columns] = np.where(still[:, None], self._pixels[area][rows, columns], to_pixels(mixed, seen.dtype))
        return seen

    def shows_person(self, positions: Array) -> NDArray[np.bool_]:
        """(h, w): where something of the person is seen, and not the background alone."""
        return self._coverage_at(positions) > 0

    def _coverage_at(self, positions: Array) -> NDArray[np.uint8]:
        return read_at(self._coverage, positions)


def _kernel_for(pixels: NDArray[Any], mask: Array) -> int:
    """How to read between pixels: grain and cracks as fine as a pixel need more than cubic interpolation."""
    grey = np.asarray(pixels[..., :3], np.float32).mean(2)
    x, y = np.meshgrid(*(np.arange(length, dtype=np.float32) + np.float32(0.5) for length in grey.shape[::-1]))
    between = np.asarray(cv2.remap(grey, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
    own, left = (float((np.abs(np.diff(plane)) * mask[:, 1:]).sum()) for plane in (grey, between))
    return cv2.INTER_LANCZOS4 if left < _KEPT * own else cv2.INTER_CUBIC


def _soft(pixels: NDArray[Any]) -> NDArray[Any]:
    """Each pixel mixed with those around it, as far as they are seen."""
    if pixels.shape[2] == 3:
        return np.asarray(cv2.GaussianBlur(pixels, (3, 3), _SOFTENED))
    alpha = pixels[..., 3:].astype(np.float32)
    weighted = np.concatenate([pixels[..., :3] * alpha, alpha], axis=2)
    mixed = np.asarray(cv2.GaussianBlur(weighted, (3, 3), _SOFTENED), np.float32)
    colour = mixed[..., :3] / np.maximum(mixed[..., 3:], 1e-6)
    return to_pixels(np.concatenate([colour, mixed[..., 3:]], axis=2), pixels.dtype)
