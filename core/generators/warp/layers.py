# SPDX-License-Identifier: GPL-3.0-or-later
"""Two layers: the person, who moves, over the background, which does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from .fields.grid import overlap
from .fill.plate import colours_beside, fill_behind, foreground, with_wisps
from .pixels import compose
from .pixels.along_edges import edge_directions, mixed_along_edges
from .pixels.compose import NO_GAINS, Person, blocks_of
from .pixels.read import kernel_weights
from .pixels.sampling import full_scale, lay_on, premultiplied, read_at, straight, with_alpha_in
from .pixels.soften import soften

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .fields.grid import Area
    from .pixels.compose import Bands, Gains
    from .pixels.positions import Maps

    Array = NDArray[np.float32]

_OPAQUE = 255
_KEPT = 0.85  # of the gradients, half-way between pixels: less is fine grain
_MARGIN = 8  # pixels around what moves are read as well
_FINE = 2_000_000  # pixels: teeth of a pixel are not seen in a larger picture, and to mix them takes long


class Overlay(NamedTuple):
    """Pixels that are laid over an area of a picture."""

    area: Area
    pixels: NDArray[Any]  # (h, w, C)
    coverage: Array  # (h, w) 0..1


class Layers:
    """One portrait taken apart by its head mask."""

    def __init__(
        self,
        pixels: NDArray[Any],
        mask: Array,
        area: Area,
        eye_distance: float,
        kernel: int | None = None,
        shown: Area | None = None,
    ) -> None:
        """`mask` (H, W) is 1 on what moves; nothing outside of `area` does. `kernel` as `kernel_for` chooses it.

        Where only a part is `shown`, what is beyond is the person's own colours already and has nothing behind it.
        """
        moves, area = area, area if shown is None else overlap(area, shown)
        self._plate, person = pixels.copy(), pixels.copy()
        self._hidden: tuple[Area, NDArray[Any]] | None = None  # by what is laid on the plate: an area of that
        part, covered = premultiplied(pixels[area]), mask[area]
        if covered.min() < 1:  # else there is nothing behind
            own = colours_beside(part, covered)
            covered = with_wisps(part, covered, own, eye_distance)
            behind = fill_behind(part, covered)
            # Elsewhere even the colour of what is invisible stays.
            np.copyto(self._plate[area], straight(behind, pixels.dtype), where=(covered > 0)[..., None])
            person[area] = straight(foreground(part, behind, covered, own), pixels.dtype)
        coverage = np.rint(mask * _OPAQUE).astype(np.uint8)
        coverage[area] = np.rint(covered * _OPAQUE)
        weights = kernel_weights(kernel_for(part, mask[area]) if kernel is None else kernel)
        around = (
            slice(moves[0].start - _MARGIN, moves[0].stop + _MARGIN),
            slice(moves[1].start - _MARGIN, moves[1].stop + _MARGIN),
        )
        read = overlap(around, (slice(0, mask.shape[0]), slice(0, mask.shape[1])))
        row, column = (np.float32(part.start) for part in read)
        self._coverage = coverage
        covered = np.ascontiguousarray(coverage[read])
        moving = with_alpha_in(person[read])
        mixed, edges = np.zeros((0, 0, 4), np.float32), np.zeros((0, 0), np.uint8)
        if covered.size < _FINE:
            # By colours without alpha: what gets fainter has no edge.
            directions = edge_directions(person[read].astype(np.float32), full_scale(pixels.dtype))
            mixed, edges = mixed_along_edges(moving, directions)
        self._person = Person(row, column, moving, mixed, edges, covered, blocks_of(covered), weights)
        self._top = full_scale(pixels.dtype) if np.issubdtype(pixels.dtype, np.integer) else 0.0

    def lay_behind(self, laid: Overlay | None) -> None:
        """Lay it on the plate, behind the person of the next frames; what was laid before is taken off."""
        if self._hidden:
            area, pixels = self._hidden
            self._plate[area] = pixels
            self._hidden = None
        if laid:
            under = self._plate[laid.area].copy()
            self._hidden = laid.area, under
            self._plate[laid.area] = lay_on(under, laid.pixels, laid.coverage)

    def draw(self, out: NDArray[Any], bands: Bands, maps: Maps, gains: Gains = NO_GAINS) -> None:
        """Draw the bands of `out` (H, W, C), which holds the portrait, that are not taken yet, before the plate.

        The person's pixels come from where `maps` say, in the light of `gains`.
        """
        compose.draw(out, self._plate, bands, maps, self._person, gains, self._top)

    def soften(self, out: NDArray[Any], places: NDArray[np.int32]) -> None:
        """Soften `out` (H, W, C) at `places` (N, 2), rows and columns, where one part of the person hides another."""
        inside = ((places >= 0) & (places < out.shape[:2])).all(1)  # the grid is of whole cells and may stick out
        soften(out, places[inside], self._top)

    def covered(self, positions: Array) -> Array:
        """(h, w) 0..1: how far the person hides the background at the portrait's positions (h, w, 2)."""
        return read_at(self._coverage, positions) / np.float32(_OPAQUE)


def kernel_for(pixels: NDArray[Any], mask: Array) -> int:
    """How to read between pixels: grain and cracks as fine as a pixel need more than cubic interpolation."""
    grey = np.asarray(pixels[..., :3], np.float32).mean(2)
    x, y = np.meshgrid(*(np.arange(length, dtype=np.float32) + np.float32(0.5) for length in grey.shape[::-1]))
    between = np.asarray(cv2.remap(grey, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
    own, left = (float((np.abs(np.diff(plane)) * mask[:, 1:]).sum()) for plane in (grey, between))
    return cv2.INTER_LANCZOS4 if left < _KEPT * own else cv2.INTER_CUBIC
