# SPDX-License-Identifier: GPL-3.0-or-later
"""The warp generator: one frame is a backward map of the portrait, with eyes and mouth drawn as layers.

For an output pixel: take the head's turn off (`Head.unturn`, 3D), take the expression off (`FaceField`, 2D), read the
portrait there. Inside the lids lies the eyeball, inside the lips the mouth's interior; the skin is laid over them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...motion.face_model import fit_face
from .eyes import Eyeball
from .face_field import LEFT, MOUTH, RIGHT, FaceField, Opening
from .grid import Grid
from .head import Head
from .lids import follow_lids, lid_shifts
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
        face = replace(fitted, points=fitted.points + np.pad(self._shifts, ((0, 0), (0, 1))))
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
        frame = _Frame(self._head, replace(target, landmarks=target.landmarks + lids))
        frame.draw_skin(self._pixels, out)
        for opening, eye, gaze in zip((RIGHT, LEFT), self._eyes, target.gaze, strict=True):
            frame.draw_opening(self._pixels, out, opening, partial(eye.read, gaze=gaze), eye.way(gaze))
        frame.draw_opening(self._pixels, out, MOUTH, partial(self._mouth.read, moved=frame.field.moved))
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
        windows = {opening: self._reached(opening) for opening in (RIGHT, LEFT, MOUTH)}
        # An eye that has left the picture has no cells.
        inside = {opening: w for opening, w in windows.items() if w[0].start < w[0].stop and w[1].start < w[1].stop}
        self._sides = {opening: self._beside(opening, window) for opening, window in inside.items()}
        self._area: Area
        self._way: Array

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
        moving = np.abs(self.way).max(axis=2) > _STILL
        for opening in self._sides:
            moving[self._reached(opening)] = True
        rows, columns = np.nonzero(moving.any(axis=1))[0], np.nonzero(moving.any(axis=0))[0]
        # One cell more on every side, because enlarging reads the neighbours.
        window = (slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2))
        self._area, self._way = self._enlarge(self.way, window)
        for side in self._sides.values():
            self._way[_within(side.area, self._area)] += side.mixed
        out[self._area] = sample(pixels, _positions(self._area) + self._way)

    def draw_opening(
        self, pixels: NDArray[Any], out: NDArray[Any], opening: Opening, inside: Inside, inside_moves: float = 0
    ) -> None:
        """Draw an eye's or the mouth's edges and what lies between them; the skin around is there already.

        `inside_moves` says by how many pixels what lies between moves by itself.
        """
        side, target = self._sides.get(opening), self._target.landmarks
        if side is None:
            return
        outline = np.concatenate([part[:: 1 - 2 * i] for i, part in enumerate(opening.rims(target))])
        margin = _RIM_MARGIN * self._head.eye_distance
        area = _clip(np.concatenate([outline.min(0) - margin, outline.max(0) + margin]), side.area)
        if area[0].start >= area[0].stop or area[1].start >= area[1].stop:
            return
        own = _within(area, side.area)
        seen = _positions(area)
        way = seen + self._way[_within(area, self._area)] - side.mixed[own]
        skin = blend(sample(pixels, way + side.below[own]), sample(pixels, way + side.above[own]), side.share[own])
        corner = (area[1].start, area[0].start)
        coverage = polygon_mask(outline, corner, seen.shape[:2], _SOFT_EDGE * self._head.eye_distance)
        coverage *= self._head.still_border(area) * _stirred(side, inside_moves, self._head.eye_distance)
        out[area] = blend(skin, inside(side.unturned[own]), coverage) if coverage.any() else skin

    def _beside(self, opening: Opening, window: tuple[slice, slice]) -> _Sides:
        """The fields of an opening at every pixel of a window of cells, which is what they reach."""
        area, offset = self._enlarge(self.unturned - self.grid.nodes, window)
        seen = _positions(area)
        unturned = seen + offset
        # The opening's own fields are smooth: a quarter of the coarse cell is fine enough.
        fine = max(1, self.grid.cell // _FINER)
        size = (max(2, seen.shape[1] // fine), max(2, seen.shape[0] // fine))
        coarse = np.asarray(cv2.resize(unturned, size, interpolation=cv2.INTER_AREA), np.float32)
        fields = self.field.beside(opening, coarse)
        still = self._head.still_border(area)[..., None]
        above, below = (
            np.asarray(cv2.resize(field, seen.shape[1::-1], interpolation=cv2.INTER_CUBIC) * still, np.float32)
            for field in fields
        )
        share = _share_above(opening, self._target.landmarks, seen)
        return _Sides(area, unturned, above, below, share, below + (above - below) * share[..., None])

    def _reached(self, opening: Opening) -> tuple[slice, slice]:
        """The cells of this frame's grid that the fields of an opening reach."""
        reach = opening.radius * self._head.eye_distance * self._target.pose.scale
        points = self._target.landmarks[[*opening.outline, *opening.upper_anchors, *opening.lower_anchors]]
        return self.grid.window(np.concatenate([points.min(0) - reach, points.max(0) + reach]))

    def _enlarge(self, field: Array, window: tuple[slice, slice]) -> tuple[Area, Array]:
        """A way at every picture pixel of a window of cells, none at the border; and where in the picture that is."""
        way = self.grid.enlarge(field, window)
        width, height = self._head.size
        left = self.grid.left + window[1].start * self.grid.cell
        top = self.grid.top + window[0].start * self.grid.cell
        area = (slice(top, min(top + way.shape[0], height)), slice(left, min(left + way.shape[1], width)))
        way = way[: area[0].stop - top, : area[1].stop - left]
        return area, way * self._head.still_border(area)[..., None]


@dataclass(frozen=True)
class _Sides:
    """An opening's part of the map, over an area of the picture."""

    area: Area
    unturned: Array  # (h, w, 2) positions in the unturned face
    above: Array  # (h, w, 2) what the skin above adds to the way
    below: Array
    share: Array  # (h, w) 1 where the skin above is seen
    mixed: Array  # (h, w, 2)


def _stirred(side: _Sides, inside_moves: float, distance: float) -> Array:
    """0 where an opening is as in the portrait, so that its own pixels stay; 1 from a small motion on."""
    motion = max(float(np.abs(side.above).max()), float(np.abs(side.below).max()), inside_moves)
    return smooth_step(np.array(motion / (_STIRRED * distance)))


def _within(area: Area, outer: Area) -> Area:
    """The same part of the picture as slices of an array that covers `outer`."""
    return (
        slice(area[0].start - outer[0].start, area[0].stop - outer[0].start),
        slice(area[1].start - outer[1].start, area[1].stop - outer[1].start),
    )


def _clip(box: NDArray[np.floating[Any]], outer: Area) -> Area:
    """Whole pixels of a box (left, top, right, bottom) inside an area."""
    low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int) + 1
    return (
        slice(max(int(low[1]), outer[0].start), min(int(high[1]), outer[0].stop)),
        slice(max(int(low[0]), outer[1].start), min(int(high[0]), outer[1].stop)),
    )


def _positions(area: Area) -> Array:
    """(h, w, 2) pixel positions of a part of the picture."""
    x = np.arange(area[1].start, area[1].stop, dtype=np.float32)
    y = np.arange(area[0].start, area[0].stop, dtype=np.float32)
    return np.dstack(np.meshgrid(x, y))


def _share_above(opening: Opening, landmarks: NDArray[np.floating[Any]], seen: Array) -> Array:
    """(h, w): 1 above the middle line of an opening, 0 below it; softer and softer beside its corners."""
    middle = np.mean(opening.rims(landmarks), axis=0)
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
