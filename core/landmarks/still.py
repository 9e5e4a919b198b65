# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmarks of one face that a file shows: a picture, or a file of landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import CACHED
from .detect import create_detector
from .follow import largest_face
from .track import check_shape, load_track

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..events import OnEvent
    from . import ModelFiles


def read_still(path: Path, detector: str, on_event: OnEvent, models: ModelFiles = CACHED) -> NDArray[np.float32]:
    """(68, 2) pixels of that picture: of the first frame of a .npz or .json, else of the largest face that is found.

    `detector` is the name of what finds it, as it would in a movie. Raises BadInputError, and MissingError as
    `create_detector` does.
    """
    if path.suffix.lower() in (".npz", ".json"):
        first = load_track(path).landmarks[:1]
        check_shape(first, path)
        return first[0]
    found = create_detector(detector, models)
    on_event({"event": "stage", "stage": "detect", "message": f"Looking for faces in {path.name}"})
    rgb8, face = largest_face(path, found)
    return (found.follow(rgb8, face, check=False) or face).landmarks
