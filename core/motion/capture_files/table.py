# SPDX-License-Identifier: GPL-3.0-or-later
"""Comma-separated tables of numbers, and the frame rate that their times tell."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInputError
from ...landmarks.track import read_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STANDARD_RATES = (*map(Fraction, (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120)),
                  *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)))  # fmt: skip
_ROUNDED = 0.0005  # seconds: many programs write milliseconds, by which 30 and 29.97 look alike for a second
_EVEN = 0.25  # of a frame: times that are further from even ones tell a variable frame rate
_MISTOLD = 0.002
_MOST_FRAMES = 10_000_000  # a table of times that asks for more has a mistake in it


@dataclass(frozen=True)
class Table:
    """The cells of a file, as texts."""

    path: Path
    names: list[str]
    rows: list[list[str]]
    lines: list[int]  # of each row, counted from 1

    def only(self, rows: Iterable[int]) -> Table:
        """A table of some rows."""
        chosen = list(rows)
        return Table(self.path, self.names, [self.rows[row] for row in chosen], [self.lines[row] for row in chosen])

    def error(self, row: int, column: str, what: str) -> BadInputError:
        """What is wrong with a cell."""
        return BadInputError(f"{self.path}: line {self.lines[row]}, column {column}: {what}.")

    def numbers(self, names: Sequence[str]) -> Array:
        """(rows, names) the numbers in these columns. Raises BadInputError at the first cell that holds none."""
        places = [self.names.index(name) for name in names]
        values = np.empty((len(self.rows), len(names)))
        for row, cells in enumerate(self.rows):
            for column, place in enumerate(places):
                text = cells[place] if place < len(cells) else ""
                values[row, column] = self._number(row, names[column], text)
        return values

    def _number(self, row: int, name: str, text: str) -> float:
        if not text:
            raise self.error(row, name, "is empty")
        try:
            value = float(text)
        except ValueError:
            raise self.error(row, name, f"{text!r} is not a number") from None
        if not np.isfinite(value):
            raise self.error(row, name, f"{text!r} is not a number that can be used")
        return value


def read_table(path: Path) -> Table:
    """Read the cells of a CSV file whose first line names its columns. Raises BadInputError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
        rows = [([cell.strip() for cell in row], lines.line_num) for row in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{path}: cannot be read as a table, .csv ({error}).") from error
    rows = [(cells, line) for cells, line in rows if any(cells)]
    if not rows:
        raise BadInputError(f"{path}: is empty.")
    (names, _), *body = rows
    if not body:
        raise BadInputError(f"{path}: has no frames, only a line of names.")
    for name in names:
        if name and names.count(name) > 1:
            raise BadInputError(f"{path}: has two columns {name}.")
    return Table(path, names, [cells for cells, _ in body], [line for _, line in body])


def even_frames(times: Array, fps: Fraction | None, table: Table, column: str) -> tuple[Fraction, Array | None]:
    """The frame rate of times (F,) in seconds, and where its frames lie among them: None if one is at each.

    `fps` is taken instead of the rate that the times tell. Raises BadInputError where they do not rise.
    """
    steps = np.diff(times)
    if (steps <= 0).any():
        raise table.error(int(np.argmax(steps <= 0)) + 1, column, "is not later than the line before")
    if not len(steps):
        if fps is None:
            raise BadInputError(f"{table.path}: a single frame does not tell its rate; give it (--fps).")
        return fps, None
    told = _rate(times)
    late = table.error(int(steps.argmax()) + 1, column, "is too late: the frames before it cannot be counted")
    if not told:
        raise late
    # A rate that is given corrects one that is told a little wrong, 60 for 59.94, and changes any other.
    clock = told if fps is None or abs(fps / told - 1) < _MISTOLD else fps
    at = (times - times[0]) * float(clock)
    if np.abs(at - np.arange(len(at))).max() < _EVEN:
        return fps or told, None
    if at[-1] > _MOST_FRAMES:
        raise late
    return fps or told, np.interp(np.arange(round(float(at[-1])) + 1), at, np.arange(len(at)))


def read_evenly(values: Array, at: Array | None) -> Array:
    """The rows of values at what `even_frames` gave; as they are where that is None."""
    return values if at is None else read_between(values, at)


def _rate(times: Array) -> Fraction:
    """A rate that is in use, if the times allow it."""
    seconds = float(times[-1] - times[0])
    # Of most steps: where a frame is missing, the mean step is too long.
    step = float(np.median(np.diff(times)))
    frames = np.round(np.diff(times) / step).sum()
    rate = float(frames) / seconds
    is_rounded = bool((np.abs(times * 1000 - np.round(times * 1000)) < 1e-3).all())
    allowed = rate * max(2 * _ROUNDED / seconds if is_rounded else 0, 1e-4)
    in_use = (standard for standard in STANDARD_RATES if abs(float(standard) - rate) <= allowed)
    return next(in_use, None) or Fraction(rate).limit_denominator(1001)


def _delimiter(text: str) -> str:
    """What stands between the names: spreadsheets of many countries write semicolons."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
