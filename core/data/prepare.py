# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards of real footage: talking heads tracked, cropped the fixed way, sorted by person; what is no use is dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..generators.few_shot.crop import HeadCrop
from ..landmarks import CACHED
from ..landmarks.detect import NoFaceError, create_detector, face_of
from ..landmarks.follow import track_video
from ..landmarks.likeness import ALIKE, Likeness
from ..media.footage import evenly
from ..media.video import is_video, open_video
from .clips import NewClip
from .pool import in_order
from .shards import SIZE, Shards
from .splits import split_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import OnEvent
    from ..landmarks import ModelFiles
    from ..landmarks.detect import FaceDetector
    from ..landmarks.track import LandmarkTrack

_RECIPE = 1  # raised when the same footage gives other clips
_FEWEST = 16  # frames of the footage with a face
_SEEN = 0.8  # share of the frames that must show the face
_SMALLEST = 0.5  # side of the crop in pixels of the footage, as a share of the pictures': less is blurred
_JUMP = 0.25  # of the face's size, from one frame to the next
_INSIDE = 0.8  # share of those frames in which the face must lie in the fixed crop
_SECOND = 0.4  # a face of so much of the largest one's width is a second one
_SAVE_EVERY = 100  # movies: the index of many takes as long to write as some clips to make
_LOOKS = 4  # frames in which other faces are searched and the person is compared


@dataclass(frozen=True)
class Footage:
    """What is to be made of the movies, and how faces are found in them."""

    frames: int = 32  # of each movie at most, evenly spaced: neighbours show the same
    size: int = SIZE  # pixels a side
    held_out: float = 0.1  # share of the people
    detector: str = "dlib"
    models: ModelFiles = CACHED


def prepare(folder: Path, output: Path, plan: Footage, tell: OnEvent, workers: int | None = None) -> Shards:
    """Turn all movies below a folder into shards, or those that are not there yet. Raises BadInputError.

    A file that cannot be used does not stop it: the shards' report says why. Files that were dropped are not looked
    at again. By default one process a core works.
    """
    if plan.frames < 2 or plan.size < 32 or not 0 <= plan.held_out < 1:
        raise BadInputError("At least 2 frames, 32 pixels, and a held-out share from 0 to below 1 are needed.")
    files = find_clips(folder)
    if not files:
        raise BadInputError(f"{folder}: there is no movie in it.")
    _detector(plan)  # what is missing is told before the work begins
    shards = Shards.create(output, plan.size)
    dropped = {each["file"] for each in shards.report["dropped"]}
    sources = {file: _source(folder, file, plan) for file in files}
    wanted: list[Path] = []
    first: dict[tuple[str, str], str] = {}
    for file, source in sources.items():
        person, name = names_of(folder, file)
        namesake = first.setdefault((person, name), source["file"])
        if namesake != source["file"]:
            shards.drop(source["file"], f"same name: {namesake} is kept under it")
        elif shards.is_made(person, name, source):
            shards.keep(person, split_of(person, plan.held_out), name)
        elif source["file"] not in dropped:
            wanted.append(file)
    calls = [(file, sources[file], plan) for file in wanted]
    made = in_order(make_clip, calls, workers=workers)
    try:
        for number, (file, clip) in enumerate(zip(wanted, made, strict=True), 1):
            person, name = names_of(folder, file)
            if isinstance(clip, str):
                shards.drop(sources[file]["file"], clip)
            else:
                shards.add(person, split_of(person, plan.held_out), name, sources[file], lambda clip=clip: clip)
            if number % _SAVE_EVERY == 0:
                shards.save()
            result = f"dropped, {clip}" if isinstance(clip, str) else f"{len(clip.pictures)} frames"
            message = f"{number} of {len(wanted)}, {sources[file]['file']}: {result}"
            tell({"event": "stage", "stage": "prepare", "message": message})
    finally:
        shards.save()
    return shards


def find_clips(folder: Path) -> list[Path]:
    """All movies below a folder, in order. Raises BadInputError."""
    if not folder.is_dir():
        raise BadInputError(f"{folder}: is no folder.")
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_video(path))


