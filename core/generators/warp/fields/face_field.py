# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the skin of an unturned face comes from when its landmarks have moved.

All fields here are backward: for a position in the moved face they give the way to the portrait's pixel. The base
field is smooth over the whole head; each eye and the mouth add a field for either side of their opening, because skin
tears there: an upper lid and a lower lid that meet in the picture are far apart in the portrait.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ....compiled import compiled
from ....landmarks.topology import (
    EYE_CORNERS,
    INNER_LIP,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    OUTER_LIP,
    RIGHT_BROW,
    RIGHT_EYE,
)
from ....motion.lip_contact import face_down
from ..mouth.lips import closing_corners, middles, parted
from ..pixels.positions import Bumps
from ..pixels.sampling import spread
from .curves import smooth_curve, smooth_loop
from .rbf import bumps_between, thin_plate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..surface.head import Head

    Array = NDArray[np.float32]
    _Sides = tuple[NDArray[np.float64], NDArray[np.float64]]

BASE = (*JAW, *RIGHT_BROW, *LEFT_BROW, *NOSE_BRIDGE, *NOSE_BASE, *EYE_CORNERS, *OUTER_LIP)
_BESIDE_LIPS = np.zeros((2, 3, 68))
"""Weights of the landmarks: skin between nose and upper lip, and in the fold between lower lip and chin.

It goes with both. Left to the spline, lips that meet pull it farther than they go themselves.
"""
for _weights, _nearer, _farther, _share in zip(
    _BESIDE_LIPS, ((50, 51, 52), (58, 57, 56)), ((32, 33, 34), (7, 8, 9)), (1 / 2, 1 / 3), strict=True
):
    _weights[range(3), _nearer], _weights[range(3), _farther] = 1 - _share, _share
_SMOOTH = 1e-4  # see `thin_plate`
_FULL_LIP = 0.07  # of the mouth's opening
_UNROLLS = 0.75  # of a closing lid's way is skin that comes out of its fold; the rest is pulled down from above
_LID_BAND = 0.12  # eye widths
_BROW = 0.05  # eye distances from the points of a brow to its lower edge
_STEEPEST = 0.5  # pixels a pixel by which what an edge adds falls off towards a point that stays
_RIM_STEPS = 3  # positions on an edge from one landmark to the next


