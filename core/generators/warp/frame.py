# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of one frame: which pixel of the portrait is seen where, and what the openings show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...motion.target import STILL
from .fields.face_field import LEFT, MOUTH, RIGHT, FaceField, Opening
from .fields.grid import Grid, area_around, is_some, overlap
from .mouth.lips import with_sound_lips
from .pixels import coarse_maps, positions
from .pixels.positions import Maps, Sides, Ways
from .pixels.sampling import SOFT_EDGE, polygon_mask, read_at
from .surface.head import FINER, Head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.target import FaceTarget
    from .fields.grid import Area
    from .pixels.positions import Bumps

    Array = NDArray[np.float32]
    _Rims = tuple[NDArray[np.float64], NDArray[np.float64]]

# Where a turn changes by more pixels from one pixel to the next, coarse nodes are refined, and finer ones again.
_UNEVEN, _STILL_UNEVEN = 0.5, 1.2
_BANDS = 24  # that a frame is drawn in, each as wide as what moves in it
_CELLS_BESIDE = 22  # an eye distance, of the fields beside an opening
_JUMP = 2.0  # pixels of the portrait from one pixel to the next, more than that: an edge
_RIM_MARGIN = 0.05  # around an opening, in eye distances, its edges are drawn finely
_PLACES = 129  # from corner to corner of an opening, at which it is told how far its rims stand apart


@dataclass(frozen=True)
class Window:
    """What is seen through an opening: an area of the picture."""

    area: Area
    unturned: Array  # (h, w, 2) positions in the unturned face
    rims: _Rims  # in the unturned face
    motion: float  # pixels that the face has moved these against each other, or the corners


@dataclass(frozen=True)
class _Beside:
    """The fields on either side of an opening, over an area of the picture."""

    area: Area
    sides: Sides
    rims: _Rims  # in the unturned face


