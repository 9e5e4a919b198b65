# SPDX-License-Identifier: GPL-3.0-or-later
"""A head that the picture's border cuts goes on beyond it, for when it turns and that comes in.

Its outline is that of the skull's ellipse, as far out as the other side of the head shows it, or as beside the cut. Of
the face itself the other half is taken, mirrored; hair and skin are pieces of what is seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from ....landmarks.topology import CHIN, MIRRORED, NOSE_BRIDGE
from ....motion.pose import Pose
from ..fields.grid import area_of, overlap, positions
from ..fields.rbf import thin_plate
from ..pixels.sampling import polygon_mask, premultiplied, read_at, smooth_step, straight
from ..surface.skull import CENTRE, HALF_AXES
from .exemplars import grown
from .plate import fill_behind, joined

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace
    from ....motion.target import FaceTarget
    from ...base import Portrait
    from ..fields.grid import Area

    Array = NDArray[np.float32]

# In eye distances where nothing else is said:
_BEYOND = 0.8  # so far the picture goes on: a head that turns by 30 degrees shows hardly more
_LEAST = 0.1  # less of the border cuts nothing
_AROUND = np.array([1.7, 2.3, 1.7, 1.0])  # left, top, right, bottom of the landmarks: what moves is in there
_BODY = 0.3  # below the chin: down to here the outline goes over into one that goes straight on
_MIRRORED = 1.2  # around the landmarks the other half is taken
_FOREHEAD = 0.3  # of the way from the chin to the eyes: so far above the landmarks it is
_ANGLES = np.radians(np.arange(-180, 180))
_RADII = np.arange(0.5, 2.5, 0.01)  # of the skull's
_NO_END = 9.0  # of its radius: a head that fills the picture has no outline, and what it would uncover is not known
_SOFT = 0.05  # beside the outline are the person's colours as well
_SURE = 0.99  # of the mask
_SMOOTH = 0.01  # of the spline: lips that are shut have landmarks that lie on each other


class Continued(NamedTuple):
    """A portrait that may reach beyond the picture that is to be drawn."""

    portrait: Portrait  # with a head mask
    face: FittedFace
    shown: Area  # where in it the picture lies

    @classmethod
    def no_farther(cls, portrait: Portrait, mask: Array, face: FittedFace) -> Continued:
        """The picture itself."""
        return cls(replace(portrait, head_mask=mask), face, (slice(0, mask.shape[0]), slice(0, mask.shape[1])))

    def place(self, target: FaceTarget, *, back: bool = False) -> FaceTarget:
        """A target in the picture's pixels in those of the portrait, or `back`."""
        corner = np.array([self.shown[1].start, self.shown[0].start, 0.0])
        if not corner.any():
            return target
        corner = -corner if back else corner
        pose = replace(target.pose, pivot=target.pose.pivot + corner)
        return replace(target, landmarks=target.landmarks + corner[:2], pose=pose)


