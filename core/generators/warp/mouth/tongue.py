# SPDX-License-Identifier: GPL-3.0-or-later
"""The tongue that is put out: a relief made anew for every frame, because it bends over the lip it lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import MOUTH_CORNERS
from ..pixels.sampling import smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

STEP = 0.04  # cm
_WIDE = 0.33  # of the mouth's width, half of the tongue's
_NARROWER = 0.1  # of its width that it loses when it is stretched
_AT_RIM = 0.3  # of full strength: the tip is between the lips
_WITHIN, _BEYOND = 0.25, 1.35  # half widths that the tip goes before that and after it
_APPEARS = 0.2  # of full strength: until then it comes out of the dark
_LEAST_GAP = 0.25  # cm between the lips: less, and no tongue comes through
_BACK, _FURTHEST_BACK = 1.0, 2.2  # of the gap, and cm, by which the tongue's back is seen above the lower lip
_TIP, _ROUND = 1.25, 2.2  # the tip is a superellipse so many half widths long, with this exponent
_RIM = 0.06  # of half its width is soft
_FADE = 0.3  # cm below the rim over which its shadow sets in
_LOST = 0.5  # of its back that is seen, until it is lost in the dark
_WIDER = 0.12  # of its width, a centimetre above the rim: inside it fills the jaw
_EDGE, _VAULT = 0.35, 0.4  # cm, by which the edge lies behind the middle
_GROOVE, _GROOVE_WIDE = 0.1, 0.14  # cm
_BEHIND_RIM = 0.1  # cm behind the front of the lips, where it passes the lower one's inner edge
_INWARDS = 0.5  # cm that its back goes inwards more and more, the higher it is seen
_HANGS, _BEND = 0.55, 0.6  # cm in front of the lips, and cm of way until it is there
_LIGHT = np.array([0.0, 0.5, 0.87])  # from above, as inside the mouth
_CONTRAST = 2.0  # against the shading inside the mouth
_SURROUNDINGS = 0.35  # of the light: before the lips it comes from all sides, and no edge is lost in the dark
_HALF_WAY = np.array([0.0, 0.26, 0.97])  # between light and viewer
_COAT = 0.25  # of a tooth's colour
_GLOSS, _SHARPNESS = 0.08, 20  # of a tooth's colour; Blinn's exponent
_SHADOW, _SHADOW_SOFT, _SHADOW_LOW = 0.4, 0.16, 0.16  # strength, cm, cm below


@dataclass(frozen=True)
class TongueShape:
    """Its front view in the model's axes, centimetres, y up."""

    centre: float  # x
    rim: float  # y of the lower lip's inner edge
    half: float  # half its width
    back: float  # cm above the rim to which its back is seen
    reach: float  # cm from the rim down to the tip
    share: float  # 0..1 how far it has come out of the dark

    @classmethod
    def of(cls, lips: NDArray[np.floating[Any]], amount: float) -> TongueShape:
        """For (68, 2) moved landmarks in the model's axes and the strength of `tongueOut`."""
        right, left = MOUTH_CORNERS
        width = float(np.linalg.norm(lips[left] - lips[right]))
        gap = float((lips[[61, 62, 63], 1] - lips[[67, 66, 65], 1]).mean())
        out = amount - _AT_RIM
        reach = out / _AT_RIM * _WITHIN if out < 0 else out / (1 - _AT_RIM) * _BEYOND
        half = _WIDE * width
        share = smooth_step(amount / _APPEARS) * smooth_step(gap / _LEAST_GAP)
        return cls(
            centre=float(lips[65:68, 0].mean()),
            rim=float(lips[66, 1]),
            half=half * (1 - _NARROWER * max(reach, 0) / _BEYOND),
            back=min(_BACK * gap, _FURTHEST_BACK),
            reach=half * reach,
            share=float(share),
        )

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, shadow included."""
        beside = self.half * (1 + _WIDER) + _SHADOW_LOW + 3 * _SHADOW_SOFT
        below = self.rim - self.reach - _SHADOW_LOW - 3 * _SHADOW_SOFT
        return self.centre - beside, self.rim + self.back, self.centre + beside, below


def form(shape: TongueShape, lips: float) -> tuple[Array, Array, Array]:
    """The tongue between lips at depth `lips`: gloss, coverage and shade (h, w, 3); depth and shadow (h, w).

    Cells of `STEP` from the left and the top of its box; depths in centimetres, the rest 0..1.
    """
    left, top, right, bottom = shape.box
    x = np.arange(left, right, STEP) - shape.centre
    y = np.arange(top, bottom, -STEP)[:, None] - shape.rim
    tip = _TIP * shape.half
    to_tip = np.clip((tip - shape.reach - y) / tip, 0, None)
    half = shape.half * (1 + _WIDER * np.clip(y, 0, 1) ** 2)
    edge = ((np.abs(x) / half) ** _ROUND + to_tip**_ROUND) ** (1 / _ROUND)  # 0 in the middle, 1 on the outline
    depth = np.asarray(cv2.GaussianBlur(lips + _height(x, y, edge), (0, 0), 2.0), np.float32)
    rise_y, rise_x = np.gradient(depth, -STEP, STEP)
    normal = np.dstack([-rise_x, -rise_y, np.ones_like(depth)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    coverage = (
        np.float32(shape.share) * smooth_step((1 - edge) / _RIM) * smooth_step((shape.back - y) / (_LOST * shape.back))
    )
    gloss = _GLOSS * np.clip(normal @ _HALF_WAY, 0, 1) ** _SHARPNESS
    outside = _SURROUNDINGS * smooth_step(-y / _FADE)
    shade = outside + (1 - outside) * np.clip(normal @ _LIGHT, 0, 1) ** _CONTRAST
    planes = np.dstack([(_COAT + gloss) * coverage, coverage, shade * coverage]).astype(np.float32)
    low = np.array([[1, 0, 0], [0, 1, _SHADOW_LOW / STEP]])
    shadow = cv2.warpAffine(_SHADOW * coverage * smooth_step(-y / _FADE), low, coverage.shape[::-1])
    soft = cv2.GaussianBlur(shadow, (0, 0), _SHADOW_SOFT / STEP, borderType=cv2.BORDER_CONSTANT)
    return planes, depth, np.asarray(soft, np.float32)


def _height(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], edge: NDArray[np.floating[Any]]) -> Array:
    """(h, w) centimetres in front of the lips, `x` from the middle and `y` above the lower one."""
    up = np.maximum(y, 0)
    inside = -_BEHIND_RIM - up * (_HANGS / _BEND + _INWARDS * up)
    hanging = _HANGS * (1 - np.exp(np.minimum(y, 0) / _BEND))
    round_edge = _EDGE * (1 - np.sqrt(np.clip(1 - edge**2, 0, 1))) + _VAULT * np.minimum(edge, 1) ** 2
    groove = _GROOVE * np.exp(-((x / _GROOVE_WIDE) ** 2)) * np.clip(1.2 * (1 - edge), 0, 1)
    # Beyond the outline it goes on as it ends there: a line of sight must not fall off a cliff.
    return np.asarray(inside + hanging - round_edge - groove, np.float32)
