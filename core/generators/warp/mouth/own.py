# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth's inside that a portrait shows itself: its teeth stay with skull and jaw when the lips move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....landmarks.topology import INNER_LIP
from ..fields.curves import smooth_curve, smooth_loop
from ..pixels.sampling import full_scale, polygon_mask, read_at, smooth_step
from .draw import lay
from .lips import opening

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace

    Array = NDArray[np.float32]

_LIP_EDGE = 0.03  # eye distances: the rim of the lower lip is no tooth
_LIP_SHADE = 0.02  # eye distances under the upper lip that are its edge and shadow
_GROW = 0.1  # eye distances by which shown teeth go on upwards
_TOOTH = 1.0  # cm, the height of a front tooth
_LEAST_GROWN, _GUM_EDGE = 0.15, 0.15  # cm
_GUM_SHADE = 0.45  # of the light is taken from it by the upper lip, half a tooth above the teeth
_MIRRORED = 0.45  # of their height: so far up they are their own mirror image
_DARK_GAP = 0.55  # of the teeth's brightness: so dark a row parts the upper from the lower ones
_CLOSED, _TOOTHLESS = 0.02, 0.08  # eye distances of opening in which a line, and a mouth without teeth, vanish
_SOFT = 0.02
_CORNER, _TOOTH_EDGE = 0.12, 0.05  # eye distances from the corners, or from where teeth end, inwards: it is faded out
_FROM, _TO = 0.25, 0.65  # of the height from the upper lip: so far down teeth are looked at
_LIT = 0.6  # of the teeth's brightness: less beside them is the corner's shade, until the mouth opens


