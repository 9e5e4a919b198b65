# SPDX-License-Identifier: GPL-3.0-or-later
"""The neck and the back of the head behind the jaw: no portrait from the front shows them, a head that turns does.

A bare neck goes on behind jaw and ears, as wide as it is below them, up to the skull, and spreads to the shoulders as
it is seen to. One that a collar hides goes down behind that. Like a column it follows the tilt of the head and not its
turn; only the skull turns and nods.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ..fields.grid import Grid, area_around, overlap, positions, within
from ..layers import Overlay
from ..pixels.sampling import lay_on, read_at, smooth_step
from .bare_neck import Neck, find_neck
from .beside import Beside
from .covered_neck import find_covered_neck
from .nape_skin import FRINGE, nape_skin
from .occiput import find_occiput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.pose import Pose
    from ..fields.grid import Area
    from ..surface.head import Head

    Array = NDArray[np.float32]

# In eye distances, heights below the chin, where nothing else is said:
_SOFT = 0.015  # of the edge of what is drawn
_MERGES = 0.15  # so far inwards from the fringe skull and neck go over into what is drawn
_EDGE = 0.01  # and jaw and ears, which have an edge, over this
_JAW = 0.15  # from so far above the chin on downwards the outline is more and more that of the neck
_CORNER = 0.18  # below the level where ears end at the latest, in the corner above an ear, masks have wall
_SKULL, _OVER = -0.5, 0.6  # from here upwards it goes with the skull's outline, fully so much higher
_LOBE, _LEVEL = -0.75, 0.1  # from about here on an ear does not hide the jaw
_STEPS = 2  # pixels, over which an edge has no steps
_MIDDLE = 0.2  # beyond the middle, behind the throat, it ends
_TURNED = 0.09  # sine of the yaw (5 degrees) from which all of it is there: a head that hardly turns uncovers nothing


class Column(NamedTuple):
    """What goes on on one side, over an area of the portrait."""

    area: Area
    pixels: NDArray[Any]  # (h, w, C)
    coverage: Array  # (h, w) 0..1
    around: Area  # of the portrait, where the person may hide it,
    merges: Array  # (h', w') 0..1: and how far the person at a place gives way to it


class Nape:
    """What of a portrait's neck goes on behind its head."""

    def __init__(self, pixels: NDArray[Any], mask: Array, head: Head) -> None:
        """Look for a neck in the portrait (H, W, C) with the head mask (H, W)."""
        self._head = head
        self._sides = {side: Beside(pixels, mask, head, side) for side in (-1, 1)}
        necks = {side: find_neck(beside) or find_covered_neck(beside) for side, beside in self._sides.items()}
        self._necks = {side: neck for side, neck in necks.items() if neck}
        self._columns: dict[int, Column] = {}  # each is made when the head first turns so

    def read(self, pose: Pose) -> Overlay | None:
        """What is seen of it in a frame; None without one."""
        turned = _turned(pose)
        side = int(np.sign(turned))
        if side not in self._necks:
            return None
        if side not in self._columns:
            self._columns[side] = self._column(self._sides[side], self._necks[side])
        column = self._columns[side]
        head, upright = self._head, _tilted(pose)
        beside = self._sides[side]
        area = self._seen(column.area, beside, pose)
        grid = Grid.over(area, head.grid.cell)
        flat = np.full((head.fine.rows, head.fine.columns), upright.pivot[2], np.float32)
        still = np.zeros((*flat.shape, 2), np.float32)
        way, _ = head.ways(head.seen_by(upright, flat, still), grid.nodes)
        places = grid.nodes + way
        way += _skull(beside, places) * (head.skull.on_outline(pose, places) - places)
        there = positions(within(area, column.area))
        there += grid.finer(grid.cell).enlarged(way)[within(area, grid.whole)]
        coverage = read_at(column.coverage, there, outside_zero=True) * smooth_step(abs(turned) / _TURNED)
        return Overlay(area, read_at(column.pixels, there), coverage)

    def _seen(self, area: Area, beside: Beside, pose: Pose) -> Area:
        """Where in a frame an area of the portrait is seen at most: still, with the neck, and with the skull."""
        rows, columns = area
        corners = np.array([[x, y] for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)])
        skull = corners + _skull(beside, corners) * (self._head.skull.farthest(pose, corners) - corners)
        flat = np.column_stack([np.concatenate([corners, skull]), np.full(2 * len(corners), pose.pivot[2])])
        return overlap(area_around(np.concatenate([corners, _tilted(pose).apply(flat)])), self._head.picture)

    def lay_over(self, out: NDArray[Any], seen: Overlay, pose: Pose, places: Array) -> Overlay:
        """Let the person in `out` (H, W, C), seen at `places` (h, w, 2), go over into what `read` gave for a pose.

        Gives what was laid over them. Their outermost pixels have the wall's colour, and before skin are a thread.
        """
        column = self._columns[int(np.sign(_turned(pose)))]
        rows, columns = column.around
        share = seen.coverage * read_at(column.merges, places - np.array([columns.start, rows.start], np.float32))
        part, some = out[seen.area], np.nonzero(share)
        if len(some[0]):
            part[some] = lay_on(part[some][:, None], seen.pixels[some][:, None], share[some][:, None])[:, 0]
        return seen._replace(coverage=share)

    def _column(self, beside: Beside, neck: Neck) -> Column:
        """The neck and head on one side, up to a little beyond the middle of the throat, which hides it."""
        back = find_occiput(beside, neck)
        levels, widest = np.array([[back.begins[0]], [neck.ends]]), (back.half.max(), back.own.max())
        area, around = (self._reached(beside, max(neck.outline.half.max(), most), levels) for most in widest)
        out, below = beside.of(positions(area))
        inwards = np.maximum(neck.outline.half_at(below), back.half_at(below)) - out
        coverage = back.coverage(below) * (below < neck.ends)
        coverage *= np.clip(inwards / _SOFT, 0, 1) * smooth_step(1 + out / _MIDDLE)
        skin = nape_skin(beside, neck, back, inwards, below)
        return Column(area, skin, coverage, around, self._merging(beside, around, back.ear, neck))

    def _reached(self, beside: Beside, widest: float, levels: Array) -> Area:
        """The part of the portrait between two levels (2, 1), from beyond the throat to so far out."""
        corners = beside.places(np.array([-_MIDDLE, widest]), levels)
        return overlap(area_around(corners.reshape(-1, 2)), self._head.picture)

    def _merging(self, beside: Beside, area: Area, ear: float, neck: Neck) -> Array:
        """(h, w) 0..1: how far the person gives way to this neck over an area of the portrait."""
        mask, below = beside.mask[area], beside.of(positions(area))[1]
        inside = np.asarray(cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5))
        soft = rim = smooth_step((ear - below + _CORNER) / _JAW)
        if neck.collar is None:
            soft = rim = np.maximum(soft, smooth_step(1 + below / _JAW))
        else:  # it has an edge, and so has the jaw down to it, but within the wall's colour
            jaw = smooth_step((below - _LOBE) / _LEVEL) * smooth_step((neck.collar - below) / _LEVEL + 1)
            rim = np.maximum(rim, jaw)
        fringe, width = (_EDGE + (most - _EDGE) * share for most, share in ((FRINGE, rim), (_MERGES, soft)))
        width = np.maximum(width, _STEPS / self._head.eye_distance)
        inside = np.minimum(inside, self._head.eye_distance)  # without any edge it is without end
        return (mask > 0) * (1 - smooth_step((inside / self._head.eye_distance - fringe) / width))


def _turned(pose: Pose) -> float:
    """The sine of the yaw: the face turns away from the side of its sign. On the other one the cheek hides the neck."""
    return float(pose.roll()[:, 0] @ pose.rotation[:2, 2])


def _skull(beside: Beside, places: NDArray[np.floating[Any]]) -> Array:
    """(..., 1) 0..1: how far positions (..., 2) in the portrait go with the skull's outline."""
    return smooth_step((_SKULL - beside.of(places)[1]) / _OVER)[..., None]


def _tilted(pose: Pose) -> Pose:
    """The pose without what turns and nods."""
    rotation = np.eye(3)
    rotation[:2, :2] = pose.roll()
    return replace(pose, rotation=rotation)