@dataclass(frozen=True)
class Opening:
    """An eye or the mouth: skin above and below a line from corner to corner."""

    upper: tuple[int, ...]  # from the picture's left corner to its right one, corners included
    lower: tuple[int, ...]
    upper_anchors: tuple[int, ...]  # points on that side where the base field is right already
    lower_anchors: tuple[int, ...]
    radius: float  # how far the opening's own field reaches, in eye distances
    round_corners: bool  # lips part round, lids keep their corners

    @cached_property
    def outline(self) -> list[int]:
        """The points of the opening, clockwise from the left corner."""
        return [*self.upper, *self.lower[-2:0:-1]]

    def rims(
        self, points: NDArray[np.floating[Any]], steps: int = 8
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smooth upper and lower edge of (68, 2) landmarks, both from the left corner to the right one."""
        if not self.round_corners:
            upper, lower = _rim_weights(self, steps)
            return upper @ points, lower @ points
        around = smooth_loop(points[self.outline], steps)
        corner = (len(self.upper) - 1) * steps
        above, below = around[: corner + 1], around[: corner - 1 : -1]
        gap = points[self.lower[len(self.lower) // 2]] - points[self.upper[len(self.upper) // 2]]
        return above, below + _fullness(len(self.lower), len(below)) * gap


@cache
def _rim_weights(opening: Opening, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 68) for either edge: the share of each landmark in its places. Catmull-Rom curves are linear in them."""
    points = np.eye(68)
    return smooth_curve(points[list(opening.upper)], steps), smooth_curve(points[list(opening.lower)], steps)


@cache
def _fullness(landmarks: int, places: int) -> NDArray[np.float64]:
    """(N, 1) share of the mouth's opening by which an open lower lip hangs lower than a curve of so few points.

    It does between its corners and the next landmarks.
    """
    along = np.linspace(0, landmarks - 1, places)  # whole numbers are the landmarks
    outer = (along < 1) | (along > along[-1] - 1)
    return _FULL_LIP * (np.sin(np.pi * along) ** 2 * outer)[:, None]


def _eye(points: tuple[int, ...], brow: tuple[int, ...]) -> Opening:
    a, b, c, d, e, f = points
    return Opening((a, b, c, d), (a, f, e, d), brow, (), radius=0.28, round_corners=False)


RIGHT = _eye(RIGHT_EYE, RIGHT_BROW)
LEFT = _eye(LEFT_EYE, LEFT_BROW)
MOUTH = Opening(
    upper=INNER_LIP[:5],
    lower=(INNER_LIP[0], *INNER_LIP[:3:-1]),
    upper_anchors=OUTER_LIP[:7],
    lower_anchors=(*OUTER_LIP[6:], OUTER_LIP[0]),
    radius=0.3,
    round_corners=True,
)


class FaceField:
    """The fields of one frame, made from landmarks in the unturned face."""

    def __init__(self, head: Head, moved: NDArray[np.floating[Any]]) -> None:
        """`moved` are the (68, 2) wanted landmarks with the head's own pose taken off."""
        self._head = head
        self.moved = moved
        own = head.face.points[:, :2]
        self._back = own - moved
        self._read_edges = parted(own, moved, head.lip_edges) + closing_corners(own, moved, head.eye_distance)
        brows, beside_lips = [*RIGHT_BROW, *LEFT_BROW], _BESIDE_LIPS.reshape(-1, 68)
        # The lower edge of a brow goes where its points go: it is the skin below that is stretched.
        # A brow that comes down on the corner of an eye has no skin below it that could go two ways.
        to_eyes = np.linalg.norm(moved[brows][:, None] - moved[list(EYE_CORNERS)], axis=2).min(1)
        below_brows = moved[brows] + np.minimum(_BROW * head.eye_distance, to_eyes / 2)[:, None] * face_down(moved)
        centres = np.concatenate([moved[list(BASE)], below_brows, beside_lips @ moved, head.ring])
        values = np.concatenate([self._back[[*BASE, *brows]], beside_lips @ self._back, np.zeros_like(head.ring)])
        # What lies farther from a frame must not move by what the landmarks near it are asked to.
        values = self.freed(values[None], (centres + values)[None].astype(np.float32))[0]
        self.coarse_base: Array = np.zeros_like(head.grid.nodes)
        if np.abs(values).max() > 0:
            self.coarse_base = thin_plate(centres, values, head.grid.nodes, _SMOOTH) * spread(head.skin_reach, 2)
        self.base: Array = self.freed(head.fine.enlarged(self.coarse_base), head.fine.nodes)
        self.coarse_base = self.freed(self.coarse_base, head.grid.nodes)

    def beside(self, openings: Sequence[Opening]) -> list[tuple[Bumps, Bumps]]:
        """What the skin above and the skin below each opening add to the base field."""
        points = self._head.face.points[:, :2] + self._read_edges
        rims = [self._rims(opening, points) for opening in openings]
        # All places at one time, because each call of OpenCV takes longer than its few numbers.
        places = np.concatenate([side for _, sides in rims for side in sides])
        base = self._head.fine.sample(self.base, places[None].astype(np.float32))[0]
        beside: list[tuple[Bumps, Bumps]] = []
        start = 0
        for opening, (own, moved) in zip(openings, rims, strict=True):
            middle, end = start + len(moved[0]), start + len(moved[0]) + len(moved[1])
            above, below = (self.moved[list(anchors)] for anchors in (opening.upper_anchors, opening.lower_anchors))
            if opening is MOUTH:
                above, below = map(np.concatenate, zip((above, below), _BESIDE_LIPS @ self.moved, strict=True))
            upper = self._side(own[0], moved[0], base[start:middle], above, opening.radius)
            lower = self._side(own[1], moved[1], base[middle:end], below, opening.radius)
            beside.append((upper, lower))
            start = end
        return beside

    def _rims(self, opening: Opening, points: NDArray[np.float64]) -> tuple[_Sides, _Sides]:
        """Places of skin (N, 2) above and below an opening: in the portrait with landmarks `points`, and where now."""
        own, moved = opening.rims(points, _RIM_STEPS), opening.rims(self.moved, _RIM_STEPS)
        if opening.round_corners:
            # Lips are stretched evenly: bent by what goes on around them they would show teeth.
            between, between_now = middles(points), middles(self.moved)
            return _joined(own, between), _joined(moved, between_now)
        # A band of lid with its lashes goes with the rim as it is.
        skin = _unrolled(own[0], moved[0])
        return (_with_band(own[0]), own[1]), (_with_band(skin), moved[1])

    def _side(
        self,
        own: NDArray[np.float64],
        moved: NDArray[np.float64],
        base: Array,
        still: NDArray[np.floating[Any]],
        radius: float,
    ) -> Bumps:
        per_radius = 1 / (radius * self._head.eye_distance)
        bumps = bumps_between(moved, own - moved - base, still, per_radius, _STEEPEST)
        return Bumps(*bumps, per_radius)

    def freed(self, field: NDArray[Any], points: Array) -> NDArray[Any]:
        """A field (h, w, N) at (h, w, 2) positions without its part that the frame of glasses holds."""
        if self._head.held is None:
            return field
        return field * (1 - self._head.fine.sample(self._head.held, points))[..., None]


@compiled
def _unrolled(own: NDArray[np.float64], moved: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the skin at an upper lid's rim goes: all the way when the eye widens, less far when it closes."""
    x, y = moved[-1, 0] - moved[0, 0], moved[-1, 1] - moved[0, 1]
    width = max(np.sqrt(x * x + y * y), 1e-6)
    right, down = -y / width, x / width  # of the direction downwards
    way, skin = np.empty(len(own)), moved.copy()
    for i in range(len(own)):
        way[i] = (moved[i, 0] - own[i, 0]) * right + (moved[i, 1] - own[i, 1]) * down
    for i in range(len(own)):
        of_corners = way[0] + i / (len(own) - 1) * (way[-1] - way[0])
        closing = _UNROLLS * max(way[i] - of_corners, 0.0)
        skin[i, 0] -= closing * right
        skin[i, 1] -= closing * down
    return skin


def _joined(rims: _Sides, beside: _Sides) -> _Sides:
    return np.concatenate([rims[0], beside[0]]), np.concatenate([rims[1], beside[1]])


@compiled
def _with_band(rim: NDArray[np.float64]) -> NDArray[np.float64]:
    """An upper lid's rim and, above every other place of it, skin in the lid's band."""
    right, up = _LID_BAND * (rim[-1, 1] - rim[0, 1]), _LID_BAND * (rim[0, 0] - rim[-1, 0])
    out = np.empty((len(rim) + (len(rim) - 1) // 2, 2))
    for i in range(len(rim)):
        out[i, 0], out[i, 1] = rim[i, 0], rim[i, 1]
    for i in range(len(rim), len(out)):
        at = 2 * (i - len(rim)) + 1
        out[i, 0], out[i, 1] = rim[at, 0] + right, rim[at, 1] + up
    return out
