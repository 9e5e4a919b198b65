# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of one person, each of them warped to where the landmarks of a frame are wanted.

What one picture hides another one may show: a frame is offered the warps of the pictures that are nearest to it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...landmarks.track import LandmarkTrack
from ...motion.face_model import fit_face
from ...motion.plan import plan_on
from ..base import Portrait
from ..warp.generator import WarpGenerator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace
    from ...motion.target import FaceTarget

WARPS = 3
"""How many references a frame is made from."""


class Warp(NamedTuple):
    """One reference, warped."""

    reference: int
    picture: NDArray[np.uint8]  # (S, S, 3)
    confidence: NDArray[np.float32]  # (S, S) 0..1, see `WarpGenerator`


class References:
    """Head crops of one person with their landmarks; each is prepared when it is first needed."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], landmarks: NDArray[np.floating[Any]]) -> None:
        """`pictures` (S, S, 3), `landmarks` (T, 68, 2) in pixels of theirs."""
        self._pictures, self._landmarks = pictures, landmarks
        self._faces: dict[int, FittedFace] = {}
        self._generators: dict[int, WarpGenerator] = {}

    def _face(self, number: int) -> FittedFace:
        if number not in self._faces:
            self._faces[number] = fit_face(self._landmarks[number])
        return self._faces[number]

    def _generator(self, number: int) -> WarpGenerator:
        if number not in self._generators:
            portrait = Portrait(self._pictures[number], self._landmarks[number])
            self._generators[number] = WarpGenerator(portrait)
        return self._generators[number]

    def warps(self, target: FaceTarget, main: int, others: Sequence[int]) -> list[Warp]:
        """WARPS of them: `main` warped to a target in its pixels, and those of the `others` that are most like it.

        The background is `main`'s: of the others the person alone is trusted. Where there are too few of them, `main`
        stands in, with no confidence at all.
        """
        first = self._warp(main, target, only_person=False)
        warps = [first]
        chosen = nearest(self._landmarks[list(others)], target.landmarks, WARPS - 1)
        for number in np.array(others, np.intp)[chosen].tolist():
            own = self.target(number, target.landmarks)
            own = replace(own, gaze=target.gaze, tongue=target.tongue, parted=target.parted)
            warps.append(self._warp(number, own, only_person=True))
        nothing = first._replace(confidence=np.zeros_like(first.confidence))
        return warps + [nothing] * (WARPS - len(warps))

    def target(self, number: int, landmarks: NDArray[np.floating[Any]]) -> FaceTarget:
        """What a reference has to do to show (68, 2) landmarks in its pixels."""
        height, width = self._pictures[number].shape[:2]
        wanted = landmarks[None].astype(np.float32)
        track = LandmarkTrack(wanted, np.ones((1, 68), np.float32), Fraction(25), (width, height))
        return plan_on([self._face(number)], track)[0]

    def draw(self, number: int, target: FaceTarget) -> NDArray[np.uint8]:
        """A reference warped to a target in its pixels, (S, S, 3)."""
        return self._generator(number).draw(target)

    def _warp(self, number: int, target: FaceTarget, *, only_person: bool) -> Warp:
        return Warp(number, *self._generator(number).draw_with_confidence(target, only_person=only_person))


def nearest(landmarks: NDArray[np.floating[Any]], wanted: NDArray[np.floating[Any]], count: int) -> NDArray[np.intp]:
    """The `count` of (T, 68, 2) landmarks that are most like (68, 2) wanted ones, place and size apart; best first."""
    distance = np.linalg.norm(_standing(landmarks) - _standing(wanted), axis=-1).mean(-1)
    return np.argsort(distance, kind="stable")[:count]


def _standing(landmarks: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(..., 68, 2) landmarks about their centre, with a mean distance of 1 from it."""
    centred = landmarks - landmarks.mean(-2, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1).mean(-1)[..., None, None]
