# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures that a person is learned from: read, the face found, cropped, compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..generators.few_shot.crop import HeadCrop
from ..landmarks.detect import create_detector
from ..landmarks.likeness import ALIKE, Likeness
from ..media.footage import Footage, evenly, pictures_in
from ..media.pictures import read_picture, to_rgb8
from ..media.video import is_video, open_video
from . import MOST_PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import OnEvent

_LEAST_SIDE = 64  # pixels of a head's square: less shows nobody


@dataclass(frozen=True)
class KnownPicture:
    """A head crop, and where it is from."""

    picture: NDArray[np.uint8]  # (S, S, 3)
    landmarks: NDArray[np.float32]  # (68, 2) pixels of the crop
    file: str
    frame: int  # of a movie, from 0
    sha256: str  # of the whole picture's pixels

    def to_dict(self) -> dict[str, Any]:
        """What a person file tells of it."""
        return {"file": self.file, "frame": self.frame, "sha256": self.sha256}


def read_pictures(paths: Sequence[Path], size: int, on_event: OnEvent) -> list[KnownPicture]:
    """Up to MOST_PICTURES head crops of `size` pixels, from pictures, folders of pictures and movies.

    Pictures without a face or with a tiny one are left out, and told, as are files that cannot be read. So is it told
    where two people seem to be shown. Raises BadInputError.
    """
    detector = create_detector("dlib")
    known: list[KnownPicture] = []
    people: list[Likeness] = []
    for path, frame, pixels in _evenly(paths, on_event):
        name = f"{path.name}, frame {frame}" if is_video(path) else path.name
        on_event({"event": "stage", "stage": "read", "message": f"Looking for the face in {name}"})
        rgb8 = to_rgb8(pixels)
        faces = detector.detect(rgb8)
        crop = HeadCrop.around(faces[0].landmarks) if faces else None
        if crop is None or crop.side < _LEAST_SIDE:
            why = f"head of {crop.side:.0f} pixels; {_LEAST_SIDE} are needed" if crop else "no face found"
            on_event({"event": "warning", "message": f"Left out: {name}: {why}."})
            continue
        face = faces[0]
        digest = hashlib.sha256(rgb8.tobytes()).hexdigest()
        landmarks = crop.to_crop(face.landmarks, size)
        known.append(KnownPicture(crop.read(rgb8, size), landmarks, path.name, frame, digest))
        people.append(Likeness(rgb8, face))
    if not known:
        told = ", ".join(str(path) for path in paths)
        raise BadInputError(f"No picture shows a face: {told}. Show it larger and more from the front.")
    _compare(known, people, on_event)
    return known


def _evenly(paths: Sequence[Path], on_event: OnEvent) -> Iterator[tuple[Path, int, NDArray[Any]]]:
    """Files, frames and pixels: of all the pictures and of each movie evenly, so many that MOST_PICTURES come together.

    A file that cannot be read is told and left out; BadInputError if it is the only one.
    """
    movies = [path for path in paths if is_video(path)]
    stills = [
        still for path in paths if not is_video(path) for still in (pictures_in(path) if path.is_dir() else [path])
    ]
    room = MOST_PICTURES - len(movies) if movies else MOST_PICTURES  # a frame of each movie at least
    stills = [stills[number] for number in evenly(len(stills), room)]
    readings = [_of_picture(path) for path in stills]
    for number, path in enumerate(movies):
        share = (MOST_PICTURES - len(stills)) // len(movies) + (number < (MOST_PICTURES - len(stills)) % len(movies))
        readings.append(_of_movie(path, share))
    for reading in readings:
        try:
            yield from reading
        except BadInputError as error:
            if len(readings) == 1:
                raise
            on_event({"event": "warning", "message": f"Left out: {error}"})


def _of_picture(path: Path) -> Iterator[tuple[Path, int, NDArray[Any]]]:
    yield path, 0, read_picture(path)


def _of_movie(path: Path, share: int) -> Iterator[tuple[Path, int, NDArray[Any]]]:
    """So many of its frames."""
    with open_video(path) as (_, _, frames):
        count = sum(1 for _ in frames)
    wanted = evenly(count, share)
    for frame, pixels in zip(wanted, Footage([path]).at(wanted, count), strict=True):
        yield path, frame, pixels


def _compare(known: list[KnownPicture], people: list[Likeness], on_event: OnEvent) -> None:
    """Tell of pictures that show somebody else: they are farther from the others' middle than one person's are."""
    described = np.array([person.description for person in people])
    middle = np.median(described, axis=0)
    distances = np.linalg.norm(described - middle, axis=1)
    strangers = [
        f"{one.file}, frame {one.frame}: {distance:.2f}"
        for one, distance in zip(known, distances, strict=True)
        if distance > ALIKE
    ]
    if strangers:
        told = (
            f"Not all pictures seem to show one person; farther than {ALIKE} from the others: {'; '.join(strangers)}."
        )
        on_event({"event": "warning", "message": told})
