# SPDX-License-Identifier: GPL-3.0-or-later
"""A job is a file: all that is needed to make the same frames in Blender, from a command line, or on a farm."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import version
from .drivers import Driver, driver_from_dict, driver_to_dict
from .errors import BadInputError
from .files import write_bytes
from .json_form import amount, check_keys, flag, path_in, read_json, text_of
from .landmarks import CACHED, ModelFiles
from .motion import REPLACEABLE
from .motion.amounts import WHOLE, RegionAmounts, amounts_from_dict
from .motion.controls import ControlTrack, control_track_from_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FORMAT = 1
_KEYS = {
    "gioconda_job",
    "version",
    "portrait",
    "driver",
    "frames",
    "generator",
    "person",
    "models",
    "allow_download",
    "creases",
    "neutralise",
    "amounts",
    "keys",
    "replace",
    "only_changes",
    "output",
}
_PORTRAIT_KEYS = {
    "path",
    "landmarks",
    "landmarks_path",
    "detector",
    "face_index",
    "as_stored",
    "head_mask_path",
    "paths",
    "first_frame",
    "rest_frame",
}


@dataclass(frozen=True)
class PortraitSource:
    """The picture, and where its face is: given, in a file, or to be found.

    Or footage: `path` is a movie or a folder of pictures, or there are `paths`. Frame after frame is drawn from one of
    its frames, the last of which is held. Its landmarks are a track with as many frames.
    """

    path: Path  # of `paths` the first one
    landmarks: list[list[float]] | None = None  # 68 times x, y
    landmarks_path: Path | None = None  # a landmark track; of a picture its first frame counts
    detector: str = "dlib"
    face_index: int = 0  # the largest face is 0
    as_stored: bool = False  # frames lie as the file's pixels do, not upright by its EXIF tag: as Blender shows it
    head_mask_path: Path | None = None  # white moves with the head; found when None
    paths: tuple[Path, ...] = ()  # the pictures of an image sequence
    first_frame: int = 0  # of the footage, from 0: where it starts
    rest_frame: int | None = None  # of the footage, from 0: it shows the face at rest; found when None

    @property
    def name(self) -> str:
        """What it is called to people: a file's name, or that of the folder of an image sequence."""
        return self.path.parent.name if self.paths else self.path.name


