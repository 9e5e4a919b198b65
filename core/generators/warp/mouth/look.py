# SPDX-License-Identifier: GPL-3.0-or-later
"""How a mouth is looked into: where lines of sight pass a portrait's lips, in the axes of the face model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ....landmarks.topology import INNER_LIP, MOUTH_CORNERS
from .relief import Sight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FaceModel, FittedFace
    from ....motion.pose import Pose

    Array = NDArray[np.float32]

_NODES = 8  # places across the opening where depth and light are worked out
_LIP, _CHIN_BACK = 0.5, 0.4  # cm of lower lip; below that the chin lies back by a share of the way


@dataclass(frozen=True)
class Look:
    """Lines of sight through an area of (h, w) pixels, told at nodes that are `step` pixels apart."""

    size: tuple[int, int]
    step: int
    nodes: Array  # (r, c, 2) positions in the unturned face
    view: NDArray[np.float64]  # (2,) x and y a centimetre of z
    sight: Sight  # into what stays with the skull
    places: Array  # (r, c, 2) where they pass the middle lips' plane, centimetres
    lips: Array  # (r, c) the lips' depth there

    def enlarge(self, nodes: Array) -> Array:
        """Values (r, c, n) at the nodes, for all pixels (h, w, n)."""
        matrix = np.array([[1 / self.step, 0, 0], [0, 1 / self.step, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        large = cv2.warpAffine(nodes, matrix, self.size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(large, np.float32)


class LipPlane:
    """The lips of one portrait in the face model's axes: a plane that is bent round the teeth."""

    def __init__(self, model: FaceModel, face: FittedFace) -> None:
        lips = model.landmarks[list(INNER_LIP[:5])]
        self._curve, _, self.depth = np.polyfit(lips[:, 0], lips[:, 2], 2)  # `depth`: z of the middle, centimetres
        self.to_model = _to_model(model, face)
        self._turn = level(face.pose.rotation)

    def look(self, positions: Array, pose: Pose | None, rim: float = -np.inf) -> Look:
        """How (h, w, 2) positions of the unturned face are looked at when the head has turned by `pose`.

        `rim` is the lower lip's y, below which the face goes back to the chin.
        """
        size = (positions.shape[0], positions.shape[1])
        step = max(1, min(size) // _NODES)
        nodes, view = _nodes(positions, step), self._view(pose)
        places, lips = self.pass_through(nodes, view, rim)
        return Look(size, step, nodes, view, Sight.of_skull(view, self.depth), places, lips)

    def _view(self, pose: Pose | None) -> NDArray[np.float64]:
        """Where the viewer is seen from the mouth: x and y (up) in the model's axes, a centimetre of z."""
        turn = self._turn if pose is None else pose.rotation @ self._turn
        return turn[2, :2] * [1, -1] / max(float(turn[2, 2]), 0.3)

    def pass_through(self, positions: Array, view: NDArray[np.float64], rim: float = -np.inf) -> tuple[Array, Array]:
        """(h, w, 2) x, y in the model, where lines of sight pass the middle lips' plane, and (h, w) the lips' depth."""
        places = np.asarray(cv2.transform(positions, self.to_model), np.float32)
        behind = np.float32(self._curve) * places[..., 0] ** 2
        behind -= np.float32(_CHIN_BACK) * np.maximum(np.float32(rim - _LIP) - places[..., 1], 0)
        return places - behind[..., None] * view.astype(np.float32), behind + np.float32(self.depth)


def _nodes(positions: Array, step: int) -> Array:
    """Every `step`-th of (h, w, 2) positions, and one more row and column beyond the last ones."""
    nodes = positions[::step, ::step]
    for axis in (0, 1):
        last: Array = nodes.take([-1], axis=axis)
        before: Array = nodes.take([-2], axis=axis) if nodes.shape[axis] > 1 else last
        nodes: Array = np.concatenate([nodes, 2 * last - before], axis=axis)
    return np.ascontiguousarray(nodes)


def level(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """A portrait's (3, 3) rotation without its nod, which landmarks tell 10 degrees wrong: it would hide teeth."""
    nod = np.arctan2(rotation[2, 1], rotation[1, 1])
    return np.asarray(cv2.Rodrigues(np.array([-nod, 0, 0]))[0] @ rotation)


def _to_model(model: FaceModel, face: FittedFace) -> NDArray[np.float64]:
    """(2, 3) affine from the picture to the model's x, y (up) on the plane of the lips, centimetres."""
    corners = list(MOUTH_CORNERS)
    at, right, up = face.from_model(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float64))[:, :2]
    # The fit leaves the lips a little beside the portrait's: hang the teeth behind its own upper lip. Behind the middle
    # of it: a smile lifts corners, no teeth, and in a three-quarter face corners lie behind the middle and aside of it.
    middle = list(INNER_LIP[1:4])
    line, model_line = face.points[middle, :2].mean(0), model.landmarks[middle, :2].mean(0)
    wider = np.linalg.norm(np.subtract(*face.model_points[corners])) / np.linalg.norm(
        np.subtract(*model.landmarks[corners])
    )
    axes = np.column_stack([right - at, up - at]) * np.clip(wider, 0.85, 1.15)
    linear = np.linalg.inv(axes)
    return np.column_stack([linear, model_line - linear @ line])
