# SPDX-License-Identifier: GPL-3.0-or-later
"""The head as a surface over the picture: it turns in 3D, and what is far from it stays still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...motion.face_model import FittedFace, load_face_model
from .grid import Grid, area_of, overlap, within
from .rbf import thin_plate
from .sampling import read_planes, smooth_step
from .skull import Skull

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ...motion.pose import Pose
    from .grid import Area

    Array = NDArray[np.float32]

_CELLS_PER_EYE_DISTANCE = 14
FINER = 4  # fields are read from a grid this much finer: OpenCV tells places apart by 1/32 of a cell only
_MARGIN = np.array([1.7, 2.3, 1.7, 1.7])  # left, top, right, bottom of the landmarks' box, in eye distances
_CHIN, _NECK = 0.0, 0.75  # the head's turn dies out from here below the chin on over such a length of neck
_SKIN, _SKIN_NECK = 0.1, 0.6  # and what the face does, which may open its mouth wide
_BORDER = 0.3  # eye distances: towards the border of the picture it is stretched over this length at least
_STEEPEST = 4.0  # slope of the surface
_SHARES = 6
_SEARCH_STEPS, _HALVINGS, _SECANTS = 8, 2, 1


class Head:
    """Height field and reach of one portrait's head, on a grid over the head and its surroundings."""

    def __init__(self, face: FittedFace, mask: Array, lip_edges: NDArray[np.float64] | None = None) -> None:
        """Lay the fitted head model under a picture whose head mask (H, W) is 1 on the person.

        `lip_edges` (68, 2) is what `lips.seam_edges` found.
        """
        self.face = face
        self.lip_edges = np.zeros((68, 2)) if lip_edges is None else lip_edges
        self.eye_distance = face.eye_distance
        self.size = mask.shape[1], mask.shape[0]
        self.picture = slice(0, mask.shape[0]), slice(0, mask.shape[1])
        points = face.points[:, :2]
        box = np.concatenate([points.min(0), points.max(0)]) + _MARGIN * self.eye_distance * [-1, -1, 1, 1]
        surroundings = Grid.over(area_of(box), _cell(self.eye_distance))
        self.grid = self._around_person(surroundings, mask)
        self.fine = self.grid.finer(FINER)
        self.person = self._person(self.grid, mask)
        self.skin_reach = self._reach(self.grid.nodes, _SKIN, _SKIN_NECK)
        self._fine_reach = self._reach(self.fine.nodes, _CHIN, _NECK)
        self._cut = self._cut_lines(mask)
        self._skull = Skull(face, self.grid.nodes, self._from_outline(mask))
        surface = project_model(face)
        self._height = self._height_field(surface)

    def height(self, pose: Pose) -> Array:
        """(rows, columns) the surface of the head in pixels towards the viewer, for this turn."""
        return self._skull.outline_height(pose, self._height)

    def at(self, points: Array) -> Array:
        """(h, w) heights of the surface as the portrait shows it, at (h, w, 2) of its positions."""
        return self.grid.sample(self._height, points)

    def at_landmarks(self, height: Array) -> NDArray[np.float64]:
        """(68,) heights of a surface at the landmarks: with what the model says they would not land where asked."""
        return self.grid.sample(height, self.face.points[None, :, :2].astype(np.float32))[0].astype(np.float64)

    def unturn(self, pose: Pose, height: Array, seen: Array) -> Array:
        """The portrait positions (h, w, 2) that are seen at output pixels `seen` (h, w, 2) after the pose.

        Walks along each line of sight from the front to where it first meets the turned surface (relief mapping;
        Policarpo et al. 2005), so that the nose hides the far cheek and not the other way round.
        """
        rotation = pose.rotation.astype(np.float32)
        slope = rotation[2]  # how x, y, z of the portrait change with camera depth
        near, far = float(height.max()), float(height.min())
        # Where lines of sight pass camera depth 0: cells of the height field, and the portrait's depth there.
        foot = np.vstack([rotation[:2, :2].T / self.fine.cell, rotation[:2, 2]]) / pose.scale
        at_zero = np.append(self.fine.indices(pose.pivot[:2]), pose.pivot[2]) - foot @ (pose.pivot[:2] + pose.move)
        x, y, z = cv2.split(cv2.transform(seen, np.column_stack([foot, at_zero])))
        across, down = (float(part) for part in slope[:2] / self.fine.cell)

        def above(depth: Array) -> Array:
            surface = read_planes(height, x[..., None] + depth * across, y[..., None] + depth * down)
            return z[..., None] + depth * slope[2] - surface

        top = (near - z) / slope[2]  # enter at the height of the highest point
        depth = _first_zero(above, top, (near - far) / float(slope[2]) / _SEARCH_STEPS, _SEARCH_STEPS)
        return self.fine.points(np.dstack([x + depth * across, y + depth * down]))

    def share_turn(self, seen: Array, turn: Array) -> Array:
        """How much of the head's `turn` (N, M, 2), from output pixels to portrait positions, the neck takes part in.

        (N, M): the largest share s with s = reach at the position that s leads to, so that a head that sinks covers
        the shoulders and is not covered by them.
        """
        share = self.fine.sample(self._fine_reach, seen + turn)
        partly = share < 1
        if not partly.any():
            return share
        start, end = (self.fine.indices(points[partly]) for points in (seen, seen + turn))
        (x, y), (across, down) = start.T[..., None, None], (end - start).T[..., None, None]

        def over(trial: Array) -> Array:
            return trial - read_planes(self._fine_reach, x + across * trial, y + down * trial)

        share[partly] = _first_zero(over, np.ones((len(start), 1), np.float32), 1 / _SHARES, _SHARES)[:, 0]
        return share

    def border_bands(self, nodes: Array, way: Array) -> list[tuple[float, float]]:
        """Pixels along left and right, top and bottom border, over which `hold_border` must stretch; 0: nowhere.

        They follow from the way (h, w, 2) that a frame goes from `nodes`, output pixels that cover all that moves.
        """
        bands: list[tuple[float, float]] = []
        for axis, size in enumerate(self.size):
            along = np.clip(np.rint(nodes[..., 1 - axis]).astype(int), 0, self.size[1 - axis] - 1)
            pair: list[float] = []
            for outwards, cut in ((-1, 0), (1, 1)):
                distance = nodes[..., axis] if outwards < 0 else size - 1 - nodes[..., axis]
                out = way[..., axis] * outwards
                missing = out[(out > distance) & (distance >= 0) & (self._cut[axis][cut][along] > 0)]
                pair.append(max(_BORDER * self.eye_distance, 2 * float(missing.max())) if missing.size else 0.0)
            bands.append((pair[0], pair[1]))
        return bands

    def hold_border(self, way: Array, area: Area, bands: list[tuple[float, float]]) -> Array:
        """Change the way (h, w, 2) over an area of the picture, in place, so that nothing is read beyond its border.

        What leaves the picture may leave; what would come in is not known, so the person is stretched there.
        """
        for axis, size in enumerate(self.size):
            across = way[..., axis] if axis == 0 else way[..., axis].T  # the last index runs across the border
            places = np.arange(area[1 - axis].start, area[1 - axis].stop, dtype=np.float32)
            for outwards, band, cut in zip((-1, 1), bands[axis], self._cut[axis], strict=True):
                distance = places if outwards < 0 else size - 1 - places
                near = distance < band
                if near.any():
                    held = 1 - cut[area[axis], None] * (1 - smooth_step(distance[near] / band))
                    across[:, near] *= np.where(across[:, near] * outwards > 0, held, 1)
        return way

    def _cut_lines(self, mask: Array) -> list[list[Array]]:
        """Where the person is cut, 0..1, along the left and right border (H,), and the top and bottom one (W,)."""
        soft = _BORDER * self.eye_distance / 2
        borders = (mask[:, 0], mask[:, -1]), (mask[0], mask[-1])
        return [
            [np.clip(2 * np.ravel(cv2.GaussianBlur(line[:, None], (0, 0), soft)), 0, 1) for line in pair]
            for pair in borders
        ]

    def _height_field(self, surface: Array) -> Array:
        """(rows, columns) pixels towards the viewer: the nearest point in every cell, without cliffs."""
        index = np.round(self.grid.indices(surface[:, :2])).astype(int)
        inside = ((index >= 0) & (index < [self.grid.columns, self.grid.rows])).all(1)
        height = np.full((self.grid.rows, self.grid.columns), -np.inf, np.float32)
        np.maximum.at(height, (index[inside, 1], index[inside, 0]), surface[inside, 2])
        # Nothing lies deeper than the axis of the turn: what does would move against the face.
        height = np.maximum(_gentle(height, _STEEPEST * self.grid.cell), np.float32(self.face.pivot[2]))
        return np.asarray(cv2.GaussianBlur(height, (0, 0), 0.8), np.float32)

    def _around_person(self, grid: Grid, mask: Array) -> Grid:
        """The part of a grid where the person moves."""
        reach = self._reach(grid.nodes, _CHIN, _NECK) + self._reach(grid.nodes, _SKIN, _SKIN_NECK)
        rows, columns = np.nonzero((reach > 0) & (self._person(grid, mask) > 0))
        if not len(rows):
            return grid
        window = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
        return Grid.over(grid.area(window), grid.cell)

    def _from_outline(self, mask: Array) -> Array:
        """(rows, columns) pixels from the nodes to the person's outline, 0 outside; the picture's border is none."""
        columns, rows = (np.clip(np.rint(self.grid.nodes[..., i]).astype(int), 0, self.size[i] - 1) for i in range(2))
        inside = (mask[rows, columns] > 0.5).view(np.uint8)
        cells = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), np.float32)
        far = float(sum(inside.shape))  # without any outline it is without end
        return np.asarray(self.grid.cell * np.minimum(cells, far), np.float32)

    def _person(self, grid: Grid, mask: Array) -> Array:
        """(rows, columns): above 0 in cells that the person touches, and in those beside them."""
        inside = overlap(grid.whole, self.picture)
        cells = np.zeros((grid.rows * grid.cell, grid.columns * grid.cell), np.float32)
        cells[within(inside, grid.whole)] = mask[inside]
        cells = cells.reshape(grid.rows, grid.cell, grid.columns, grid.cell).max(axis=(1, 3))
        return np.asarray(cv2.dilate(cells, np.ones((3, 3), np.uint8)), np.float32)

    def _reach(self, positions: Array, start: float, length: float) -> Array:
        """(h, w): 1 on head and hair, falling from `start` below the chin on over `length`, eye distances, to 0."""
        down = self.face.direction(np.array([[0.0, -1.0, 0.0]]))[0, :2]
        down = (down / np.linalg.norm(down)).astype(np.float32)
        below_chin = (positions - self.face.points[8, :2].astype(np.float32)) @ down
        return smooth_step(1 - (below_chin / self.eye_distance - start) / length)


