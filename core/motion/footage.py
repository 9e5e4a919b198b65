# SPDX-License-Identifier: GPL-3.0-or-later
"""A face in footage: one person, fitted once, in every frame; and its frames without what it did in some regions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import EYES, JAW, LEFT_BROW, LEFT_EYE, LID_PAIRS, MOUTH, NOSE_BASE, RIGHT_BROW, RIGHT_EYE
from .face_model import FittedFace, fit_face, load_face_model
from .pose import fit_rigid_poses
from .smoothing import smooth_track

if TYPE_CHECKING:
    from collections.abc import Collection
    from fractions import Fraction

    from numpy.typing import NDArray

    from .pose import Pose

    Array = NDArray[np.float64]

_CORNERS = [(eye[0], eye[3]) for eye in EYES]
# Points that go back to rest, and those beside them, which expressions hardly move, that tell where that is.
_HUNG = {
    "mouth": ((MOUTH, NOSE_BASE),),
    "eyes": ((RIGHT_EYE, _CORNERS[0]), (LEFT_EYE, _CORNERS[1])),
    "brows": ((RIGHT_BROW, _CORNERS[0]), (LEFT_BROW, _CORNERS[1])),
}
_CHIN = (6, 7, 8, 9, 10)
_JAW_SHAPES = ("jawOpen", "jawLeft")
_SHUT, _OPEN = 0.4, 0.8  # of the opening at rest: lids that are nearer to each other show no eye to open


class FootageFace:
    """One face through all frames of its footage."""

    def __init__(self, landmarks: NDArray[np.float32], rest_frame: int, fps: Fraction) -> None:
        """Fit (F, 68, 2) landmarks; `rest_frame` is the one that shows the face at rest."""
        steady = smooth_track(landmarks, fps)
        self.rest = fit_face(steady[rest_frame])
        self.poses = list(fit_rigid_poses(self.rest.points, steady, self.rest.pivot))
        """From the frame at rest to each frame."""
        self.faces = [self.rest.posed(pose, points) for pose, points in zip(self.poses, steady, strict=True)]
        """As each frame shows it."""

    def without(self, regions: Collection[str], neutralise: float = 0.0) -> list[FittedFace]:
        """The faces whose `regions` ("mouth", "eyes", "brows") are as at rest: what the footage does there is taken off.

        `neutralise` (0..1) takes that share of the expression at rest off everywhere.
        """
        rest = self.rest.neutralised(neutralise)
        return [
            _without(face, self.rest.posed(pose), rest.posed(pose), regions)
            for face, pose in zip(self.faces, self.poses, strict=True)
        ]


def _without(face: FittedFace, still: FittedFace, calm: FittedFace, regions: Collection[str]) -> FittedFace:
    """A frame's face; `still` is the one at rest as it would be seen there, `calm` the same neutralised."""
    points = face.points + calm.points - still.points
    for region in regions:
        for moved, beside in _HUNG[region]:
            hung = (face.points - still.points)[list(beside)].mean(0)
            points[list(moved)] = calm.points[list(moved)] + hung
    if "mouth" in regions:
        points[list(JAW)] -= _jaw_motion(face, still)
    return replace(face, points=points)


def _jaw_motion(face: FittedFace, still: FittedFace) -> Array:
    """(17, 3) what the jaw's opening and sliding add to its outline, told by the chin.

    The rest of the outline is what is seen of the cheeks: it is no jaw that could be put back.
    """
    shapes = np.stack([face.direction(load_face_model().expressions[name]) for name in _JAW_SHAPES])
    chin, nose = list(_CHIN), list(NOSE_BASE)
    went = face.points - still.points
    went = (went[chin] - went[nose].mean(0))[:, :2].reshape(-1)
    strengths = np.linalg.lstsq(shapes[:, chin, :2].reshape(len(shapes), -1).T, went, rcond=None)[0]
    return np.tensordot(strengths, shapes[:, list(JAW)], 1)
