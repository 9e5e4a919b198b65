# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of portraits and drivers: a job's frames, faces, a mask, a performance; told as events (core.events).

Heavy packages are imported here where a job needs them, never at the start.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from .driver_motion import motion_as_controls, read_motion
from .errors import BadInputError, CancelledError
from .events import until_cancelled
from .files import check_writable, write_bytes
from .job import Job, PortraitSource, clamp_controls, frame_range
from .landmarks import CACHED
from .landmarks.topology import EYES, OUTER_LIP
from .landmarks.track import at_size, load_track
from .motion.controls import ControlTrack
from .provenance import picture_text, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from .driver_motion import DriverMotion
    from .drivers import Driver
    from .events import OnEvent
    from .landmarks import ModelFiles
    from .landmarks.detect import Face
    from .media.video import VideoWriter
    from .motion.amounts import RegionAmounts
    from .motion.target import FaceTarget

_LEAST_FACE = 8  # pixels
_WAITING = 3  # frames that may wait to be written while the next one is drawn: memory stays flat


def detect_faces(picture: Path, detector: str, on_event: OnEvent, models: ModelFiles = CACHED) -> None:
    """Find every face of a picture and tell them, largest first; none is not an error here."""
    from .media.pictures import read_picture

    pixels = read_picture(picture)
    _find_faces(PortraitSource(picture, detector=detector), pixels, on_event, models)


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
    from .generators.warp.matte import find_head
    from .media.pictures import as_stored, read_picture, to_rgb8, write_png
    from .motion.face_model import fit_face

    on_event({"event": "stage", "stage": "read", "message": f"Reading {portrait.path.name}"})
    check_writable(output.parent)
    pixels = read_picture(portrait.path)
    landmarks = _portrait_landmarks(portrait, pixels, on_event, models)
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
    if job.only_changes and _is_movie(job):
        raise BadInputError(f"{job.output}: a movie cannot be transparent: only changes are written to a folder.")
    check_writable(job.output.parent if _is_movie(job) else job.output)
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
    output = _Movie(job, motion.content.fps) if _is_movie(job) else _Folder(job)
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
    landmarks = _portrait_landmarks(job.portrait, pixels, on_event, job.models)
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
    mask = _head_mask(job.portrait, landmarks, pixels, _orientation(job.portrait))
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


def _portrait_landmarks(
    portrait: PortraitSource, pixels: NDArray[Any], on_event: OnEvent, models: ModelFiles
) -> NDArray[np.floating[Any]]:
    """The (68, 2) landmarks that are given or named, else those of the face that a detector finds."""
    if portrait.landmarks is not None:
        landmarks = _given_landmarks(portrait.landmarks)
    elif portrait.landmarks_path is not None:
        landmarks = _stored_landmarks(portrait.landmarks_path, pixels)
    else:
        from .landmarks.detect import pick_face

        faces = _find_faces(portrait, pixels, on_event, models)
        landmarks = pick_face(faces, portrait.face_index, str(portrait.path)).landmarks
    _check_inside(landmarks, pixels, portrait.path)
    return landmarks


def _head_mask(
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


def _find_faces(portrait: PortraitSource, pixels: NDArray[Any], on_event: OnEvent, models: ModelFiles) -> list[Face]:
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


def _is_movie(job: Job) -> bool:
    return job.output.suffix.lower() == ".mp4"


class _Folder:
    """Frames as files, written by a thread while the next one is drawn."""

    def __init__(self, job: Job) -> None:
        from .media.footage import first_picture
        from .media.pictures import frame_format

        self._folder, self._text = job.output, picture_text(job.generator)
        self._format = frame_format(first_picture(job.portrait.path))
        self._pool = ThreadPoolExecutor(1)

    def write(self, drawn: Iterable[tuple[int, NDArray[Any]]]) -> Iterator[tuple[Path, int]]:
        """Write frames by their 0-based numbers; yield path and 1-based number of each one on the disk, in order."""
        waiting: deque[tuple[Path, int, Future[None]]] = deque()
        for index, pixels in drawn:
            path = self._folder / f"frame_{index + 1:06d}.{self._format.ending}"
            waiting.append((path, index + 1, self._pool.submit(self._write, path, pixels)))
            if len(waiting) > _WAITING:
                yield self._written(waiting)
        while waiting:
            yield self._written(waiting)

    def _write(self, path: Path, pixels: NDArray[Any]) -> None:
        write_bytes(path, self._format.encode(pixels, self._text))

    @staticmethod
    def _written(waiting: deque[tuple[Path, int, Future[None]]]) -> tuple[Path, int]:
        path, number, future = waiting.popleft()
        future.result()
        return path, number

    def close(self, *, complete: bool) -> None:
        """Wait for what is being written; frames that were only waiting are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=not complete)


class _Movie:
    """Frames as one movie, which appears when it is whole."""

    def __init__(self, job: Job, fps: Fraction) -> None:
        self._path, self._fps, self._statement = job.output, fps, statement(job.generator)
        self._writer: VideoWriter | None = None

    def write(self, drawn: Iterable[tuple[int, NDArray[Any]]]) -> Iterator[tuple[Path, int]]:
        """Encode frames by their 0-based numbers; yield path and 1-based number of each."""
        from .media.video import VideoWriter

        for index, pixels in drawn:
            if self._writer is None:
                size = (pixels.shape[1], pixels.shape[0])
                self._writer = VideoWriter(self._path, self._fps, size, self._statement)
            self._writer.write(pixels)
            yield self._path, index + 1

    def close(self, *, complete: bool) -> None:
        """Finish the movie, or leave nothing."""
        if self._writer is not None and complete:
            self._writer.close()
        elif self._writer is not None:
            self._writer.discard()
