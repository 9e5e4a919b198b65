# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of a mask, connected over sides of pixels: what is thin, short, enclosed, or lies along another part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..fill.exemplars import grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_ALONG = 0.8  # of the pixels that face away, so many touch the other part


def numbered(parts: Mask) -> NDArray[np.intp]:
    """(h, w) the number of the piece that a pixel is of; 0 is none."""
    return np.asarray(cv2.connectedComponents(parts.view(np.uint8), connectivity=4)[1], np.intp)


def distance_in(part: Mask) -> Array:
    """(h, w) pixels from each one of a part to the next one outside it."""
    return np.asarray(cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, 5), np.float32)


def opened(part: Mask, width: float) -> Mask:
    """Without what is narrower than so many pixels; the picture's border makes nothing narrower."""
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(1, round(width)),) * 2)
    wide = np.pad(part, len(brush), mode="edge").view(np.uint8)
    inner = slice(len(brush), -len(brush))
    return np.asarray(cv2.morphologyEx(wide, cv2.MORPH_OPEN, brush))[inner, inner] > 0


def enclosed(part: Mask) -> Mask:
    """What a part surrounds; a gap of a pixel does not lead out."""
    closed = cv2.morphologyEx(np.pad(part, 2).view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    around = numbered(np.asarray(closed) == 0)
    return (around != around[0, 0])[2:-2, 2:-2] & ~part


def touching(parts: Mask, place: Mask) -> Mask:
    """Those pieces that have a pixel at a place."""
    pieces = numbered(parts)
    return parts & np.isin(pieces, pieces[parts & place])


def mostly(parts: Mask, place: Mask) -> Mask:
    """Those pieces of which more than half of the pixels are at a place."""
    pieces = numbered(parts)
    share = np.bincount(pieces.ravel(), place.ravel()) > np.bincount(pieces.ravel()) / 2
    return parts & share[pieces]


def within_reach(parts: Mask, other: Mask, reach: float) -> Mask:
    """Those pieces that reach out less far, in pixels, from another part: what does not belongs to something else."""
    pieces = numbered(parts)
    farthest = np.zeros(pieces.max() + 1, np.float32)
    np.maximum.at(farthest, pieces, distance_in(~other))
    return parts & (farthest < reach)[pieces]


def short(parts: Mask, length: float) -> Mask:
    """Those pieces that are shorter than so many pixels along rows and along columns."""
    pieces = numbered(parts)
    count = pieces.max() + 1
    kept = np.ones(count, bool)
    for places in np.nonzero(parts):
        first, last = np.full(count, max(parts.shape)), np.zeros(count, int)
        np.minimum.at(first, pieces[parts], places)
        np.maximum.at(last, pieces[parts], places)
        kept &= last - first + 1 < length
    return parts & kept[pieces]


def along(parts: Mask, other: Mask) -> Mask:
    """Those pieces that lie along another part, as a hat's rim and a veil do; a door frame only touches it."""
    pieces = numbered(parts)
    beside, facing_away = (
        np.bincount(pieces[parts & grown(place, 1)], minlength=pieces.max() + 1) for place in (other, ~other & ~parts)
    )
    return parts & (beside >= _ALONG * facing_away)[pieces]
