# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of one frame: which pixel of the portrait is seen where, and what the openings show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .face_field import LEFT, MOUTH, RIGHT, FaceField, Opening
from .grid import Grid, area_of, is_some, overlap, positions, within
from .head import FINER, Head
from .lips import keep_lips
from .sampling import farthest, polygon_mask, read_at, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.target import FaceTarget
    from .grid import Area

    Array = NDArray[np.float32]

STILL = 1e-3  # pixels: a shorter way is no motion
_SQUEEZED = 1.7  # where the portrait is pressed together by more than this, the grid is refined
_BAND = 240  # pixels: a frame is drawn in bands about as high as this, each as wide as what moves in it
_CELLS_BESIDE = 22  # an eye distance, of the fields beside an opening
_SEAM = 0.5  # beside the corners the two sides of an opening blend over this share of the distance
_JUMP = 2.0  # pixels of the portrait from one pixel to the next, more than that: an edge
_SHARP = 0.05  # pixels: between the corners they do not
_RIM_MARGIN = 0.05  # around an opening, in eye distances, its edges are drawn finely
_SOFT_EDGE = 0.006  # of lids and lips, in eye distances


@dataclass(frozen=True)
class Window:
    """What is seen through an opening: an area of the picture."""

    area: Area
    unturned: Array  # (h, w, 2) positions in the unturned face
    coverage: Array  # (h, w) 1 between the rims
    motion: float  # pixels that the rims have moved
    rims: tuple[NDArray[np.float64], NDArray[np.float64]]  # in the unturned face


@dataclass(frozen=True)
class _Sides:
    """The fields on either side of an opening, on a grid over an area of the picture."""

    area: Area
    grid: Grid
    fields: Array  # (rows, columns, 4) what the skin above adds to the way, and what the skin below does
    seam: Array  # (rows, columns, 2) pixels below the line where the two meet, and over which they blend
    rims: tuple[NDArray[np.float64], NDArray[np.float64]]  # in the unturned face


