# SPDX-License-Identifier: GPL-3.0-or-later
"""The package face-alignment: the surest points, by networks whose weights have to be fetched once.

Bulat & Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment problem?" (2017).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import cv2
import face_alignment
import numpy as np
import torch
from face_alignment import api

from ..errors import BadInputError
from .detect import Face, face_of, largest_first
from .weights import DEPTH, FACES, POINTS_2D, POINTS_3D, find_weights

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

_SIDE = 400  # long side of the picture for the face detector, whose time grows with the pixels: 0.2 s for 256 x 256
_FACE_WIDTH = 400  # pixels that a box is brought to: the networks see 256, the points come as whole pixels of this
_MARGIN = 0.5  # of a box's size, kept around it: the networks look a little beyond the box


class FaceAlignmentDetector:
    """S3FD finds faces, FAN their 68 points, and in 3D a further network the depth of the points.

    S3FD, because its weights are pinned by a hash; those of BlazeFace are not, and it asserts on some picture sizes.
    """

    def __init__(self, models: Path | None, *, allow_download: bool, depth: bool) -> None:
        wanted = (FACES, POINTS_3D, DEPTH) if depth else (FACES, POINTS_2D)
        cache = Path(torch.hub.get_dir()) / "checkpoints"
        paths = find_weights(wanted, models, cache, allow_download=allow_download)
        kind = face_alignment.LandmarksType.THREE_D if depth else face_alignment.LandmarksType.TWO_D
        try:
            with _loading_only(paths):
                self._aligner: Any = face_alignment.FaceAlignment(
                    kind,
                    device="cuda" if torch.cuda.is_available() else "cpu",
                    face_detector="sfd",
                    face_detector_kwargs={"path_to_detector": str(paths[FACES.name])},
                    compile=False,  # compiling takes a minute and a C++ compiler, and gains nothing
                )
        except (RuntimeError, UnpicklingError, KeyError, EOFError, OSError) as error:
            names = ", ".join(str(path) for path in paths.values())
            raise BadInputError(f"One of the model files cannot be loaded: {names} ({error}).") from error

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        """All faces of an (H, W, 3) picture, largest first; an empty list if there is none.

        `thorough` finds the points in the mirrored picture too, in twice the time.
        """
        factor = min(1.0, _SIDE / max(rgb8.shape[:2]))
        small = cv2.resize(rgb8, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else rgb8
        boxes = [
            np.asarray(box[:4], np.float64) / factor for box in self._aligner.face_detector.detect_from_image(small)
        ]
        self._aligner.flip_input = thorough
        return largest_first(self._face(rgb8, box) for box in boxes if (box[2:] > box[:2] + 1).all())

    def _face(self, rgb8: NDArray[np.uint8], box: NDArray[np.float64]) -> Face:
        """The points in a box (left, top, right, bottom)."""
        size = box[2:] - box[:2]
        left, top = np.maximum(np.floor(box[:2] - _MARGIN * size), 0).astype(int).tolist()
        right, bottom = np.ceil(box[2:] + _MARGIN * size).astype(int).tolist()
        factor = _FACE_WIDTH / float(size.max())
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        crop = cv2.resize(rgb8[top:bottom, left:right], None, fx=factor, fy=factor, interpolation=method)
        inside = (box - np.array([left, top, left, top])) * factor
        points, scores, _ = self._aligner.get_landmarks_from_image(
            crop, detected_faces=[inside], return_landmark_score=True
        )
        found = np.asarray(points[0], np.float64)
        landmarks = (found[:, :2] + 0.5) / factor - 0.5 + np.array([left, top])
        confidence = np.asarray(scores[0], np.float64) / (2 if self._aligner.flip_input else 1)  # it adds up both
        return face_of(landmarks, confidence, found[:, 2] / factor if found.shape[1] == 3 else None)


@contextmanager
def _loading_only(paths: dict[str, Path]) -> Generator[None]:
    """Let face-alignment's own loading take the checked files, and take numbers from them, never objects.

    It loads the depth network with `weights_only=False`, which would run what a pickle holds; torch's variable
    overrides that. Numbers of numpy, which training scripts leave in such files, are allowed.
    """
    load: Any = api.load_file_from_url  # pyright: ignore[reportUnknownMemberType]
    variable = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(variable)

    def checked(url: str, **_: object) -> str:
        return str(paths[PurePosixPath(urlparse(url).path).name])

    api.load_file_from_url = checked
    os.environ[variable] = "1"
    try:
        with torch.serialization.safe_globals(_numpy_numbers()):
            yield
    finally:
        api.load_file_from_url = load
        os.environ.pop(variable)
        if before is not None:
            os.environ[variable] = before


def _numpy_numbers() -> list[Any]:
    scalar = np.float64(0).__reduce__()[0]  # its module has another name in numpy 2
    return [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, type(np.dtype(np.float64))]
