# SPDX-License-Identifier: GPL-3.0-or-later
"""The head as a surface over the picture: it turns in 3D, and what is far from it stays still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...motion.face_model import FittedFace, load_face_model
from .grid import Grid
from .rbf import thin_plate
from .sampling import smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.pose import Pose

    Array = NDArray[np.float32]

_CELLS_PER_EYE_DISTANCE = 14
_MARGIN = np.array([1.7, 2.3, 1.7, 1.7])  # left, top, right, bottom of the landmarks' box, in eye distances
_HAIR = 0.2  # hair stands this far off the bare head, in eye distances
_BAND, _NECK_BAND = 0.75, 1.2  # over this distance the motion dies out beside the head and down the neck
_BORDER = 0.3  # and towards the picture's border
_STEEPEST = 1.1  # slope of the surface: a cliff beside cheek or nose would tear when it turns
_SEARCH_STEPS, _HALVINGS = 8, 2


class Head:
    """Height field and reach of one portrait's head, on a grid over the head and its surroundings."""

    def __init__(self, face: FittedFace, size: tuple[int, int]) -> None:
        """Lay the fitted head model under the picture of `size` (width, height)."""
        self.face = face
        self.eye_distance = face.eye_distance
        points = face.points[:, :2]
        box = np.concatenate([points.min(0), points.max(0)])
        box += _MARGIN * self.eye_distance * [-1, -1, 1, 1]
        self.grid = Grid.over(box, _cell(self.eye_distance))
        self.size = size
        surface, skull = self._project_model()
        self.height = self._height_field(surface)
        # What the surface has at the landmarks, not what the model says: only then do they land where asked.
        at = face.points[None, :, :2].astype(np.float32)
        self.landmark_height = self.grid.sample(self.height, at)[0].astype(np.float64)
        self.reach = self._reach(surface[skull, :2])

    def unturn(self, pose: Pose, height: Array, seen: Array) -> Array:
        """The portrait positions (h, w, 2) that are seen at output pixels `seen` (h, w, 2) after the pose.

        Walks along each line of sight from the front to where it first meets the turned surface (relief mapping;
        Policarpo et al. 2005), so that the nose hides the far cheek and not the other way round.
        """
        pivot = pose.pivot.astype(np.float32)
        rotation = pose.rotation.astype(np.float32)
        move = pose.move.astype(np.float32)
        flat = (seen - pivot[:2] - move) / np.float32(pose.scale)
        near, far = float(height.max()), float(height.min())
        foot = flat @ rotation[:2, :2] + pivot[:2]  # portrait x, y where the camera depth is 0
        foot_depth = flat @ rotation[:2, 2] + pivot[2]
        slope = rotation[2]  # how x, y, z of the portrait change with camera depth

        def above(depth: Array) -> Array:
            surface = self.grid.sample(height, foot + depth[..., None] * slope[:2])
            return foot_depth + depth * slope[2] - surface

        top = (near - foot_depth) / slope[2]  # enter at the height of the highest point
        step = (near - far) / slope[2] / _SEARCH_STEPS
        inside = top + step * 0
        found = np.zeros(top.shape, bool)
        for k in range(1, _SEARCH_STEPS + 1):
            depth = top - k * step
            hit = ~found & (above(depth) <= 0)
            inside[hit] = depth[hit]
            found |= hit
        inside[~found] = (top - _SEARCH_STEPS * step)[~found]
        outside = inside + step
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            below = above(middle) <= 0
            inside = np.where(below, middle, inside)
            outside = np.where(below, outside, middle)
        a, b = above(inside), above(outside)
        share = np.clip(a / np.where(a == b, 1, a - b), 0, 1)
        depth = inside + share * (outside - inside)
        return foot + depth[..., None] * slope[:2]

    def reach_at(self, points: Array) -> Array:
        """(h, w): how much of the head's motion portrait positions (h, w, 2) take part in."""
        return self.grid.sample(self.reach, points)

    def hold_border(self, field: Array, area: tuple[slice, slice]) -> Array:
        """Bring a field (h, w[, 2]) over an area of the picture smoothly to 0 at the picture's border, in place."""
        width, height = self.size
        reach = _BORDER * self.eye_distance
        first, last = min(area[0].start, area[1].start), max(area[0].stop - height, area[1].stop - width)
        if first >= reach and last <= -reach:
            return field
        y = np.arange(area[0].start, area[0].stop, dtype=np.float32)
        x = np.arange(area[1].start, area[1].stop, dtype=np.float32)
        rows = smooth_step(np.minimum(y, height - 1 - y) / reach)
        columns = smooth_step(np.minimum(x, width - 1 - x) / reach)
        depth = field.ndim - 1
        near = rows < 1  # most of a picture is far from its border
        field[near] *= rows[near].reshape(-1, *[1] * depth)
        near = columns < 1
        field[:, near] *= columns[near].reshape(-1, *[1] * (depth - 1))
        return field

    def _project_model(self) -> tuple[Array, NDArray[np.bool_]]:
        """The model's depth map as (N, 3) points of this portrait, and which of them belong to the skull."""
        model, face = load_face_model(), self.face
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
        # Above the mouth everything is head; below it the neck is not.
        return placed.astype(np.float32), points[:, 1] > model.landmarks[33, 1]

    def _height_field(self, surface: Array) -> Array:
        """(rows, columns) pixels towards the viewer: the nearest point in every cell, without cliffs."""
        index = np.round(self.grid.indices(surface[:, :2])).astype(int)
        inside = ((index >= 0) & (index < [self.grid.columns, self.grid.rows])).all(1)
        height = np.full((self.grid.rows, self.grid.columns), -np.inf, np.float32)
        np.maximum.at(height, (index[inside, 1], index[inside, 0]), surface[inside, 2])
        # Nothing lies deeper than the axis of the turn: what does would move against the face.
        height = np.maximum(_gentle(height, _STEEPEST * self.grid.cell), np.float32(self.face.pivot[2]))
        return np.asarray(cv2.GaussianBlur(height, (0, 0), 0.8), np.float32)

    def _reach(self, skull: Array) -> Array:
        """(rows, columns): 1 on the head and its hair, 0 where the background and the shoulders stay still."""
        outline = np.concatenate([skull, self.face.points[:, :2].astype(np.float32)])
        polygon = np.round(self.grid.indices(np.asarray(cv2.convexHull(outline), np.float32)[:, 0])).astype(np.int32)
        outside = np.ones((self.grid.rows, self.grid.columns), np.uint8)
        cv2.fillConvexPoly(outside, polygon, (0,))
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * self.grid.cell
        mouth, chin = self.face.points[[48, 54], 1].mean(), self.face.points[8, 1]
        down = smooth_step((self.grid.nodes[..., 1] - mouth) / max(chin - mouth, 1))
        band = (_BAND + (_NECK_BAND - _BAND) * down) * self.eye_distance
        reach = smooth_step(1 - (distance - _HAIR * self.eye_distance) / band)
        return np.asarray(cv2.GaussianBlur(reach, (0, 0), 1.0) * (reach > 0), np.float32)


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
