# SPDX-License-Identifier: GPL-3.0-or-later
"""How skin creases and bulges: one picture on the mean face for every fold, and the motions that raise it.

Values are changes of log brightness at full strength. All shapes are drawn for the subject's left half, which is the
picture's right one, and mirrored; units and axes are those of `face_grid`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..fields.curves import smooth_curve
from ..fields.face_grid import nodes
from ..pixels.sampling import smooth_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float32]


_FOREHEAD_PART = 0.4  # its left part begins in the middle and is whole from here on


@dataclass(frozen=True)
class _Fold:
    """A dark line; what bulges over it lies to the right of the line as it is drawn, sharp there, soft on the left."""

    line: tuple[tuple[float, float], ...]
    depth: float
    width: float  # of the dark line
    bulge: float = 0.0  # brightness of the skin that bulges beside it
    both_sides: bool = False  # it bulges on either side


@dataclass(frozen=True)
class _Swelling:
    """A soft patch that catches more light, or less."""

    place: tuple[float, float]
    size: tuple[float, float]
    light: float


@dataclass(frozen=True)
class _Crease:
    parts: tuple[_Fold | _Swelling, ...]
    raised_by: Mapping[str, float]  # motion (see `motions.py`) -> share
    middle: bool = False  # one shape for both halves, raised by the mean of left and right
    part_of_forehead: bool = False  # the left or the middle part of lines that go all the way across


_FOREHEAD = tuple(
    _Fold(
        tuple(zip((-0.55, -0.36, -0.20, -0.04, 0.12, 0.26, 0.42, 0.55), heights, strict=True)),
        depth,
        width,
        light,
        both_sides=True,
    )
    for heights, depth, width, light in (
        ((-0.455, -0.515, -0.51, -0.485, -0.50, -0.515, -0.505, -0.445), 0.07, 0.018, 0.015),
        ((-0.56, -0.605, -0.605, -0.59, -0.60, -0.62, -0.60, -0.565), 0.12, 0.019, 0.03),
        ((-0.675, -0.705, -0.70, -0.695, -0.71, -0.71, -0.695, -0.67), 0.05, 0.018, 0.01),
    )
)
_CREASES = (
    _Crease(  # from the wing of the nose past the corner of the mouth
        (
            _Fold(((0.17, 0.40), (0.235, 0.50), (0.30, 0.63), (0.345, 0.77), (0.345, 0.87)), 0.23, 0.022, 0.07),
            _Swelling((0.27, 0.70), (0.07, 0.10), -0.05),
        ),
        {"smile": 0.9, "sneer": 0.6},
    ),
    _Crease(  # the cheek that a smile lifts, and the shade under it
        (
            _Swelling((0.40, 0.36), (0.15, 0.11), 0.07),
            _Swelling((0.50, 0.68), (0.12, 0.16), -0.06),
        ),
        {"smile": 1.0},
    ),
    _Crease(  # the corner of the mouth, pressed into the cheek
        (
            _Fold(((0.315, 0.70), (0.335, 0.775), (0.320, 0.84)), 0.17, 0.018, 0.05),
            _Swelling((0.30, 0.78), (0.035, 0.04), -0.10),
        ),
        {"smile": 0.7},
    ),
    _Crease(  # down from the corner of the mouth
        (_Fold(((0.275, 0.82), (0.315, 0.90), (0.325, 0.99), (0.30, 1.06)), 0.16, 0.020, 0.05),),
        {"sulk": 1.0},
    ),
    _Crease(  # crow's feet
        (
            _Fold(((0.555, -0.005), (0.60, -0.04), (0.655, -0.075)), 0.075, 0.012, 0.03, both_sides=True),
            _Fold(((0.565, 0.03), (0.62, 0.035), (0.68, 0.035)), 0.085, 0.012, 0.03, both_sides=True),
            _Fold(((0.555, 0.065), (0.605, 0.105), (0.66, 0.155)), 0.075, 0.012, 0.03, both_sides=True),
        ),
        {"smile": 0.5, "squint": 0.6},
    ),
    _Crease(  # the lower lid, pushed up
        (
            _Fold(((0.50, 0.10), (0.41, 0.145), (0.30, 0.145), (0.20, 0.10)), 0.11, 0.018, 0.05),
            _Swelling((0.36, 0.23), (0.13, 0.04), 0.04),
        ),
        {"smile": 0.4, "squint": 0.6},
    ),
    _Crease(  # beside the middle, between the brows
        (
            _Fold(((0.05, -0.46), (0.065, -0.34), (0.062, -0.22), (0.045, -0.08)), 0.24, 0.014, 0.03, both_sides=True),
            _Swelling((0.30, -0.20), (0.16, 0.05), -0.08),
            _Swelling((0.12, -0.27), (0.05, 0.07), 0.03),
        ),
        {"brow_down": 1.0, "sneer": 0.2},
    ),
    _Crease(  # across the root of the nose
        (_Fold(((-0.09, -0.035), (0.0, -0.05), (0.09, -0.035)), 0.11, 0.018, 0.03, both_sides=True),),
        {"sneer": 0.7, "brow_down": 0.4},
        middle=True,
    ),
    _Crease(_FOREHEAD, {"brow_end_up": 1.0}, part_of_forehead=True),
    _Crease(_FOREHEAD, {"brow_start_up": 0.85, "brow_end_up": 0.25}, middle=True, part_of_forehead=True),
    _Crease(  # between lower lip and chin
        (
            _Fold(((0.17, 1.03), (0.08, 0.985), (0.0, 0.975), (-0.08, 0.985), (-0.17, 1.03)), 0.13, 0.022, 0.05),
            _Swelling((0.0, 1.10), (0.10, 0.06), 0.05),
        ),
        {"pout": 1.0},
        middle=True,
    ),
    _Crease(  # cheeks that an open mouth draws thin
        (_Swelling((0.46, 0.72), (0.11, 0.20), -0.07),),
        {"jaw": 1.0, "pucker": 0.5},
    ),
)


@cache
def motions() -> tuple[tuple[str, bool], ...]:
    """Name and side (False: the subject's right) of every motion of the landmarks that raises a crease."""
    names = dict.fromkeys(name for crease in _CREASES for name in crease.raised_by)
    return tuple((name, left) for name in names for left in (False, True))


@cache
def mix() -> Array:
    """(K, motions): how much of each of the `shapes` a motion raises."""
    rows: list[list[float]] = []
    for crease in _CREASES:
        for sides in ((True, False),) if crease.middle else ((True,), (False,)):
            share = {(name, left): part / len(sides) for name, part in crease.raised_by.items() for left in sides}
            rows.append([share.get(motion, 0.0) for motion in motions()])
    return np.array(rows, np.float32)


@cache
def shapes() -> Array:
    """(K, rows, columns) on the mean face, one for every row of `mix`."""
    drawn: list[Array] = []
    for crease in _CREASES:
        shape = np.sum([_draw(part) for part in crease.parts], axis=0)
        if crease.part_of_forehead:
            left = smooth_step(nodes()[..., 0] / _FOREHEAD_PART)
            shape *= 1 - left - left[:, ::-1] if crease.middle else left
        drawn += [shape] if crease.middle else [shape, shape[:, ::-1]]
    return np.stack(drawn).astype(np.float32)


def _draw(part: _Fold | _Swelling) -> NDArray[np.float64]:
    at = nodes().astype(np.float64)
    if isinstance(part, _Swelling):
        away = (at - part.place) / part.size
        return part.light * np.exp(-(away**2).sum(2) / 2)
    line = smooth_curve(np.array(part.line), 16)
    nearest = ((line**2).sum(1) / 2 - at @ line.T).argmin(-1)  # of half of the squared distances, less |at|**2 / 2
    beside = at - line[nearest]
    along = np.gradient(line, axis=0)
    along = (along / np.linalg.norm(along, axis=1, keepdims=True))[nearest]
    right = along[..., 0] * beside[..., 1] - along[..., 1] * beside[..., 0]  # y is down
    distance = np.linalg.norm(beside, axis=-1)
    taper = np.sin(np.pi * np.linspace(0, 1, len(line)))[nearest] ** 0.7
    soft = np.where((right > 0) | part.both_sides, 1.0, 2.2)
    dark = np.exp(-((distance / (soft * part.width)) ** 2) / 2)
    beyond = np.abs(right) if part.both_sides else right
    hill = np.exp(-(((beyond - 3 * part.width) / (1.5 * part.width)) ** 2) / 2)
    hill *= np.exp(-((np.maximum(distance - np.abs(right), 0) / part.width) ** 2) / 2)  # not beyond the line's ends
    return taper * (part.bulge * hill - part.depth * dark)
