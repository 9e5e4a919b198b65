# SPDX-License-Identifier: GPL-3.0-or-later
"""The package face-alignment: the surest points, by networks whose weights have to be fetched once.

Bulat & Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment problem?" (2017).
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba.core import config as numba_config

from ..errors import BadInputError
from .detect import Face, face_of, largest_first, nearest_face
from .resizing import resized
from .weights import FACES, POINTS_2D, Weights, find_weights

# The package lets numba compile a loop over 68 points, which takes 13 s of every new process and saves 8 ms a face.
# Numba's switch works for what is imported while it is set.
numba_config.DISABLE_JIT = True  # pyright: ignore[reportAttributeAccessIssue] - made when numba starts
try:
    import face_alignment
    from face_alignment import api
finally:  # where the package is missing, too: the warp's loops would run uncompiled
    numba_config.DISABLE_JIT = False  # pyright: ignore[reportAttributeAccessIssue]

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from . import ModelFiles

_SIDES = (400, 800)  # long side of the picture for the face detector, whose time grows with the pixels
_SEEN_WIDTH = 125  # pixels that a box has in the square of 256 that the networks see
_FINER = 4  # the points come as whole pixels of the picture given to the package, so it is given a larger one
_MARGIN = 0.8  # of a box's size, kept around it: the networks look at twice the box


class FaceAlignmentDetector:
    """S3FD finds faces, FAN their 68 points.

    S3FD, the default of the package: BlazeFace is faster, but the package shows it only the middle square
    of a picture, its front model asserts on some picture sizes, and its weights are not pinned by a hash.

    `points`: POINTS_2D follows the visible contour of the face; POINTS_3D keeps the jaw's points on the turned-away
    cheek. The latter is asked for "2.5D": x and y are the same as in 3D, which would add a depth that nobody uses,
    by a file of 235 MB that the package unpickles.
    """

    def __init__(self, models: ModelFiles, points: Weights = POINTS_2D, faces: Weights = FACES) -> None:
        cache = Path(torch.hub.get_dir()) / "checkpoints"
        paths = find_weights((faces, points), models, cache)
        kinds = face_alignment.LandmarksType
        try:
            with _loading(paths[points.name]):
                self._aligner: Any = face_alignment.FaceAlignment(
                    kinds.TWO_HALF_D if points.name.startswith("3D") else kinds.TWO_D,
                    device="cuda" if torch.cuda.is_available() else "cpu",
                    face_detector="sfd",
                    face_detector_kwargs={"path_to_detector": str(paths[faces.name])},
                    compile=False,  # compiling takes a minute and a C++ compiler, and gains nothing
                )
        except (RuntimeError, UnpicklingError, EOFError, OSError) as error:
            names = " or ".join(str(path) for path in paths.values())
            raise BadInputError(f"The model file {names} cannot be loaded ({error}).") from error

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        """All faces of an (H, W, 3) picture, largest first; an empty list if there is none.

        Where the first look finds nothing, `thorough` looks for smaller ones, in four times the time.
        """
        for side in _SIDES if thorough else _SIDES[:1]:
            faces = [self._face(rgb8, box) for box in self._boxes(rgb8, side)]
            if faces:
                return largest_first(faces)
        return []

    def follow(self, rgb8: NDArray[np.uint8], last: Face, *, check: bool) -> Face | None:  # noqa: ARG002 - S3FD checks
        """The face that was `last` a frame ago; None if no face is found there."""
        return nearest_face(self.detect(rgb8, thorough=False), last)

    def _boxes(self, rgb8: NDArray[np.uint8], side: int) -> list[NDArray[np.float64]]:
        """Left, top, right, bottom of every face, in pixels of the picture."""
        factor = min(1.0, side / max(rgb8.shape[:2]))
        found = self._aligner.face_detector.detect_from_image(resized(rgb8, factor))
        boxes = [np.asarray(box[:4], np.float64) / factor for box in found]
        inner = np.array([rgb8.shape[1], rgb8.shape[0]]) - 1
        return [box for box in boxes if (box[2:] > box[:2] + 1).all() and (box[:2] < inner).all() and box[2:].min() > 0]

    def _face(self, rgb8: NDArray[np.uint8], box: NDArray[np.float64]) -> Face:
        """The points in a box (left, top, right, bottom)."""
        size = box[2:] - box[:2]
        left, top = np.maximum(np.floor(box[:2] - _MARGIN * size), 0).astype(int).tolist()
        right, bottom = np.ceil(box[2:] + _MARGIN * size).astype(int).tolist()
        part = rgb8[top:bottom, left:right]
        width = _SEEN_WIDTH / float(size.mean())
        factor, shrink = _FINER * width, min(1.0, width)
        crop = resized(resized(part, shrink), factor / shrink)  # shrunk, as the package leaves out pixels
        inside = (box - np.array([left, top, left, top])) * factor
        points, scores, _ = self._aligner.get_landmarks_from_image(
            crop, detected_faces=[inside], return_landmark_score=True
        )
        landmarks = (np.asarray(points[0], np.float64) + 0.5) / factor - 0.5 + np.array([left, top])
        confidence = np.asarray(scores[0], np.float64) / 2  # the picture's and the mirrored picture's are added up
        return face_of(landmarks, confidence)


@contextmanager
def _loading(points: Path) -> Generator[None]:
    """Let face-alignment's own loading take the checked file: it has no setting for where its networks lie."""
    load: Any = api.load_file_from_url  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    api.load_file_from_url = lambda _: str(points)  # pyright: ignore[reportUnknownLambdaType]
    try:
        yield
    finally:
        api.load_file_from_url = load
