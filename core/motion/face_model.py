# SPDX-License-Identifier: GPL-3.0-or-later
"""The 3D face model: 68 landmarks with identity and expression directions, and its fit to one portrait.

The table is made from ICT-FaceKit by `make_face_model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..landmarks.topology import EYE_OUTER_CORNERS, INNER_LOWER_LIP, INNER_UPPER_LIP, JAW, RIGID
from .lip_contact import lip_openings
from .pose import Pose, fit_pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NECK_PIVOT = np.array([0.0, -8.0, -0.5])
"""Centimetres in the model: the head turns, nods and tilts about this point of the neck."""

IRIS_DEPTH = 0.87
"""The iris lies so far before the eyeball's centre, in its radius."""

Y_DOWN: Array = np.array([1.0, -1.0, 1.0])
"""From the model's axes to those of pictures, and back."""

TOOTH, GUM = 255, 128
"""In the model's pictures of the mouth's inside: what is a tooth, what gum or tongue."""

DEPTH_STEPS = 20
"""A centimetre, in these pictures."""

_ROUNDS = 8
_IDENTITY_STRENGTH, _EXPRESSION_STRENGTH = 0.02, 0.08  # ridge weights, (cm of landmark error)^2 per sigma^2
_JAW_WEIGHT = 0.3  # the outline of a turned face is not the model's jaw line


@dataclass(frozen=True)
class FaceModel:
    """The table: centimetres, y up, z to the viewer."""

    landmarks: Array  # (68, 3)
    identity: Array  # (20, 68, 3), one standard deviation each
    expressions: dict[str, Array]  # ARKit name -> (68, 3) at full strength
    depth: NDArray[np.float32]  # (rows, columns), the bare head from the front, NaN beside it
    depth_origin: Array  # (2,) x of the left column, y of the top row
    depth_step: float
    eyes: Array  # (2, 4) right and left eyeball: centre, radius
    mouth_upper: NDArray[np.uint8]  # (rows, columns, 3): 0 nothing, GUM or TOOTH; shade; z * DEPTH_STEPS
    mouth_teeth: NDArray[np.uint8]  # the lower ones, with the jaw wide open
    mouth_tongue: NDArray[np.uint8]  # and the lower gum, with the jaw wide open
    mouth_origins: Array  # (2, 2) of the upper picture, of the lower ones: x of the left column, y of the top row
    mouth_step: float
    jaw_hinge: Array  # (2,) y, z of the axis about which the jaw opens
    jaw_angle: float  # radians, by how much at full strength


@cache
def load_face_model() -> FaceModel:
    """Read the table that ships."""
    with np.load(Path(__file__).with_name("face_model.npz"), allow_pickle=False) as table:
        names = [str(name) for name in table["expression_names"]]
        return FaceModel(
            landmarks=table["landmarks"].astype(np.float64),
            identity=table["identity"].astype(np.float64),
            expressions=dict(zip(names, table["expressions"].astype(np.float64), strict=True)),
            depth=table["depth"].astype(np.float32),
            depth_origin=table["depth_origin"].astype(np.float64),
            depth_step=float(table["depth_step"]),
            eyes=table["eyes"].astype(np.float64),
            mouth_upper=table["mouth_upper"],
            mouth_teeth=table["mouth_teeth"],
            mouth_tongue=table["mouth_tongue"],
            mouth_origins=table["mouth_origins"].astype(np.float64),
            mouth_step=float(table["mouth_step"]),
            jaw_hinge=table["jaw_hinge"].astype(np.float64),
            jaw_angle=float(table["jaw_angle"]),
        )