@dataclass(frozen=True)
class Job:
    """One run: a portrait, a driver, a generator, and where the frames go."""

    portrait: PortraitSource
    driver: Driver
    output: Path  # a folder for frame_000001.png ..., or a file that ends in .mp4
    frames: tuple[int, int] | None = None  # first and last, counted from 1; all when None
    generator: str = "warp"
    person: Path | None = None  # a person file, for the generator few_shot
    models: ModelFiles = CACHED
    creases: float = 0.7  # how strongly expressions crease the skin, 0..1
    neutralise: float = 0.0  # how far the portrait's own expression is taken off, 0..1
    amounts: RegionAmounts = WHOLE  # of what the driver does
    keys: ControlTrack | None = None  # added to what the driver does, a value a frame
    replace: tuple[str, ...] = ()  # regions of REPLACEABLE where the footage's own motion is taken off
    only_changes: bool = False  # frames are transparent where they equal what they are drawn from

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        portrait = self.portrait
        return {
            "gioconda_job": FORMAT,
            "version": version(),
            "portrait": {
                "path": None if portrait.paths else str(portrait.path),
                "paths": [str(path) for path in portrait.paths] or None,
                "first_frame": portrait.first_frame,
                "rest_frame": portrait.rest_frame,
                "landmarks": portrait.landmarks,
                "landmarks_path": text_of(portrait.landmarks_path),
                "detector": portrait.detector,
                "face_index": portrait.face_index,
                "as_stored": portrait.as_stored,
                "head_mask_path": text_of(portrait.head_mask_path),
            },
            "driver": driver_to_dict(self.driver),
            "frames": None if self.frames is None else list(self.frames),
            "generator": self.generator,
            "person": text_of(self.person),
            "models": text_of(self.models.folder),
            "allow_download": self.models.allow_download,
            "creases": self.creases,
            "neutralise": self.neutralise,
            "amounts": self.amounts.to_dict(),
            "keys": None if self.keys is None else self.keys.to_dict(),
            "replace": list(self.replace),
            "only_changes": self.only_changes,
            "output": str(self.output),
        }

    def save(self, path: Path) -> None:
        """Write the job file. Raises BadInputError when it cannot be written."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        write_bytes(path, text.encode())


def load_job(path: Path) -> Job:
    """Read a job file; paths in it are relative to its folder. Raises BadInputError."""
    return job_from_dict(read_json(path, "a job file"), path.absolute().parent, str(path))


def job_from_dict(data: Mapping[str, Any], folder: Path, source: str = "The job") -> Job:
    """Check the JSON form; relative paths start at `folder`, `source` names it in errors (BadInputError)."""
    check_keys(data, _KEYS, source)
    if data.get("gioconda_job") != FORMAT:
        raise BadInputError(f"{source}: is a job of format {data.get('gioconda_job')!r}; this version reads {FORMAT}.")
    try:
        return Job(
            portrait=portrait_from_dict(data["portrait"], folder, source),
            driver=driver_from_dict(data["driver"], folder, source),
            output=folder / str(data["output"]),
            frames=_frames(data.get("frames")),
            generator=str(data.get("generator", Job.generator)),
            person=path_in(folder, data.get("person")),
            models=model_files_from_dict(data, folder),
            creases=_amount(data, "creases", Job.creases),
            neutralise=_amount(data, "neutralise", Job.neutralise),
            amounts=amounts_from_dict(data.get("amounts", {}), source),
            keys=None if data.get("keys") is None else control_track_from_dict(data["keys"], f"{source}, keys"),
            replace=_regions(data.get("replace", ())),
            only_changes=flag(data, "only_changes"),
        )
    except KeyError as error:
        raise BadInputError(f"{source}: {error} is missing.") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BadInputError(f"{source}: has a value of the wrong kind ({error}).") from error


def clamp_controls(job: Job) -> tuple[Job, list[str]]:
    """The job with its controls and keys known and in range, and what was changed, a line each."""
    told: list[str] = []
    if isinstance(job.driver, ControlTrack):
        driver, told = job.driver.clamped()
        job = replace(job, driver=driver)
    if job.keys is not None:
        keys, more = job.keys.clamped()
        job, told = replace(job, keys=keys), [*told, *more]
    return job, told


def frame_range(job: Job, total: int) -> range:
    """The 0-based frames to make of a driver's `total`. Raises BadInputError."""
    if job.frames is None:
        return range(total)
    first, last = job.frames
    if not 1 <= first <= last <= total:
        raise BadInputError(f"Frames {first}-{last} were asked for; the driver has frames 1-{total}.")
    return range(first - 1, last)


def portrait_from_dict(data: Mapping[str, Any], folder: Path, source: str = "The command") -> PortraitSource:
    """Check the JSON form of a portrait. Raises BadInputError, KeyError, TypeError or ValueError."""
    check_keys(data, _PORTRAIT_KEYS, f"{source}, portrait")
    paths = tuple(folder / str(path) for path in data.get("paths") or ())
    if paths and data.get("path") is not None:
        raise BadInputError(f"{source}: the portrait has a path and the paths of an image sequence; one is wanted.")
    first, rest = int(data.get("first_frame", 0)), data.get("rest_frame")
    if first < 0:
        raise BadInputError(f"{source}: the portrait's first_frame is {first}; frames count from 0.")
    return PortraitSource(
        path=paths[0] if paths else folder / str(data["path"]),
        landmarks=data.get("landmarks"),
        landmarks_path=path_in(folder, data.get("landmarks_path")),
        detector=str(data.get("detector", PortraitSource.detector)),
        face_index=int(data.get("face_index", 0)),
        as_stored=flag(data, "as_stored"),
        head_mask_path=path_in(folder, data.get("head_mask_path")),
        paths=paths,
        first_frame=first,
        rest_frame=None if rest is None else int(rest),
    )


def model_files_from_dict(data: Mapping[str, Any], folder: Path) -> ModelFiles:
    """Take them from the JSON form of a job or command. Raises TypeError."""
    return ModelFiles(path_in(folder, data.get("models")), allow_download=flag(data, "allow_download"))


def _amount(data: Mapping[str, Any], name: str, usual: float) -> float:
    try:
        return amount(data.get(name, usual))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error


def _frames(pair: list[int] | None) -> tuple[int, int] | None:
    if pair is None:
        return None
    first, last = pair
    return int(first), int(last)


def _regions(names: Iterable[str]) -> tuple[str, ...]:
    unknown = sorted(set(names) - set(REPLACEABLE))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} cannot be replaced, but {', '.join(REPLACEABLE)}")
    return tuple(names)
