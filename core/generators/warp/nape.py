# SPDX-License-Identifier: GPL-3.0-or-later
"""The neck behind the jaw: no portrait from the front shows it, and a head that turns uncovers it.

A bare neck goes on behind jaw and ears, as wide as it is below them, and spreads to the shoulders as it is seen to.
Its skin is that of the throat's sides, mirrored upwards again and again. Like a column it follows the tilt of the head
and not its turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from .grid import Grid, area_around, overlap, positions, within
from .sampling import lay_on, read_at, sample, smooth_step, to_8bit, to_pixels

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
_STRIP, _ACROSS = 0.15, 0.2  # height and width of the skin that is mirrored: farther inwards the chin shades it
_SHADE = 0.03  # what is smoother than this is light and shade
_HIDDEN = 0.2  # what reaches down behind the shoulders
_RIM, _SOFT = 0.04, 0.015  # of the neck and of what is drawn
_FRINGE = 0.03  # of the person's edge: the wall's colour is in it
_SURE = 0.98  # of the mask: where there is no wall in the person's edge
_MERGES = 0.01, 0.15  # so far inwards from there jaw and neck go over into what is drawn
_JAW = 0.15  # from so far above the chin on downwards the outline is more and more that of the neck
_MIDDLE = 0.2  # beyond the middle, behind the throat, it ends
_EVEN = 2  # rows over which an outline is smooth
_TURNED = 0.09  # sine of the yaw (5 degrees) from which all of it is there: a head that hardly turns uncovers nothing
_CHEEKS = [2, 3, 4, 12, 13, 14, 29, 30]  # landmarks
_SKIN, _ENOUGH = np.array([60, 14, 14]), 0.8  # L, a, b of 8 bits: so much of a row may differ from the cheeks by less
_EDGE, _NEAR = 40, 3  # of L, within so many steps: in a grey picture a collar has the colour of skin


class Side(NamedTuple):
    """Of the neck on one side, in eye distances."""

    below: NDArray[np.float64]  # (N,) how far below the chin, and
    half: NDArray[np.float64]  # (N,) how wide it is there, from the middle of the chin; the ends go on
    stop: float  # how far below the chin it is bare

    def half_at(self, below: NDArray[Any]) -> Array:
        """Its width at some depths below the chin."""
        return np.interp(below, self.below, self.half).astype(np.float32)


class Column(NamedTuple):
    """What goes on of the neck on one side, over an area of the portrait."""

    area: Area
    pixels: NDArray[Any]  # (h, w, C)
    coverage: Array  # (h, w) 0..1
    merges: Array  # (h, w) 0..1: how far the person at a place gives way to it


class Nape:
    """What of a portrait's neck goes on behind its head."""

    def __init__(self, pixels: NDArray[Any], mask: Array, head: Head) -> None:
        """Look for a bare neck in the portrait (H, W, C) with the head mask (H, W)."""
        self._head = head
        self._chin = head.face.points[8, :2]
        self._axes = np.array([head.turns.aside[:2], head.turns.below[:2]])  # eye distances a pixel
        self._columns = {
            side: self._column(pixels, mask, neck, side)
            for side in (-1, 1)
            if (neck := self._look_for_neck(pixels, mask, side))
        }

    def read(self, pose: Pose) -> tuple[Area, NDArray[Any], Array] | None:
        """What is seen of it in a frame: an area, its pixels (h, w, C) and their coverage (h, w); None without one."""
        turned = _turned(pose)
        column = self._columns.get(np.sign(turned))
        if column is None:
            return None
        head, upright = self._head, _tilted(pose)
        rows, columns = column.area
        corners = np.array([[x, y] for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)])
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
        coverage = read_at(column.coverage, there, outside_zero=True) * np.float32(
            smooth_step(np.array(abs(turned) / _TURNED))
        )
        return area, read_at(column.pixels, there), coverage

    def lay_over(self, out: NDArray[Any], laid: tuple[Area, NDArray[Any], Array], pose: Pose, places: Array) -> Array:
        """Let the person in `out` (H, W, C), seen at `places` (h, w, 2), go over into what `read` gave for a pose.

        (h, w) 0..1 how far it did. A person's outermost pixels have the wall's colour, and before skin are a thread.
        """
        area, pixels, coverage = laid
        column = self._columns[np.sign(_turned(pose))]
        rows, columns = column.area
        share = coverage * read_at(column.merges, places - np.array([columns.start, rows.start], np.float32))
        part, some = out[area], np.nonzero(share)
        if len(some[0]):
            part[some] = lay_on(part[some][:, None], pixels[some][:, None], share[some][:, None])[:, 0]
        return share

    def _column(self, pixels: NDArray[Any], mask: Array, neck: Side, side: int) -> Column:
        """The neck on one side, up to behind the ear and a little beyond the middle of the throat, which hides it."""
        ends = -_MIDDLE, float(neck.half.max())
        corners = self._places(np.array([[side * x, y] for x in ends for y in (_TOP, neck.stop + _HIDDEN)]))
        area = overlap(area_around(corners), self._head.picture)
        aside, below = np.moveaxis((positions(area) - self._chin) @ self._axes.T, 2, 0)
        out = side * aside
        inwards = neck.half_at(below) - out
        coverage = smooth_step((below - _TOP) / _FADES) * (below < neck.stop + _HIDDEN)
        coverage *= np.clip(inwards / _SOFT, 0, 1) * smooth_step(1 + out / _MIDDLE)
        skin = self._skin(pixels, neck, side, inwards, below)
        return Column(area, skin, np.asarray(coverage, np.float32), self._merging(mask[area], below))

    def _skin(self, pixels: NDArray[Any], neck: Side, side: int, inwards: Array, below: Array) -> NDArray[Any]:
        """(h, w, C) what is drawn at places (h, w) `inwards` from the neck's edge and `below` the chin.

        As far from the edge as it is read, for there a neck turns away from the light. What shades the strip from top
        to bottom would be seen again and again.
        """
        zoom, inwards = self._head.eye_distance, _mirrored(inwards, _ACROSS)
        up, across = (np.arange(round(length * zoom) + 1, dtype=np.float32) / zoom for length in (_STRIP, _ACROSS))
        stop = neck.stop - _STEP  # nothing of the collar
        strip = sample(pixels, self._at_edge(neck, side, *np.meshgrid(across, stop - up))).astype(np.float32)
        shade = np.asarray(cv2.GaussianBlur(strip, (0, 0), _SHADE * zoom))
        above = np.maximum(stop - below, 0)
        there = zoom * np.dstack([inwards, _mirrored(above, _STRIP)])
        even = read_at(shade.mean(0, keepdims=True) - shade, there) * smooth_step(2 * above / _STRIP)[..., None]
        skin = to_pixels(read_at(strip, there) + even, pixels.dtype)
        return np.where((above > 0)[..., None], skin, sample(pixels, self._at_edge(neck, side, inwards, below)))

    def _at_edge(self, neck: Side, side: int, inwards: Array, below: Array) -> Array:
        """The portrait's positions (h, w, 2) so far inwards from where the wall's colour ends."""
        return self._places(np.dstack([side * (neck.half_at(below) - _FRINGE - inwards), below]))

    def _merging(self, mask: Array, below: Array) -> Array:
        """(h, w) 0..1: how far a person with a mask (h, w) gives way to this neck at places `below` the chin."""
        inside = np.asarray(cv2.distanceTransform((mask > _SURE).astype(np.uint8), cv2.DIST_L2, 5))
        jaw, neck = _MERGES
        width = jaw + (neck - jaw) * smooth_step(1 + below / _JAW)
        inside = np.minimum(inside, self._head.eye_distance)  # without any edge it is without end
        return (mask > 0) * (1 - smooth_step(inside / self._head.eye_distance / width))

    def _places(self, necks: NDArray[np.floating[Any]]) -> Array:
        """The portrait's positions (..., 2) of places beside and below the chin, eye distances."""
        return np.asarray(self._chin + necks @ np.linalg.inv(self._axes).T, np.float32)

    def _look_for_neck(self, pixels: NDArray[Any], mask: Array, side: int) -> Side | None:
        """The neck on the left (1) or right (-1) of the chin, if there its outline is that of bare skin."""
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
        if np.median(steps.max(1)[strip]) >= _EDGE:
            return None
        rows = np.arange(len(below)) >= waist
        rows &= below < stop + _HIDDEN
        outline = cv2.GaussianBlur(np.maximum.accumulate(half[rows])[None], (0, 0), _EVEN)[0]
        return Side(below[rows], outline, stop)


def _lab(pixels: NDArray[Any], places: Array) -> Array:
    """(h, w, 3) colours at the portrait's positions (h, w, 2)."""
    shown = to_8bit(sample(np.ascontiguousarray(pixels[..., :3]), places))
    return cv2.cvtColor(shown, cv2.COLOR_RGB2LAB).astype(np.float32)


def _mirrored(values: Array, length: float) -> Array:
    """Values from 0 to a length, those beyond it mirrored at either end."""
    return np.asarray(length * (1 - np.abs(1 - values / length % 2)), np.float32)


def _turned(pose: Pose) -> float:
    """The sine of the yaw: the face turns away from the side of its sign. On the other one the cheek hides the neck."""
    return float(pose.roll()[:, 0] @ pose.rotation[:2, 2])


def _tilted(pose: Pose) -> Pose:
    """The pose without what turns and nods."""
    rotation = np.eye(3)
    rotation[:2, :2] = pose.roll()
    return replace(pose, rotation=rotation)