@dataclass(frozen=True)
class FittedFace:
    """A portrait's face in the picture's axes: x right, y down, z to the viewer, pixels."""

    points: Array  # (68, 3): x and y are the portrait's landmarks themselves, z comes from the model
    model_points: Array  # (68, 3): the fitted model in its own frame, centimetres
    pose: Pose  # the model's own frame (y down) -> the picture
    pivot: Array  # (3,) pixels: where the neck turns
    expression: Array  # (68, 3) pixels: what the portrait's own expression adds; narrow or wide eyes are no expression

    @property
    def scale(self) -> float:
        """Pixels per centimetre."""
        return self.pose.scale

    @property
    def eye_distance(self) -> float:
        """Pixels between the outer eye corners, depth included: a turned head's is not foreshortened."""
        right, left = EYE_OUTER_CORNERS
        return float(np.linalg.norm(self.points[right] - self.points[left]))

    def from_model(self, points: NDArray[np.floating[Any]]) -> Array:
        """Bring (..., 3) model points, centimetres, to the picture: (..., 3) pixels."""
        turned = self.pose.scale * (points * Y_DOWN) @ self.pose.rotation.T
        turned[..., :2] += self.pose.move
        return turned

    def direction(self, offsets: NDArray[np.floating[Any]]) -> Array:
        """Bring (..., 3) model offsets, centimetres, to the picture: (..., 3) pixels."""
        return self.pose.scale * (offsets * Y_DOWN) @ self.pose.rotation.T

    def jaw_shapes(self) -> Array:
        """(2, 68, 3) pixels by which `jawOpen` and `jawLeft` at full strength move the model's points."""
        shapes = load_face_model().expressions
        return self.direction(np.stack([shapes["jawOpen"], shapes["jawLeft"]]))

    def lip_opening(self, points: Array) -> float:
        """Pixels by which the lips of (68, 3) points stand apart down this face; less than 0 where they cross."""
        return float(lip_openings(points, self.direction(np.array([0.0, -1.0, 0.0])) / self.scale))

    def shifted(self, shifts: NDArray[np.floating[Any]]) -> FittedFace:
        """The same face with its points moved by (68, 2) pixels; their depth stays."""
        return replace(self, points=self.points + np.pad(shifts, ((0, 0), (0, 1))))

    def posed(self, pose: Pose, landmarks: NDArray[np.floating[Any]] | None = None) -> FittedFace:
        """The same face after a `pose`, such as another frame of its movie has, where it may show other `landmarks`."""
        points, pivot = self.carried(self.points, pose), self.carried(self.pivot, pose)
        if landmarks is not None:
            points[:, :2] = landmarks
        place = pose.apply(np.append(self.pose.move, 0))
        own = Pose(pose.rotation @ self.pose.rotation, self.pose.pivot, pose.scale * self.pose.scale, place)
        expression = pose.scale * self.expression @ pose.rotation.T
        return FittedFace(points, self.model_points, own, pivot, expression)

    def carried(self, points: NDArray[np.floating[Any]], pose: Pose) -> Array:
        """Where (..., 3) points beside the face are after a pose; depth counts from the model's origin, as before."""
        origin = np.append(self.pose.move, 0)
        return pose.scale * (points - origin) @ pose.rotation.T + np.append(pose.apply(origin), 0)

    def neutralised(self, amount: float) -> FittedFace:
        """The same face with this share of its own expression taken off its points; at 1 its lips meet."""
        if amount == 0:
            return self
        points = self.points - amount * self.expression
        # The fit is cautious and leaves some of a wide mouth open: the jaw goes the rest of the way.
        jaw = self.direction(load_face_model().expressions["jawOpen"])
        left = self.lip_opening(points) - (1 - amount) * max(self.lip_opening(self.points), 0)
        points -= max(left, 0) / self.lip_opening(jaw) * jaw
        apart = points[INNER_LOWER_LIP] - points[INNER_UPPER_LIP]
        points[INNER_UPPER_LIP] += amount / 2 * apart
        points[INNER_LOWER_LIP] -= amount / 2 * apart
        return replace(self, points=points)


def fit_face(landmarks: NDArray[np.floating[Any]]) -> FittedFace:
    """Fit pose, identity and expression of the face model to a portrait's (68, 2) landmarks.

    Alternates a weak-perspective pose with a ridge regression of the model's coefficients. The picture's landmarks are
    kept exactly; the model only adds their depth.
    """
    model = load_face_model()
    pixels = np.asarray(landmarks, np.float64)
    # Identity is common, big expressions are rare: two strengths of the same ridge.
    directions = np.concatenate([model.identity, np.stack(list(model.expressions.values()))]) * Y_DOWN
    strength = np.repeat([_IDENTITY_STRENGTH, _EXPRESSION_STRENGTH], [len(model.identity), len(model.expressions)])
    weights = np.ones(68)
    weights[list(JAW)] = _JAW_WEIGHT
    rigid = np.zeros(68)
    rigid[list(RIGID)] = weights[list(RIGID)]
    mean = model.landmarks * Y_DOWN
    shape, origin, strengths = mean, np.zeros(3), np.zeros(len(directions))
    pose = fit_pose(shape, pixels, rigid, origin)
    for _ in range(_ROUNDS):
        onto = pose.rotation[:2]
        basis = (directions @ onto.T * np.sqrt(weights)[:, None]).reshape(len(directions), -1)
        wanted = ((pixels - pose.move) / pose.scale - mean @ onto.T) * np.sqrt(weights)[:, None]
        normal = basis @ basis.T + np.diag(strength * 68)
        strengths = np.linalg.solve(normal, basis @ wanted.reshape(-1))
        shape = mean + np.tensordot(strengths, directions, 1)
        pose = fit_pose(shape, pixels, weights, origin, pose)
    depth = pose.scale * shape @ pose.rotation[2]
    pivot = pose.scale * pose.rotation @ (NECK_PIVOT * Y_DOWN) + np.append(pose.move, 0)
    shown = np.array([0.0] * len(model.identity) + [not name.startswith("eye") for name in model.expressions])
    expression = pose.scale * np.tensordot(strengths * shown, directions, 1) @ pose.rotation.T
    return FittedFace(np.column_stack([pixels, depth]), shape * Y_DOWN, pose, pivot, expression)
