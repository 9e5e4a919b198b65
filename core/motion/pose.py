# SPDX-License-Identifier: GPL-3.0-or-later
"""Weak-perspective head pose: rotate about a pivot, scale, move; and the fit of one to points.

Axes are the picture's: x right, y down, pixels; z is pixels towards the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..landmarks.topology import RIGID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_Y_DOWN = np.diag([1.0, -1.0, 1.0])
_UNTURNED = np.eye(3)
_FIT_STEPS = 12
_STILL_NECK = 6.0  # landmarks
_RISES = 0.8  # of the points' spread around their middle; nods of rendered heads are taken for 0.54 at most


@dataclass(frozen=True)
class Pose:
    """Where a rigid head goes: x -> scale * rotation @ (x - pivot) + pivot + move, z dropped."""

    rotation: Array  # (3, 3)
    pivot: Array  # (3,)
    scale: float = 1.0
    move: Array = field(default_factory=lambda: np.zeros(2))  # (2,)

    def apply(self, points: NDArray[np.floating[Any]]) -> Array:
        """Project (..., 3) points to (..., 2) pixels; where nothing moves they stay exactly."""
        if self.is_identity():
            return np.array(points[..., :2], np.float64)
        turned = self.scale * (points - self.pivot) @ self.rotation[:2].T
        return np.asarray(turned + self.pivot[:2] + self.move, np.float64)

    def unapply(self, pixels: NDArray[np.floating[Any]], depth: NDArray[np.floating[Any]]) -> Array:
        """The (..., 2) portrait positions of points of known portrait `depth` (...,) that are seen at `pixels`."""
        moved = pixels - self.pivot[:2] - self.move
        turned = moved / self.scale - (depth - self.pivot[2])[..., None] * self.rotation[:2, 2]
        (a, b), (c, d) = self.rotation[:2, :2].tolist()
        inverse = np.array([[d, -c], [-b, a]]) / (a * d - b * c)  # transposed
        return np.asarray(turned @ inverse + self.pivot[:2], np.float64)

    def roll(self) -> Array:
        """(2, 2) the part of the rotation that turns within the picture."""
        within = self.rotation[:2, :2]
        angle = np.arctan2(within[1, 0] - within[0, 1], within[0, 0] + within[1, 1])
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def is_identity(self) -> bool:
        """True when nothing moves at all."""
        return not self.move.any() and self.scale == 1 and bool((self.rotation == _UNTURNED).all())


def head_rotation(yaw: float, pitch: float, roll: float) -> Array:
    """The rotation of the head controls, degrees: Rz(-roll) Ry(yaw) Rx(-pitch) with y up, given with y down."""
    x, y, z = np.radians([-pitch, yaw, -roll])
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return np.linalg.multi_dot([_Y_DOWN, rz, ry, rx, _Y_DOWN])


def head_angles(rotation: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a rotation with y down: what `head_rotation` makes it from."""
    turned = _Y_DOWN @ rotation @ _Y_DOWN
    yaw = np.arcsin(np.clip(-turned[2, 0], -1, 1))
    pitch, roll = -np.arctan2(turned[2, 1], turned[2, 2]), -np.arctan2(turned[1, 0], turned[0, 0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def fit_pose(
    points: NDArray[np.floating[Any]],
    pixels: NDArray[np.floating[Any]],
    weights: NDArray[np.floating[Any]],
    pivot: Array,
    start: Pose | None = None,
    *,
    still: Sequence[float] | Array = (0.0, 0.0),
) -> Pose:
    """The pose that brings (N, 3) points nearest to (N, 2) pixels, weighted least squares by Gauss-Newton.

    `start` is a guess (the frame before); the projection is scaled orthographic, so its depth may be mirrored for a
    guess that is more than 45 degrees off. `still` (2,) are the weights, in landmarks, of the belief that the pivot
    neither comes nearer nor rises: see `still_necks`.
    """
    rotation: Array = np.eye(3) if start is None else start.rotation
    scale: float = 1.0 if start is None else start.scale
    move: Array = np.zeros(2) if start is None else start.move
    centred = np.asarray(points - pivot, np.float64)
    wanted = np.asarray(pixels - pivot[:2], np.float64)
    middle, own_middle = np.average(wanted, 0, weights), np.average(centred[:, :2], 0, weights)
    spread = np.sqrt((weights[:, None] * (wanted - middle) ** 2).sum())
    own_spread = np.sqrt((weights[:, None] * (centred[:, :2] - own_middle) ** 2).sum())
    if start is None and not np.any(still):  # size and place first, so that the angles start from a good guess
        scale = float(spread / own_spread)
        move = middle - scale * own_middle
    root: Array = np.sqrt(weights)[:, None].astype(np.float64)
    nearer, rises = np.sqrt(still)
    belief = np.diag([0, 0, 0, nearer * own_spread, 0, rises])[3:]
    for _ in range(_FIT_STEPS):
        turned = centred @ rotation.T
        rest = (wanted - move - scale * turned[:, :2]) * root
        jacobian = np.zeros((len(points), 2, 6))
        jacobian[:, 0, 1], jacobian[:, 0, 2] = scale * turned[:, 2], -scale * turned[:, 1]
        jacobian[:, 1, 0], jacobian[:, 1, 2] = -scale * turned[:, 2], scale * turned[:, 0]
        jacobian[:, :, 3] = turned[:, :2]
        jacobian[:, 0, 4] = jacobian[:, 1, 5] = 1
        system = np.concatenate([(jacobian * root[..., None]).reshape(-1, 6), belief])
        missing = np.concatenate([rest.reshape(-1), belief @ [0, 0, 0, 1 - scale, *-move]])
        step = np.linalg.lstsq(system, missing, rcond=None)[0]
        rotation = _rotation_vector(step[:3]) @ rotation
        scale += float(step[3])
        move = move + step[4:]
        if np.abs(step).max() < 1e-7:
            break
    return Pose(rotation, pivot, float(scale), move)


def fit_rigid_poses(
    points: NDArray[np.floating[Any]], landmarks: NDArray[np.floating[Any]], pivot: Array, still: Array | None = None
) -> Iterator[Pose]:
    """`fit_pose` of (68, 3) points to each of (F, 68, 2) landmarks, by those that expressions hardly move.

    Each fit starts from the one before; `still` (F, 2) is what `still_necks` gives.
    """
    rigid, weights, pose = list(RIGID), np.ones(len(RIGID)), None
    for frame, believed in zip(landmarks, np.zeros((len(landmarks), 2)) if still is None else still, strict=True):
        pose = fit_pose(points[rigid], frame[rigid].astype(np.float64), weights, pivot, pose, still=believed)
        yield pose


def still_necks(points: NDArray[np.floating[Any]], landmarks: NDArray[np.floating[Any]], pivot: Array) -> Array:
    """(F, 2) how much it counts in a pose of (F, 68, 2) landmarks that the pivot neither comes nearer nor rises.

    A face that goes down is a body that sinks, or a head that nods: its points alone hardly tell. The pivot may move
    aside, because they tell turning and tilting from that well. Who rises much further than a nod that is taken for
    rising stands up, or the camera tilts: there the belief ends.
    """
    rigid = points[list(RIGID), :2]
    spread = np.sqrt(((rigid - rigid.mean(0)) ** 2).sum(1).mean())
    risen = np.array([pose.move[1] for pose in fit_rigid_poses(points, landmarks, pivot)]) / spread
    return _STILL_NECK * np.column_stack([np.ones(len(risen)), np.exp(-((risen / _RISES) ** 6))])


def _rotation_vector(vector: Array) -> Array:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
