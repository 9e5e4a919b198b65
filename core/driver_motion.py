# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver -> its motion, frame by frame: controls, or landmarks and what they are measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .drivers import PerformanceDriver, PresetDriver, SoundDriver
from .errors import BadInputError
from .landmarks import CACHED
from .motion.capture_files import Capture, read_capture
from .motion.controls import ControlTrack
from .motion.mixing import mix, resample
from .motion.neutral_frame import find_neutral_frame, neutral_from_still

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .drivers import Driver
    from .events import Event, OnEvent
    from .landmarks import ModelFiles
    from .landmarks.track import LandmarkTrack
    from .motion.amounts import RegionAmounts

_Track = TypeVar("_Track", "ControlTrack", "LandmarkTrack")


@dataclass(frozen=True)
class FoundTrack:
    """The landmarks that a performance was found with, all of them, at their own rate."""

    capture: Capture
    track: LandmarkTrack
    neutral_frame: int | None  # what they are measured against; None: they are wanted as they stand
    still: NDArray[np.float32] | None  # (68, 2) the face at rest in another picture, instead of the frame's
    video: Path | None  # the movie that shows them

    @property
    def neutral(self) -> NDArray[np.float32] | None:
        """(68, 2) landmarks of the neutral face."""
        if self.neutral_frame is None or self.still is None:
            return None if self.neutral_frame is None else self.track.landmarks[self.neutral_frame]
        return neutral_from_still(self.still, self.track, self.neutral_frame)

    @cached_property
    def controls(self) -> ControlTrack:
        """What moves a portrait as the landmarks do; found once, which takes a while."""
        return self.capture.controls(self.neutral_frame, self.still)


@dataclass(frozen=True)
class DriverMotion:
    """What a driver does, in the frames that were asked for."""

    content: ControlTrack | LandmarkTrack
    found: FoundTrack | None = None  # where the content is landmarks
    told: tuple[str, ...] = ()  # what was changed or left out, a line each
    gaze: ControlTrack | None = None  # where the eyes look, if that is known beside landmarks


def read_motion(driver: Driver, on_event: OnEvent, models: ModelFiles = CACHED) -> DriverMotion:
    """Read a driver, or find what it does. Raises GiocondaError."""
    if isinstance(driver, ControlTrack):
        return DriverMotion(driver)
    if isinstance(driver, SoundDriver):
        return DriverMotion(_speak(driver, on_event))
    if isinstance(driver, PresetDriver):
        return DriverMotion(_play(driver))
    return _perform(driver, on_event, models)


def motion_as_controls(
    driver: Driver, motion: DriverMotion, amounts: RegionAmounts, keys: ControlTrack | None
) -> tuple[ControlTrack, list[str]]:
    """The controls that move a portrait as driver and keys do together, and what was clamped. Raises BadInputError."""
    controls = motion.content
    if isinstance(driver, PerformanceDriver) and motion.found is not None:
        if motion.found.neutral_frame is None:
            told = "points that are wanted as they stand (absolute) have no controls: choose relative motion"
            raise BadInputError(f"{driver.path.name}: {told}.")
        controls = _window(motion.found.controls, driver)
    if not isinstance(controls, ControlTrack):
        raise TypeError("landmarks come with what they were found in")
    controls, told = amounts.scale(controls).clamped()
    if keys is None:
        return controls, told
    if keys.frames != controls.frames:
        raise BadInputError(f"The keys have {keys.frames} frames, the driver has {controls.frames}.")
    return mix(controls, replace(keys, fps=controls.fps), add=True), told


