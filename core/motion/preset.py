# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: short motions as readable JSON, a few keys for each control.

    {"about": "Nods twice.", "seconds": 1.6, "loop": false,
     "channels": {"headPitch": [[0, 0], [0.3, -10], [0.6, 4]], "mouthSmile*": [[0, 0], [1, 0.5]]}}

A key is a time in seconds and a value; between two of them the value eases in and out. A name that ends in `*` is
both sides'. A motion that loops eases from its last keys to its first ones, so that it has no jump.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..files import write_bytes
from ..json_form import read_json
from .controls import CONTROLS, ControlTrack
from .easing import ease
from .thinning import thin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

_FOLDER = Path(__file__).with_name("presets")
_LONGEST = 3600  # seconds
_SAVED = 0.005  # of a control's range: how far a saved curve may be off


def preset_names() -> list[str]:
    """The presets that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def load_preset(name: str | Path, fps: Fraction, *, scale: float = 1.0, seconds: float | None = None) -> ControlTrack:
    """A preset that ships, by its name, or one of the user's, by its path, as controls. Raises BadInputError.

    `scale` makes it stronger or weaker; `seconds` plays one that loops for that long.
    """
    path = name if isinstance(name, Path) else _FOLDER / f"{name}.json"
    if not isinstance(name, Path) and name not in preset_names():
        raise BadInputError(
            f"There is no preset {name!r}; choose one of {', '.join(preset_names())}, or a file ending in .json."
        )
    return preset_controls(read_json(path, "a preset"), fps, str(path), scale=scale, seconds=seconds)


def preset_controls(
    data: Mapping[str, Any], fps: Fraction, source: str, *, scale: float = 1.0, seconds: float | None = None
) -> ControlTrack:
    """The controls of a preset's JSON form; `source` names it in errors (BadInputError)."""
    try:
        length, loops = float(data["seconds"]), bool(data.get("loop", False))
        keys = {str(name): np.array(pairs, np.float64) for name, pairs in data["channels"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f'{source}: expected {{"seconds": 2, "loop": false, "channels": {{"jawOpen": [[0, 0], [1, 0.5]]}}}} '
            f"({error!r})."
        ) from error
    if fps <= 0 or not 0 < length <= _LONGEST:
        raise BadInputError(f"{source}: lasts {length:g} seconds at {fps} frames a second; above 0 is wanted.")
    if seconds is not None and not loops:
        raise BadInputError(f"{source}: does not loop; it lasts {length:g} seconds.")
    if seconds is not None and not 0 < seconds <= _LONGEST:
        raise BadInputError(f"{source}: cannot be played for {seconds:g} seconds.")
    # A loop is as many whole frames long as fit best, else its end would not meet its beginning.
    period = max(round(length * fps), 1)
    frames = round(seconds * fps) if seconds is not None else period if loops else int(length * fps) + 1
    count = np.arange(max(frames, 1))
    times = (count % period) * (length / period) if loops else count / float(fps)
    channels: dict[str, NDArray[np.float32]] = {}
    for pattern, pairs in keys.items():
        _check(pairs, length, f"{source}: {pattern}")
        for name in _names(pattern, source):
            neutral = CONTROLS[name].neutral
            values = neutral + scale * (_eased(pairs, times, length if loops else None) - neutral)
            channels[name] = np.clip(values, CONTROLS[name].minimum, CONTROLS[name].maximum).astype(np.float32)
    if not channels:
        raise BadInputError(f"{source}: has no channels.")
    return ControlTrack(fps, channels)


def save_preset(path: Path, controls: ControlTrack, about: str, *, loop: bool = False) -> None:
    """Write controls as a preset with as few keys as its curves need. Raises BadInputError.

    Where both sides do the same, it is written once.
    """
    if path.suffix.lower() != ".json":
        raise BadInputError(f"{path}: a preset is written to a file ending in .json.")
    fps, known = controls.fps, controls.clamped()[0].channels
    keys: dict[str, list[list[float]]] = {}
    for name, values in known.items():
        control = CONTROLS[name]
        if (values == control.neutral).all():
            continue
        rows = thin(values, _SAVED * (control.maximum - control.minimum), eased=True)
        pairs = [[round(float(row / fps), 4), round(float(values[row]), 4)] for row in rows]
        stem = name.removesuffix("Left").removesuffix("Right")
        other = known.get(f"{stem}Right" if name.endswith("Left") else f"{stem}Left")
        if stem != name and other is not None and np.array_equal(other, values):
            keys[f"{stem}*"] = pairs
        else:
            keys[name] = pairs
    seconds = float((controls.frames if loop else controls.frames - 1) / fps) or float(1 / fps)
    channels = ",\n".join(f"  {json.dumps(name)}: {json.dumps(pairs)}" for name, pairs in keys.items())
    head = f'"about": {json.dumps(about)}, "seconds": {math.ceil(seconds * 1e4) / 1e4}, "loop": {json.dumps(loop)}'
    write_bytes(path, f'{{{head},\n "channels": {{\n{channels}\n}}}}\n'.encode())


def _names(pattern: str, source: str) -> list[str]:
    names = [pattern[:-1] + side for side in ("Left", "Right")] if pattern.endswith("*") else [pattern]
    unknown = [name for name in names if name not in CONTROLS]
    if unknown:
        raise BadInputError(f"{source}: there is no control {unknown[0]!r}.")
    return names


def _check(pairs: NDArray[np.float64], length: float, what: str) -> None:
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.isfinite(pairs).all():
        raise BadInputError(f"{what}: keys are pairs of a time and a value, [[0, 0], [1, 0.5]].")
    if (np.diff(pairs[:, 0]) <= 0).any() or pairs[0, 0] < 0 or pairs[-1, 0] > length:
        raise BadInputError(f"{what}: the times of keys must rise from 0 to at most {length:g} seconds.")


def _eased(pairs: NDArray[np.float64], times: NDArray[np.float64], period: float | None) -> NDArray[np.float64]:
    """The values at these times; after the last key of a loop follows the first one of the next round."""
    if period is not None:
        whole = np.array([[period, 0.0]])
        pairs = np.concatenate([pairs[-1:] - whole, pairs, pairs[:1] + whole])
        pairs = pairs[np.append(True, np.diff(pairs[:, 0]) > 0)]
    seconds, values = pairs.T
    place = np.interp(times, seconds, np.arange(len(pairs)))
    before = np.minimum(place.astype(int), max(len(pairs) - 2, 0))
    after = np.minimum(before + 1, len(pairs) - 1)
    return values[before] + (values[after] - values[before]) * ease(place - before)
