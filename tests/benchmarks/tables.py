# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the scorer's page: its rows read from it, our rows beside them, and which goals are met."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Scores = Mapping[str, Mapping[str, Any]]  # case -> measure -> value or None
    Row = dict[str, float | None]

LOWER_IS_BETTER = "l1_face pose pose_p95 jerk skin eyes mouth_in face lower_face head_rest background revealed detail"
_NAME, _WIDTH = 24, 11  # characters


@dataclass(frozen=True)
class Goal:
    """What a measure should reach: at least `low`, or at most `high`, or between the two."""

    low: float | None
    high: float | None

    @classmethod
    def parse(cls, cell: str, measure: str) -> Goal:
        """A cell of the row goal: ".78", or ".95-1.05" where too much is wrong as well."""
        low, _, high = cell.partition("-")
        if high:
            return cls(float(low), float(high))
        return cls(None, float(low)) if measure in LOWER_IS_BETTER.split() else cls(float(low), None)

    def is_met(self, value: float) -> bool:
        """Whether the value is good enough."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.low if self.high is None else self.high:g}"
        return f"{self.low:g}-{self.high:g}"


@dataclass(frozen=True)
class Table:
    """One table of the scorer's page."""

    header: str  # what its first line begins with
    columns: str  # its measures as the scores call them

    @property
    def measures(self) -> list[str]:
        """The columns' names."""
        return self.columns.split()

    def cells(self, page: str) -> dict[str, list[str]]:
        """The rows of this table in a page of Markdown, by name; "a / b" are two cells. Empty: it is not there."""
        lines = iter(page.splitlines())
        rows: dict[str, list[str]] = {}
        if not any(line.startswith(f"| {self.header}") for line in lines):
            return rows
        next(lines, None)  # the line under the header
        for line in lines:
            if not line.startswith("|"):
                break
            name, *cells = (cell.strip() for cell in line.replace("*", "").strip().strip("|").split("|"))
            rows[name] = [part.strip() for cell in cells for part in cell.split(" / ")]
        return rows

    def goals(self, page: str) -> dict[str, Goal]:
        """The row goal."""
        cells = self.cells(page).get("goal", [])
        return {measure: Goal.parse(cell, measure) for measure, cell in zip(self.measures, cells, strict=bool(cells))}

    def rows(self, page: str) -> dict[str, Row]:
        """The other rows."""
        found = {name: cells for name, cells in self.cells(page).items() if name != "goal"}
        return {name: dict(zip(self.measures, map(float, cells), strict=True)) for name, cells in found.items()}

    def mean(self, scores: Scores) -> Row:
        """The mean over cases of every measure; None where no case has it."""
        return {measure: statistics.fmean(v) if (v := _values(scores, measure)) else None for measure in self.measures}

    def worst(self, scores: Scores) -> dict[str, tuple[float, str]]:
        """The worst value of every measure, and the case it is from."""
        found: dict[str, tuple[float, str]] = {}
        for measure in self.measures:
            values = [(row[measure], case) for case, row in scores.items() if row.get(measure) is not None]
            if values:
                found[measure] = max(values, key=lambda pair: _badness(measure, pair[0]))
        return found

    def text(self, rows: Mapping[str, Row], goals: Mapping[str, Goal], scores: Scores) -> list[str]:
        """Lines to print: the rows, then of our `scores` the mean, the worst and whether the mean meets the goals."""
        ours, worst = self.mean(scores), self.worst(scores)
        rows = {**rows, "this version": ours, "this version, worst": {m: value for m, (value, _) in worst.items()}}
        lines = [_line("", self.measures)]
        lines += [_line(name, [_number(row.get(m)) for m in self.measures]) for name, row in rows.items()]
        if goals:
            lines.append(_line("goal", [str(goals[m]) for m in self.measures]))
            lines.append(_line("goal met", [_verdict(goals[m], ours.get(m)) for m in self.measures]))
        return [*lines, "worst in: " + ", ".join(f"{m} {case}" for m, (_, case) in worst.items())]


SELF = Table("self", "msssim haarpsi ssim_face l1_face pose pose_p95 eye_r eye_gain mouth_r mouth_gain id_gt jerk")
CROSS = Table("cross", "pose pose_p95 eye_r eye_gain mouth_r mouth_gain id_src bg_far jerk")
REGIONS = Table("mean of both clips", "skin eyes mouth_in face lower_face head_rest background revealed detail")


def of_type(scores: Scores, kind: str) -> dict[str, Mapping[str, Any]]:
    """The cases of a type: "self" or "cross"."""
    return {case: row for case, row in scores.items() if row["type"] == kind}


def _values(scores: Scores, measure: str) -> list[float]:
    return [row[measure] for row in scores.values() if row.get(measure) is not None]


def _badness(measure: str, value: float) -> float:
    if measure.endswith("_gain"):
        return abs(value - 1)
    return value if measure in LOWER_IS_BETTER.split() else -value


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _verdict(goal: Goal, value: float | None) -> str:
    return "-" if value is None else "yes" if goal.is_met(value) else "NO"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name[:_NAME]:<{_NAME + 1}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)
