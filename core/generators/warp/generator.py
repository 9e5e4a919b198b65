# SPDX-License-Identifier: GPL-3.0-or-later
"""The warp generator: one frame is a backward map of the portrait, with eyes and mouth drawn as layers.

For an output pixel: take the head's turn off (`Head.unturn`, 3D), take the expression off (`FaceField`, 2D), read the
portrait there. Inside the lids lies the eyeball, inside the lips the mouth's interior; the skin is laid over them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...motion.face_model import fit_face
from .eyes import Eyeball
from .face_field import LEFT, MOUTH, RIGHT, FaceField, Opening
from .grid import Grid, overlap, positions, within
from .head import Head
from .lids import follow_lids, lid_shifts
from .lips import keep_lips, seam_shifts
from .mouth import MouthInterior
from .sampling import blend, polygon_mask, sample, smooth_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ...motion.target import FaceTarget
    from ..base import Portrait

    Array = NDArray[np.float32]
    Area = tuple[slice, slice]  # rows and columns of the picture
    Inside = Callable[[Array], NDArray[Any]]  # positions in the unturned face -> pixels

_STILL = 1e-3  # pixels: a shorter way is no motion
_FINER = 4  # the fields beside an opening are this much finer than those of the head
_SEAM = 0.5  # beside the corners the two sides of an opening blend over this share of the distance
_RIM_MARGIN = 0.05  # around an opening, in eye distances, its edges are drawn finely
_STIRRED = 0.02  # eye distances of motion after which an opening is drawn as layers
_SOFT_EDGE = 0.006  # of lids and lips, in eye distances


class WarpGenerator:
    """Moves one portrait; see `Generator`."""

    def __init__(self, portrait: Portrait) -> None:
        """Fit the face model and prepare what does not change from frame to frame."""
        self._pixels = portrait.pixels
        height, width = portrait.pixels.shape[:2]
        fitted = fit_face(portrait.landmarks)
        self._detected = fitted.points[:, :2]
        self._shifts = lid_shifts(portrait.pixels, fitted.points)
        self._seam = seam_shifts(portrait.pixels, fitted.points, fitted.eye_distance)
        face = replace(fitted, points=fitted.points + np.pad(self._shifts + self._seam, ((0, 0), (0, 1))))
        self._head = Head(face, (width, height))
        self._eyes = tuple(Eyeball(portrait.pixels, face, eye) for eye in range(2))
        self._mouth = MouthInterior(portrait.pixels, face)

    def draw(self, target: FaceTarget) -> NDArray[Any]:
        """The frame: same shape and type as the portrait's pixels."""
        out = self._pixels.copy()
        moved = np.abs(target.landmarks - self._detected).max()
        if moved < _STILL and np.abs(target.gaze).max() == 0:
            return out
        lids = follow_lids(self._shifts, self._detected, target.landmarks)
        unturned = target.pose.unapply(target.landmarks, self._head.landmark_height) + self._seam
        lips = self._seam + keep_lips(self._head.face.points[:, :2], unturned, self._head.eye_distance)
        lips = target.pose.scale * lips @ target.pose.rotation[:2, :2].T
        frame = _Frame(self._head, replace(target, landmarks=target.landmarks + lids + lips))
        frame.draw_skin(self._pixels, out)
        for opening, eye, gaze in zip((RIGHT, LEFT), self._eyes, target.gaze, strict=True):
            frame.draw_opening(self._pixels, out, opening, partial(eye.read, gaze=gaze), eye.way(gaze))
        frame.draw_opening(self._pixels, out, MOUTH, partial(self._mouth.read, moved=frame.field.moved, pose=target.pose))
        return out


