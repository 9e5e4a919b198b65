# SPDX-License-Identifier: GPL-3.0-or-later
"""A face in footage: one person, fitted once, in every frame; and its frames without what it did in some regions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import (
    EYES,
    INNER_LOWER_LIP,
    INNER_UPPER_LIP,
    JAW,
    LEFT_BROW,
    LID_PAIRS,
    MOUTH,
    NOSE_BASE,
    RIGHT_BROW,
)
from .easing import ease
from .face_model import FittedFace, fit_face
from .pose import fit_rigid_poses
from .smoothing import smooth_track

if TYPE_CHECKING:
    from collections.abc import Collection
    from fractions import Fraction

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Points that go back to rest, and those beside them, which expressions hardly move, that tell where that is.
_CORNERS = [(eye[0], eye[3]) for eye in EYES]
_LIDS = [tuple(point for pair in pairs for point in pair) for pairs in (LID_PAIRS[:2], LID_PAIRS[2:])]
_HUNG = {
    "mouth": ((MOUTH, NOSE_BASE),),
    "eyes": ((_LIDS[0], _CORNERS[0]), (_LIDS[1], _CORNERS[1])),
    "brows": ((RIGHT_BROW, _CORNERS[0]), (LEFT_BROW, _CORNERS[1])),
}
_CHIN = (6, 7, 8, 9, 10)
_PARTED = 0.05  # eye distances: lips at rest that stand apart by less are shut, as trackers see them
_SHUT, _OPEN = 0.3, 0.7  # of the lids' distance at rest: an eye that is shut shows nothing that could be opened


class FootageFace:
    """One face through all frames of its footage."""

    def __init__(self, landmarks: NDArray[np.float32], rest_frame: int, fps: Fraction) -> None:
        """Fit (F, 68, 2) landmarks; `rest_frame` is the one that shows the face at rest."""
        steady = smooth_track(landmarks, fps)
        self.rest = fit_face(steady[rest_frame])
        self.poses = fit_rigid_poses(self.rest.points, steady, self.rest.pivot)
        """From the frame at rest to each frame."""
        self.faces = [self.rest.posed(pose, points) for pose, points in zip(self.poses, steady, strict=True)]
        """As each frame shows it."""

    def without(self, regions: Collection[str], neutralise: float = 0.0) -> list[FittedFace]:
        """The faces with their `regions` ("mouth", "eyes", "brows") at rest: what the footage does there is taken off.

        `neutralise` (0..1) takes that share of the expression at rest off everywhere.
        """
        rest = self.rest.neutralised(neutralise)
        if "mouth" in regions:
            rest = _with_lips_shut(rest)
        still, calm = ([face.posed(pose) for pose in self.poses] for face in (self.rest, rest))
        return [self._rested(*faces, regions) for faces in zip(self.faces, still, calm, strict=True)]

    @staticmethod
    def _rested(face: FittedFace, still: FittedFace, calm: FittedFace, regions: Collection[str]) -> FittedFace:
        """A frame's face; `still` is how it would be seen there at rest, `calm` how it is wanted at rest."""
        points = face.points + calm.points - still.points
        for region in regions:
            for moved, beside in _HUNG[region]:
                hung = (face.points - still.points)[list(beside)].mean(0)
                share = _opens(face, still, moved) if region == "eyes" else 1.0
                points[list(moved)] += share * (calm.points[list(moved)] + hung - points[list(moved)])
        if "mouth" in regions:
            points[list(JAW), :2] -= _outline_motion(face, still)
        return replace(face, points=points)


def _outline_motion(face: FittedFace, still: FittedFace) -> Array:
    """(17, 2) what the jaw's opening and sliding add to its outline, told by the chin.

    The rest of the outline is what is seen of the cheeks: it is no jaw that could be put back.
    """
    shapes = face.jaw_shapes()[..., :2]
    chin, went = list(_CHIN), (face.points - still.points)[:, :2]
    seen = (went[chin] - went[list(NOSE_BASE)].mean(0)).reshape(-1)
    strengths = np.linalg.pinv(shapes[:, chin].reshape(len(shapes), -1).T) @ seen
    return np.asarray(np.tensordot(strengths, shapes[:, list(JAW)], 1), np.float64)


def _with_lips_shut(face: FittedFace) -> FittedFace:
    """The face with lips that meet, if they stand hardly apart."""
    points = face.points.copy()
    apart = points[INNER_LOWER_LIP] - points[INNER_UPPER_LIP]
    if np.linalg.norm(apart[:, :2], axis=1).mean() < _PARTED * face.eye_distance:
        points[INNER_UPPER_LIP] += apart / 2
        points[INNER_LOWER_LIP] -= apart / 2
    return replace(face, points=points)


def _opens(face: FittedFace, rest: FittedFace, lids: tuple[int, ...]) -> float:
    """How far, 0..1, an eye may be put back to rest."""
    now, before = (
        float(np.linalg.norm(of.points[list(lids[::2]), :2] - of.points[list(lids[1::2]), :2], axis=1).mean())
        for of in (face, rest)
    )
    return float(ease((now / max(before, 1e-6) - _SHUT) / (_OPEN - _SHUT)))