def names_of(folder: Path, file: Path) -> tuple[str, str]:
    """Person and clip. VoxCeleb2 is `dev/mp4/<person>/<video>/<clip>.mp4`; elsewhere the first folder is the person.

    A file that lies in no folder is a person of its own.
    """
    parts = file.relative_to(folder).with_suffix("").parts
    if "mp4" in parts[:-2]:
        parts = parts[parts.index("mp4") + 1 :]
    person, clip = parts[0], "_".join(parts[1:]) or "a"
    return _plain(person), _plain(clip)


def make_clip(file: Path, source: dict[str, Any], plan: Footage) -> NewClip | str:
    """A clip of a movie, or why there is none."""
    detector, size = _detector(plan), plan.size
    try:
        track = track_video(file, detector, 0, lambda _: None)
    except BadInputError as error:
        return "no face" if isinstance(error, NoFaceError) else f"unreadable: {error}"
    seen = track.confidence.any(axis=1)
    if seen.sum() < _FEWEST:
        return f"too short: {seen.sum()} frames with a face"
    crop = HeadCrop.around(track.landmarks[seen])
    points = crop.to_crop(track.landmarks, size)
    usable = np.flatnonzero(seen & ((points > 0) & (points < size - 1)).all(axis=(1, 2)))
    why = _trouble(track, seen, crop, size, len(usable))
    if why:
        return why
    chosen = usable[evenly(len(usable), plan.frames)]
    kept: list[NDArray[np.uint8]] = []
    looked_at = set(chosen[np.linspace(0, len(chosen) - 1, _LOOKS).astype(int)].tolist())
    person: Likeness | None = None
    with open_video(file) as (fps, _, pictures):
        for number, pixels in enumerate(pictures):
            if number in looked_at:
                face = face_of(track.landmarks[number].astype(np.float64), track.confidence[number].astype(np.float64))
                if _has_second_face(detector, pixels, face.box[2]):
                    return "several faces"
                person = person or Likeness(pixels, face)
                if person.distance(pixels, face) > ALIKE:
                    return "a cut or jump: another face later on"
            if number in chosen:
                kept.append(crop.read(pixels, size))
    step = max(1, round((chosen[-1] - chosen[0]) / max(len(chosen) - 1, 1)))
    return NewClip(kept, points[chosen], fps / step, source)


def _trouble(track: LandmarkTrack, seen: NDArray[np.bool_], crop: HeadCrop, size: int, usable: int) -> str | None:
    """What is wrong with a track, if anything: a kind of trouble, and what of it was found."""
    if seen.mean() < _SEEN:
        return f"no face: in {(~seen).sum()} of {len(seen)} frames"
    if crop.side < _SMALLEST * size:
        return f"too small: the crop is {crop.side:.0f} pixels wide"
    face = float(np.ptp(np.median(track.landmarks[seen], axis=0), axis=0).max())
    moved = np.median(np.linalg.norm(np.diff(track.landmarks, axis=0), axis=2), axis=1)  # (F - 1,)
    if moved.max() > _JUMP * face:
        return f"a cut or jump: before frame {moved.argmax() + 1}"
    return (
        None if usable >= _INSIDE * seen.sum() else f"leaves the crop: in {seen.sum() - usable} of {seen.sum()} frames"
    )


def _has_second_face(detector: FaceDetector, pixels: NDArray[np.uint8], width: float) -> bool:
    faces = detector.detect(pixels, thorough=False)
    return len(faces) > 1 and faces[1].box[2] > _SECOND * width


@cache
def _detector(plan: Footage) -> FaceDetector:
    """Made once in each process."""
    return create_detector(plan.detector, plan.models)


def _source(folder: Path, file: Path, plan: Footage) -> dict[str, Any]:
    return {
        "made_by": "core data prepare",
        "recipe": _RECIPE,
        "file": file.relative_to(folder).as_posix(),
        "bytes": file.stat().st_size,
        "detector": plan.detector,
        "frames": plan.frames,
        "size": plan.size,
    }


def _plain(name: str) -> str:
    """A name that is a file's name on every system."""
    return re.sub(r"[^\w.-]+", "_", name).strip(".") or "_"
