# SPDX-License-Identifier: GPL-3.0-or-later
"""How a driver's head is turned and what its brows and mouth do, frame by frame, from its landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import JAW, LID_PAIRS, MOUTH, RIGID
from .box_least_squares import solve_in_box
from .face_model import fit_face, load_face_model
from .lip_contact import face_down, lip_contact, lip_openings
from .pose import fit_poses, fit_rigid_poses, frames_at_once, head_angles, still_necks

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from .face_model import FittedFace

    Array = NDArray[np.float64]

_CAMERA = 100.0  # cm: a metre from the head; what is nearer looks larger and seems to turn further
_ROUNDS = 4
# Many shapes look alike in 68 points. Those that people make most are free; the others must explain as much as costs.
_FREE = (
    "jawOpen", "mouthPucker", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "browDownLeft", "browDownRight",
)  # fmt: skip
_COSTLY = (
    "browOuterUpLeft", "browOuterUpRight", "jawLeft", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft",
    "mouthRight", "mouthFrownLeft", "mouthFrownRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugUpper", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "mouthPressLeft", "mouthPressRight",
)  # fmt: skip
_NAMES = (*_FREE, *_COSTLY)
_COST, _RIDGE = 0.6, 0.02  # cm^2 of landmark error, for full strength
_MOUTH_RIDGE = 3.0  # the same for a shift of the whole mouth by 1 cm, which trackers report and nobody does
_JAW_WEIGHT = 0.1  # the outline of a turned face is not the model's jaw line
_DEPTH_RIDGE = 0.02  # the model's depth counts as much as a head that is always turned by 8 degrees: sin(8)^2


class Performance:
    """A driver's face and its motion: pose and expression are fitted in turns, and with them the points' depth."""

    def __init__(
        self, landmarks: NDArray[np.float32], neutral: NDArray[np.float32], size: tuple[int, int], fps: Fraction
    ) -> None:
        """Fit `landmarks` (F, 68, 2) against the `neutral` ones (68, 2), in pixels of a picture of this size."""
        self._seen = landmarks.astype(np.float64)
        self._middle = np.array(size) / 2
        self.face = self._fit_face(neutral.astype(np.float64))
        self.points = self.face.points.copy()  # (68, 3): with the depth that its turning shows
        self._shapes = self._shapes_of_face()
        self._strengths = np.zeros((len(landmarks), len(self._shapes)))
        self._weights = np.ones(68)  # what a landmark tells about brows and mouth
        self._weights[list(JAW)] = _JAW_WEIGHT
        self._weights[[point for pair in LID_PAIRS for point in pair]] = 0
        self.flat = self.without_perspective(self._seen, self.points[:, 2])  # (F, 68, 2) the landmarks
        self._still = still_necks(self.points, self.flat, self.face.pivot, fps)
        self.poses = fit_rigid_poses(self.points, self.flat, self.face.pivot, self._still)
        for _ in range(_ROUNDS):
            self._fit_strengths()
            self._fit_poses()

    def head(self) -> dict[str, Array]:
        """Its angles, moves and size."""
        height = float(np.ptp(self.face.points[:, 1]))
        yaw, pitch, roll = np.array([head_angles(pose.rotation) for pose in self.poses]).T
        x, y = np.array([pose.move for pose in self.poses]).T / height
        zoom = np.array([pose.scale for pose in self.poses])
        return {"headYaw": yaw, "headPitch": pitch, "headRoll": roll, "headX": x, "headY": -y, "headZoom": zoom}

    def expression(self) -> dict[str, Array]:
        """The strengths of brows and mouth."""
        return {name: self._strengths[:, number].copy() for number, name in enumerate(_NAMES)}

    def lip_contact(self, still: NDArray[np.bool_], fps: Fraction) -> Array:
        """(F,) how far the lips are meant to touch, 0..1; never in frames that are exactly neutral, `still` (F,)."""
        down = face_down(self.face.points)
        lips = list(MOUTH)
        unturned = np.repeat(self.face.points[None, :, :2], len(self.flat), axis=0)
        unturned[:, lips] = self.unturn(self.flat[:, lips], self.points[lips, 2])
        found, at_rest = (lip_openings(of, down) / self.face.eye_distance for of in (unturned, self.face.points[:, :2]))
        return lip_contact(found, float(at_rest), still, fps)

    def unturn(self, flat: Array, depth: Array) -> Array:
        """(F, N, 2) pixels without perspective as the neutral view would show them; `depth` (N,) in that view."""
        return np.stack([pose.unapply(at, depth) for pose, at in zip(self.poses, flat, strict=True)])

    def without_perspective(self, pixels: Array, depth: Array) -> Array:
        """Where (..., 2) pixels would be if what is nearer looked no larger; `depth` (...,) in pixels.

        With poses that are fitted to the result in turns this is POSIT (DeMenthon and Davis 1995).
        """
        return self._middle + (pixels - self._middle) / (1 + depth / self._distance)[..., None]

    def _fit_face(self, neutral: Array) -> FittedFace:
        face = fit_face(neutral)
        for _ in range(2):
            self._distance = _CAMERA * face.scale
            face = fit_face(self.without_perspective(neutral, face.points[:, 2]))
        return face

    def _shapes_of_face(self) -> Array:
        """(K, 68, 3) centimetres in the picture's axes: the fitted expressions, then two shifts of the mouth."""
        expressions = load_face_model().expressions
        shifts = np.zeros((2, 68, 3))
        shifts[0, MOUTH, 0] = shifts[1, MOUTH, 1] = 1
        offsets = np.concatenate([np.stack([expressions[name] for name in _NAMES]), shifts])
        return self.face.direction(offsets) / self.face.scale

    def _fit_strengths(self) -> None:
        """The expression that explains best what these poses leave; then the depth of the points, from the rest."""
        onto = np.stack([pose.rotation[:2] for pose in self.poses])
        missing = self.flat - np.stack([pose.apply(self.points) for pose in self.poses])
        missing /= np.array([pose.scale * self.face.scale for pose in self.poses])[:, None, None]
        for part in frames_at_once(len(missing)):
            self._strengths[part] = self._explained(missing[part], onto[part], self._strengths[part])
        missing -= self._offsets() @ onto.transpose(0, 2, 1)
        self._fit_depth(missing, onto[..., 2])

    def _explained(self, missing: Array, onto: Array, start: Array) -> Array:
        """The strengths (F, K) that explain best what is `missing` (F, 68, 2), cm, in views (F, 2, 3)."""
        weighted = self._shapes * self._weights[:, None]
        products = np.einsum("kpc,lpd->cdkl", weighted, self._shapes)
        normal = np.einsum("fac,fad,cdkl->fkl", onto, onto, products, optimize=True)
        wanted = np.einsum("fpa,fac,kpc->fk", missing, onto, weighted, optimize=True)
        wanted[:, len(_FREE) : len(_NAMES)] -= _COST
        is_shift = np.arange(len(self._shapes)) >= len(_NAMES)
        normal += np.diag(np.where(is_shift, _MOUTH_RIDGE, _RIDGE))
        low, high = np.where(is_shift, -np.inf, 0), np.where(is_shift, np.inf, 1)
        return np.asarray(solve_in_box(normal, wanted, low, high, start))

    def _fit_depth(self, missing: Array, turned: Array) -> None:
        """What goes on moving with the head's turning (F, 2) lies deeper or less deep; `missing` (F, 68, 2) in cm."""
        away = (self.face.points[:, 2] - self.points[:, 2]) / self.face.scale
        found = np.einsum("fpa,fa->p", missing, turned) / len(turned) + _DEPTH_RIDGE * away
        share = (turned**2).sum() / len(turned) + _DEPTH_RIDGE
        self.points[:, 2] += found / share * self.face.scale

    def _fit_poses(self) -> None:
        """The poses of the moved points, all of which count."""
        weights = self._weights.copy()
        weights[list(RIGID)] = 1
        moved = self.points + self._offsets() * self.face.scale
        turned = [
            (at - o.pivot) @ o.rotation[2] * o.scale + o.pivot[2] for at, o in zip(moved, self.poses, strict=True)
        ]
        self.flat = self.without_perspective(self._seen, np.stack(turned))
        self.poses = fit_poses(moved, self.flat, weights, self.face.pivot, self.poses, still=self._still)

    def _offsets(self) -> Array:
        """(F, 68, 3) centimetres: what the expression adds to the points."""
        return np.tensordot(self._strengths, self._shapes, 1)
