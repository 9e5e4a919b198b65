# SPDX-License-Identifier: GPL-3.0-or-later
"""What a generator is asked to draw in one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .pose import Pose

STILL = 1e-3  # pixels: a shorter way is no motion


@dataclass(frozen=True)
class FaceTarget:
    """One frame of motion, in the portrait's own pixels."""

    landmarks: NDArray[np.float64]  # (68, 2): where the points of the face are wanted
    pose: Pose  # the head's part of that motion, from the portrait as it is
    gaze: NDArray[np.float64]  # (2, 2) right and left eye: yaw, pitch in radians, from the portrait's own gaze
    tongue: float = 0.0  # 0..1 how far it is put out
    parted: float = 0.0  # pixels of the lips' opening that the jaw has no share in; no tracker can tell
    tracked: bool = True  # whether a tracker found the landmarks in a driver; else the portrait's own are moved
    # Whether the landmarks are wanted at these very pixels; else they are the portrait's own, moved and turned at the
    # depth that its model has, and those that are hidden in it go with what hides them. Of points that are wanted so, a
    # head that keys turn on as well has been turned by the model, too.
    absolute: bool = True
    # (rows, columns, 2) on the mean face, if a driver's movie shows it: change of log brightness, how sure (0..1)
    shading: NDArray[np.float32] | None = None
    # (rows, columns, 4) from lip to lip, if a driver's movie shows the mouth's inside: `mouth.driver.measure`
    mouth: NDArray[np.float32] | None = None

    def is_still(self, landmarks: NDArray[np.floating[Any]]) -> bool:
        """Whether a portrait with these (68, 2) landmarks stays as it is."""
        return bool(np.abs(self.landmarks - landmarks).max() < STILL and np.abs(self.gaze).max() == 0)
