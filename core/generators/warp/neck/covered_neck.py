# SPDX-License-Identifier: GPL-3.0-or-later
"""A neck that jaw and collar hide, on one side of a portrait: as wide as the jaw above the collar, and of its skin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .bare_neck import ENOUGH, HIDDEN, STRIP, Neck, Outline, colour_of_cheeks, has_edge, is_like, lab_at
from .beside import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beside import Beside

    Array = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]

_EDGE = 5.4, -6.0, -2.5  # centimetres in the face model: the neck's, below the ear

# In eye distances, heights below the chin:
_HIGH, _LOW = -0.8, 0.5  # where jaw and collar are looked for
_WAIST = 0.3  # so high the outline is narrowest, where the collar begins
_JAW = 0.15  # so far above that it is the jaw's
_LOWEST = -0.25  # down to here the jaw's skin is seen in its own light; farther down the chin is near
_RIM, _ACROSS = 0.04, 0.16  # of the skin, from the outline inwards
_THIN, _HAIR = 0.3, 0.3  # a narrower neck is none, and what is farther out than its edge is hair or a veil
_BELOW = 0.25, 0.35  # heights below the waist
_SOME = 0.5  # of skin there: the neck is before what is beside it, such as a helmet's ring
_PALE = 30  # L of 8 bits: what is so much lighter than the jaw is no throat, it is a white collar
_COLLAR = 0.15  # so much wider than the neck it hides it
_FLARES = 0.4  # heights below the waist in which it gets so wide: a roll-neck does not, and turns with the jaw


def find_covered_neck(beside: Beside) -> Neck | None:
    """The neck, if the outline above a collar is that of the jaw's bare skin."""
    below = np.arange(_HIGH, _LOW, STEP)
    own = beside.outline(below)
    waist = int(np.argmin(np.where(below < _WAIST, own, np.inf)))
    edge, _ = beside.of_model(*_EDGE)
    half = min(float(own[waist]), edge)
    hidden = below[(below > below[waist]) & (own > half + _COLLAR)]
    if below[waist] < _HIGH + _JAW or own[waist] > edge + _HAIR or half < _THIN or not len(hidden):
        return None
    if hidden[0] > below[waist] + _FLARES:
        return None
    jaw = np.minimum(own, _jaw(beside, below))
    lowest = min(float(below[waist]), _LOWEST)
    inwards = np.arange(_RIM, _ACROSS, STEP)

    def colours(outline: Numbers, below: Numbers) -> Array:
        return lab_at(beside, beside.places(outline[:, None] - inwards, below[:, None]))

    bare = (below > lowest - STRIP) & (below <= lowest)
    above = (below > below[waist] - _JAW) & (below <= below[waist])
    skin, rim = colours(jaw[bare], below[bare]), colours(own[above], below[above])
    colour = np.append(np.median(skin[..., 0]), colour_of_cheeks(beside)[1:])  # it may lie in shadow
    lower = below[waist] + np.arange(*_BELOW, STEP)
    throat = colours(np.full_like(lower, own[waist]), lower)
    if (is_like(throat, colour) & (throat[..., 0] < colour[0] + _PALE)).mean() > _SOME:
        return None
    if has_edge(skin, np.ones(skin.shape[:2], bool)) or is_like(rim, colour).mean() < ENOUGH:
        return None
    neck = Outline(np.zeros(1), np.full(1, half))
    return Neck(neck, float(hidden[0]) + HIDDEN, Outline(below, jaw), lowest, float(below[waist]))


def _jaw(beside: Beside, below: Numbers) -> Numbers:
    """(N,) how far out the jaw's landmarks are, so far below the chin."""
    out, heights = beside.of(beside.face.points[:17, :2])
    order = np.argsort(heights)
    order = order[out[order] > 0]
    return np.interp(below, heights[order], out[order])