class _Frame:
    """The maps of one frame."""

    def __init__(self, head: Head, target: FaceTarget) -> None:
        self._head = head
        self._target = target
        moved = target.pose.unapply(target.landmarks, head.landmark_height)
        self.field = FaceField(head, moved)
        self.grid = Grid.over(self._box(), head.grid.cell)
        self.unturned, self.way = self._maps(self.grid.nodes)
        # All that may move: what the grid covers of the picture.
        self._whole = overlap(
            self.grid.area((slice(0, self.grid.rows), slice(0, self.grid.columns))),
            (slice(0, head.size[1]), slice(0, head.size[0])),
        )
        areas = {opening: overlap(self._reached(opening), self._whole) for opening in (RIGHT, LEFT, MOUTH)}
        # An eye that has left the picture has no pixels.
        self._sides = {opening: self._beside(opening, area) for opening, area in areas.items() if _is_some(area)}

    def _box(self) -> NDArray[np.floating[Any]]:
        """The part of the picture that the head covers in the portrait or in this frame."""
        head, pose = self._head, self._target.pose
        rim = head.grid.nodes[[0, -1]].reshape(-1, 2), head.grid.nodes[:, [0, -1]].reshape(-1, 2)
        still = np.concatenate(rim)
        turned = pose.apply(np.column_stack([still, np.full(len(still), head.face.pivot[2])]))
        both = np.concatenate([still, turned])
        width, height = head.size
        low = np.clip(both.min(0), 0, (width, height))
        high = np.clip(both.max(0) + 1, 0, (width, height))
        return np.concatenate([low, high])

    def _maps(self, seen: Array) -> tuple[Array, Array]:
        """At output positions: where they are in the unturned face, and the way to the portrait's pixel."""
        head, pose, base = self._head, self._target.pose, self.field.base
        unturned = seen
        if not pose.is_identity():
            height = head.grid.sample(head.height, head.grid.nodes + base)
            turned = head.unturn(pose, height, seen)
            # What the head covers now and what it covered in the portrait both go with it.
            reach = 1 - (1 - head.reach_at(turned)) * (1 - head.reach_at(seen))
            unturned = seen + (turned - seen) * reach[..., None]
        way = unturned + head.grid.sample(base, unturned) - seen
        return unturned, way

    def draw_skin(self, pixels: NDArray[Any], out: NDArray[Any]) -> None:
        """Read every pixel that moves; the rest of `out` keeps what it has."""
        area = overlap(self._moving(), self._whole)
        if not _is_some(area):
            return
        way = self.grid.enlarge(self.way, area)
        for side in self._sides.values():
            way[within(side.area, area)] += side.fine.enlarge(side.mixed, side.area)
        self._head.hold_border(way, area)
        way[..., 0] += np.arange(area[1].start, area[1].stop, dtype=np.float32)
        way[..., 1] += np.arange(area[0].start, area[0].stop, dtype=np.float32)[:, None]
        out[area] = sample(pixels, way)

    def _moving(self) -> Area:
        """Whole cells around all that moves."""
        moving = np.abs(self.way).max(axis=2) > _STILL
        for side in self._sides.values():
            rows, columns = side.area
            box = np.array([columns.start, rows.start, columns.stop, rows.stop])
            moving[self.grid.window(box)] = True
        rows, columns = (np.nonzero(moving.any(axis=axis))[0] for axis in (1, 0))
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        # A cell more on every side, because enlarging spreads a field to the cells beside it.
        return self.grid.area((slice(rows[0] - 1, rows[-1] + 2), slice(columns[0] - 1, columns[-1] + 2)))

    def draw_opening(
        self, pixels: NDArray[Any], out: NDArray[Any], opening: Opening, inside: Inside, inside_moves: float = 0
    ) -> None:
        """Draw an eye's or the mouth's edges and what lies between them; the skin around is there already.

        `inside_moves` says by how many pixels what lies between moves by itself.
        """
        head, side, target = self._head, self._sides.get(opening), self._target.landmarks
        rims = opening.rims(target)
        outline = np.concatenate([rims[0], rims[1][::-1]])
        margin = _RIM_MARGIN * head.eye_distance
        box = _pixels_of(np.concatenate([outline.min(0) - margin, outline.max(0) + margin]))
        if side is None or not _is_some(area := overlap(box, side.area)):
            return
        seen = positions(area)
        way = self.grid.enlarge(self.way, area)
        below, above = (
            sample(pixels, seen + head.hold_border(way + side.fine.enlarge(field, area), area))
            for field in (side.below, side.above)
        )
        skin = blend(below, above, _share_above(rims, seen))
        coverage = polygon_mask(outline, (area[1].start, area[0].start), seen.shape[:2], _SOFT_EDGE * head.eye_distance)
        coverage = head.hold_border(coverage, area) * _stirred(side, inside_moves, head.eye_distance)
        if coverage.any():
            turned = head.hold_border(self.grid.enlarge(self.unturned - self.grid.nodes, area), area)
            skin = blend(skin, inside(seen + turned), coverage)
        out[area] = skin

    def _beside(self, opening: Opening, area: Area) -> _Sides:
        """The fields of an opening over an area of the picture, which is what they reach."""
        # They are smooth: a quarter of the coarse cell is fine enough.
        cell = max(1, self.grid.cell // _FINER)
        fine = Grid.over(np.array([area[1].start, area[0].start, area[1].stop, area[0].stop]), cell)
        unturned = fine.nodes + self.grid.sample(self.unturned - self.grid.nodes, fine.nodes)
        above, below = self.field.beside(opening, unturned)
        share = _share_above(opening.rims(self._target.landmarks), fine.nodes)
        return _Sides(area, fine, above, below, below + (above - below) * share[..., None])

    def _reached(self, opening: Opening) -> Area:
        """The pixels that the fields of an opening reach, be they in the picture or not."""
        reach = opening.radius * self._head.eye_distance * self._target.pose.scale
        points = self._target.landmarks[[*opening.outline, *opening.upper_anchors, *opening.lower_anchors]]
        return _pixels_of(np.concatenate([points.min(0) - reach, points.max(0) + reach]))


@dataclass(frozen=True)
class _Sides:
    """An opening's part of the map: fields on a fine grid over an area of the picture."""

    area: Area
    fine: Grid
    above: Array  # (rows, columns, 2) what the skin above adds to the way
    below: Array
    mixed: Array  # whichever of them is seen there


def _stirred(side: _Sides, inside_moves: float, distance: float) -> Array:
    """0 where an opening is as in the portrait, so that its own pixels stay; 1 from a small motion on."""
    motion = max(float(np.abs(side.above).max()), float(np.abs(side.below).max()), inside_moves)
    return smooth_step(np.array(motion / (_STIRRED * distance)))


def _pixels_of(box: NDArray[np.floating[Any]]) -> Area:
    """Whole pixels of a box (left, top, right, bottom)."""
    low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int) + 1
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _is_some(area: Area) -> bool:
    return area[0].start < area[0].stop and area[1].start < area[1].stop


def _share_above(rims: tuple[NDArray[np.float64], NDArray[np.float64]], seen: Array) -> Array:
    """(h, w): 1 above the middle line of an opening, 0 below it; softer and softer beside its corners."""
    middle = (rims[0] + rims[1]) / 2
    along = middle[-1] - middle[0]
    width = max(float(np.linalg.norm(along)), 1.0)
    along = along / width
    down = np.array([-along[1], along[0]])
    line_t, line_v = (middle - middle[0]) @ along, (middle - middle[0]) @ down
    local = seen - middle[0].astype(np.float32)
    t, v = local @ along.astype(np.float32), local @ down.astype(np.float32)
    height = v - np.asarray(np.interp(t, line_t, line_v), np.float32)
    beside = np.maximum(np.maximum(-t, t - width), 0)
    return np.clip(0.5 - height / (1 + _SEAM * beside), 0, 1).astype(np.float32)