class OwnMouth:
    """Pixels between the lips of the portrait."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, gum: Array | None, is_open: float) -> None:
        """Cut it out; shown teeth are continued upwards, where the lip hides them, to `gum` (3,) if any.

        `is_open` is 0 for shut lips, 1 for an open mouth.
        """
        lips = face.points[:, :2]
        self._distance = distance = face.eye_distance
        self._opening = opening(lips)
        self._vanishes = _CLOSED + is_open * (_TOOTHLESS - _CLOSED)
        self._teeth = gum is not None
        inner = lips[list(INNER_LIP)]
        margin = 0.25 * distance
        low = np.floor(inner.min(0) - margin).astype(int)
        high = np.ceil(inner.max(0) + margin).astype(int)
        self._corner = low.astype(np.float32)
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        x, y = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in size))
        shown = inner.copy()
        shown[5:8, 1] -= _LIP_EDGE * distance
        top, bottom = _rim(shown[:5], low, size[0]), _rim(shown[[4, 5, 6, 7, 0]], low, size[0])
        self._top, self._height = top, np.maximum(bottom - top, 0)
        at = np.dstack([x, self._continued(y) if self._teeth else y]) + self._corner
        self._picture = read_at(pixels[..., :3], at, cubic=True).astype(np.float32)
        if gum is not None:
            crown = np.maximum(_TOOTH * face.scale, self._height + _LEAST_GROWN * face.scale)
            above = (bottom - crown - y) / face.scale
            shaded = gum * (1 - _GUM_SHADE * smooth_step(2 * above / _TOOTH)[..., None])
            self._picture += (shaded - self._picture) * smooth_step(above / _GUM_EDGE + 0.5)[..., None]
            shown[1:4, 1] -= _GROW * distance
        # In the corners it is dark: where a wider mouth shows them there is the model's.
        corners = inner[[0, 4], 0] - low[0]
        between = self._between(x, corners, _CORNER)
        outline = smooth_loop(shown)
        mask = polygon_mask(outline, (int(low[0]), int(low[1])), size[::-1], 0.01 * distance)
        self._shade = np.zeros((2, 2), np.float32)
        self._width = float(np.ptp(corners))
        if self._teeth:
            without, between = between, self._between(x, self._ends(corners), _TOOTH_EDGE)
            self._shade = np.pad(mask * np.clip((without - between) / np.maximum(1 - between, 1e-3), 0, 1), 1)
        coverage = mask * between
        gap = self._gap(full_scale(pixels.dtype)) if self._teeth else None
        self._parts = self._split(coverage, y, gap)
        self._ringed = [np.pad(part, 1) for _, part in self._parts]
        self._hides = smooth_step((y - top + _GROW * distance) / (_SOFT * distance) + 0.5) * between

    @property
    def teeth_are_shut(self) -> bool:
        """Whether it shows teeth and no gap between upper and lower ones."""
        return self._teeth and len(self._parts) == 1

    def _continued(self, y: Array) -> Array:
        """Rows to read for rows `y`: above the upper lip's edge the teeth are mirrored a little way, then drawn out."""
        edge = self._top + np.minimum(_LIP_SHADE * self._distance, 0.3 * self._height)
        above = np.maximum(edge - y, 0)
        return np.where(above > 0, edge + np.minimum(above, _MIRRORED * self._height), y).astype(np.float32)

    def _between(self, x: Array, ends: NDArray[np.floating[Any]], fades: float) -> Array:
        """Coverage at columns `x` between two ends (2,), from which it `fades` in, in eye distances."""
        return smooth_step(np.minimum(x - ends[0], ends[1] - x) / (fades * self._distance))

    def _ends(self, corners: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """The columns (2,) at which the teeth end, outwards from the middle between the corners' columns (2,)."""
        left, right = (round(float(column)) for column in corners)
        columns = np.arange(left, max(left, right) + 1)
        lit = np.median(self._read(columns, np.linspace(_FROM, _TO, 9, dtype=np.float32)), axis=0)
        dark = columns[lit < _LIT * np.percentile(lit, 85)]
        quarter = (right - left) / 4
        before, after = dark[dark < left + quarter], dark[dark > right - quarter]
        return np.array([before.max(initial=left), after.min(initial=right)])

    def _read(self, columns: NDArray[np.int64], shares: Array) -> Array:
        """(S, N) brightness at N columns and at S shares of the height from the upper lip."""
        rows = self._top[columns] + shares[:, None] * self._height[columns]
        at = np.dstack(np.broadcast_arrays(columns, rows)).astype(np.float32)
        return np.asarray(read_at(self._picture, at).mean(-1), np.float32)

    def _gap(self, white: float) -> float | None:
        """Where upper and lower teeth part, as a share of the height from the upper lip; None if they do not."""
        width = len(self._top)
        columns = np.arange(int(0.35 * width), int(0.65 * width))
        shares = np.linspace(0, 1, 32, dtype=np.float32)
        rows = np.median(self._read(columns, shares), axis=1) / white
        darkest = 4 + int(rows[4:].argmin())
        return float(shares[darkest]) if rows[darkest] < _DARK_GAP * np.percentile(rows, 85) else None

    def _split(self, coverage: Array, y: Array, gap: float | None) -> tuple[tuple[bool, Array], ...]:
        """Whether it goes with the jaw, and coverage, of what is below a gap and of what is above; or of all as one."""
        if gap is None:
            return ((False, coverage),)
        above = smooth_step((self._top + gap * self._height - y) / (_SOFT * self._distance) + 0.5)
        return (True, coverage * (1 - above)), (False, coverage * above)

    def amount(self, moved: NDArray[np.floating[Any]]) -> float:
        """How much of it shows: teeth always, others less and less when the mouth opens wider."""
        if self._teeth:
            return 1.0
        wider = (opening(moved) - self._opening) / self._distance
        return 1 - float(smooth_step(wider / self._vanishes))

    def hides_model_above(self, moved: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
        """How much of the model's upper jaw is hidden (H, W), from a corner (2,) on: all but what is above teeth."""
        return self._hides if self._teeth else np.full((2, 2), self.amount(moved), np.float32), self._corner

    def upper_teeth(self, positions: Array) -> Array:
        """Coverage (h, w) of teeth that stay with the skull at positions (h, w, 2)."""
        _, upper = self._parts[-1]
        return read_at(upper, positions - self._corner, outside_zero=True) * np.float32(self._teeth)

    def lay(
        self, inside: Array, positions: Array, moved: NDArray[np.floating[Any]], jaw: Array, covered: Array
    ) -> None:
        """Over (h, w, 3) values at positions (h, w, 2): upper teeth as they are, the rest below a gap with the jaw.

        Where `covered` (h, w) is 0 nothing is seen.
        """
        amount = np.float32(self.amount(moved))
        if self._teeth:
            wider = float(moved[64, 0] - moved[60, 0]) - self._width
            changed = max(wider, opening(moved) - self._opening) / (_TOOTHLESS * self._distance)
            left = np.float32(1 - smooth_step(changed))
            lay(inside, self._picture, self._shade, left, self._corner, positions, covered)
        if amount > 0:
            for (of_jaw, _), part in zip(self._parts, self._ringed, strict=True):
                corner = self._corner + jaw if of_jaw else self._corner
                lay(inside, self._picture, part, amount, corner, positions, covered)


def _rim(points: NDArray[np.floating[Any]], low: NDArray[np.int64], width: int) -> Array:
    """Rows of an edge (N, 2), from `low` on, for every column."""
    curve = smooth_curve(points)
    order = np.argsort(curve[:, 0])
    x, y = (curve[order] - low).T
    return np.asarray(np.interp(np.arange(width), x, y), np.float32)