class Frame:
    """One target on one portrait."""

    def __init__(self, head: Head, target: FaceTarget) -> None:
        """Compute the maps on coarse grids."""
        self._head = head
        self._pose = target.pose
        height = head.height(target.pose)
        moved = target.pose.unapply(target.landmarks, head.at_landmarks(height))
        self.moved = moved + keep_lips(head.face.points[:, :2], moved, head.eye_distance)
        self._field = FaceField(head, self.moved)
        moved_height = head.grid.sample(height, head.grid.nodes + self._field.coarse_base)
        self._height = head.grid.enlarge_to(head.fine, moved_height)
        self._coarse = Grid.over(self._box(), head.grid.cell)
        self._coarse_way, self._turn = self._maps(self._coarse.nodes)
        self._bands = head.border_bands(self._coarse.nodes, self._coarse_way)
        self._turn_grid = self._coarse
        self._refine()
        # All that may move: what the grid covers of the picture.
        self._whole = overlap(self._coarse.whole, head.picture)
        areas = {opening: overlap(self._reached(opening, target), self._whole) for opening in (RIGHT, LEFT, MOUTH)}
        # An eye that has left the picture has no pixels.
        self._sides = {opening: self._beside(opening, area) for opening, area in areas.items() if is_some(area)}

    def areas(self) -> list[Area]:
        """What has to be drawn: bands of whole cells where the person moved from or to."""
        head, nodes, way = self._head, self._coarse.nodes, self._coarse_way
        was, is_now = (head.grid.sample(head.person, at) > 0 for at in (nodes, nodes + way))
        moving = (farthest(way) > STILL) & (was | is_now)
        for sides in self._sides.values():
            moving[self._coarse.window(sides.area)] = True
        # A cell more on every side, because enlarging spreads a field to the cells beside it.
        moving = cv2.dilate(moving.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
        parts: list[Area] = []
        for rows in np.array_split(np.arange(len(moving)), max(2, len(moving) * self._coarse.cell // _BAND)):
            columns = np.nonzero(moving[rows].any(axis=0))[0]
            inside = rows[moving[rows].any(axis=1)]
            if len(columns):
                cells = slice(int(inside[0]), int(inside[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
                parts.append(overlap(self._coarse.area(cells), self._whole))
        return [part for part in parts if is_some(part)]

    def skin(self, area: Area) -> Array:
        """(h, w, 2): the portrait's positions that the pixels of an area are read from."""
        way = self._way_grid.enlarge(self._way, area)
        for sides in self._sides.values():
            part = overlap(area, sides.area)
            if is_some(part):
                above, below = np.split(sides.grid.enlarge(sides.fields, part), 2, axis=2)
                height, soft = cv2.split(sides.grid.enlarge(sides.seam, part))
                share = np.clip(0.5 - height / np.maximum(soft, _SHARP), 0, 1)  # cubic: it may swing below
                way[within(part, area)] += below + (above - below) * spread(share, 2)
        self._head.hold_border(way, area, self._bands)
        way[..., 0] += np.arange(area[1].start, area[1].stop, dtype=np.float32)
        way[..., 1] += np.arange(area[0].start, area[0].stop, dtype=np.float32)[:, None]
        return way

    def edges(self, area: Area) -> NDArray[np.uint8]:
        """(h, w): 1 where one surface ends before another, which would be drawn as a staircase."""
        return self._edges[within(area, self._way_grid.whole)]

    def window(self, opening: Opening, target: FaceTarget) -> Window | None:
        """An eye or the mouth, or None where it is not in the picture."""
        sides = self._sides.get(opening)
        margin = _RIM_MARGIN * self._head.eye_distance
        # Where it is and where it was: a closed lid covers all of the open eye.
        outline = list(opening.outline)
        seen = np.concatenate([target.landmarks[outline], self._pose.apply(self._head.face.points[outline])])
        box = area_of(np.concatenate([seen.min(0) - margin, seen.max(0) + margin]))
        if sides is None or not is_some(area := overlap(box, sides.area)):
            return None
        unturned = self._unturned_at(area)
        outline = np.concatenate([sides.rims[0], sides.rims[1][::-1]])
        corner = np.floor(outline.min(0) - margin).astype(int)
        size = np.ceil(outline.max(0) + margin).astype(int) - corner
        # Drawn in the unturned face: what the nose hides of an eye is hidden.
        soft = _SOFT_EDGE * self._head.eye_distance
        mask = polygon_mask(outline, (int(corner[0]), int(corner[1])), (size[1], size[0]), soft)
        coverage = read_at(mask, unturned - corner.astype(np.float32), outside_zero=True)
        motion = float(np.abs(sides.fields).max())
        return Window(area, unturned, coverage, motion, sides.rims)

    def around(self, points: NDArray[np.floating[Any]]) -> tuple[Area, Array] | None:
        """An area of the picture in which (n, 3) points of the unturned face lie, and its positions in there."""
        seen = self._pose.apply(points)
        area = overlap(area_of(np.concatenate([seen.min(0), seen.max(0)])), self._whole)
        return (area, self._unturned_at(area)) if is_some(area) else None

    def _unturned_at(self, area: Area) -> Array:
        """(h, w, 2): the positions of an area's pixels in the unturned face."""
        return positions(area) + self._head.hold_border(self._turn_grid.enlarge(self._turn, area), area, self._bands)

    def _box(self) -> Area:
        """The part of the picture that the head covers in the portrait or in this frame."""
        nodes, size = self._head.grid.nodes, self._head.size
        still = np.concatenate([nodes[[0, -1]].reshape(-1, 2), nodes[:, [0, -1]].reshape(-1, 2)])
        turned = self._pose.apply(np.column_stack([still, np.full(len(still), self._head.face.pivot[2])]))
        both = np.clip(np.concatenate([still, turned]), 0, size)
        return area_of(np.concatenate([both.min(0), both.max(0)]))

    def _maps(self, seen: Array) -> tuple[Array, Array]:
        """From output positions: the way to the portrait's pixel, and the part of it that the head's turn has."""
        head, base = self._head, self._field.base
        turn = np.zeros_like(seen)
        if not self._pose.is_identity():
            turn = head.unturn(self._pose, self._height, seen) - seen
            turn *= spread(head.share_turn(seen, turn), 2)
        return turn + head.fine.sample(base, seen + turn), turn

    def _refine(self) -> None:
        """Bring the maps to finer and finer grids, computed anew where the surface turns out of sight."""
        self._way_grid, self._way = self._coarse, self._coarse_way
        self._edges = np.zeros(self._way.shape[:2], np.uint8)
        while self._way_grid.cell > 1:
            grid, turn = self._turn_grid, self._turn
            down, across = np.gradient(turn, axis=(0, 1))
            squeezed = np.maximum(farthest(down), farthest(across)) > _SQUEEZED * grid.cell
            if grid is self._coarse:  # its nodes are too far apart to show all that is squeezed between them
                squeezed = cv2.dilate(squeezed.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
            rows, columns = np.nonzero(squeezed)
            fine = grid.finer(FINER if grid.cell % FINER == 0 else grid.cell)
            parts = np.arange(grid.cell // fine.cell)
            cells = (
                rows[:, None, None] * len(parts) + parts[:, None],
                columns[:, None, None] * len(parts) + parts,
            )
            nodes = fine.node_at(*cells)
            way, turn = self._maps(nodes.reshape(len(rows), -1, 2)) if len(rows) else (nodes, nodes)
            self._way_grid, self._way = fine, grid.enlarge_to(fine, self._way)
            self._way[cells] = way.reshape(nodes.shape)
            if fine.cell > 1:
                self._turn_grid, self._turn = fine, grid.enlarge_to(fine, self._turn)
                self._turn[cells] = turn.reshape(nodes.shape)
            else:
                self._mark_edges(*(np.ravel(part) for part in np.broadcast_arrays(*cells)))

    def _mark_edges(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        """Note which ones of some pixels of the map lie beside a place where one surface ends before another."""
        way, edges = self._way, np.zeros(self._way.shape[:2], np.uint8)
        for down, across in ((0, 1), (1, 0)):
            next_rows, next_columns = (
                np.minimum(rows + down, len(way) - 1),
                np.minimum(columns + across, way.shape[1] - 1),
            )
            jump = farthest(way[next_rows, next_columns] - way[rows, columns]) > _JUMP
            edges[rows[jump], columns[jump]] = edges[next_rows[jump], next_columns[jump]] = 1
        # Pixels that do not move stay exactly as they are.
        marked = np.nonzero(edges)
        edges[marked] = farthest(way[marked]) > STILL
        self._edges = edges

    def _beside(self, opening: Opening, area: Area) -> _Sides:
        """The fields of an opening over an area of the picture, which is what they reach."""
        grid = Grid.over(area, max(1, round(self._head.eye_distance / _CELLS_BESIDE)))
        unturned = grid.nodes + self._turn_grid.sample(self._turn, grid.nodes)
        fields = np.concatenate(self._field.beside(opening, unturned), axis=2)
        rims = opening.rims(self.moved)
        return _Sides(area, grid, fields, _seam(rims, unturned), rims)

    def _reached(self, opening: Opening, target: FaceTarget) -> Area:
        """The pixels that the fields of an opening reach, be they in the picture or not."""
        reach = opening.radius * self._head.eye_distance * self._pose.scale
        points = target.landmarks[[*opening.outline, *opening.upper_anchors, *opening.lower_anchors]]
        return area_of(np.concatenate([points.min(0) - reach, points.max(0) + reach]))


def _seam(rims: tuple[NDArray[np.float64], NDArray[np.float64]], positions: Array) -> Array:
    """(h, w, 2) pixels: how far below the middle line of an opening, and how softly its sides blend there.

    Softer and softer beside its corners.
    """
    middle = (rims[0] + rims[1]) / 2
    along = middle[-1] - middle[0]
    width = max(float(np.linalg.norm(along)), 1.0)
    axes = np.array([along, [-along[1], along[0]]]) / width
    line_t, line_v = axes @ (middle - middle[0]).T
    local = np.asarray(cv2.transform(positions, np.column_stack([axes, -axes @ middle[0]])), np.float32)
    t, v = np.moveaxis(local, 2, 0)
    height = v - np.asarray(np.interp(t, line_t, line_v), np.float32)
    beside = np.maximum(np.maximum(-t, t - width), 0)
    return np.asarray(cv2.merge([height, _SHARP + _SEAM * beside]), np.float32)
