# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver -> the motion of a portrait, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .amounts import WHOLE, RegionAmounts
from .controls import CONTROLS, ControlTrack
from .expression import express
from .face_model import fit_face
from .mixing import mix
from .retarget import follow_absolute, follow_relative

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    amounts: RegionAmounts = WHOLE,
    keys: ControlTrack | None = None,
    gaze: ControlTrack | None = None,
) -> list[FaceTarget]:
    """What a portrait with these (68, 2) landmarks does: a target for every frame of the driver.

    A landmark track moves the portrait by its change against the driver's neutral landmarks `relative_to`
    (68, 2); without them its points are wanted as they stand, in the portrait's pixels. `neutralise` (0..1) takes that
    share of the portrait's own expression off before motion is put on it; a track that is wanted as it stands
    has its own. `amounts` scale what the driver does; `keys`, one value a frame, are added to that. `gaze` are
    the gaze channels of a landmark track, whose lids show already where it looks. Raises BadInputError where keys and
    driver differ in length.
    """
    face = fit_face(landmarks)
    if isinstance(driver, ControlTrack) or relative_to is not None:
        face = face.neutralised(neutralise)
    return plan_on([face] * driver.frames, driver, relative_to=relative_to, amounts=amounts, keys=keys, gaze=gaze)


def plan_on(
    faces: Sequence[FittedFace],
    driver: ControlTrack | LandmarkTrack,
    *,
    relative_to: NDArray[np.float32] | None = None,
    amounts: RegionAmounts = WHOLE,
    keys: ControlTrack | None = None,
    gaze: ControlTrack | None = None,
) -> list[FaceTarget]:
    """What is put on faces of their own, one for every frame of the driver, as `plan_motion` does.

    Points that are wanted as they stand need one face, that of all frames.
    """
    if keys is not None and keys.frames != driver.frames:
        raise BadInputError(f"The keys have {keys.frames} frames, the driver has {driver.frames}.")
    if len(faces) != driver.frames:
        raise ValueError(f"{len(faces)} faces for {driver.frames} frames")
    if isinstance(driver, ControlTrack):
        controls = amounts.scale(driver)
        if keys is not None:
            controls = mix(controls, replace(keys, fps=driver.fps), add=True)
        return [express(face, _frame(controls, number)) for number, face in enumerate(faces)]
    relative = relative_to is not None
    frames = (
        follow_relative(faces, driver, relative_to, amounts) if relative else follow_absolute(faces[0], driver, amounts)
    )
    targets: list[FaceTarget] = []
    for number, (face, followed) in enumerate(zip(faces, frames, strict=True)):
        values = followed.head
        if keys is not None:
            values = _added(values, _frame(keys, number))
        target = express(face, values, followed.offsets, followed.contact, limited=relative)
        looks = target.gaze if gaze is None else target.gaze + amounts.eyes * _looks(_frame(gaze, number))
        targets.append(replace(target, gaze=looks, tracked=amounts.mouth > 0))
    return targets


def _looks(gaze: dict[str, float]) -> NDArray[np.float64]:
    """(2, 2) radians, yaw and pitch of both eyes."""
    return np.radians([[gaze.get("gazeYaw", 0.0), gaze.get("gazePitch", 0.0)]] * 2)


def _frame(controls: ControlTrack, number: int) -> dict[str, float]:
    return {name: float(values[number]) for name, values in controls.channels.items()}


def _added(values: dict[str, float], keys: dict[str, float]) -> dict[str, float]:
    """One frame's keys on top of a track's head, within what a control can do."""
    summed = dict(values)
    for name in keys.keys() & CONTROLS.keys():
        control = CONTROLS[name]
        own = values.get(name, control.neutral)
        low, high = min(control.minimum, own), max(control.maximum, own)
        summed[name] = min(max(own + keys[name] - control.neutral, low), high)
    return summed
