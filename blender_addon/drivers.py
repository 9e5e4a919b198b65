# SPDX-License-Identifier: GPL-3.0-or-later
"""What drives a portrait strip, as a job's JSON, and what Blender has to write for it first."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInputError
from ..core.files import write_bytes
from . import clip_tracks, driver_settings, keyframes, portraits, shape_keys, strip_files, strips
from .strip_bakes import MixdownTask, RenderTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction
    from pathlib import Path

    import bpy

    from .client import Task


class Driving(NamedTuple):
    """What moves a portrait in every frame that its strip shows."""

    data: dict[str, Any]  # driver, amounts and keys, as a job has them
    before: tuple[Callable[[], Task], ...] = ()  # what must be done before a worker can read it


def driving(scene: bpy.types.Scene, strip: Any, folder: Path, detector: str) -> Driving:
    """Read the settings of a portrait strip; files are made in `folder` (BadInputError says what does not fit)."""
    settings = driver_settings.of(strip)
    if settings.driven_by == "KEYS":
        return Driving({"driver": _keys(scene, strip, needed=True)})
    start, end = strips.visible_range(strip)
    window = _Window(scene, start, end, int(strips.content_start(strip)), folder, detector)
    driver, *before = _READERS[settings.driven_by](settings, window)
    keys = _keys(scene, strip, needed=False) if keyframes.has_controls(strip) else {"controls": None}
    return Driving(
        {"driver": driver, "amounts": driver_settings.amounts(settings), "keys": keys["controls"]}, tuple(before)
    )


class _Window(NamedTuple):
    """The frames that a portrait strip shows, and what is needed to read a driver there."""

    scene: bpy.types.Scene
    start: int
    end: int
    origin: int  # where the strip's content begins, be it trimmed away: files are read from there on
    folder: Path
    detector: str

    @property
    def fps(self) -> Fraction:
        return strips.exact_fps(self.scene)

    def sees(self, other: Any) -> bool:
        """Whether a strip is seen at the same time as the portrait."""
        start, end = strips.visible_range(other)
        return start < self.end and self.start < end

    def timing(self, origin: int) -> dict[str, Any]:
        """When the portrait is seen, for a driver that begins at the scene frame `origin`."""
        start = (self.start - origin) / self.fps
        return {
            "fps": [self.fps.numerator, self.fps.denominator],
            "start": [start.numerator, start.denominator],
            "frames": self.end - self.start,
        }


def _keys(scene: bpy.types.Scene, strip: Any, *, needed: bool) -> dict[str, Any]:
    if needed and not keyframes.has_controls(strip):
        raise BadInputError(
            f'Nothing moves "{strip.name}" yet: press Add Controls and key some, or choose what it is driven by.'
        )
    keyframes.mend_whole_numbers(scene, strip)
    start, end = strips.visible_range(strip)
    return {"controls": _controls(scene, keyframes.read_controls(scene, strip, range(start, end)), end - start)}


def _controls(scene: bpy.types.Scene, channels: dict[str, list[float]], frames: int) -> dict[str, Any]:
    fps = strips.exact_fps(scene)
    some = channels or {"jawOpen": [0.0] * frames}  # a track must have a length
    return {"fps": [fps.numerator, fps.denominator], "channels": some}


def _movie(settings: Any, window: _Window) -> tuple[Any, ...]:
    other = _driving_strip(settings, window)
    start, end = strips.visible_range(other)
    frames = _with_neutral(settings, range(max(window.start, start), min(window.end, end)), range(start, end), other)
    first, last = frames[0], frames[-1]
    folder = window.folder / "driver" / strip_files.plain_name(other.name)  # which is told while it is read
    told = {"performance_path": str(folder), "counted_from": first}  # frames are told as the timeline counts them
    driver = {**told, **_landmarks(settings, window, first), **window.timing(first)}
    return driver, partial(RenderTask, window.scene.session_uid, other.name, first, last, folder)


def _with_neutral(settings: Any, frames: range, shown: range, source: Any) -> range:
    """Scene frames to read, with the neutral one if it is chosen (BadInputError: it is not among the `shown` ones)."""
    neutral = settings.neutral_frame
    if not _neutral_is_chosen(settings):
        return frames
    if neutral not in shown:
        raise BadInputError(
            f'Neutral Frame {neutral} is not in "{source.name}", which shows frames {shown[0]} to {shown[-1]}.'
        )
    return range(min(frames.start, neutral), max(frames.stop, neutral + 1))


def _neutral_is_chosen(settings: Any) -> bool:
    return settings.motion == "RELATIVE" and not settings.find_neutral


def _sound(settings: Any, window: _Window) -> tuple[Any, ...]:
    other = _driving_strip(settings, window)
    path = window.folder / f"{strip_files.plain_name(other.name).removesuffix('.wav')}.wav"  # which is told, too
    driver = {
        "sound_path": str(path),
        "text": _words(settings, window),
        "speech": {name: getattr(settings, name) for name in driver_settings.SPEECH},
        **window.timing(window.start),
    }
    return driver, partial(MixdownTask, window.scene.session_uid, other.name, window.start, window.end - 1, path)


def _words(settings: Any, window: _Window) -> str | None:
    if settings.words == "NONE":
        return None
    if settings.words == "TEXT":
        if settings.text is None:
            raise BadInputError("No text is chosen as the transcript: choose one, or None.")
        return settings.text.as_string()
    texts = [strip for strip in strips.all_strips(window.scene) if strip.type == "TEXT" and not strip.mute]
    texts = [text for text in texts if window.sees(text)]
    if not texts:
        raise BadInputError("No text strip at the portrait's time says what is said: add some, or choose another way.")
    texts.sort(key=strips.visible_range)
    return "\n".join(text.text for text in texts)


def _file(settings: Any, window: _Window) -> tuple[Any, ...]:
    path = _existing(settings.filepath, "capture file")
    return ({"performance_path": str(path), **_landmarks(settings, window, 0), **window.timing(window.origin)},)


def _clip(settings: Any, window: _Window) -> tuple[Any, ...]:
    if settings.clip is None:
        raise BadInputError("No movie clip is chosen: choose the one whose tracks drive.")
    path = window.folder / "marks.json"
    clip = settings.clip
    shown = range(clip.frame_start, clip.frame_start + clip.frame_duration)
    frames = _with_neutral(settings, range(window.start, window.end), shown, clip)
    marks = clip_tracks.read_marks(clip, frames, window.fps)
    write_bytes(path, json.dumps(marks).encode())
    driver = {"performance_path": str(path), **_landmarks(settings, window, frames[0])}
    return ({**driver, **window.timing(frames[0])},)


def _mesh(settings: Any, window: _Window) -> tuple[Any, ...]:
    channels = shape_keys.read(window.scene, settings.mesh, range(window.start, window.end))
    return ({"controls": _controls(window.scene, channels, window.end - window.start)},)


def _preset(settings: Any, window: _Window) -> tuple[Any, ...]:
    own = settings.preset_path
    preset = str(_existing(own, "preset")) if own else settings.preset
    options = {"scale": settings.preset_scale, "loop": settings.preset_loop}
    return ({"preset": preset, **options, **window.timing(window.origin)},)


_READERS: dict[str, Callable[[Any, _Window], tuple[Any, ...]]] = {
    "MOVIE": _movie,
    "SOUND": _sound,
    "FILE": _file,
    "CLIP": _clip,
    "MESH": _mesh,
    "PRESET": _preset,
}


def _landmarks(settings: Any, window: _Window, origin: int) -> dict[str, Any]:
    """How landmarks move the portrait; `origin`: the scene frame that a neutral frame is counted from."""
    return {
        "motion": settings.motion.lower(),
        "neutral_frame": settings.neutral_frame - origin if _neutral_is_chosen(settings) else None,
        "detector": window.detector,
        "neutral_path": _optional(settings.neutral_picture, "neutral picture"),
        "face_index": settings.face_index,
        "like_path": _optional(settings.like, "picture of the person") if settings.driven_by == "MOVIE" else None,
        "missing": settings.missing.lower(),
    }


def _driving_strip(settings: Any, window: _Window) -> Any:
    if not settings.strip_name:
        raise BadInputError("No strip is chosen that drives the portrait: choose one under Driven By.")
    other = portraits.named(window.scene, settings.strip_name)
    if not driver_settings.can_drive(settings.driven_by, other):
        unfit = "no sound strip: choose one" if settings.driven_by == "SOUND" else "a sound strip: it shows no face"
        raise BadInputError(f'"{other.name}" is {unfit}.')
    if not window.sees(other):
        done = "played" if other.type == "SOUND" else "seen"
        raise BadInputError(f'"{other.name}" is not {done} at the same time as the portrait: move it there.')
    return other


def _optional(text: str, what: str) -> str | None:
    return str(_existing(text, what)) if text else None


def _existing(text: str, what: str) -> Path:
    if not text:
        raise BadInputError(f"No {what} is chosen: choose one under Driven By.")
    path = strip_files.full_path(text)
    if not path.is_file():
        raise BadInputError(f"The {what} is missing: {path}")
    return path
