# SPDX-License-Identifier: GPL-3.0-or-later
"""The skull as an ellipsoid: it says where the head's outline goes when the head turns.

The surface that is seen in the portrait ends at its outline; turned, the outline runs over skin and hair that no
picture shows. A long head that looks aside is wider than one that looks straight on, not narrower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from ....compiled import Number, compiled
from ..pixels.sampling import smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace
    from ....motion.pose import Pose

    Array = NDArray[np.float32]

CENTRE = np.array([0.0, 3.5, 0.7])  # centimetres in the face model, whose bare skull this ellipsoid fits
_HALF_AXES = np.array([7.9, 11.0, 9.3])
# Over the rest of the radius, from the person's outline inwards, the surface gives way to the outline. On the side that
# comes into view no more than that is stretched; on the other one hair moves as a whole, or it would be drawn out.
_NEAR_INNER, _FAR_INNER = 0.9, 0.8
_REACH = np.float32(5)  # so many times as far as the outline moves away from the centre's depth a node moves at most
_NO_TURN = 1e-6  # radians: less is rounding, and its square nothing
_HAIR = 0.25  # from the bald outline to so much beyond it is hair
_FACE = 0.35  # eye distances: the face keeps its own depth, and so far beyond its landmarks less and less of it
# Heights in the face model: lower down the outline is that of ears, jaw and neck. On the side that comes into view the
# skull begins where an ear ends; on the other one hair stands out behind temple and ear as well, down to the mouth.
_NEAR_SIDE, _FAR_SIDE = (3.5, 7.0), (-4.0, 4.0)


class _Nodes(NamedTuple):
    """What is known of the nodes (h, w) whatever way the head turns."""

    x: Array  # pixels from the centre
    y: Array
    form: Array  # of the ellipsoid as it lies in the portrait, see `_form`
    beyond: Array  # radius where that is more than 1
    hair: Array  # 0..1
    near_share: Array  # of the change that is made on the side that comes into view, 0..1
    far_share: Array  # and on the other one


class Skull:
    """The ellipsoid of one portrait under the nodes of a grid, in the picture's axes, pixels."""

    def __init__(self, face: FittedFace, nodes: Array, inside: Array) -> None:
        """Place it as the face model was fitted.

        `nodes` (h, w, 2) are portrait positions, `inside` (h, w) their distances to the person's outline, 0 outside.
        """
        self._centre = face.from_model(CENTRE)
        axes = face.direction(np.diag(_HALF_AXES))
        self._shape = axes.T @ axes
        out = nodes - self._centre[:2].astype(np.float32)
        x, y = (np.ascontiguousarray(out[..., axis]) for axis in range(2))
        # Hair belongs to the outline, the temple before it to the face: from the outline that is seen inwards.
        radius = np.sqrt(_form(np.linalg.inv(self._shape[:2, :2]), x, y))
        hair = smooth_step((radius - 1) / _HAIR)
        # Turned aside, the face stands out of the ellipsoid.
        beside = smooth_step(outside(face.points[:, :2].astype(np.float32), nodes) / (_FACE * face.eye_distance))
        skull = np.hypot(x, y) / np.maximum(radius, 1e-6)
        near_share, far_share = (
            smooth_step(1 - inside / ((1 - inner) * skull)) * beside * _between(face, nodes, *side)
            for inner, side in ((_NEAR_INNER, _NEAR_SIDE), (_FAR_INNER, _FAR_SIDE))
        )
        # Hair lies as deep as the outline that it grows from.
        form, beyond = _form(self._shape, x, y), np.maximum(radius, 1)
        self._nodes = _Nodes(x, y, form, beyond, hair, near_share, far_share)

    def outline_height(self, pose: Pose, height: Array) -> Array:
        """The heights (h, w) of the nodes, changed on and beyond the outline so that it goes where the skull's does.

        The outline is at centre + h(n) n with the ellipsoid's support function h(n) = sqrt(n' A n): along every
        direction the picture is scaled as the outline is, and turned as the pose turns within the picture.
        """
        towards = pose.rotation[:2, 2]  # where depth moves a point
        if np.abs(towards).max() < _NO_TURN:
            return height
        roll, turned = pose.roll(), self._turned(pose)
        numbers = turned[0, 0], turned[0, 1], turned[1, 1], *(towards @ roll), *(towards @ pose.rotation[:2, :2])
        directions = tuple(np.array([*numbers, towards @ towards], np.float32))
        return _changed(height, np.float32(self._centre[2]), self._nodes, directions)

    def on_outline(self, pose: Pose, places: Array) -> Array:
        """The portrait's positions (h, w, 2) that a pose without its roll, scale and move shows at places (h, w, 2).

        They are those of what goes where the outline goes, along every direction from the centre.
        """
        out = places - self._seen_centre(pose).astype(np.float32)
        shapes = self._shape, self._turned(pose)
        own, seen = (np.maximum(_form(shape, out[..., 0], out[..., 1]), np.float32(1e-6)) for shape in shapes)
        return np.asarray(self._centre[:2] + out * np.sqrt(own / seen)[..., None], np.float32)

    def farthest(self, pose: Pose, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) around what `on_outline` shows of an area around the centre with corners (N, 2)."""
        growth = np.linalg.eigvals(np.linalg.solve(self._shape[:2, :2], self._turned(pose))).real.max()
        return self._seen_centre(pose) + (corners - self._centre[:2]) * np.sqrt(growth)

    def _seen_centre(self, pose: Pose) -> NDArray[np.float64]:
        """(2,) where a pose without its roll, scale and move shows the centre."""
        return pose.pivot[:2] + pose.roll().T @ (pose.rotation @ (self._centre - pose.pivot))[:2]

    def _turned(self, pose: Pose) -> NDArray[np.float64]:
        """(2, 2) the form of the outline, turned back by the pose's roll."""
        roll = pose.roll()
        return roll.T @ (pose.rotation @ self._shape @ pose.rotation.T)[:2, :2] @ roll


