# SPDX-License-Identifier: GPL-3.0-or-later
"""From where a detector puts lids and lips to where they are seen: found once in a portrait, carried by its face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .eyes.lids import follow_lids, lid_shifts
from .mouth.lips import follow_seam, parted, seam_edges, seam_shifts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace
    from ...motion.pose import Pose

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class SeenEdges:
    """The edges of one face's lids and lips."""

    face: FittedFace  # in the picture where they were found
    lids: Array  # (68, 2) shifts in its pixels
    seam: Array  # (68, 2)
    lit: Array  # (68, 2) from the seam to where either lip is lit
    pose: Pose | None = None  # from there to another frame of its footage

    @classmethod
    def find(cls, pixels: NDArray[Any], face: FittedFace) -> SeenEdges:
        """Look for them in a picture (H, W, C)."""
        lids = lid_shifts(pixels, face.points)
        seam = seam_shifts(pixels, face.points, face.eye_distance)
        points = face.points[:, :2] + lids + seam
        return cls(face, lids, seam, seam_edges(pixels, points, face.eye_distance))

    def follow(self, points: NDArray[np.floating[Any]], *, tracked: bool) -> Array:
        """(68, 2) shifts of landmarks (68, 2) of the unturned face; `tracked` as in `FaceTarget`."""
        points, own = self._found_at(points), self.face.points[:, :2]
        lids = follow_lids(self.lids, own, points)
        # In footage every point is a tracker's.
        tracked = tracked or self.pose is not None
        seam = follow_seam(self.seam, own, points, self.face.eye_distance) if tracked else self.seam
        return self._carried(lids + seam)

    def lip_edges(self, points: NDArray[np.floating[Any]]) -> Array:
        """(68, 2) what `seam_edges` says of a picture whose own landmarks (68, 2) these are."""
        still, shift = self.face.points[:, :2], self.lids + self.seam
        return self._carried(self.lit - parted(still + shift, self._found_at(points) + shift, self.lit))

    def _found_at(self, points: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        return points if self.pose is None else self.pose.unapply(points, self.face.points[:, 2])

    def _carried(self, shifts: Array) -> Array:
        return shifts if self.pose is None else self.pose.scale * shifts @ self.pose.rotation[:2, :2].T
