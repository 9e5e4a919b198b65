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
    from fractions import Fraction

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_Y_DOWN = np.diag([1.0, -1.0, 1.0])
_UNTURNED = np.eye(3)
_FIT_STEPS = 12
_ENOUGH = 1e-7  # radians, scale, pixels: no step is larger
_FRAMES_AT_ONCE = 256
_STILL_NECK = 6.0  # landmarks
_RISES = 0.8  # of the points' spread around their middle; nods of rendered heads are taken for 0.54 at most
_NEARS = 0.1  # in the logarithm of the size, over a second; turns and nods of rendered heads are taken for 0.03
_NEAR = 1.15  # what is larger counts as this, so that some belief is left: points all in one place tell no size
_HALF_SECOND = 0.5


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
) -> Pose:
    """The pose that brings (N, 3) points nearest to (N, 2) pixels: `fit_poses` for one frame."""
    [pose] = fit_poses(points, pixels[None], weights, pivot, None if start is None else [start])
    return pose


def fit_poses(
    points: NDArray[np.floating[Any]],
    pixels: NDArray[np.floating[Any]],
    weights: NDArray[np.floating[Any]],
    pivot: Array,
    starts: Sequence[Pose] | None = None,
    *,
    still: Array | None = None,
) -> list[Pose]:
    """For each frame the pose that brings (N, 3) or (F, N, 3) points nearest to the (F, N, 2) pixels.

    Least squares weighted by (N,), by Gauss-Newton from `starts`, or else from the turn within the picture, size and
    place that fit best. The projection is scaled orthographic, so the depth may be mirrored for a start that is more
    than 45 degrees off. `still` (F, 2) are the weights, in landmarks, of the belief that the pivot neither comes nearer
    nor rises: see `still_necks`.
    """
    still = np.zeros((len(pixels), 2)) if still is None else still
    poses: list[Pose] = []
    for part in frames_at_once(len(pixels)):
        centred = np.asarray(points[part] if points.ndim == 3 else points[None], np.float64) - pivot
        wanted = np.asarray(pixels[part], np.float64) - pivot[:2]
        start = _in_picture(centred, wanted, weights) if starts is None else _stacked(starts[part])
        rotations, scales, moves = _fitted(centred, wanted, weights, start, np.sqrt(still[part]))
        poses += [Pose(r, pivot, float(s), m) for r, s, m in zip(rotations, scales, moves, strict=True)]
    return poses


def frames_at_once(frames: int) -> Iterator[slice]:
    """The parts of a track whose frames are worked out together: memory hardly grows with its length."""
    return (slice(first, first + _FRAMES_AT_ONCE) for first in range(0, frames, _FRAMES_AT_ONCE))


def _stacked(poses: Sequence[Pose]) -> tuple[Array, Array, Array]:
    """Rotations (F, 3, 3), scales (F,) and moves (F, 2)."""
    rotations, moves = np.stack([pose.rotation for pose in poses]), np.stack([pose.move for pose in poses])
    return rotations, np.array([pose.scale for pose in poses]), moves


def _in_picture(centred: Array, wanted: Array, weights: NDArray[np.floating[Any]]) -> tuple[Array, Array, Array]:
    """The best pose of a head that turns within the picture only, by Procrustes in complex numbers."""
    own, seen = (of[..., 0] + 1j * of[..., 1] for of in (centred, wanted))
    own_middle, middle = (np.average(of, 1, weights)[:, None] for of in (own, seen))
    own, seen = own - own_middle, seen - middle
    turn = (weights * np.conj(own) * seen).sum(1) / (weights * np.abs(own) ** 2).sum(1)
    scales = np.abs(turn)
    unit = np.where(scales > 0, turn / np.maximum(scales, 1e-12), 1)  # all pixels in one place: no turn
    rotations = np.tile(_UNTURNED, (len(turn), 1, 1))
    rotations[:, 0, 0] = rotations[:, 1, 1] = unit.real
    rotations[:, 1, 0], rotations[:, 0, 1] = unit.imag, -unit.imag
    moves = (middle - turn[:, None] * own_middle)[:, 0]
    return rotations, scales, np.column_stack([moves.real, moves.imag])