def _form(shape: NDArray[np.float64], x: Array, y: Array) -> Array:
    """(h, w) the form n' A n of the directions n (x, y) from the centre to the nodes, for a symmetric `shape` A."""
    (a, b), (_, c) = shape[:2, :2].astype(np.float32)
    return x * (a * x + (b + b) * y) + c * y * y


@compiled
def _changed(height: Array, centre: Number, nodes: _Nodes, directions: tuple[Number, ...]) -> Array:
    """`Skull.outline_height` above a `centre`.

    `directions` are the turned form's three numbers, where depth moves a point, with and without what the picture is
    squeezed, and the square of that.
    """
    a, b, c, along_x, along_y, squeezed_x, squeezed_y, squared = directions
    least, zero = np.float32(1e-6), np.float32(0)
    out = np.empty_like(height)
    for i in range(height.shape[0]):
        for j in range(height.shape[1]):
            x, y, own = nodes.x[i, j], nodes.y[i, j], height[i, j] - centre
            form = x * (a * x + (b + b) * y) + c * y * y
            grown = np.sqrt(max(form, least) / max(nodes.form[i, j], least))
            missing = (along_x * x + along_y * y) * grown - (squeezed_x * x + squeezed_y * y)
            nearer = missing / squared / nodes.beyond[i, j]
            # On the side that turns away the surface seen is the outline itself; only hair stands out behind it.
            most = _REACH * abs(nearer)  # or the outline would leap where one side becomes the other
            if nearer < zero:
                out[i, j] = height[i, j] + min(max(nearer - own, -most), most) * nodes.near_share[i, j]
            else:
                out[i, j] = height[i, j] + min(max(nearer * nodes.hair[i, j] - own, zero), most) * nodes.far_share[i, j]
    return out


def _between(face: FittedFace, nodes: Array, low: float, high: float) -> Array:
    """(h, w) 0 at one height in the face model, 1 at another, at portrait positions (h, w, 2)."""
    levels = face.from_model(np.array([[0, low, 0], [0, high, 0]], np.float64))[:, :2].astype(np.float32)
    along = levels[1] - levels[0]
    return smooth_step((nodes - levels[0]) @ along / (along @ along))


def outside(points: Array, nodes: Array) -> Array:
    """(h, w) pixels by which nodes (h, w, 2) lie outside the convex hull of points (N, 2); less than 0 inside.

    From the line of its farthest side.
    """
    hull = cv2.convexHull(points)[:, 0]
    sides = np.roll(hull, -1, axis=0) - hull
    outwards = np.stack([sides[:, 1], -sides[:, 0]], axis=1) / np.linalg.norm(sides, axis=1, keepdims=True)
    outwards *= np.sign(((hull - hull.mean(0)) * outwards).sum(1, keepdims=True))
    return (nodes @ outwards.T - (hull * outwards).sum(1)).max(-1)
