# SPDX-License-Identifier: GPL-3.0-or-later
"""What every generator takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..motion.face_model import FittedFace
    from ..motion.pose import Pose
    from ..motion.target import FaceTarget


@dataclass(frozen=True)
class Portrait:
    """The picture to animate."""

    pixels: NDArray[Any]  # (H, W, 3 or 4) uint8, uint16 or float32 (scene-linear), RGB or RGBA with straight alpha
    landmarks: NDArray[np.floating[Any]]  # (68, 2) pixels of the picture
    head_mask: NDArray[np.float32] | None = None  # (H, W) 0..1: what moves with the head; found when None
    creases: float = 0.7  # how strongly expressions crease the skin; 0: not at all


class Generator(Protocol):
    """Draws one portrait."""

    def draw(self, target: FaceTarget) -> NDArray[Any]:
        """The frame: same shape and type as the portrait's pixels; a target that moves nothing gives them back."""
        ...


class FootageGenerator(Protocol):
    """Draws one face of footage."""

    def draw(self, pixels: NDArray[Any], face: FittedFace, pose: Pose, target: FaceTarget) -> NDArray[Any]:
        """The frame whose `pixels` show the `face`, in a `pose` from that at rest; else as `Generator.draw`."""
        ...
