# SPDX-License-Identifier: GPL-3.0-or-later
"""A few named points of a face over time, as they are tracked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .topology import MARKS, PUPIL_MARKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_LEAST = 3  # points that tell where a face is, how large and how tilted, with one to spare


@dataclass(frozen=True)
class Marks:
    """Named points over time: at least three of the 68, and the pupils if they are tracked."""

    fps: Fraction
    size: tuple[int, int]  # width, height of the picture that the pixels belong to
    points: dict[str, NDArray[np.float64]]  # name in MARKS -> (F, 2) pixels, origin top-left; NaN: not tracked
    pupils: dict[str, NDArray[np.float64]]  # the same for names in PUPIL_MARKS

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(next(iter(self.points.values())))


def marks_from_mapping(data: Mapping[str, Any], source: str) -> Marks:
    """Check the JSON form, in which null stands for a frame without the point; `source` names it (BadInputError)."""
    try:
        numerator, denominator = data["fps"]
        fps = Fraction(numerator, denominator)
        width, height = (int(side) for side in data["size"])
        found = {str(name): _places(places) for name, places in data["marks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise BadInputError(
            f'{source}: expected {{"fps": [25, 1], "size": [1920, 1080], "marks": {{"noseTip": [[x, y], null, ...]}}}} '
            f"({error!r})."
        ) from error
    if fps <= 0 or width < 1 or height < 1:
        raise BadInputError(f"{source}: the frame rate and the size must be above 0.")
    _check(found, source)
    points = {name: places for name, places in found.items() if name in MARKS}
    pupils = {name: places for name, places in found.items() if name in PUPIL_MARKS}
    return Marks(fps, (width, height), points, pupils)


def _places(places: list[list[float] | None]) -> NDArray[np.float64]:
    """(F, 2), NaN for null."""
    values = np.array([(np.nan, np.nan) if place is None else place for place in places], np.float64)
    if values.size and (values.ndim != 2 or values.shape[1] != 2):
        raise ValueError("every place must be a pair [x, y] or null")
    return values


def _check(found: Mapping[str, NDArray[np.float64]], source: str) -> None:
    unknown = sorted(set(found) - set(MARKS) - set(PUPIL_MARKS))
    if unknown:
        words = [name for name in (*MARKS, *PUPIL_MARKS) if not name.isdigit()]
        raise BadInputError(
            f"{source}: there is no point {', '.join(map(repr, unknown))}; the points are 0 to 67, {', '.join(words)}."
        )
    points = [name for name in found if name in MARKS]
    if len(points) < _LEAST:
        raise BadInputError(
            f"{source}: at least {_LEAST} points of the face are needed to tell where it is; there are {len(points)}."
        )
    lengths = {len(places) for places in found.values()}
    if len(lengths) > 1 or 0 in lengths:
        raise BadInputError(f"{source}: all marks must have as many frames, at least 1; they have {sorted(lengths)}.")
    for name, places in found.items():
        if np.isinf(places).any() or (np.isnan(places[:, 0]) != np.isnan(places[:, 1])).any():
            raise BadInputError(f"{source}: mark {name} holds something that is not a number; null is for no place.")
        if np.isnan(places).all():
            raise BadInputError(f"{source}: mark {name} is tracked in no frame; leave it out.")
    named = np.zeros((len(points), 68))
    for row, name in enumerate(points):
        named[row, list(MARKS[name])] = 1
    if np.linalg.matrix_rank(named) < len(points):
        raise BadInputError(f"{source}: some marks name the same point twice: {', '.join(points)}.")
