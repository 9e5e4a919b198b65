# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an expression goes, read from a few landmarks: what raises creases.

Each motion is a weighted sum of landmark offsets against landmarks close by, so that a head pose that is fitted a
little wrong hardly shows. 1 is the face model's expression at full strength.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ....landmarks.topology import MIRRORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace

    Array = NDArray[np.float64]

_JAW_LOWERS_CORNER = 0.45  # of the chin's way
_LIPS_LEAD_CORNER = 0.7


def motion_reader(face: FittedFace, names: Sequence[tuple[str, bool]]) -> Array:
    """(M, 136): (68, 2) landmark offsets in pixels, flattened, -> motions by name and side (True: left)."""
    # The face's own right and up: a head that is tilted or half turned moves its mouth along other pixels.
    axes = face.direction(np.eye(3)[:2])[:, :2].T / face.scale
    rows = np.stack([_left_motions()[name] if left else _mirror(_left_motions()[name]) for name, left in names])
    return (rows @ np.linalg.inv(axes)).reshape(len(rows), -1) / face.eye_distance


@cache
def _left_motions() -> dict[str, Array]:
    """(68, 2) weights of offsets (to the picture's right, up; eye distances) for the subject's left side."""
    eye, nose, chin = _up(27, 42, 45), _up(33), _up(8) - _up(33)
    corner = _up(54) - nose - _JAW_LOWERS_CORNER * chin
    return {
        "smile": (_along(54) - _along(33)) / 0.16 + corner / 0.24,
        "sneer": (_up(35) - _up(30)) / 0.06,
        "sulk": (_LIPS_LEAD_CORNER * (_up(62, 66) - nose) - (_up(54) - nose)) / 0.07,
        "squint": (_up(46, 47) - _up(42, 45)) / 0.04,
        "brow_down": (eye - _up(22, 23)) / 0.04 + (_along(21) - _along(22)) / 0.30,
        "brow_start_up": (_up(22, 23) - eye) / 0.06,
        "brow_end_up": (_up(24, 25) - eye) / 0.08,
        "pout": chin / 0.09,
        "jaw": -chin / 0.32,
        "pucker": (_along(48) - _along(54)) / 0.11,
    }


def _along(*points: int) -> Array:
    return _mean(points, axis=0)


def _up(*points: int) -> Array:
    return _mean(points, axis=1)


def _mean(points: tuple[int, ...], axis: int) -> Array:
    weights = np.zeros((68, 2))
    weights[list(points), axis] = 1 / len(points)
    return weights


def _mirror(weights: Array) -> Array:
    return weights[list(MIRRORED)] * [-1, 1]