class _Skull(NamedTuple):
    """The outline of the skull's ellipsoid, on which places have an angle from its top and a radius, 1 on it."""

    middle: NDArray[np.float64]  # (2,)
    axes: NDArray[np.float64]  # (2, 2) from the unit circle, whose (0, -1) is the top, to pixels

    def polar(self, places: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angle (-pi..pi, to the picture's right is more) and radius of (..., 2) places."""
        x, y = np.moveaxis((places - self.middle) @ np.linalg.inv(self.axes).T, -1, 0)
        return np.arctan2(x, -y), np.hypot(x, y)

    def places(self, angle: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) the other way round."""
        return self.middle + np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=-1) @ self.axes.T


def continued(portrait: Portrait, mask: Array, face: FittedFace) -> Continued:
    """A portrait whose head, found as `mask` (H, W), goes on where the left, top or right border cuts it.

    Below it is neck, which is stretched. What is added beside the person is not the background: that is never seen.
    """
    left, top, right = (round(_BEYOND * face.eye_distance) * cut for cut in _cuts(mask, face))
    height, width = mask.shape
    if not (left or top or right):
        return Continued.no_farther(portrait, mask, face)
    pad = (top, 0), (left, right)
    pixels = np.pad(portrait.pixels, (*pad, (0, 0)), "edge")
    hidden = np.pad(np.zeros(mask.shape, np.bool_), pad, constant_values=True)
    corner = np.array([left, top])
    places = (np.argwhere(hidden)[:, ::-1] - corner).astype(np.float32)
    larger = np.pad(mask, pad, "edge")
    larger[hidden] = _outline(mask, face, places, larger[hidden])
    landmarks = portrait.landmarks + corner.astype(portrait.landmarks.dtype)
    _mirror_face(pixels, larger, hidden, landmarks, face.eye_distance)
    _fill(pixels, larger, hidden, landmarks, face.eye_distance)
    return Continued(
        replace(portrait, pixels=pixels, landmarks=landmarks, head_mask=larger),
        face.posed(Pose(np.eye(3), np.zeros(3), move=corner)),
        (slice(top, top + height), slice(left, left + width)),
    )


def _cuts(mask: Array, face: FittedFace) -> tuple[bool, bool, bool]:
    """Whether the left, top and right border cut the head."""
    height, width = mask.shape
    rows, columns, eye_distance = np.arange(height), np.arange(width), face.eye_distance
    low, high = face.points[:, :2].min(0), face.points[:, :2].max(0)

    def cuts(line: Array, x: NDArray[np.intp], y: NDArray[np.intp]) -> bool:
        places = np.stack(np.broadcast_arrays(x, y), axis=1)
        near = ((places > low - _AROUND[:2] * eye_distance) & (places < high + _AROUND[2:] * eye_distance)).all(1)
        return np.count_nonzero((line > 0.5) & near & (_below(face, places) < 0)) > _LEAST * eye_distance

    return (
        cuts(mask[:, 0], np.zeros(1, np.intp), rows),
        cuts(mask[0], columns, np.zeros(1, np.intp)),
        cuts(mask[:, -1], np.full(1, width - 1), rows),
    )


def _below(face: FittedFace, places: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(...) eye distances of (..., 2) places below the chin."""
    down = face.direction(np.array([0.0, -1.0, 0.0]))[:2]
    return (places - face.points[CHIN, :2]) @ (down / np.linalg.norm(down) / face.eye_distance)


def _outline(mask: Array, face: FittedFace, places: Array, straight_on: Array) -> Array:
    """(N,) 0..1: the person at (N, 2) places beyond the border; `straight_on` (N,) is the mask where the border is."""
    axes = face.direction(np.diag(HALF_AXES))
    form = axes.T @ axes
    up = face.direction(np.array([0.0, 1.0, 0.0]))[:2]
    root = np.linalg.cholesky(form[:2, :2])
    x, y = np.linalg.solve(root, up)
    turn = np.array([[-y, -x], [x, -y]]) / np.hypot(x, y)  # of the unit circle, so that its top is the head's
    skull = _Skull(face.from_model(CENTRE)[:2], root @ turn)
    angle, radius = skull.polar(places)
    ends = np.interp(angle, _ANGLES, _ends(mask, face, skull), period=2 * np.pi)
    soft = float(np.sqrt(np.linalg.det(skull.axes))) / 2  # two pixels
    return np.maximum(
        np.clip((ends - radius) * soft + 0.5, 0, 1), straight_on * smooth_step(_below(face, places) / _BODY)
    ).astype(np.float32)


def _ends(mask: Array, face: FittedFace, skull: _Skull) -> NDArray[np.float64]:
    """(angles,) radius where the head ends; where the border cuts it as on its other side, or as beside the cut."""
    rays = skull.places(_ANGLES[:, None], _RADII)
    column, row = np.moveaxis(np.rint(rays).astype(int), -1, 0)
    inside = (column >= 0) & (column < mask.shape[1]) & (row >= 0) & (row < mask.shape[0])
    person = np.zeros(inside.shape, np.bool_)
    person[inside] = mask[row[inside], column[inside]] > 0.5
    last = person.shape[1] - 1 - np.argmax(person[:, ::-1], axis=1)  # where the person ends along a ray
    each = np.arange(len(rays))
    seen = person.any(1) & inside[each, np.minimum(last + 1, len(_RADII) - 1)] & (_below(face, rays[each, last]) < 0)
    if not seen.any():
        return np.full(len(_ANGLES), _NO_END)
    ends = np.log(_RADII[last])
    other = np.roll(ends[::-1], 1)
    both = seen & np.roll(seen[::-1], 1)
    if both.any():
        wider = np.interp(_ANGLES, _ANGLES[both], (ends - other)[both], period=2 * np.pi)
        known = np.roll(seen[::-1], 1) & ~seen
        ends = np.where(known, other + wider, ends)
        seen = seen | known
    return np.exp(np.interp(_ANGLES, _ANGLES[seen], ends[seen], period=2 * np.pi))


def _mirror_face(
    pixels: NDArray[Any], mask: Array, hidden: NDArray[np.bool_], landmarks: NDArray[Any], eye_distance: float
) -> None:
    """What is hidden of the head becomes the mirror image of its other half, in the light of what is seen beside it."""
    points, known = landmarks.astype(np.float64), (mask > _SURE) & ~hidden
    area = _around(points, _MIRRORED * np.ones(4), eye_distance, mask.shape)
    beside = grown(hidden[area], max(2, round(_SOFT * eye_distance)))
    if not beside.any():
        return
    left, top, width, height = cv2.boundingRect(beside.view(np.uint8))
    left, top = left + area[1].start, top + area[0].start
    box = slice(top, top + height), slice(left, left + width)
    here, part, missing = positions(box), pixels[box], hidden[box]
    there = here + thin_plate(points, points[list(MIRRORED)] - points, here, _SMOOTH)
    around = grown(missing, max(2, round(_SOFT * eye_distance))) & (missing | known[box])
    around &= read_at(known.astype(np.float32), there, outside_zero=True) > _SURE
    wanted = around & missing
    if wanted.any():
        part[wanted] = joined(part, read_at(pixels, there).reshape(part.shape), wanted, around, whole=True)[wanted]
        missing &= ~wanted


def _fill(
    pixels: NDArray[Any], mask: Array, hidden: NDArray[np.bool_], landmarks: NDArray[Any], eye_distance: float
) -> None:
    """What is still hidden of the head is made of pieces of what is seen around the face, of hair; else it is smooth.

    Lower down the border's pixels go on, as little moves there.
    """
    area = _around(landmarks, np.append(_AROUND[:3], 0), eye_distance, mask.shape)
    up = _FOREHEAD * (landmarks[NOSE_BRIDGE[0]] - landmarks[CHIN])
    outline = np.asarray(cv2.convexHull(np.concatenate([landmarks, landmarks + up]).astype(np.float32)), np.float32)
    face = polygon_mask(outline[:, 0], (area[1].start, area[0].start), mask[area].shape, 0) > 0
    wanted = hidden[area] & grown(mask[area] > 0, max(2, round(_SOFT * eye_distance)))
    unfit = face | hidden[area] | (mask[area] < _SURE)
    if np.count_nonzero(~unfit) < np.count_nonzero(wanted):  # a few pieces again and again are a pattern
        unfit = np.ones_like(unfit)
    filled = fill_behind(premultiplied(pixels[area]), wanted.astype(np.float32), unfit)
    # What is shown stays to the bit.
    np.copyto(pixels[area], straight(filled, pixels.dtype), where=hidden[area][..., None])


def _around(
    points: NDArray[np.floating[Any]], margin: NDArray[Any], eye_distance: float, shape: tuple[int, ...]
) -> Area:
    """The part of a picture of this shape around (68, 2) points, with margins left, top, right and bottom of them."""
    box = np.concatenate([points.min(0), points.max(0)]) + margin * eye_distance * [-1, -1, 1, 1]
    return overlap(area_of(box), (slice(0, shape[0]), slice(0, shape[1])))
