# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver -> the motion of a portrait, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .controls import ControlTrack
from .expression import express
from .face_model import fit_face
from .retarget import follow_absolute, follow_relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack
    from .face_model import FittedFace
    from .target import FaceTarget


def plan_motion(
    landmarks: NDArray[np.floating[Any]],
    driver: ControlTrack | LandmarkTrack,
    *,
    relative_to: NDArray[np.float32] | None = None,
    neutralise: float = 0.0,
) -> list[FaceTarget]:
    """What a portrait with these (68, 2) landmarks does: a target for every frame of the driver.

    A landmark track moves the portrait by its change against the driver's neutral landmarks `relative_to`
    (68, 2); without them its points are wanted as they stand, in the portrait's pixels. `neutralise` (0..1) takes that
    share of the portrait's own expression off before motion is put on it; a track that is wanted as it stands
    has its own.
    """
    face = fit_face(landmarks)
    if not isinstance(driver, ControlTrack) and relative_to is None:
        return list(follow_absolute(face, driver))
    return plan_on([face.neutralised(neutralise)] * driver.frames, driver, relative_to)


def plan_on(
    faces: Sequence[FittedFace],
    driver: ControlTrack | LandmarkTrack,
    relative_to: NDArray[np.float32] | None = None,
) -> list[FaceTarget]:
    """What is put on faces of their own, one for every frame of the driver: as `plan_motion`, but never absolute."""
    if isinstance(driver, ControlTrack):
        channels = driver.channels
        return [
            express(face, {name: float(values[i]) for name, values in channels.items()}) for i, face in enumerate(faces)
        ]
    if relative_to is None:
        raise TypeError("a track moves faces by its change against neutral landmarks")
    return list(follow_relative(faces, driver, relative_to))
