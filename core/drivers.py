# SPDX-License-Identifier: GPL-3.0-or-later
"""What may drive a portrait, as a job says it: controls, a performance in a file, a voice, or a preset."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .errors import BadInputError
from .json_form import check_keys, flag, path_in, text_of
from .landmarks import MISSING
from .motion import MOTIONS
from .motion.controls import ControlTrack, control_track_from_dict, load_controls
from .speech.amounts import Amounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SOURCES = ("controls", "controls_path", "performance_path", "sound_path", "preset")
_WINDOW = {"fps", "start", "frames"}
_MORE = {
    "controls": set[str](),
    "controls_path": set[str](),
    "performance_path": {
        "motion", "neutral_frame", "neutral_path", "video_path", "detector", "face_index", "like_path", "missing",
        "counted_from",
    } | _WINDOW,
    "sound_path": {"text", "text_path", "speech"} | _WINDOW,
    "preset": {"scale", "loop"} | _WINDOW,
}  # fmt: skip


@dataclass(frozen=True)
class PerformanceDriver:
    """A landmark track, or a movie or capture file to find a performance in.

    It is read at `fps` (its own when None) for `frames` frames from `start` seconds on; what lies before and after it
    is held.
    """

    path: Path
    relative: bool = True  # landmarks: their change against the neutral frame, or the points as they stand
    neutral_frame: int | None = 0  # None: found
    fps: Fraction | None = None
    start: Fraction = Fraction(0)
    frames: int | None = None
    video: Path | None = None  # the movie of a landmark track: its creases are put on the portrait
    detector: str = "dlib"  # finds the face in a movie
    face_index: int = 0  # of a movie or capture file with several
    missing: str = "interpolate"  # or "hold": what frames of a movie without the face get
    counted_from: int = 0  # the number of its first frame wherever frames are told: on a timeline, say
    like: Path | None = None  # a picture of the person to follow in a movie, instead of the index
    neutral: Path | None = None  # the same face at rest in a picture or landmark file, instead of the frame's


@dataclass(frozen=True)
class SoundDriver:
    """A voice that the mouth speaks with; in English its words are aligned where a text is given."""

    path: Path
    fps: Fraction
    start: Fraction = Fraction(0)
    frames: int | None = None
    text: str | None = None
    text_path: Path | None = None
    amounts: Amounts = field(default_factory=Amounts)


@dataclass(frozen=True)
class PresetDriver:
    """A short motion: one that ships, by name, or a file that ends in .json."""

    preset: str
    fps: Fraction
    start: Fraction = Fraction(0)
    frames: int | None = None
    scale: float = 1.0
    loop: bool = False  # begins again; else its end is held


Driver = ControlTrack | PerformanceDriver | SoundDriver | PresetDriver


def driver_from_dict(data: Mapping[str, Any], folder: Path, source: str) -> Driver:
    """Check the JSON form; relative paths start at `folder`. Raises BadInputError, TypeError or ValueError."""
    if not hasattr(data, "keys"):
        raise BadInputError(f"{source}, driver: an object with named values is wanted.")
    kinds = [name for name in _SOURCES if name in data]
    if len(kinds) != 1:
        raise BadInputError(f"{source}: the driver needs one of {', '.join(_SOURCES)}.")
    [kind] = kinds
    check_keys(data, _MORE[kind] | {kind}, f"{source}, driver")
    if kind == "controls":
        return control_track_from_dict(data["controls"], source)
    if kind == "controls_path":
        return load_controls(folder / str(data["controls_path"]))
    fps, start, frames = _window(data, source)
    if kind == "performance_path":
        return _performance(data, folder, source, fps, start, frames)
    if fps is None:
        raise BadInputError(f"{source}, driver: fps is missing.")
    if kind == "preset":
        scale = float(data.get("scale", 1.0))
        return PresetDriver(str(data["preset"]), fps, start, frames, scale, flag(data, "loop"))
    if data.get("text") is not None and data.get("text_path") is not None:
        raise BadInputError(f"{source}, driver: give text or text_path, not both.")
    path, amounts = folder / str(data["sound_path"]), _speech(data.get("speech", {}), source)
    text = None if data.get("text") is None else str(data["text"])
    return SoundDriver(path, fps, start, frames, text, path_in(folder, data.get("text_path")), amounts)


def driver_to_dict(driver: Driver) -> dict[str, Any]:
    """The JSON form."""
    if isinstance(driver, ControlTrack):
        return {"controls": driver.to_dict()}
    window = {
        "fps": None if driver.fps is None else [driver.fps.numerator, driver.fps.denominator],
        "start": [driver.start.numerator, driver.start.denominator],
        "frames": driver.frames,
    }
    if isinstance(driver, PresetDriver):
        return {"preset": driver.preset, "scale": driver.scale, "loop": driver.loop, **window}
    if isinstance(driver, SoundDriver):
        words = {"text": driver.text, "text_path": text_of(driver.text_path), "speech": asdict(driver.amounts)}
        return {"sound_path": str(driver.path), **words, **window}
    return {
        "performance_path": str(driver.path),
        "motion": "relative" if driver.relative else "absolute",
        "neutral_frame": driver.neutral_frame,
        "like_path": text_of(driver.like),
        "neutral_path": text_of(driver.neutral),
        "video_path": text_of(driver.video),
        "detector": driver.detector,
        "face_index": driver.face_index,
        "missing": driver.missing,
        "counted_from": driver.counted_from,
        **window,
    }


def _performance(
    data: Mapping[str, Any], folder: Path, source: str, fps: Fraction | None, start: Fraction, frames: int | None
) -> PerformanceDriver:
    neutral = data.get("neutral_frame", 0)
    return PerformanceDriver(
        path=folder / str(data["performance_path"]),
        relative=_choice(data, "motion", MOTIONS, source) == "relative",
        neutral_frame=None if neutral is None else int(neutral),
        like=path_in(folder, data.get("like_path")),
        neutral=path_in(folder, data.get("neutral_path")),
        fps=fps,
        start=start,
        frames=frames,
        video=path_in(folder, data.get("video_path")),
        detector=str(data.get("detector", PerformanceDriver.detector)),
        face_index=int(data.get("face_index", 0)),
        missing=_choice(data, "missing", MISSING, source),
        counted_from=int(data.get("counted_from", 0)),
    )


def _window(data: Mapping[str, Any], source: str) -> tuple[Fraction | None, Fraction, int | None]:
    fps, frames = data.get("fps"), data.get("frames")
    if (fps is not None and Fraction(*fps) <= 0) or (frames is not None and int(frames) < 1):
        raise BadInputError(f"{source}: the driver's fps and frames must be above 0.")
    start = Fraction(*data.get("start", (0, 1)))
    return None if fps is None else Fraction(*fps), start, None if frames is None else int(frames)


def _speech(data: Mapping[str, Any], source: str) -> Amounts:
    known = {each.name for each in fields(Amounts)}
    amounts = {name: float(value) for name, value in data.items()}
    if set(amounts) - known or not all(0 <= value <= 1 for value in amounts.values()):
        raise BadInputError(f"{source}, driver: speech has amounts from 0 to 1 of {', '.join(sorted(known))}.")
    return Amounts(**amounts)


def _choice(data: Mapping[str, Any], name: str, choices: tuple[str, ...], source: str) -> str:
    value = data.get(name, choices[0])
    if value not in choices:
        raise BadInputError(f"{source}: {name} is {value!r}; choose {' or '.join(choices)}.")
    return str(value)
