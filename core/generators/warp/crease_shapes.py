# SPDX-License-Identifier: GPL-3.0-or-later
"""How skin creases and bulges: one picture on the mean face for every fold, and the expressions that raise it.

Values are changes of log brightness at full strength. All shapes are drawn for the subject's left half, which is the
picture's right one, and mirrored; units and axes are those of `face_grid`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .face_grid import nodes
from .sampling import smooth_curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float32]


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
    raised_by: Mapping[str, float]  # expression (without its side) -> share
    middle: bool = False  # one shape for both halves, raised by the mean of left and right


_CREASES = (
    _Crease(  # from the wing of the nose past the corner of the mouth
        (
            _Fold(((0.17, 0.40), (0.235, 0.50), (0.30, 0.63), (0.345, 0.77), (0.345, 0.87)), 0.20, 0.022, 0.07),
            _Swelling((0.27, 0.70), (0.07, 0.10), -0.05),
        ),
        {"mouthSmile": 0.9, "noseSneer": 0.6, "mouthUpperUp": 0.5, "mouthDimple": 0.3, "mouthStretch": 0.2},
    ),
    _Crease(  # the cheek that a smile lifts, and the shade under it
        (
            _Swelling((0.40, 0.36), (0.15, 0.11), 0.07),
            _Swelling((0.50, 0.68), (0.12, 0.16), -0.06),
        ),
        {"mouthSmile": 1.0, "cheekSquint": 0.3},
    ),
    _Crease(  # the corner of the mouth, pressed into the cheek
        (
            _Fold(((0.315, 0.70), (0.335, 0.775), (0.320, 0.84)), 0.17, 0.018, 0.05),
            _Swelling((0.30, 0.78), (0.035, 0.04), -0.10),
        ),
        {"mouthSmile": 0.6, "mouthDimple": 0.6, "mouthStretch": 0.3},
    ),
    _Crease(  # down from the corner of the mouth
        (_Fold(((0.275, 0.82), (0.315, 0.90), (0.325, 0.99), (0.30, 1.06)), 0.16, 0.020, 0.05),),
        {"mouthFrown": 1.6, "mouthStretch": 0.3, "mouthShrugLower": 0.3},
    ),
    _Crease(  # crow's feet
        (
            _Fold(((0.555, -0.005), (0.60, -0.04), (0.655, -0.075)), 0.075, 0.012, 0.03, both_sides=True),
            _Fold(((0.565, 0.03), (0.62, 0.035), (0.68, 0.035)), 0.085, 0.012, 0.03, both_sides=True),
            _Fold(((0.555, 0.065), (0.605, 0.105), (0.66, 0.155)), 0.075, 0.012, 0.03, both_sides=True),
        ),
        {"mouthSmile": 0.5, "cheekSquint": 0.6, "eyeSquint": 0.7},
    ),
    _Crease(  # the lower lid, pushed up
        (
            _Fold(((0.50, 0.10), (0.41, 0.145), (0.30, 0.145), (0.20, 0.10)), 0.11, 0.018, 0.05),
            _Swelling((0.36, 0.23), (0.13, 0.04), 0.04),
        ),
        {"mouthSmile": 0.4, "cheekSquint": 0.6, "eyeSquint": 0.7},
    ),
    _Crease(  # beside the middle, between the brows
        (
            _Fold(((0.055, -0.36), (0.06, -0.26), (0.05, -0.16)), 0.20, 0.019, 0.02, both_sides=True),
            _Swelling((0.30, -0.20), (0.16, 0.05), -0.08),
            _Swelling((0.12, -0.27), (0.05, 0.07), 0.03),
        ),
        {"browDown": 1.0, "noseSneer": 0.3},
    ),
    _Crease(  # across the root of the nose
        (_Fold(((-0.09, -0.035), (0.0, -0.05), (0.09, -0.035)), 0.11, 0.018, 0.03, both_sides=True),),
        {"noseSneer": 0.8, "browDown": 0.4},
        middle=True,
    ),
    _Crease(  # the forehead above the brow's outer half
        (
            _Fold(((0.12, -0.50), (0.32, -0.54), (0.52, -0.46)), 0.09, 0.017, 0.025, both_sides=True),
            _Fold(((0.03, -0.605), (0.24, -0.65), (0.47, -0.60)), 0.10, 0.018, 0.03, both_sides=True),
            _Fold(((0.08, -0.735), (0.25, -0.745), (0.38, -0.71)), 0.05, 0.016, 0.015, both_sides=True),
        ),
        {"browOuterUp": 1.0},
    ),
    _Crease(  # its middle
        (
            _Fold(
                ((-0.27, -0.515), (-0.10, -0.49), (0.02, -0.49), (0.16, -0.505), (0.30, -0.52)),
                0.08,
                0.016,
                0.025,
                both_sides=True,
            ),
            _Fold(
                ((-0.42, -0.62), (-0.18, -0.60), (-0.02, -0.585), (0.14, -0.60), (0.38, -0.625)),
                0.13,
                0.018,
                0.035,
                both_sides=True,
            ),
            _Fold(
                ((-0.30, -0.70), (-0.13, -0.695), (0.03, -0.70), (0.22, -0.715), (0.33, -0.70)),
                0.07,
                0.016,
                0.02,
                both_sides=True,
            ),
        ),
        {"browInnerUp": 0.9, "browOuterUp": 0.3},
        middle=True,
    ),
    _Crease(  # between lower lip and chin
        (
            _Fold(((0.17, 1.03), (0.08, 0.985), (0.0, 0.975), (-0.08, 0.985), (-0.17, 1.03)), 0.13, 0.022, 0.05),
            _Swelling((0.0, 1.10), (0.10, 0.06), 0.05),
        ),
        {"mouthShrugLower": 1.6},
        middle=True,
    ),
    _Crease(  # cheeks that an open mouth draws thin
        (_Swelling((0.46, 0.72), (0.11, 0.20), -0.07),),
        {"jawOpen": 1.0, "mouthPucker": 0.5},
    ),
)


def crease_count() -> int:
    """How many shapes there are."""
    return len(raised_by())


@cache
def raised_by() -> tuple[Mapping[str, float], ...]:
    """For every shape the ARKit expressions that raise it, and how much."""
    return tuple(
        {
            name: share / (len(sides) if len(names) > 1 else 1)
            for plain, share in crease.raised_by.items()
            for names in [_with_side(plain, sides)]
            for name in names
        }
        for crease in _CREASES
        for sides in ((("Left", "Right"),) if crease.middle else (("Left",), ("Right",)))
    )


def _with_side(plain: str, sides: tuple[str, ...]) -> list[str]:
    return [plain] if plain in _WITHOUT_SIDE else [plain + side for side in sides]


_WITHOUT_SIDE = {"jawOpen", "mouthPucker", "mouthShrugLower", "browInnerUp"}


@cache
def shapes() -> Array:
    """(K, rows, columns) on the mean face, one for every entry of `raised_by`."""
    drawn: list[Array] = []
    for crease in _CREASES:
        shape = np.sum([_draw(part) for part in crease.parts], axis=0)
        drawn += [shape] if crease.middle else [shape, shape[:, ::-1]]
    return np.stack(drawn).astype(np.float32)


def _draw(part: _Fold | _Swelling) -> NDArray[np.float64]:
    at = nodes().astype(np.float64)
    if isinstance(part, _Swelling):
        away = (at - part.place) / part.size
        return part.light * np.exp(-(away**2).sum(2) / 2)
    line = smooth_curve(np.array(part.line), 16)
    offset = at[:, :, None] - line
    nearest = np.linalg.norm(offset, axis=-1).argmin(-1)
    rows, columns = np.indices(nearest.shape)
    beside = offset[rows, columns, nearest]
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
