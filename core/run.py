# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of portraits and drivers: a job's frames, faces, a mask, a performance; told as events (core.events).

Heavy packages are imported here where a job needs them, never at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .driver_motion import motion_as_controls, read_motion
from .errors import BadInputError, CancelledError
from .events import until_cancelled
from .files import check_writable
from .frame_output import Folder, Movie, is_movie
from .job import Job, PortraitSource, clamp_controls, frame_range
from .landmarks import CACHED
from .motion.controls import ControlTrack
from .portrait_face import find_faces, find_landmarks, read_head_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from .driver_motion import DriverMotion
    from .drivers import Driver
    from .events import OnEvent
    from .landmarks import ModelFiles
    from .motion.amounts import RegionAmounts
    from .motion.target import FaceTarget


def detect_faces(picture: Path, detector: str, on_event: OnEvent, models: ModelFiles = CACHED) -> None:
    """Find every face of a picture and tell them, largest first; none is not an error here."""
    from .media.pictures import read_picture

    pixels = read_picture(picture)
    find_faces(PortraitSource(picture, detector=detector), pixels, on_event, models)


def write_matte(
    portrait: PortraitSource,
    output: Path,
    on_event: OnEvent,
    models: ModelFiles = CACHED,
    *,
    cut_out: bool = False,
) -> None:
    """Write the head mask that is found in a portrait as an 8-bit PNG. Raises GiocondaError.

    White is the head; `cut_out`: the portrait in its colours with the mask as alpha, so that a person who paints it
    sees what is head and what is not.
    """
    from .generators.warp.mask.matte import find_head
    from .media.pictures import as_stored, read_picture, to_rgb8, write_png
    from .motion.face_model import fit_face

    on_event({"event": "stage", "stage": "read", "message": f"Reading {portrait.path.name}"})
    check_writable(output.parent)
    pixels = read_picture(portrait.path)
    landmarks = find_landmarks(portrait, pixels, on_event, models)
    on_event({"event": "stage", "stage": "matte", "message": "Finding what moves with the head"})
    mask = np.rint(255 * find_head(pixels, fit_face(landmarks))).astype(np.uint8)
    shown = np.dstack([to_rgb8(pixels), mask] if cut_out else [mask] * 3)
    write_png(output, as_stored(shown, _orientation(portrait)), {})
    on_event({"event": "done", "frames": 1, "output": str(output)})


def write_performance(
    driver: Driver,
    amounts: RegionAmounts,
    keys: ControlTrack | None,
    output: Path,
    on_event: OnEvent,
    models: ModelFiles = CACHED,
    *,
    as_live_link: bool = False,
) -> None:
    """Write what a driver and keys do together as controls, .json or .csv. Raises GiocondaError."""
    from .motion.capture_files import check_output, write_controls

    check_output(output, as_live_link=as_live_link)
    motion = read_motion(driver, on_event, models)
    on_event({"event": "stage", "stage": "capture", "message": "Finding the controls"})
    controls, told = motion_as_controls(driver, motion, amounts, keys)
    left_out = write_controls(output, controls, as_live_link=as_live_link)
    for message in (*motion.told, *told, *left_out):
        on_event({"event": "warning", "message": message})
    on_event({"event": "done", "frames": controls.frames, "output": str(output)})


def prepare_computer(on_event: OnEvent) -> None:
    """Do once what the first frames on a computer would wait for."""
    from .generators.warp.first_use import compile_loops

    on_event({"event": "stage", "stage": "compile", "message": "Compiling for this computer: a minute or two, once"})
    compile_loops()
    on_event({"event": "done", "frames": 0, "output": None})


def run_job(job: Job, on_event: OnEvent, is_cancelled: Callable[[], bool] = lambda: False) -> None:
    """Make the frames of a job. Raises GiocondaError; finished frames stay whatever happens."""
    from .footage_job import moves
    from .media.pictures import as_stored, only_changes

    tell = until_cancelled(on_event, is_cancelled)

    def begin(stage: str, message: str) -> None:
        tell({"event": "stage", "stage": stage, "message": message})

    begin("read", f"Reading {job.portrait.name}")
    if job.only_changes and is_movie(job):
        raise BadInputError(f"{job.output}: a movie cannot be transparent: only changes are written to a folder.")
    check_writable(job.output.parent if is_movie(job) else job.output)
    job, told = clamp_controls(job)
    motion = read_motion(job.driver, tell, job.models)
    frames = frame_range(job, motion.content.frames)
    for message in [*told, *motion.told]:
        tell({"event": "warning", "message": message})
    draw = _draw_footage if moves(job.portrait) else _draw_picture
    drawn, orientation = draw(job, motion, frames, begin, tell), _orientation(job.portrait)
    begin("draw", f"Drawing {len(frames)} frames")
    shown = (only_changes(*pair) if job.only_changes else pair[1] for pair in drawn)
    stored = (as_stored(pixels, orientation) for pixels in shown)
    output = Movie(job, motion.content.fps) if is_movie(job) else Folder(job)
    done = 0
    try:
        for path, number in output.write(zip(frames, stored, strict=True)):
            done += 1
            on_event({"event": "frame", "frame": number, "path": str(path), "done": done, "total": len(frames)})
            if is_cancelled():
                raise CancelledError(done)
    finally:
        output.close(complete=done == len(frames))
    on_event({"event": "done", "frames": done, "output": str(job.output)})


