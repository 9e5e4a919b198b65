# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver -> the motion of a portrait, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .controls import ControlTrack
from .expression import express
from .face_model import fit_face
from .retarget import follow_absolute, follow_relative

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack
    from .target import FaceTarget


def plan_motion(
    landmarks: NDArray[np.floating],
    driver: ControlTrack | LandmarkTrack,
    *,
    relative: bool = True,
    neutral_frame: int = 0,
) -> list[FaceTarget]:
    """What a portrait with these (68, 2) landmarks does, a target for every frame of the driver.

    `relative` and `neutral_frame` (0-based) are for landmark tracks: the change against that frame is put on the
    portrait; not relative means that the track's points are wanted as they stand. Raises BadInputError.
    """
    face = fit_face(landmarks)
    if isinstance(driver, ControlTrack):
        channels = driver.channels
        return [
            express(face, {name: float(values[i]) for name, values in channels.items()})
            for i in range(driver.frames)
        ]
    if relative:
        return list(follow_relative(face, driver, neutral_frame))
    return list(follow_absolute(face, driver))