def project_model(face: FittedFace) -> Array:
    """The model's depth map as (N, 3) points of this portrait."""
    model = load_face_model()
    rows, columns = np.nonzero(np.isfinite(model.depth))
    points = np.column_stack(
        [
            model.depth_origin[0] + columns * model.depth_step,
            model.depth_origin[1] - rows * model.depth_step,
            model.depth[rows, columns],
        ]
    )
    own = points + thin_plate(model.landmarks, face.model_points - model.landmarks, points, smooth=0.05)
    placed = face.from_model(own)
    model_landmarks = face.from_model(face.model_points)[:, :2]
    placed[:, :2] += thin_plate(model_landmarks, face.points[:, :2] - model_landmarks, placed[:, :2], smooth=0.05)
    return placed.astype(np.float32)


def _first_zero(function: Callable[[Array], Array], start: Array, step: float, count: int) -> Array:
    """(h, w): where a function first falls to 0 on the way down from `start` (h, w), in `count` steps.

    It reads (h, w, n) places, is above 0 at the start and 0 or less at the end. Steps, halvings, false position.
    """
    places = start[..., None] - np.arange(count + 1, dtype=np.float32) * np.float32(step)
    values = function(places)
    fallen = values <= 0
    fallen[..., 0], fallen[..., -1] = False, True
    first = fallen.argmax(axis=-1)[..., None]
    low, at_low = (np.take_along_axis(part, first, -1) for part in (places, values))
    high, at_high = (np.take_along_axis(part, first - 1, -1) for part in (places, values))
    for halve in (True,) * _HALVINGS + (False,) * _SECANTS:
        share = 0.5 if halve else _crossing(at_low, at_high)
        middle = low + (high - low) * share
        value = function(middle)
        below = value <= 0
        low, at_low = np.where(below, middle, low), np.where(below, value, at_low)
        high, at_high = np.where(below, high, middle), np.where(below, at_high, value)
    return (low + (high - low) * _crossing(at_low, at_high))[..., 0]


def _crossing(at_low: Array, at_high: Array) -> Array:
    """Where a straight line from one value to the other is 0, as a share of the way."""
    return np.clip(at_low / np.where(at_low == at_high, 1, at_low - at_high), 0, 1)


def _gentle(height: Array, fall: float) -> Array:
    """Fill holes (-inf), surroundings and cliffs: from every point the surface falls at most `fall` a cell."""
    straight, diagonal = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.ones((3, 3), np.uint8)
    for _ in range(max(height.shape)):
        reached = np.maximum(cv2.dilate(height, straight) - fall, cv2.dilate(height, diagonal) - np.sqrt(2) * fall)
        higher = np.maximum(height, reached.astype(np.float32))
        if (higher == height).all():
            break
        height = higher
    return height


def _cell(distance: float) -> int:
    """Pixels; a multiple of four where that is fine enough, so that finer grids fit into it."""
    cell = distance / _CELLS_PER_EYE_DISTANCE
    return max(1, 4 * round(cell / 4)) if cell > 3 else max(1, round(cell))
