# SPDX-License-Identifier: GPL-3.0-or-later
"""From a portrait strip to a job file, and from the finished job to the result strip."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core import version
from ..core.errors import BadInputError, GiocondaError
from ..core.files import write_bytes
from . import driver_settings, drivers, footage, head_masks, portraits, result_strips, strip_files, strips

if TYPE_CHECKING:
    from collections.abc import Callable

    from .client import Task, WorkerTask


@dataclass
class Choices:
    """What the user or a script chose for a job. `first` and `last` are scene frames; None: the whole strip."""

    detector: str = "dlib"
    face_index: int | None = None
    generator: str = ""  # empty: the strip's
    output: Path | None = None
    model_files: dict[str, str | bool | None] = field(default_factory=dict)  # see `preferences`
    first: int | None = None
    last: int | None = None


@dataclass
class Job:
    """A job on its way: names and ids, never references to strips, which undo and load make invalid."""

    id: str
    folder: Path
    data: dict[str, Any]  # the job file
    scene_uid: int
    portrait_id: str
    portrait_name: str
    start: int  # scene frame of the first frame drawn
    visible: tuple[int, int]  # where the strip lay then, see `strips.visible_range`
    before: tuple[Callable[[], Task], ...]  # what must be done before the worker can begin


def output_folder(preferred: str) -> tuple[Path, bool]:
    """Where job folders go, and whether they stay there: the preference, beside the .blend, or a temporary folder.

    Beside a file that is not saved yet there is no place, be it the preference's.
    """
    if preferred and (bpy.data.filepath or not preferred.startswith("//")):
        return Path(bpy.path.abspath(preferred)), True
    if bpy.data.filepath:
        return Path(bpy.data.filepath).parent / "gioconda", True
    return temporary_folder(), False


def temporary_folder() -> Path:
    """Where job folders go that may be cleared: while the .blend file is not saved."""
    return Path(bpy.context.preferences.filepaths.temporary_directory or tempfile.gettempdir()) / "gioconda"


def prepare(scene: bpy.types.Scene, strip: Any, choices: Choices) -> Job:
    """Read the strip into a job and write its file (BadInputError says what does not fit)."""
    portrait_id = portraits.prepare(scene, strip)
    start, end = strips.visible_range(strip)
    first, last = _frames(strip, choices, start, end)
    job_id = uuid.uuid4().hex[:8]
    folder = _make_folder(choices.output, strip.name, job_id)
    try:
        frames = [first - start + 1, last - start + 1]
        data, before = _write_job(scene, strip, choices, frames, folder)
    except GiocondaError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    names = (scene.session_uid, portrait_id, strip.name)
    return Job(job_id, folder, data, *names, first, (start, end), before)


def _write_job(
    scene: bpy.types.Scene, strip: Any, choices: Choices, frames: list[int], folder: Path
) -> tuple[dict[str, Any], tuple[Callable[[], Task], ...]]:
    """Write the job file into `folder`; returns what is in it, and what must be done before a worker can begin."""
    moved = drivers.driving(scene, strip, folder, choices.detector)
    before = moved.before
    if portraits.is_footage(strip):
        portrait, reading = footage.portrait_data(scene, strip, folder, choices.detector, choices.face_index)
        before += reading
    else:
        mask = head_masks.for_job(scene, strip, folder)
        portrait = portrait_data(strip, choices.detector, choices.face_index)
        portrait["head_mask_path"] = str(mask) if mask else None
    settings = driver_settings.of(strip)
    data = {
        "gioconda_job": 1,
        "version": version(),
        "portrait": portrait,
        **moved.data,
        "frames": frames,
        "generator": choices.generator or settings.generator,
        "person": bpy.path.abspath(settings.person_path) or None,
        **choices.model_files,
        "creases": strip[portraits.CREASES],
        "neutralise": strip[portraits.NEUTRALISE],
        "replace": footage.replaced(strip),
        "only_changes": settings.only_changes,
        "output": str(folder),
    }
    write_bytes(folder / "job.json", json.dumps(data, indent=1).encode())
    return data, before


def portrait_data(strip: Any, detector: str, face_index: int | None = None) -> dict[str, Any]:
    """The portrait of a prepared strip as a job's JSON tells it; `face_index` None: the strip's."""
    index = strip[portraits.FACE_INDEX] if face_index is None else face_index
    return {
        "path": str(strip_files.picture_path(strip)),
        "landmarks": portraits.chosen_landmarks(strip, index),
        "landmarks_path": None,
        "detector": detector,
        "face_index": index,
        "as_stored": True,  # Blender does not turn pictures by their EXIF tag
    }


def _frames(strip: Any, choices: Choices, start: int, end: int) -> tuple[int, int]:
    first = start if choices.first is None else choices.first
    last = end - 1 if choices.last is None else choices.last
    if not start <= first <= last < end:
        raise BadInputError(
            f'Frames {first} to {last} are not all in "{strip.name}", which shows frames {start} to {end - 1}.'
        )
    return first, last


def new_file(preferred: str, strip_name: str, what: str) -> Path:
    """Where something that is made for a strip goes, beside its frames; `what` ends as the file does."""
    kind, dot, ending = what.partition(".")
    return (
        output_folder(preferred)[0] / f"{strip_files.plain_name(strip_name)}_{kind}_{uuid.uuid4().hex[:8]}{dot}{ending}"
    )


def _make_folder(parent: Path, name: str, job_id: str) -> Path:
    folder = parent / f"{strip_files.plain_name(name)}_{job_id}"
    try:
        folder.mkdir(parents=True)
        (folder / "worker.log").touch()
    except OSError as error:
        raise BadInputError(
            f"The frames cannot be written to {parent} ({error.strerror or error}): choose another output folder in "
            "the add-on's preferences."
        ) from error
    return folder


def place(job: Job, task: WorkerTask) -> str:
    """Put the finished job's frames on the timeline, where the portrait is by now; the message for the user.

    The folder of the frames that were shown before stays: nothing is deleted.
    """
    scene = strips.scene_of(job.scene_uid)
    portrait = portraits.find(scene, job.portrait_id, job.portrait_name, f" The frames are in {job.folder}")
    portraits.store_found(portrait, job.data["portrait"], task.faces)
    found = portraits.results(scene, job.portrait_id)
    left, right = (now - then for now, then in zip(strips.visible_range(portrait), job.visible, strict=True))
    start = job.start + (left if left == right else 0)  # a trimmed end moves nothing
    if found:
        result = found[0]
        result_strips.update(scene, portrait, result, job.folder, task.files, start)
    else:
        result = result_strips.add(scene, portrait, job.folder, task.files, start)
    result[portraits.SOURCE] = job.portrait_id
    result[portraits.JOB] = job.id
    result[portraits.SETTINGS] = json.dumps(_settings(job, task), sort_keys=True)
    told = f"{portraits.count(len(task.files), 'frame')} in {job.folder}"
    if not job.data["only_changes"] and not portrait.mute and result_strips.shows_through(scene, portrait, result):
        portrait.mute = True
        told += f'. "{portrait.name}" is muted, as it would show through'
    if portrait.modifiers and not found:  # to add a modifier by a script crashes Blender 5.0
        told += f'. The modifiers of "{portrait.name}" are not copied: grade the result, too'
    return told


def _settings(job: Job, task: WorkerTask) -> dict[str, Any]:
    """What made the result, so that it can be told and made again."""
    driver = {name: value for name, value in job.data["driver"].items() if name != "controls"}
    return {
        "version": job.data["version"],
        "blender": bpy.app.version_string,
        "worker": {"python": task.ready.get("python"), "packages": task.ready.get("packages")},
        "driver": driver or "controls",
        "amounts": job.data.get("amounts"),
        "frames": job.data["frames"],
        "generator": job.data["generator"],
        "person": job.data["person"],
        "detector": job.data["portrait"]["detector"],
        "face_index": job.data["portrait"]["face_index"],
        "head_mask": job.data["portrait"].get("head_mask_path"),
        "replace": job.data["replace"],
        "only_changes": job.data["only_changes"],
        "creases": job.data["creases"],
        "neutralise": job.data["neutralise"],
    }