def _fitted(
    centred: Array, wanted: Array, weights: NDArray[np.floating[Any]], start: tuple[Array, Array, Array], roots: Array
) -> tuple[Array, Array, Array]:
    """Gauss-Newton for all frames together; `roots` (F, 2) are those of the belief's weights."""
    rotations, scales, moves = start
    root = np.sqrt(weights)[:, None]
    middle = np.average(centred[..., :2], 1, weights)[:, None]
    spread = np.sqrt((weights[:, None] * (centred[..., :2] - middle) ** 2).sum((1, 2)))
    belief = np.zeros((len(wanted), 6))  # the weights of what is believed of the step
    belief[:, 3], belief[:, 5] = roots[:, 0] * spread, roots[:, 1]
    belief **= 2
    for _ in range(_FIT_STEPS):
        turned = centred @ rotations.transpose(0, 2, 1)
        sized = scales[:, None, None] * turned
        rest = (wanted - moves[:, None] - sized[..., :2]) * root
        jacobian = np.zeros((*wanted.shape, 6))
        jacobian[..., 0, 1], jacobian[..., 0, 2] = sized[..., 2], -sized[..., 1]
        jacobian[..., 1, 0], jacobian[..., 1, 2] = -sized[..., 2], sized[..., 0]
        jacobian[..., 3] = turned[..., :2]
        jacobian[..., 0, 4] = jacobian[..., 1, 5] = 1
        jacobian *= root[..., None]
        rows = jacobian.reshape(len(wanted), -1, 6)
        normal = rows.transpose(0, 2, 1) @ rows
        normal[:, range(6), range(6)] += belief
        missing = (rest.reshape(len(wanted), 1, -1) @ rows)[:, 0]
        missing[:, 3:] += belief[:, 3:] * np.column_stack([1 - scales, -moves])
        step = (np.linalg.pinv(normal, hermitian=True) @ missing[..., None])[..., 0]
        rotations = rotations_about(step[:, :3]) @ rotations
        scales, moves = scales + step[:, 3], moves + step[:, 4:]
        if np.abs(step).max() < _ENOUGH:
            break
    return rotations, scales, moves


def fit_rigid_poses(
    points: NDArray[np.floating[Any]], landmarks: NDArray[np.floating[Any]], pivot: Array, still: Array | None = None
) -> list[Pose]:
    """`fit_poses` of (68, 3) points to (F, 68, 2) landmarks, by those that expressions hardly move."""
    rigid = list(RIGID)
    return fit_poses(points[rigid], landmarks[:, rigid], np.ones(len(rigid)), pivot, still=still)


def still_necks(
    points: NDArray[np.floating[Any]], landmarks: NDArray[np.floating[Any]], pivot: Array, fps: Fraction | None = None
) -> Array:
    """(F, 2) how much it counts in a pose of (F, 68, 2) landmarks that the pivot neither comes nearer nor rises.

    A face that goes down is a body that sinks, or a head that nods: its points alone hardly tell. The pivot may move
    aside, because they tell turning and tilting from that well. Who rises much further than a nod that is taken for
    rising stands up, or the camera tilts: there the belief ends. In a movie, whose `fps` are given, both end where a
    face stays larger or smaller than turns and nods are taken for: somebody, or the camera, came nearer.
    """
    rigid = points[list(RIGID), :2]
    spread = np.sqrt(((rigid - rigid.mean(0)) ** 2).sum(1).mean())
    free = fit_rigid_poses(points, landmarks, pivot)
    risen = np.array([pose.move[1] for pose in free]) / spread
    sizes = np.clip([pose.scale for pose in free], 1 / _NEAR, _NEAR)
    grown = np.zeros(len(free)) if fps is None else _lasting(np.log(sizes), fps)
    doubts = np.column_stack([grown / _NEARS, risen / _RISES]) ** 6
    return _STILL_NECK * np.exp(-np.cumsum(doubts, axis=1))  # a camera that comes nearer moves the neck in its picture


def _lasting(values: Array, fps: Fraction) -> Array:
    """(F,) the medians of a second each: a tracker that loses a shaking head for some frames tells no size."""
    half = round(_HALF_SECOND * fps)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, "symmetric"), 2 * half + 1)
    return np.asarray(np.median(around, axis=1), np.float64)


def rotations_about(vectors: Array) -> Array:
    """(F, 3, 3) rotations about (F, 3) by their length in radians: Rodrigues' formula."""
    angles = np.linalg.norm(vectors, axis=1)[:, None, None]
    x, y, z = (vectors / np.maximum(angles[:, 0], 1e-12)).T
    nothing = np.zeros_like(x)
    cross = np.stack([nothing, -z, y, z, nothing, -x, -y, x, nothing], axis=1).reshape(-1, 3, 3)
    return _UNTURNED + np.sin(angles) * cross + (1 - np.cos(angles)) * cross @ cross