def _perform(driver: PerformanceDriver, on_event: OnEvent, models: ModelFiles) -> DriverMotion:
    from .media.video import is_video

    video = driver.video
    if is_video(driver.path):
        capture, video = _track(driver, on_event, models), driver.path
    else:
        capture = read_capture(driver.path, driver.fps, driver.face_index, keep_rate=True)
    track = capture.content
    if isinstance(track, ControlTrack):
        controls, told = track.clamped()
        return DriverMotion(_window(controls, driver), told=(*capture.told, *told))
    still = None
    if driver.neutral is not None and driver.relative:
        from .landmarks.still import read_still

        still = read_still(driver.neutral, driver.detector, on_event, models)
    found = FoundTrack(capture, track, _neutral_frame(driver, track), still, video)
    return DriverMotion(_window(track, driver), found, capture.told, _gaze(driver, found))


def _gaze(driver: PerformanceDriver, found: FoundTrack) -> ControlTrack | None:
    if found.neutral_frame is None or (found.track.iris is None and found.capture.looks is None):
        return None
    whole = found.controls
    channels = {name: whole.channels[name] for name in ("gazeYaw", "gazePitch") if name in whole.channels}
    return _window(ControlTrack(whole.fps, channels), driver) if channels else None


def _neutral_frame(driver: PerformanceDriver, track: LandmarkTrack) -> int | None:
    if not driver.relative:
        return None
    number = find_neutral_frame(track) if driver.neutral_frame is None else driver.neutral_frame
    if not 0 <= number < track.frames:
        raise BadInputError(
            f"{driver.path.name}: the neutral frame {number} does not exist; the track has frames 0-{track.frames - 1}."
        )
    seen = track.confidence.any(axis=1)
    if seen.any() and not seen[number]:
        raise BadInputError(
            f"{driver.path.name}: no face is seen in the neutral frame {driver.counted_from + number} (counted from "
            f"{driver.counted_from}); choose another one, or let it be found."
        )
    return number


def _track(driver: PerformanceDriver, on_event: OnEvent, models: ModelFiles) -> Capture:
    from .landmarks.follow import FaceChoice, cached_track

    message = f"Following the face in {driver.path.name}"
    on_event({"event": "stage", "stage": "track", "message": message})
    choice = FaceChoice(driver.detector, driver.face_index, driver.like, driver.missing, models)
    tell = _without_frames(on_event, message)
    return Capture(cached_track(driver.path, choice, tell, counted_from=driver.counted_from))


def _without_frames(on_event: OnEvent, message: str) -> OnEvent:
    """Frames of a driver that are read are told as a stage: a job's frames are those that it writes."""

    def tell(event: Event) -> None:
        if event["event"] == "frame":
            event = {"event": "stage", "stage": "track", "message": f"{message}, frame {event['done']}"}
        on_event(event)

    return tell


def _window(whole: _Track, driver: PerformanceDriver) -> _Track:
    """The frames that were asked for."""
    if driver.fps is None and driver.frames is None and not driver.start:
        return whole
    fps = driver.fps or whole.fps
    left = Fraction(whole.frames) / whole.fps - driver.start
    frames = driver.frames or max(1, round(left * fps))
    if isinstance(whole, ControlTrack):
        return resample(whole, fps, frames, start=driver.start)
    return whole.resample(fps, frames, driver.start)


def _speak(driver: SoundDriver, on_event: OnEvent) -> ControlTrack:
    from .speech.listen import listen
    from .speech.perform import perform
    from .speech.transcript import load_transcript, words_of

    words = None
    if driver.text is not None:
        words = words_of(driver.text, "The transcript")
    elif driver.text_path is not None:
        words = load_transcript(driver.text_path)
    heard = _without_frames(on_event, f"Listening to {driver.path.name}")
    spoken = perform(listen(driver.path, words, driver.fps, heard), driver.fps, driver.amounts)
    return resample(spoken, driver.fps, driver.frames or spoken.frames, start=driver.start)


def _play(driver: PresetDriver) -> ControlTrack:
    from .motion.preset import load_preset

    preset = Path(driver.preset) if driver.preset.lower().endswith(".json") else driver.preset
    played = load_preset(preset, driver.fps, scale=driver.scale)
    return resample(played, driver.fps, driver.frames or played.frames, start=driver.start, loop=driver.loop)
