# SPDX-License-Identifier: GPL-3.0-or-later
"""The head as a surface over the picture: it turns in 3D, and what is far from it stays still."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from ....landmarks.topology import JAW
from ....motion.face_model import FittedFace, load_face_model
from ..fields.grid import Grid, area_of, overlap, within
from ..fields.rbf import thin_plate
from ..pixels.coarse_maps import missing
from ..pixels.positions import Border
from ..pixels.sampling import ramp, smooth_step
from ..threads import THREADS
from .rays import Fields, Reach, Sight, reaches, ways
from .skull import Skull, outside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.pose import Pose
    from ....motion.target import FaceTarget
    from ..eyes.glasses import Glasses

    Array = NDArray[np.float32]

_CELLS_PER_EYE_DISTANCE = 14
FINER = 4  # fields are read from a grid this much finer: OpenCV tells places apart by 1/32 of a cell only
_MARGIN = np.array([1.7, 2.3, 1.7, 1.7])  # left, top, right, bottom of the landmarks' box, in eye distances
_CHIN, _NECK = 0.0, 0.75  # eye distances: the head's turn dies out from here below the chin on over such a length
_SKIN, _SKIN_NECK = 0.1, 0.6  # and what the face does, which may open its mouth wide
_NECK_HALF, _SHOULDERS, _WIDENS = 0.6, 1.3, 1.05  # eye distances: beside half of a neck shoulders rise by this slope
_BORDER = 0.3  # eye distances: towards the border of the picture it is stretched over this length at least
_STEEPEST = 4.0  # slope of the surface
_DENSER = 4  # times as many points of the surface as the model has, along rows and columns
_SMOOTH, _FEATURES = 1.5, 0.35  # cells; eye distances from brows, eyes, nose and lips on which the surface gets smooth
_HIDDEN = (0.08, 0.16)  # eye distances: so far behind the surface a landmark begins to be hidden, and is
_STILL_NODES = 2  # as many as a cubic enlargement reads on either side
_RING_POINTS, _RING_DISTANCE = 24, 0.9  # a ring around the face that expressions do not move, in eye distances
_RING_FADE = 0.2  # of its axes: within its outermost part what the face does dies out where nothing else ends it


class Look(NamedTuple):
    """How one frame looks at a head."""

    sight: Sight
    fields: Fields
    turned: bool


class Head:
    """Height field and reach of one portrait's head, on a grid over the head and its surroundings."""

    def __init__(
        self,
        face: FittedFace,
        mask: Array,
        lip_edges: NDArray[np.float64] | None = None,
        glasses: Glasses | None = None,
        *,
        only_face: bool = False,
    ) -> None:
        """Lay the fitted head model under a picture whose head mask (H, W) is 1 on the person.

        `lip_edges` (68, 2) is what `lips.seam_edges` found, `glasses` what `find_glasses` did. `only_face`: expressions
        move nothing beyond the ring around the face, where there is no mask that says what is background.
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
        self._corner = self.fine.points(np.zeros((1, 2)))[0].astype(np.float64)
        self.held = None if glasses is None else glasses.held(self.fine.nodes)
        self.person = self._person(self.grid, mask)
        self.skin_reach = _shares(self.grid.nodes, self._reach(_SKIN, _SKIN_NECK))
        self.ring = _ring(points, self.eye_distance)
        if only_face:
            middle, half = _ellipse(points, self.eye_distance)
            outwards = np.linalg.norm((self.grid.nodes - middle) / half, axis=2)
            self.skin_reach = self.skin_reach * smooth_step((1 - outwards) / _RING_FADE)
        self.turns = self._reach(_CHIN, _NECK)
        self._cut = self._cut_lines(mask)
        self.skull = Skull(face, self.grid.nodes, self._from_outline(mask))
        surface = project_model(face)
        self._height = self._height_field(surface)

    def height(self, pose: Pose) -> Array:
        """(rows, columns) the surface of the head in pixels towards the viewer, for this turn."""
        return self.skull.outline_height(pose, self._height)

    def at(self, points: Array) -> Array:
        """(h, w) heights of the surface as the portrait shows it, at (h, w, 2) of its positions."""
        return self.grid.sample(self._height, points)

    def at_landmarks(self, height: Array) -> NDArray[np.float64]:
        """(68,) heights of a surface at the landmarks: with what the model says they would not land where asked."""
        places = self.face.points[None, :, :2].astype(np.float32)
        return self.grid.sample(height, places, cubic=True)[0].astype(np.float64)

    def landed(self, target: FaceTarget) -> FaceTarget:
        """The target as an absolute one: its landmarks where this surface takes them.

        Points that are seen land where the model turns them. Those that the surface hides go with the surface: the far
        outline of a three-quarter face lies on its cheek, the model's behind it, at the ear, and would fold the temple.
        """
        if target.absolute:
            return target
        height, own = self.at_landmarks(self.height(target.pose)), self.face.points[:, 2]
        first, wholly = (behind * self.eye_distance for behind in _HIDDEN)
        hidden = ramp(height - own, first, wholly)
        moved = target.pose.unapply(target.landmarks, height + hidden * (own - height))
        return replace(target, landmarks=target.pose.apply(np.column_stack([moved, height])), absolute=True)

    def seen_by(self, pose: Pose, height: Array, base: Array) -> Look:
        """What `ways` needs of a frame.

        `height` (rows, columns) is the turned surface on the fine grid, `base` (rows, columns, 2) the expression's way.
        """
        rotation, cell = pose.rotation, self.fine.cell
        foot = np.eye(3)
        foot[:2, :2], foot[2, :2] = rotation[:2, :2].T / cell / pose.scale, rotation[:2, 2] / pose.scale
        corner = self._corner
        foot[:2, 2] = (pose.pivot[:2] - corner) / cell
        foot[2, 2] = pose.pivot[2]
        foot[:, 2] -= foot[:, :2] @ (pose.pivot[:2] + pose.move)
        slope = rotation[2] / [cell, cell, 1]
        sight = Sight(foot, slope, float(height.max()), float(height.min()))
        return Look(sight, Fields(corner, float(cell), height, base), not pose.is_identity())

    def ways(self, look: Look, seen: Array) -> tuple[Array, Array]:
        """From output pixels `seen` (..., 2) the way (..., 2) to the portrait's, and the part that the turn has."""
        flat, common = seen.reshape(-1, 2), (look.sight, look.fields, self.turns, look.turned)
        # No frame can go on before this is known: either core takes a half.
        half = len(flat) // 2
        second = THREADS.submit(ways, flat[half:], *common)
        both = zip(ways(flat[:half], *common), second.result(), strict=True)
        way, turn = (np.concatenate(halves).reshape(seen.shape) for halves in both)
        return way, turn

    def border(self, nodes: Array, way: Array) -> Border:
        """Where a frame whose `way` (h, w, 2) goes from `nodes`, output pixels that cover all that moves, is held.

        What leaves the picture may leave; what would come in is not known, so the person is stretched there.
        """
        (left, right), (top, bottom) = self._cut
        from_left, from_top, from_right, from_bottom = missing(nodes, way, left, top, right, bottom)
        width, height = self.size
        near = [
            self._near(size, farthest, first=first)
            for size, farthest, first in (
                (width, from_left, True),
                (width, from_right, False),
                (height, from_top, True),
                (height, from_bottom, False),
            )
        ]
        holds = max(from_left, from_top, from_right, from_bottom) > 0
        return Border(left, right, top, bottom, holds, near[0], near[1], near[2], near[3])

    def _near(self, size: int, farthest: float, *, first: bool) -> Array:
        """(size,) 1 at the first or the last pixel, from beyond which so many would come in, falling to 0."""
        if farthest == 0:
            return np.zeros(size, np.float32)
        band = max(_BORDER * self.eye_distance, 2 * farthest)
        near = 1 - smooth_step(np.arange(size, dtype=np.float32) / band)
        return near if first else near[::-1].copy()

    def _cut_lines(self, mask: Array) -> list[list[Array]]:
        """Where the person is cut, 0..1, along the left and right border (H,), and the top and bottom one (W,)."""
        soft = _BORDER * self.eye_distance / 2
        borders = (mask[:, 0], mask[:, -1]), (mask[0], mask[-1])
        return [
            [np.clip(2 * np.ravel(cv2.GaussianBlur(line[:, None], (0, 0), soft)), 0, 1) for line in pair]
            for pair in borders
        ]

    def _height_field(self, surface: Array) -> Array:
        """(rows, columns) pixels towards the viewer: the nearest points of (h, w, 3) of the model, without cliffs.

        Brows, eyes, nose and lips are as steep as the model's: were they flatter, they would slide over the skin as the
        head turns. Around them is much that does not have the bumps of a bare head, such as hair and hats, and a sharp
        jaw would fold the neck.
        """
        height = self._nearest(surface)
        # Nothing lies deeper than the axis of the turn: what does would move against the face.
        height = np.maximum(_gentle(height, _STEEPEST * self.grid.cell), np.float32(self.face.pivot[2]))
        features = self.face.points[len(JAW) :, :2].astype(np.float32)
        beside = smooth_step(outside(features, self.grid.nodes) / (_FEATURES * self.eye_distance))
        return np.asarray(height + beside * (cv2.GaussianBlur(height, (0, 0), _SMOOTH) - height), np.float32)

    def _nearest(self, surface: Array) -> Array:
        """(rows, columns) the surface's height at the nodes, -inf where it is not."""
        fine = self.fine
        near = np.full(fine.rows * fine.columns, -np.inf, np.float32)
        # Between the model's points as well; the points themselves reach half a step farther.
        between = np.asarray(cv2.resize(surface, None, fx=_DENSER, fy=_DENSER), np.float32)
        for part in (between, surface):
            points = _present(part)
            column, row = np.rint(fine.indices(points[:, :2])).astype(np.int32).T
            inside = (column >= 0) & (column < fine.columns) & (row >= 0) & (row < fine.rows)
            np.maximum.at(near, (row * fine.columns + column)[inside], points[inside, 2])  # quick with one index only
        parts = self.grid.cell // fine.cell
        cells = near.reshape(self.grid.rows, parts, self.grid.columns, parts).swapaxes(1, 2)
        around = slice((parts - 1) // 2, parts // 2 + 1)  # what touches the node
        middle = cells[..., around, around].mean((2, 3))
        return np.where(np.isfinite(middle), middle, cells.max((2, 3)))

    def _around_person(self, grid: Grid, mask: Array) -> Grid:
        """The part of a grid where the person moves, with still nodes around: a field goes on beyond its edge."""
        reach = sum(_shares(grid.nodes, self._reach(*ends)) for ends in ((_CHIN, _NECK), (_SKIN, _SKIN_NECK)))
        rows, columns = np.nonzero((reach > 0) & (self._person(grid, mask) > 0))
        if not len(rows):
            return grid
        window = (
            slice(int(rows.min()) - _STILL_NODES, int(rows.max()) + 1 + _STILL_NODES),
            slice(int(columns.min()) - _STILL_NODES, int(columns.max()) + 1 + _STILL_NODES),
        )
        return Grid.over(grid.area(window), grid.cell)

    def _from_outline(self, mask: Array) -> Array:
        """(rows, columns) pixels from the nodes to the person's outermost ones; the picture's border is no outline."""
        columns, rows = (np.clip(np.rint(self.grid.nodes[..., i]).astype(int), 0, self.size[i] - 1) for i in range(2))
        inside = (mask[rows, columns] > 0.5).view(np.uint8)
        cells = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), np.float32)
        far = float(sum(inside.shape))  # without any outline it is without end
        return np.asarray(self.grid.cell * np.minimum(np.maximum(cells - 1, 0), far), np.float32)

    def _person(self, grid: Grid, mask: Array) -> Array:
        """(rows, columns): above 0 in cells that the person touches, and in those beside them."""
        inside = overlap(grid.whole, self.picture)
        cells = np.zeros((grid.rows * grid.cell, grid.columns * grid.cell), np.float32)
        cells[within(inside, grid.whole)] = mask[inside]
        cells = cells.reshape(grid.rows, grid.cell, grid.columns, grid.cell).max(axis=(1, 3))
        return np.asarray(cv2.dilate(cells, np.ones((3, 3), np.uint8)), np.float32)

    def _reach(self, start: float, length: float) -> Reach:
        """Where what the head does ends: from `start` below the chin on over `length`, eye distances."""
        down = self.face.direction(np.array([[0.0, -1.0, 0.0]]))[0, :2]
        down = down / np.linalg.norm(down) / self.eye_distance
        aside, chin = np.array([-down[1], down[0]]), self.face.points[8, :2]
        return Reach(
            np.append(down, -down @ chin),
            np.append(aside, -aside @ chin),
            _NECK_HALF,
            _SHOULDERS,
            _WIDENS,
            start,
            length,
        )


