# SPDX-License-Identifier: GPL-3.0-or-later
"""A neck that is seen to be bare skin, on one side of a portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ..pixels.sampling import sample, to_8bit
from .beside import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beside import Beside

    Array = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]

HIDDEN = 0.2  # what reaches down behind the shoulders
STRIP = 0.15  # the height of the skin that is sure to be seen

# In eye distances, heights below the chin:
_HIGH, _LOW, _ASIDE = -0.3, 0.7, 0.9  # where it is looked for
_WAIST = 0.3  # so high it is narrowest
_HALF = (0.4, 0.72)  # half of its width; what is wider is hair or a collar
_GROWS, _BARE = 0.12, 0.09  # it is bare at least so far down, until it gets wider by this
_RIM = 0.04  # of its edge, where colours are mixed
_EVEN = 2  # rows over which an outline is smooth
_CHEEKS = [2, 3, 4, 12, 13, 14, 29, 30]  # landmarks
_SKIN, ENOUGH = np.array([60, 14, 14]), 0.8  # L, a, b of 8 bits: so much of a row may differ from skin by less
_DIM = 100  # L below which hues lie nearer together: a white collar in the shade came near to skin
_EDGE, _NEAR = 40, 3  # of L, within so many steps: in a grey picture a collar has the colour of skin


class Outline(NamedTuple):
    """One side of what is seen, in eye distances."""

    below: Numbers  # (N,) how far below the chin, and
    half: Numbers  # (N,) how wide it is there, from the middle of the chin; the ends go on

    def half_at(self, below: Numbers) -> Array:
        """Its half width at some depths below the chin."""
        return np.interp(below, self.below, self.half).astype(np.float32)


class Neck(NamedTuple):
    """One side of it, in eye distances below the chin."""

    outline: Outline
    ends: float  # behind shoulders or collar
    skin: Outline  # beside which its skin is seen,
    lowest: float  # down to here
    collar: float | None = None  # where that begins to hide it; all that is seen of such a neck is made


def find_neck(beside: Beside) -> Neck | None:
    """The neck, if its outline there is that of bare skin."""
    below, out = np.arange(_HIGH, _LOW, STEP), np.arange(0, _ASIDE, STEP)
    half = np.minimum(beside.outline(below), out[-1])
    colours = lab_at(beside, beside.places(out, below[:, None]))
    cheeks = colour_of_cheeks(beside)
    skin = is_like(colours, cheeks, min(1, cheeks[0] / _DIM))
    rim = (out > half[:, None] / 2) & (out < half[:, None] - _RIM)
    bare = (skin & rim).sum(1) > ENOUGH * rim.sum(1)
    waist = int(np.argmin(np.where(bare & (below < _WAIST), half, np.inf)))
    goes_on = np.logical_and.accumulate((bare & (half < half[waist] + _GROWS))[waist:])
    stop = float(below[waist]) + STEP * (int(goes_on.sum()) - 1)
    if not (_HALF[0] < half[waist] < _HALF[1] and stop > _BARE):
        return None
    strip = (below > stop - STRIP) & (below <= stop)
    if has_edge(colours[strip], rim[strip]):
        return None
    rows = np.arange(len(below)) >= waist
    rows &= below < stop + HIDDEN
    outline = cv2.GaussianBlur(np.maximum.accumulate(half[rows])[None], (0, 0), _EVEN)[0]
    neck = Outline(below[rows], outline)
    return Neck(neck, stop + HIDDEN, neck, stop)


def lab_at(beside: Beside, places: Array) -> Array:
    """(h, w, 3) colours at the portrait's positions (h, w, 2): L, a, b of 8 bits."""
    shown = to_8bit(sample(beside.opaque, places))
    return cv2.cvtColor(shown, cv2.COLOR_RGB2LAB).astype(np.float32)


def colour_of_cheeks(beside: Beside) -> Array:
    """(3,) L, a, b of 8 bits."""
    return np.median(lab_at(beside, beside.face.points[None, _CHEEKS, :2].astype(np.float32)), axis=(0, 1))


def is_like(colours: Array, skin: Array, hues: float = 1) -> NDArray[np.bool_]:
    """(h, w) which of `colours` (h, w, 3) are like that of skin (3,), whose a and b lie apart by `hues` as much."""
    return (np.abs(colours - skin) < _SKIN * [1, hues, hues]).all(2)


def has_edge(colours: Array, where: NDArray[np.bool_]) -> bool:
    """Whether in most rows of `colours` (h, w, 3) there is an edge `where` (h, w) they are looked at."""
    steps = np.abs(colours[:, _NEAR:, 0] - colours[:, :-_NEAR, 0]) * (where[:, _NEAR:] & where[:, :-_NEAR])
    largest = np.asarray(np.max(steps, axis=1), np.float32)
    return bool((largest >= _EDGE).mean() > 1 / 2)
