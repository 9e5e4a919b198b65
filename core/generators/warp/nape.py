# SPDX-License-Identifier: GPL-3.0-or-later
"""The neck behind the jaw: no portrait from the front shows it, and a head that turns uncovers it.

A bare neck goes on behind jaw and ears, as wide as it is below them. Its skin is that of the throat's sides, mirrored
upwards again and again. Like a column it follows the tilt of the head and not its turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from .grid import Grid, area_around, overlap, positions, within
from .sampling import read_at, sample, smooth_step, to_8bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.pose import Pose
    from .grid import Area
    from .head import Head

    Array = NDArray[np.float32]

# In eye distances, heights below the chin:
_TOP, _FADES = -0.9, 0.1  # behind the ears it ends
_HIGH, _LOW, _ASIDE, _STEP = -0.3, 0.7, 0.9, 0.02  # where a bare neck is looked for
_WAIST = 0.3  # so high it is narrowest
_HALF = (0.4, 0.72)  # half of its width; what is wider is hair or a collar
_GROWS, _BARE = 0.12, 0.15  # it is bare at least so far down, until it gets wider by this
_STRIP, _HIDDEN = 0.15, 0.2  # the skin that is mirrored; what reaches down behind the shoulders
_RIM, _SOFT = 0.04, 0.015  # of the neck and of what is drawn
_TURNED = 0.09  # sine of the yaw (5 degrees) from which all of it is there: a head that hardly turns uncovers nothing
_CHEEKS = [2, 3, 4, 12, 13, 14, 29, 30]  # landmarks
_SKIN, _ENOUGH = np.array([60, 14, 14]), 0.8  # L, a, b of 8 bits: so much of a row may differ from the cheeks by less
_EDGE, _NEAR = 40, 3  # of L, within so many steps: in a grey picture a collar has the colour of skin


class Side(NamedTuple):
    """Of the neck on one side, in eye distances."""

    half: float  # its width, from the middle of the chin
    stop: float  # how far below the chin it is bare


class Nape:
    """What of a portrait's neck goes on behind its head."""

    def __init__(self, pixels: NDArray[Any], mask: Array, head: Head) -> None:
        """Look for a bare neck in the portrait (H, W, C) with the head mask (H, W)."""
        self._head = head
        self._chin = head.face.points[8, :2]
        self._axes = np.array([head.turns.aside[:2], head.turns.below[:2]])  # eye distances a pixel
        sides = {side: found for side in (-1, 1) if (found := self._look_for_neck(pixels, mask, side))}
        self._is_bare = bool(sides)
        if not self._is_bare:
            return
        wide = max(side.half for side in sides.values())
        low = max(side.stop for side in sides.values()) + _HIDDEN
        corners = self._places(np.array([[x, y] for x in (-wide, wide) for y in (_TOP, low)]))
        self._area = overlap(area_around(corners), head.picture)
        places = positions(self._area)
        aside, below = np.moveaxis((places - self._chin) @ self._axes.T, 2, 0)
        self._coverage = np.zeros(aside.shape, np.float32)
        for side, (half, stop) in sides.items():
            here = aside * side >= 0
            ends = smooth_step((below - _TOP) / _FADES) * (below < stop + _HIDDEN)
            self._coverage[here] = (ends * np.clip((half - aside * side) / _SOFT, 0, 1))[here]
            strips = np.maximum(stop - below, 0) / _STRIP
            below[here] = np.where(below < stop, stop - _STRIP * (1 - np.abs(1 - strips % 2)), below)[here]
        self._pixels = sample(pixels, self._places(np.dstack([aside, below])))

    def read(self, pose: Pose) -> tuple[Area, NDArray[Any], Array] | None:
        """What is seen of it in a frame: an area, its pixels (h, w, C) and their coverage (h, w); None without one."""
        turned = float(pose.roll()[:, 0] @ pose.rotation[:2, 2])
        if not self._is_bare or turned == 0:
            return None
        head, upright = self._head, _tilted(pose)
        rows, columns = self._area
        # The side that the face turns away from: on the other one the cheek is before it.
        across = (columns.start, self._chin[0]) if turned > 0 else (self._chin[0], columns.stop)
        corners = np.array([[x, y] for x in across for y in (rows.start, rows.stop)])
        seen = upright.apply(np.column_stack([corners, np.full(4, upright.pivot[2])]))
        both = np.concatenate([corners, seen])
        area = overlap(area_around(both), head.picture)
        grid = Grid.over(area, head.grid.cell)
        flat = np.full((head.fine.rows, head.fine.columns), upright.pivot[2], np.float32)
        still = np.zeros((*flat.shape, 2), np.float32)
        way, _ = head.ways(head.seen_by(upright, flat, still), grid.nodes)
        every = Grid(grid.left, grid.top, 1, grid.columns * grid.cell, grid.rows * grid.cell)
        there = positions(area) + grid.enlarge_to(every, way)[within(area, every.whole)]
        there -= np.array([columns.start, rows.start], np.float32)
        coverage = read_at(self._coverage, there, outside_zero=True) * np.float32(
            smooth_step(np.array(abs(turned) / _TURNED))
        )
        return area, read_at(self._pixels, there), coverage

    def _places(self, necks: NDArray[np.floating[Any]]) -> Array:
        """The portrait's positions (..., 2) of places beside and below the chin, eye distances."""
        return np.asarray(self._chin + necks @ np.linalg.inv(self._axes).T, np.float32)

    def _look_for_neck(self, pixels: NDArray[Any], mask: Array, side: int) -> Side | None:
        """The neck on the left (-1) or right (1) of the chin, if there its outline is that of bare skin."""
        below, aside = np.arange(_HIGH, _LOW, _STEP), np.arange(0, _ASIDE, _STEP)
        places = self._places(np.dstack(np.meshgrid(side * aside, below)))
        half = np.cumprod(read_at(mask, places, outside_zero=True) > 0.5, axis=1).sum(1) * _STEP - _STEP
        cheeks = _lab(pixels, self._head.face.points[None, _CHEEKS, :2].astype(np.float32))
        colours = _lab(pixels, places)
        skin = (np.abs(colours - np.median(cheeks, axis=1)) < _SKIN).all(2)
        beside = (aside > half[:, None] / 2) & (aside < half[:, None] - _RIM)
        bare = (skin & beside).sum(1) > _ENOUGH * beside.sum(1)
        waist = int(np.argmin(np.where(bare & (below < _WAIST), half, np.inf)))
        goes_on = np.logical_and.accumulate((bare & (half < half[waist] + _GROWS))[waist:])
        stop = float(below[waist]) + _STEP * (int(goes_on.sum()) - 1)
        if not (_HALF[0] < half[waist] < _HALF[1] and stop > _BARE):
            return None
        steps = np.abs(colours[:, _NEAR:, 0] - colours[:, :-_NEAR, 0]) * (beside[:, _NEAR:] & beside[:, :-_NEAR])
        strip = (below > stop - _STRIP) & (below <= stop)
        return Side(float(half[waist]), stop) if np.median(steps.max(1)[strip]) < _EDGE else None


def _lab(pixels: NDArray[Any], places: Array) -> Array:
    """(h, w, 3) colours at the portrait's positions (h, w, 2)."""
    shown = to_8bit(sample(np.ascontiguousarray(pixels[..., :3]), places))
    return cv2.cvtColor(shown, cv2.COLOR_RGB2LAB).astype(np.float32)


def _tilted(pose: Pose) -> Pose:
    """The pose without what turns and nods."""
    rotation = np.eye(3)
    rotation[:2, :2] = pose.roll()
    return replace(pose, rotation=rotation)