def _shares(positions: Array, reach: Reach) -> Array:
    """(h, w) of (h, w, 2) positions: 1 on head and hair, 0 on the body."""
    return reaches(positions.reshape(-1, 2), reach).reshape(positions.shape[:2])


def _ring(points: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """(N, 2) still points around the face: an ellipse about its landmarks, wide enough for the chin to drop."""
    middle, half = _ellipse(points, distance)
    angle = np.linspace(0, 2 * np.pi, _RING_POINTS, endpoint=False)
    return middle + half * np.column_stack([np.cos(angle), np.sin(angle)])


def _ellipse(points: NDArray[np.float64], distance: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2,) middle and (2,) half axes of the ring."""
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, (high - low) / 2 + _RING_DISTANCE * distance


def project_points(face: FittedFace) -> Array:
    """The points (N, 3) of `project_model` that are on the head."""
    return _present(project_model(face))


def _present(surface: Array) -> Array:
    """(N, 3) the points of a surface (h, w, 3) that are numbers."""
    return surface[np.isfinite(surface[..., 2])]


def project_model(face: FittedFace) -> Array:
    """The model's depth map (rows, columns, 3) as points of this portrait, NaN beside the head."""
    model = load_face_model()
    present = np.isfinite(model.depth)
    rows, columns = np.nonzero(present)
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
    surface = np.full((*present.shape, 3), np.nan, np.float32)
    surface[present] = placed
    return surface


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
