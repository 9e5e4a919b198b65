# SPDX-License-Identifier: GPL-3.0-or-later
"""The warp on footage: every frame is a portrait of its own, and what must not flicker is told by the one at rest."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...motion.pose import Pose
from ..base import Portrait
from .eyes.glasses import find_glasses
from .generator import WarpGenerator
from .known import Known
from .layers import kernel_for
from .mouth.interior import MouthInterior
from .mouth.light import DISPLAY
from .mouth.lip_rims import open_rims
from .mouth.palette import skin_brightness
from .pixels.sampling import to_pixels
from .seen_edges import SeenEdges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace
    from ...motion.target import FaceTarget

    Array = NDArray[np.float32]

_LIPS = slice(48, 68)


class FootageWarp:
    """Moves one face of a movie or an image sequence; see `FootageGenerator`."""

    def __init__(self, rest: Portrait, face: FittedFace, *, new_mouth: bool, head_moves: bool) -> None:
        """`rest` is the frame that shows the `face` at rest.

        With a `new_mouth` what the footage shows between its lips is never seen. If the `head_moves`, there is a
        background to be found in every frame.
        """
        self._rest, self._face, self._head_moves = rest, face, head_moves
        self._edges = SeenEdges.find(rest.pixels, face)
        self._glasses = find_glasses(rest.pixels, face.points[:, :2])
        self._kernel = kernel_for(rest.pixels, np.ones(rest.pixels.shape[:2], np.float32))
        seen = face.shifted(self._edges.follow(face.points[:, :2], tracked=False))
        self._mouth, self._new_mouth = MouthInterior(rest.pixels, seen), new_mouth
        self._skin = skin_brightness(rest.pixels, face.points[:, :2])

    def draw(self, pixels: NDArray[Any], face: FittedFace, pose: Pose, target: FaceTarget) -> NDArray[Any]:
        """The frame whose `pixels` show the `face`, in a `pose` from that at rest."""
        if target.is_still(face.points[:, :2]):
            return pixels.copy()
        points = face.points[:, :2]
        gain = skin_brightness(pixels, points) / max(self._skin, 0.02)
        mouth = (
            partial(_carried, CarriedMouth(self._mouth, self._face, pose, gain))
            if self._new_mouth
            else partial(MouthInterior, rest=self._mouth.at_rest(gain))
        )
        glasses = None if self._glasses is None else self._glasses.carried(points)
        edges = replace(self._edges, pose=pose)
        rims = np.zeros((68, 2))
        if self._new_mouth:
            rims = open_rims(pixels, points + edges.follow(points, tracked=True), face.eye_distance)
        known = Known(face, edges, rims, glasses, self._kernel, not self._head_moves, mouth)
        mask = None if self._head_moves else np.ones(pixels.shape[:2], np.float32)
        return WarpGenerator(Portrait(pixels, points, mask, self._rest.creases), known).draw(target)


class CarriedMouth:
    """The mouth's inside of the face at rest, for a frame of its footage; used as `MouthInterior` is."""

    def __init__(self, mouth: MouthInterior, face: FittedFace, pose: Pose, gain: float) -> None:
        """`mouth` and `face` are those at rest; the frame has them in a `pose`, its skin is brighter by `gain`."""
        self._mouth, self._face, self._pose, self._gain = mouth, face, pose, gain
        self._depth = face.points[_LIPS, 2].mean()

    def read(
        self,
        positions: Array,
        *,
        moved: NDArray[np.floating[Any]],
        pose: Pose,
        parted: float,
        driver: Array | None,
        covered: Array,
    ) -> NDArray[Any]:
        """As `MouthInterior.read`."""
        places, lips, opened = self._at_rest(positions), self._at_rest(moved), parted / self._pose.scale
        seen = self._mouth.read(places, lips, self._turned(pose), opened, driver, covered)
        is_light = not np.issubdtype(seen.dtype, np.integer)
        gain = np.float32(self._gain ** (1 / DISPLAY) if is_light else self._gain)
        return np.concatenate([to_pixels(seen[..., :3] * gain, seen.dtype), seen[..., 3:]], axis=2)

    def tongue_reach(self, moved: NDArray[np.floating[Any]], amount: float) -> NDArray[np.float64]:
        """As `MouthInterior.tongue_reach`."""
        return self._face.carried(self._mouth.tongue_reach(self._at_rest(moved), amount), self._pose)

    def lay_tongue(
        self, drawn: NDArray[Any], positions: Array, moved: NDArray[np.floating[Any]], pose: Pose, amount: float
    ) -> NDArray[Any]:
        """As `MouthInterior.lay_tongue`."""
        places = self._at_rest(positions)
        return self._mouth.lay_tongue(drawn, places, self._at_rest(moved), self._turned(pose), amount)

    def _at_rest(self, places: NDArray[np.floating[Any]]) -> Array:
        """(..., 2) places of the frame's lips in the picture at rest."""
        return self._pose.unapply(places, np.full(places.shape[:-1], self._depth)).astype(np.float32)

    def _turned(self, pose: Pose) -> Pose:
        return Pose(pose.rotation @ self._pose.rotation, pose.pivot)


def _carried(mouth: CarriedMouth, _pixels: NDArray[Any], _face: FittedFace) -> CarriedMouth:
    return mouth
