# SPDX-License-Identifier: GPL-3.0-or-later
"""The face of a portrait that is a picture: its landmarks, given, stored or found; and the mask that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import BadInputError
from .landmarks.topology import EYES, OUTER_LIP
from .landmarks.track import at_size, load_track

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .events import OnEvent
    from .job import PortraitSource
    from .landmarks import ModelFiles
    from .landmarks.detect import Face

_LEAST_FACE = 8  # pixels


def find_landmarks(
    portrait: PortraitSource, pixels: NDArray[Any], on_event: OnEvent, models: ModelFiles
) -> NDArray[np.floating[Any]]:
    """The (68, 2) landmarks that are given or named, else those of the face that a detector finds."""
    if portrait.landmarks is not None:
        landmarks = _given_landmarks(portrait.landmarks)
    elif portrait.landmarks_path is not None:
        landmarks = _stored_landmarks(portrait.landmarks_path, pixels)
    else:
        from .landmarks.detect import pick_face

        faces = find_faces(portrait, pixels, on_event, models)
        landmarks = pick_face(faces, portrait.face_index, str(portrait.path)).landmarks
    _check_inside(landmarks, pixels, portrait.path)
    return landmarks


def read_head_mask(
    portrait: PortraitSource, landmarks: NDArray[np.floating[Any]], pixels: NDArray[Any], orientation: int
) -> NDArray[np.float32] | None:
    """The (H, W) mask that the job names; it must have the face in it."""
    from .media.pictures import read_mask

    if portrait.head_mask_path is None:
        return None
    height, width = pixels.shape[:2]
    mask = read_mask(portrait.head_mask_path, (width, height), orientation)
    columns, rows = np.clip(np.rint(landmarks), 0, (width - 1, height - 1)).astype(int).T
    if mask[rows, columns].mean() < 0.5:
        raise BadInputError(
            f"{portrait.head_mask_path}: this mask leaves the face out: white (or opaque) is what moves with the head."
        )
    return mask


def find_faces(portrait: PortraitSource, pixels: NDArray[Any], on_event: OnEvent, models: ModelFiles) -> list[Face]:
    """The faces that the portrait's detector finds, largest first; they are told, too."""
    from .landmarks.detect import create_detector
    from .media.pictures import to_rgb8

    on_event({"event": "stage", "stage": "detect", "message": f"Looking for faces in {portrait.path.name}"})
    faces = create_detector(portrait.detector, models).detect(to_rgb8(pixels))
    told = [
        {"landmarks": face.landmarks.tolist(), "confidence": face.confidence.tolist(), "box": list(face.box)}
        for face in faces
    ]
    on_event({"event": "faces", "size": [pixels.shape[1], pixels.shape[0]], "faces": told})
    return faces


def _check_inside(landmarks: NDArray[np.floating[Any]], pixels: NDArray[Any], path: Path) -> None:
    """A head may reach out of the picture; eyes and mouth have to be seen to be moved."""
    height, width = pixels.shape[:2]
    middles = np.array([landmarks[list(part)].mean(axis=0) for part in (*EYES, OUTER_LIP)])
    inside = (middles >= 0).all() and (middles < (width, height)).all()
    if not inside or np.ptp(landmarks, axis=0).min() < _LEAST_FACE:
        raise BadInputError(
            f"{path}: the landmarks are no face in this picture of {width} x {height} pixels: eyes or mouth lie "
            "outside, or all points in one place."
        )


def _given_landmarks(values: object) -> NDArray[np.float32]:
    try:
        given = np.asarray(values, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"The portrait's landmarks are not 68 pairs of numbers ({error}).") from error
    if given.shape != (68, 2) or not np.isfinite(given).all():
        raise BadInputError(f"The portrait's landmarks have the shape {given.shape}; 68 pairs of numbers are wanted.")
    return given


def _stored_landmarks(path: Path, pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The first frame of a track; brought to the picture's size if they were found in a larger or smaller copy."""
    return at_size(load_track(path), (pixels.shape[1], pixels.shape[0]), path).landmarks[0]
