# SPDX-License-Identifier: GPL-3.0-or-later
"""The named channels that an animator keys: their ranges and regions, and files of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..json_form import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

REGIONS = ("head", "eyes", "brows", "mouth")


@dataclass(frozen=True)
class Control:
    """One channel: its neutral value changes nothing in the picture."""

    name: str
    region: str
    minimum: float
    maximum: float
    neutral: float
    description: str
    unit: str = ""  # where it has one


def _head() -> list[Control]:
    return [
        Control("headYaw", "head", -45, 45, 0, "Turn the head, degrees; positive to the picture's right", "°"),
        Control("headPitch", "head", -30, 30, 0, "Nod, degrees; positive is up", "°"),
        Control("headRoll", "head", -40, 40, 0, "Tilt, degrees; positive is clockwise in the picture", "°"),
        Control("headX", "head", -0.25, 0.25, 0, "Move to the picture's right, in face heights"),
        Control("headY", "head", -0.25, 0.25, 0, "Move up, in face heights"),
        Control("headZoom", "head", 0.8, 1.25, 1, "Size of the head, a factor"),
    ]


def _eyes() -> list[Control]:
    gaze = [
        Control("gazeYaw", "eyes", -35, 35, 0, "Look aside, degrees; positive to the picture's right", "°"),
        Control("gazePitch", "eyes", -25, 25, 0, "Look up or down, degrees; positive is up", "°"),
    ]
    return gaze + _unit(
        "eyes",
        "eyeBlinkLeft eyeBlinkRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight "
        "eyeLookUpLeft eyeLookUpRight eyeLookDownLeft eyeLookDownRight "
        "eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight",
    )


def _brows() -> list[Control]:
    return _unit("brows", "browInnerUp browDownLeft browDownRight browOuterUpLeft browOuterUpRight")


def _mouth() -> list[Control]:
    shapes = _unit(
        "mouth",
        "jawOpen jawForward jawLeft jawRight mouthClose mouthFunnel mouthPucker mouthLeft mouthRight "
        "mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight "
        "mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper "
        "mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft "
        "mouthUpperUpRight cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight",
    )
    tongue = Control(
        "tongueOut", "mouth", 0, 1, 0, "ARKit tongueOut, 0 to 1; lips that are shut part as far as it needs"
    )
    return [*shapes, tongue]


def _unit(region: str, names: str) -> list[Control]:
    return [Control(name, region, 0, 1, 0, f"ARKit {name}, 0 to 1") for name in names.split()]


CONTROLS: dict[str, Control] = {c.name: c for c in [*_head(), *_eyes(), *_brows(), *_mouth()]}
"""Every control by name: head pose, gaze and the 52 ARKit blendshapes, in the order of the panel."""


@dataclass(frozen=True)
class ControlTrack:
    """Controls over time: `channels` maps a name to float32 (F,); a missing channel is neutral."""

    fps: Fraction
    channels: dict[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise BadInputError(f"The controls have a frame rate of {self.fps}: it must be above 0.")
        lengths = {len(values) for values in self.channels.values()}
        if not lengths or 0 in lengths:
            raise BadInputError("The controls have no frames: give every channel at least one value.")
        if len(lengths) > 1:
            raise BadInputError(f"The control channels differ in length: {sorted(lengths)} frames.")
        for name, values in self.channels.items():
            if not np.isfinite(values).all():
                raise BadInputError(f"The control {name} holds a value that is not a number.")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(next(iter(self.channels.values())))

    def clamped(self) -> tuple[ControlTrack, list[str]]:
        """Drop unknown names, clamp values to their range; say what was changed, a line each."""
        channels: dict[str, NDArray[np.float32]] = {}
        told: list[str] = []
        for name, values in self.channels.items():
            control = CONTROLS.get(name)
            if control is None:
                told.append(f"Unknown control {name!r}: left out.")
                continue
            limited = np.clip(values, control.minimum, control.maximum).astype(np.float32)
            changed = int((limited != values).sum())
            if changed:
                frames = "1 frame" if changed == 1 else f"{changed} frames"
                told.append(f"Control {name}: clamped to {control.minimum:g}..{control.maximum:g} in {frames}.")
            channels[name] = limited
        if not channels:  # keep the length: a track of unknown names only is a still
            channels["jawOpen"] = np.zeros(self.frames, np.float32)
        return ControlTrack(self.fps, channels), told

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of design: fps as [numerator, denominator], lists of numbers."""
        return {
            "fps": [self.fps.numerator, self.fps.denominator],
            "channels": {name: [float(v) for v in values] for name, values in self.channels.items()},
        }


def control_track_from_dict(data: Mapping[str, Any], source: str = "The controls") -> ControlTrack:
    """Read the JSON form; `source` names it in errors (BadInputError)."""
    try:
        numerator, denominator = data["fps"]
        fps = Fraction(numerator, denominator)  # refuses floats: 29.97 is not 30000/1001
        channels = {str(name): np.asarray(v, np.float32) for name, v in data["channels"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise BadInputError(
            f'{source}: expected {{"fps": [25, 1], "channels": {{"jawOpen": [0, 0.5, ...]}}}} ({error!r}).'
        ) from error
    if any(values.ndim != 1 for values in channels.values()):
        raise BadInputError(f"{source}: every channel must be a plain list of numbers.")
    try:
        return ControlTrack(fps, channels)
    except BadInputError as error:
        raise BadInputError(f"{source}: {error}") from None


def load_controls(path: Path) -> ControlTrack:
    """Read a controls JSON file."""
    return control_track_from_dict(read_json(path, "a controls file"), str(path))
