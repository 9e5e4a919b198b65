# SPDX-License-Identifier: GPL-3.0-or-later
"""CSV files of OpenFace 2 (its wiki, Output Format): 68 landmarks in pixels and where the eyes look, in radians.

Its landmarks are a track as any other; its own head pose and action units are not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInputError
from ...landmarks.track import LandmarkTrack, bridged
from .table import even_frames, read_evenly

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from .table import Table

    Array = NDArray[np.float64]

_X, _Y = ([f"{axis}_{number}" for number in range(68)] for axis in "xy")
_GAZE = ["gaze_angle_x", "gaze_angle_y"]  # radians in the camera's axes: to the picture's right, down


def recognises(table: Table) -> bool:
    """Whether the columns are those of OpenFace, with or without landmarks."""
    names = set(table.names)
    return {"confidence", "success"} <= names and bool(names & {"x_0", "pose_Rx", "gaze_angle_x", "AU01_r"})


def read(table: Table, fps: Fraction | None, face: int) -> tuple[LandmarkTrack, Array | None, tuple[str, ...]]:
    """The track of one face, where it looks (F, 2) in degrees, and what was filled in. Raises BadInputError.

    Frames without success have no confidence. The file does not tell the picture's size: as much room is believed to
    be beside the face as there is before it.
    """
    missing = [name for name in (*_X, *_Y) if name not in table.names]
    if missing:
        raise BadInputError(
            f"{table.path}: is from OpenFace, but lacks {len(missing)} columns of landmarks in pixels "
            f"({missing[0]} ...); run OpenFace with -2Dfp."
        )
    table = _one_face(table, face)
    at: Array | None = None
    if "timestamp" in table.names:
        fps, at = even_frames(table.numbers(["timestamp"])[:, 0], fps, table, "timestamp")
    if fps is None:
        raise BadInputError(f"{table.path}: does not tell its frame rate: it has no timestamp; give --fps.")
    landmarks = read_evenly(np.stack([table.numbers(_X), table.numbers(_Y)], axis=-1), at)
    seen, confidence = read_evenly(table.numbers(["success", "confidence"]), at).T
    told: list[str] = []
    unseen = int((seen < 1).sum())
    if unseen == len(seen):
        raise BadInputError(f"{table.path}: holds no face: OpenFace had no success in any frame.")
    if unseen:
        told.append(f"{table.path.name}: {unseen} frames without success are filled in from their neighbours.")
        landmarks = bridged(landmarks, seen >= 1)
    looks = read_evenly(np.degrees(table.numbers(_GAZE)) * (1.0, -1.0), at) if set(_GAZE) <= set(table.names) else None
    width, height = np.ceil(landmarks.min((0, 1)) + landmarks.max((0, 1))).clip(1).astype(int).tolist()
    sure = np.repeat(np.where(seen < 1, 0, confidence)[:, None], 68, axis=1).astype(np.float32)
    return LandmarkTrack(landmarks.astype(np.float32), sure, fps, (width, height)), looks, tuple(told)


def _one_face(table: Table, face: int) -> Table:
    """The lines of one face, counted from 0 by its number in the file."""
    if "face_id" not in table.names:
        return table
    ids = table.numbers(["face_id"])[:, 0]
    known = np.unique(ids)
    if not 0 <= face < len(known):
        raise BadInputError(f"{table.path}: face {face} does not exist; it has 0-{len(known) - 1}.")
    return table.only(np.flatnonzero(ids == known[face]).tolist())
