# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that were tracked by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.marks import marks_from_mapping

PLACES = [[10, 20], None, [12.5, 20]]


def _data(**changes: Any) -> dict[str, Any]:
    marks = {"noseTip": PLACES, "mouthLeft": PLACES, "48": PLACES, "pupilLeft": PLACES}
    return {"fps": [30000, 1001], "size": [640, 360], "marks": marks, **changes}


def test_marks_are_read() -> None:
    marks = marks_from_mapping(_data(), "m.json")
    assert (marks.fps, marks.size, marks.frames) == (Fraction(30000, 1001), (640, 360), 3)
    assert list(marks.points) == ["noseTip", "mouthLeft", "48"]
    np.testing.assert_array_equal(marks.points["48"], [[10, 20], [np.nan, np.nan], [12.5, 20]])
    assert list(marks.pupils) == ["pupilLeft"]


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ({"nose": PLACES}, "no point 'nose'; the points are 0 to 67, chin, noseTip, .*pupilLeft"),
        ({"68": PLACES}, "no point '68'"),
        ({"noseTip": PLACES, "8": PLACES}, "at least 3 points of the face are needed.* there are 2"),
        ({"0": PLACES, "8": PLACES, "16": PLACES[:2]}, r"as many frames.*\[2, 3\]"),
        ({"0": [], "8": [], "16": []}, "as many frames"),
        ({"0": PLACES, "8": PLACES, "16": [None] * 3}, "mark 16 is tracked in no frame"),
        ({"0": PLACES, "8": PLACES, "16": [[1, float("nan")], *PLACES[1:]]}, "mark 16 .*not a number"),
        ({"0": PLACES, "8": PLACES, "16": [[1, 2, 3]] * 3}, "pair"),
        ({"0": PLACES, "8": PLACES, "16": 5}, "expected"),
        ({"8": PLACES, "chin": PLACES, "16": PLACES}, "the same point twice: 8, chin"),
    ],
)
def test_bad_marks_are_told(marks: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInputError, match=rf"m\.json: .*{told}"):
        marks_from_mapping(_data(marks=marks), "m.json")


@pytest.mark.parametrize("change", [{"fps": 25}, {"fps": [0, 1]}, {"size": [0, 5]}, {"size": None}])
def test_bad_rates_and_sizes_are_told(change: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=r"m\.json: "):
        marks_from_mapping(_data(**change), "m.json")


@pytest.mark.parametrize("data", [[1], {}])
def test_what_is_no_marks_is_told(data: Any) -> None:
    with pytest.raises(BadInputError, match=r"m\.json"):
        marks_from_mapping(data, "m.json")