class Frame:
    """One target on one portrait."""

    def __init__(self, head: Head, target: FaceTarget) -> None:
        """Compute the maps on coarse grids for an absolute target, see `Head.landed`."""
        self._head = head
        self._pose = target.pose
        self._unmoved = target.pose.apply(head.face.points)  # where the portrait's expression would be seen
        height = head.height(target.pose)
        heights = head.at_landmarks(height)
        moved = target.pose.unapply(target.landmarks, heights)
        self.moved = with_sound_lips(head.face.points[:, :2], moved, head.eye_distance, keyed=not target.tracked)
        self._still = target.pose.unapply(self._unmoved, heights)  # where this turn alone takes the points
        self._field = FaceField(head, self.moved)
        bumps = self._field.beside(_OPENINGS)
        moved_height = head.grid.sample(height, head.grid.nodes + self._field.coarse_base, cubic=True)
        self._look = head.seen_by(target.pose, head.fine.enlarged(moved_height), self._field.base)
        self._coarse = Grid.over(self._box(), head.grid.cell)
        self._coarse_way, turn = head.ways(self._look, self._coarse.nodes)
        self._border = head.border(self._coarse.nodes, self._coarse_way, target.landmarks)
        self._ways, self._sharp, self._turn = self._refine(turn)
        # All that may move: what the grid covers of what is shown.
        self._whole = overlap(self._coarse.whole, head.shown)
        self._beside: dict[Opening, _Beside] = {}
        for opening, sides in zip(_OPENINGS, bumps, strict=True):
            area = overlap(self._reached(opening, target), self._whole)
            if is_some(area):  # an eye that has left the picture has no pixels
                self._beside[opening] = self._look_beside(opening, area, sides)
        right, left, mouth = (self._beside[o].sides if o in self._beside else _NO_SIDES for o in _OPENINGS)
        self.maps = Maps(self._ways, (right, left, mouth), self._border)

    def bands(self) -> NDArray[np.int64]:
        """(N, 4) first and end row, first and end column of what has to be drawn: where the person moved from or to."""
        person, of_person, coarse = self._head.person, self._head.grid, self._coarse
        place = of_person.left, of_person.top, of_person.cell
        moving = coarse_maps.moving(coarse.nodes, self._coarse_way, person, *place, STILL)
        for beside in self._beside.values():
            moving[coarse.window(beside.area)] = 1
        # Two cells more on every side, because a cubic enlargement spreads a field so far.
        moving = cv2.dilate(moving, np.ones((5, 5), np.uint8))
        cells = coarse_maps.bands_of(np.asarray(moving, np.uint8), _BANDS)
        (first, end), (left, right) = ((part.start, part.stop) for part in self._whole)
        pixels = cells * coarse.cell + [coarse.top, coarse.top, coarse.left, coarse.left]
        return np.clip(pixels, [first, first, left, left], [end, end, right, right])

    def areas(self) -> list[Area]:
        """The same as areas of the picture."""
        return [(slice(*band[:2]), slice(*band[2:])) for band in self.bands().tolist()]

    def skin(self, area: Area) -> Array:
        """(h, w, 2): the portrait's positions that the pixels of an area are read from."""
        return _positions(area, self.maps)

    def edges(self) -> NDArray[np.int32]:
        """(N, 2) rows and columns where one surface ends before another, which would be drawn as a staircase."""
        return coarse_maps.edges(self._sharp, _JUMP, STILL)

    def window(self, opening: Opening, target: FaceTarget) -> Window | None:
        """An eye or the mouth, or None where it is not in the picture."""
        beside = self._beside.get(opening)
        margin = _RIM_MARGIN * self._head.eye_distance * self._pose.scale
        # Where it is and where it was: a closed lid covers all of the open eye.
        seen = np.concatenate([target.landmarks[opening.outline], self._unmoved[opening.outline]])
        box = area_around(seen, margin)
        if beside is None or not is_some(area := overlap(box, beside.area)):
            return None
        motion = _apart_by(opening.rims(self._still), beside.rims)
        return Window(area, self._unturned_at(area), beside.rims, motion)

    def coverage(self, window: Window) -> Array:
        """(h, w): 1 between the rims of a window. It is drawn in the unturned face: what the nose hides is hidden."""
        margin = _RIM_MARGIN * self._head.eye_distance
        outline = np.concatenate([window.rims[0], window.rims[1][::-1]])
        corner = np.floor(outline.min(0) - margin).astype(int)
        size = np.ceil(outline.max(0) + margin).astype(int) - corner
        soft = SOFT_EDGE * self._head.eye_distance
        mask = polygon_mask(outline, (int(corner[0]), int(corner[1])), (size[1], size[0]), soft)
        mask *= _apart(window.rims, corner, size)
        return read_at(mask, window.unturned - corner.astype(np.float32), outside_zero=True)

    def around(self, points: NDArray[np.floating[Any]]) -> tuple[Area, Array] | None:
        """An area of the picture in which (n, 3) points of the unturned face lie, and its positions in there."""
        seen = self._pose.apply(points)
        area = overlap(area_around(seen), self._whole)
        return (area, self._unturned_at(area)) if is_some(area) else None

    def _unturned_at(self, area: Area) -> Array:
        """(h, w, 2): the positions of an area's pixels in the unturned face."""
        return _positions(area, Maps(self._turn, (_NO_SIDES, _NO_SIDES, _NO_SIDES), self._border))

    def _box(self) -> Area:
        """The part of what is shown that the head covers in the portrait or in this frame."""
        nodes, (rows, columns) = self._head.grid.nodes, self._head.shown
        corners = nodes[[0, 0, -1, -1], [0, -1, 0, -1]]
        turned = self._pose.apply(np.column_stack([corners, np.full(4, self._head.face.pivot[2])]))
        both = np.maximum(np.concatenate([corners, turned]), [columns.start, rows.start])
        return area_around(np.minimum(both, [columns.stop, rows.stop]))

    def _refine(self, turn: Array) -> tuple[Ways, Ways, Ways]:
        """The way; the same where the surface turns out of sight, computed down to the pixel there; and the turn."""
        coarse, grid, way = self._coarse, self._coarse, self._coarse_way
        # The coarse nodes are too far apart to show all that is uneven between them.
        uneven = coarse_maps.uneven(turn, _UNEVEN * coarse.cell)
        uneven = marked = np.asarray(cv2.dilate(uneven, np.ones((3, 3), np.uint8)), np.uint8)
        while grid.cell > FINER and (parts := _parts(grid.cell)) and marked.any():
            finer = grid.finer(parts)
            way, turn = finer.enlarged(way), finer.enlarged(turn)
            _, *cells = coarse_maps.parts_of(marked, parts)
            way[*cells], turn[*cells] = self._head.ways(self._look, finer.node_at(*cells))
            grid, marked = finer, coarse_maps.uneven(turn, _STILL_UNEVEN * finer.cell)
        sharp, sharp_turn = self._exact_in(marked, grid, way, turn)
        if grid is coarse:
            return sharp, sharp, sharp_turn
        numbers, *cells = coarse_maps.parts_of(uneven, 1)
        rows, columns = (of.reshape(-1) for of in cells)
        exact = positions.of_cells(sharp, rows, columns, coarse.cell)
        return _smooth(coarse, self._coarse_way)._replace(blocks=numbers, exact=exact), sharp, sharp_turn

    def _exact_in(self, cells: NDArray[np.uint8], grid: Grid, way: Array, turn: Array) -> tuple[Ways, Ways]:
        """The way and the turn between the nodes of a grid, and those of every single pixel in the marked cells."""
        smooth = _smooth(grid, way), _smooth(grid, turn)
        if grid.cell == 1 or not cells.any():
            return smooth
        numbers, *pixels = coarse_maps.parts_of(cells, grid.cell)
        exact = self._head.ways(self._look, grid.finer(grid.cell).node_at(*pixels))
        sharp, sharp_turn = (of._replace(blocks=numbers, exact=e) for of, e in zip(smooth, exact, strict=True))
        return sharp, sharp_turn

    def _look_beside(self, opening: Opening, area: Area, bumps: tuple[Bumps, Bumps]) -> _Beside:
        """The fields of an opening over an area of the picture, which is what they reach."""
        grid = Grid.over(area, max(1, round(self._head.eye_distance / _CELLS_BESIDE)))
        rims, place = opening.rims(self.moved), (grid.left, grid.top, grid.cell)
        fields = np.empty((grid.rows, grid.columns, 6), np.float32)
        positions.fill_sides(fields, bumps, rims, self._turn, *place)
        if self._head.held is not None:
            turn = self._turn
            of_turn = Grid(turn.left, turn.top, turn.cell, *turn.nodes.shape[1::-1])
            unturned = grid.nodes + of_turn.sample(turn.nodes, grid.nodes)
            fields[..., :4] = self._field.freed(fields[..., :4], unturned)
        sides = Sides(area[0].start, area[0].stop, area[1].start, area[1].stop, *place, fields)
        return _Beside(area, sides, rims)

    def _reached(self, opening: Opening, target: FaceTarget) -> Area:
        """The pixels that the fields of an opening reach, be they in the picture or not."""
        reach = opening.radius * self._head.eye_distance * self._pose.scale
        points = target.landmarks[[*opening.outline, *opening.upper_anchors, *opening.lower_anchors]]
        return area_around(points, reach)


