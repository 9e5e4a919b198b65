# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver's motion is counted from: the frame in which its face does least, or another still of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..landmarks.topology import (
    EYE_CORNERS,
    EYE_OUTER_CORNERS,
    INNER_LOWER_LIP,
    INNER_UPPER_LIP,
    LEFT_BROW,
    MOUTH_CORNERS,
    RIGHT_BROW,
)
from .face_model import NECK_PIVOT, Y_DOWN, fit_face, load_face_model
from .lid_calibration import lid_openings
from .pose import fit_rigid_poses, head_angles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..landmarks.track import LandmarkTrack

# Errors of the rest that are seen as soon as each other, since all that is drawn counts from there: shares of the eye
# distance, of an open eye (its lids are off by about as much as lips then), degrees, and of an eye's width (as far as
# the iris goes when it turns by so many degrees).
_LIPS, _CORNERS, _BROWS, _LIDS, _TURN, _LOOK = 0.02, 0.12, 0.05, 0.15, 8.0, 0.05


def find_neutral_frame(track: LandmarkTrack) -> int:
    """The frame nearest to the track's own rest: lips shut, eyes open, the mouth as wide as mostly, from the front.

    Eyes that the track tells of look neither to the right nor to the left.
    """
    seen = np.flatnonzero(track.confidence.any(axis=1))
    frames = seen if len(seen) else np.arange(track.frames)
    landmarks = track.landmarks[frames].astype(np.float64)
    angles, sizes = _turns(landmarks)
    openings = lid_openings(landmarks)
    lips = _distances(landmarks[:, INNER_UPPER_LIP], landmarks[:, INNER_LOWER_LIP], sizes)
    corners = _distances(landmarks[:, [MOUTH_CORNERS[0]]], landmarks[:, [MOUTH_CORNERS[1]]], sizes)
    brows, eyes = landmarks[:, [*RIGHT_BROW, *LEFT_BROW]].mean(1), landmarks[:, list(EYE_OUTER_CORNERS)].mean(1)
    raised = _distances(brows[:, None], eyes[:, None], sizes)
    usual = np.median(angles, axis=0) * (0, 1, 0)  # a camera may look from above or below
    wide = np.quantile(openings, 0.7, axis=0)  # lids hang for long when somebody looks down
    low = np.quantile(raised, 0.3)  # brows go up more often than down
    unrest = (
        ((lips - lips.min()) / _LIPS) ** 2
        + ((corners - np.median(corners)) / _CORNERS) ** 2
        + ((raised - low) / _BROWS) ** 2
        + ((openings / np.maximum(wide, 1e-6) - 1) ** 2).mean(1) / _LIDS**2
        + ((angles - usual) ** 2).sum(1) / _TURN**2
    )
    if track.iris is not None:
        unrest += (_aside(landmarks, track.iris[frames]) / _LOOK) ** 2
    return int(frames[np.argmin(unrest)])


def neutral_from_still(
    still: NDArray[np.floating[Any]], track: LandmarkTrack, neutral_frame: int
) -> NDArray[np.float32]:
    """The (68, 2) neutral landmarks of a track's face whose expression at rest another picture shows, `still` (68, 2).

    Picture and track may differ in size and in the head's pose: its place is that of the track's neutral frame.
    """
    face = fit_face(still)
    [pose] = fit_rigid_poses(face.points, track.landmarks[neutral_frame, None], face.pivot)
    return pose.apply(face.points).astype(np.float32)


def _aside(landmarks: NDArray[np.float64], iris: NDArray[np.float32]) -> NDArray[np.float64]:
    """(F,) how far the irises (F, 2, 2) are beside the middles of their eyes, as a share of the eyes' width."""
    starts, stops = landmarks[:, EYE_CORNERS[::2]], landmarks[:, EYE_CORNERS[1::2]]
    across = stops - starts
    beside = ((iris - (starts + stops) / 2) * across).sum(-1) / np.maximum((across**2).sum(-1), 1e-6)
    return np.asarray(beside.mean(1), np.float64)


def _turns(landmarks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(F, 3) yaw, pitch and roll of the mean face, and (F,) its eye distance in pixels."""
    mean = load_face_model().landmarks * Y_DOWN
    poses = fit_rigid_poses(mean, landmarks, NECK_PIVOT * Y_DOWN)
    right, left = EYE_OUTER_CORNERS
    eye_distance = float(np.linalg.norm(mean[right] - mean[left]))
    return np.array([head_angles(p.rotation) for p in poses]), np.array([p.scale for p in poses]) * eye_distance


def _distances(
    first: NDArray[np.float64], second: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(F,) mean distance of (F, N, 2) points, as a share of the eye distance."""
    return np.asarray(np.linalg.norm(first - second, axis=-1).mean(1) / sizes, np.float64)
