# SPDX-License-Identifier: GPL-3.0-or-later
"""The back of a head: beside the ear it comes out as the head turns, and a bare skull would end in a dent there.

From where the outline is the skull's own, above the ear, it goes down to the neck as an ellipse. It stays within what
the portrait shows of the person, so that a head that does not turn hides all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ..pixels.sampling import mirrored, ramp
from .beside import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .bare_neck import Neck
    from .beside import Beside

    Array = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]

# Heights in the face model: it begins, all of it is there, ears end, it goes over into the neck.
_LEVELS = 9.0, 7.0, 4.5, -3.5
_BALD = 7.9, 4.5, 0.7  # beside the ear a bald skull is as wide; hair that is wider moves by itself
_EVEN = 4  # steps over which it does


class Occiput(NamedTuple):
    """One side of it; heights are in eye distances below the chin, so they are negative."""

    below: Numbers  # (N,) heights, and
    half: Numbers  # (N,) its half width there
    own: Numbers  # (N,) that of the person in the portrait
    begins: tuple[float, float]  # from nothing to all of it
    ear: float  # above this the outline is the skull's

    def half_at(self, below: Numbers) -> Array:
        """Its half width at heights."""
        return np.interp(below, self.below, self.half, right=0).astype(np.float32)

    def seen(self) -> tuple[Numbers, Numbers]:
        """Where in the portrait its skin is seen, at the ear mirrored at the ear's top: half widths, heights."""
        hidden = np.maximum(self.below - self.ear, 0)
        heights = np.where(hidden > 0, self.ear - mirrored(hidden, self.ear - self.begins[1]), self.below)
        return np.interp(heights, self.below, self.own), heights

    def coverage(self, below: Numbers) -> Array:
        """0..1 at heights."""
        return ramp(below, *self.begins)


def find_occiput(beside: Beside, neck: Neck) -> Occiput:
    """Its outline above a neck."""
    above, top, ear, base = (beside.of_model(0, level, 0)[1] for level in _LEVELS)
    below = np.arange(above, base + 3 * _EVEN * STEP, STEP)
    own = beside.outline(below)
    bald, _ = beside.of_model(*_BALD)
    narrower = np.sqrt(1 - np.clip((below - ear) / (base - ear), 0, 1) ** 2)
    widest = min(float(np.interp(ear, below, own)), bald)
    bare = np.maximum(np.minimum(own, widest * narrower), neck.outline.half_at(below))
    half = np.minimum(own, cv2.GaussianBlur(bare[None], (0, 0), _EVEN)[0])
    return Occiput(below, half, own, (above, top), ear)