_OPENINGS = RIGHT, LEFT, MOUTH
_NO_SIDES = Sides(0, 0, 0, 0, 0, 0, 1, np.zeros((1, 1, 6), np.float32))


def _apart_by(still: _Rims, moved: _Rims) -> float:
    """How far rims and their corners have `moved` against each other from where a face that is `still` has them."""
    gaps = (moved[1] - moved[0]) - (still[1] - still[0])
    width = (moved[0][-1] - moved[0][0]) - (still[0][-1] - still[0][0])
    return float(np.sqrt((np.vstack([gaps, width]) ** 2).sum(1).max()))


def _apart(rims: _Rims, corner: NDArray[np.intp], size: NDArray[np.intp]) -> Array:
    """(h, w) 0 where two rims meet, 1 from one pixel between them on: OpenCV draws what has no area as a line."""
    first, last = rims[0][[0, -1]]
    width = max(float(np.hypot(*(last - first))), 1e-6)
    right = (last - first) / width
    down = np.array([-right[1], right[0]])
    places = np.linspace(0, width, _PLACES)
    top, bottom = (
        np.asarray(np.interp(places, np.maximum.accumulate((rim - first) @ right), (rim - first) @ down), np.float32)
        for rim in rims
    )
    apart = np.clip(bottom - top, 0, 1)[None]
    place = (_PLACES - 1) / width * np.array([[*right, (corner - first) @ right], [0, 0, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(apart, place, size.tolist(), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(spread, np.float32)


def _positions(area: Area, maps: Maps) -> Array:
    out = np.empty((area[0].stop - area[0].start, area[1].stop - area[1].start, 2), np.float32)
    positions.fill(out, area[0].start, area[1].start, maps)
    return out


def _parts(cell: int) -> int:
    """Into how many cells, along a side, one of so many pixels is parted; 0: they do not divide so."""
    return next((parts for parts in (FINER, 3, 2) if cell % parts == 0), 0)


def _smooth(grid: Grid, nodes: Array) -> Ways:
    """A way that is known at the nodes (rows, columns, 2) of a grid."""
    blocks = np.full(nodes.shape[:2], -1, np.int32)
    return Ways(grid.left, grid.top, grid.cell, nodes, blocks, np.zeros((0, grid.cell, grid.cell, 2), np.float32))