def _draw_picture(
    job: Job, motion: DriverMotion, frames: range, begin: Callable[[str, str], None], on_event: OnEvent
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Prepare a portrait that is a picture: the picture and what is drawn of it, again and again."""
    from .generators import create_generator, first_use_note
    from .generators.base import Portrait
    from .media.pictures import check_opaque, read_picture
    from .motion.plan import plan_motion

    if job.replace:
        raise BadInputError(f"{job.portrait.path}: has no motion to replace; neutralise takes its expression off.")
    pixels = read_picture(job.portrait.path)
    if job.only_changes:
        check_opaque(pixels, job.portrait.path)
    for message in _unfit(motion, pixels):
        on_event({"event": "warning", "message": message})
    landmarks = find_landmarks(job.portrait, pixels, on_event, job.models)
    begin("prepare", f"Preparing {job.generator}{first_use_note(job.generator)}")
    neutral = None if motion.found is None else motion.found.neutral
    targets = plan_motion(
        landmarks,
        motion.content,
        relative_to=neutral,
        neutralise=job.neutralise,
        amounts=job.amounts,
        keys=job.keys,
        gaze=motion.gaze,
    )
    mask = read_head_mask(job.portrait, landmarks, pixels, _orientation(job.portrait))
    generator = create_generator(job.generator, Portrait(pixels, landmarks, mask, job.creases), job.person)
    return ((pixels, generator.draw(target)) for target in _wanted(job, motion, targets, frames))


def _draw_footage(
    job: Job, motion: DriverMotion, frames: range, begin: Callable[[str, str], None], on_event: OnEvent
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Prepare a portrait that moves: its frames and what is drawn of them."""
    from .footage_job import FootageJob
    from .generators import first_use_note

    if job.portrait.landmarks_path is None:
        begin("detect", f"Following the face in {job.portrait.name}")
    footage, fps = FootageJob(job, begin, on_event), motion.content.fps
    if footage.fps not in (None, fps):
        told = f"it has {footage.fps} frames a second, the driver {fps}; they are taken one by one."
        on_event({"event": "warning", "message": f"{job.portrait.path}: {told}"})
    begin("prepare", f"Preparing {job.generator}{first_use_note(job.generator)}")
    targets = footage.plan(motion)
    # Told by the whole driver, so that a part of its frames is drawn as all of them are.
    head_moves = not all(target.pose.is_identity() for target in targets)
    return footage.draw(_wanted(job, motion, targets, frames), frames, head_moves=head_moves)


def _orientation(portrait: PortraitSource) -> int:
    """The EXIF orientation that frames are turned back to; that of a sequence is its first picture's."""
    from .media.footage import first_picture
    from .media.pictures import read_orientation

    first = first_picture(portrait.path) if portrait.as_stored else None
    return 1 if first is None else read_orientation(first)


def _wanted(job: Job, motion: DriverMotion, targets: list[FaceTarget], frames: range) -> Iterator[FaceTarget]:
    """The targets of these frames, with what the driver's movie shows if there is one, read as they are drawn."""
    wanted = (targets[i] for i in frames)
    found = motion.found
    if found is None or found.video is None or isinstance(job.driver, ControlTrack):
        return wanted
    from .driver_video import DriverVideo

    neutral = found.neutral_frame
    if neutral is None:
        neutral = int(np.argmax(found.track.confidence.any(axis=1)))  # the first frame that shows the face
    times = [(job.driver.start + i / motion.content.fps) * found.track.fps for i in frames]
    movie = DriverVideo(found.video, found.track, neutral)
    return movie.watch(wanted, map(float, times), job.amounts)


def _unfit(motion: DriverMotion, pixels: NDArray[Any]) -> list[str]:
    """What a person should know of a track whose points are wanted as they stand."""
    size = (pixels.shape[1], pixels.shape[0])
    found = motion.found
    if found is None or found.neutral_frame is not None or found.track.size == size:
        return []
    told = "the track belongs to a picture of {} x {} pixels, the portrait has {} x {}".format(*found.track.size, *size)
    return [f"The driver: {told}. Its points are taken as they stand."]
