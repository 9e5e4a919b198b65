# SPDX-License-Identifier: GPL-3.0-or-later
"""bench --quality: its tables are read right, and it says what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import build
from tests.benchmarks import detail, quality
from tests.benchmarks.tables import CROSS, REGIONS, SELF, Goal, Table, of_type

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PAGE = """
| cross (6) | pose | eye r / gain | bg_far |
|---|---|---|---|
| B1 still | 2.5 | .9 / .70 | .637 |
| **goal** | **1.9** | **.97 / .90-1.1** | **.98** |

After the table.
"""
TABLE = Table("cross", "pose eye_r eye_gain bg_far")


def test_rows_and_goals_are_read_from_the_page() -> None:
    assert TABLE.rows(PAGE) == {"B1 still": {"pose": 2.5, "eye_r": 0.9, "eye_gain": 0.7, "bg_far": 0.637}}
    goals = TABLE.goals(PAGE)
    assert goals == {
        "pose": Goal(None, 1.9),
        "eye_r": Goal(0.97, None),
        "eye_gain": Goal(0.9, 1.1),
        "bg_far": Goal(0.98, None),
    }
    assert [str(goal) for goal in goals.values()] == ["1.9", "0.97", "0.9-1.1", "0.98"]
    assert TABLE.rows("no table") == TABLE.goals("no table") == {}


@pytest.mark.parametrize(
    ("goal", "good", "bad"), [(Goal(None, 1.9), 1.9, 1.91), (Goal(0.9, None), 0.9, 0.89), (Goal(0.9, 1.1), 1.1, 1.2)]
)
def test_a_goal_is_met_or_not(goal: Goal, good: float, bad: float) -> None:
    assert goal.is_met(good)
    assert not goal.is_met(bad)


def test_the_worst_case_is_the_worst_of_its_measure() -> None:
    scores = {
        "a": {"type": "cross", "pose": 1.0, "eye_r": None, "eye_gain": 1.5, "bg_far": 0.5},
        "b": {"type": "cross", "pose": 2.0, "eye_r": 0.9, "eye_gain": 0.8, "bg_far": 0.9},
        "c": {"type": "self", "pose": 9.0, "eye_r": 0.1, "eye_gain": 0.0, "bg_far": 0.0},
    }
    ours = of_type(scores, "cross")
    assert TABLE.mean(ours) == pytest.approx({"pose": 1.5, "eye_r": 0.9, "eye_gain": 1.15, "bg_far": 0.7})
    worst = {"pose": (2.0, "b"), "eye_r": (0.9, "b"), "eye_gain": (1.5, "a"), "bg_far": (0.5, "a")}
    assert TABLE.worst(ours) == worst
    text = TABLE.text(TABLE.rows(PAGE), TABLE.goals(PAGE), ours)
    assert [line.split()[-4:] for line in text if line.startswith("goal met")] == [["yes", "NO", "NO", "NO"]]


def test_the_scorers_page_has_every_table(shared: Path) -> None:
    page = (shared / "eval/README.md").read_text(encoding="utf-8")
    for table in (SELF, CROSS, REGIONS):
        assert len(table.rows(page)) >= 4
        assert list(table.goals(page)) == table.measures


def test_without_the_scorer_it_says_so_and_measures_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quality, "EVAL", tmp_path / "shared/eval")
    rows = {"astronaut": {"sharpness": 0.96, "least": 0.9, "changed": 0}}
    monkeypatch.setattr(detail, "measure", lambda _folder: rows)
    written = tmp_path / "new/quality.json"
    assert quality.main(["--json", str(written)]) == 0
    assert f"Not measured: the cases and the synthetic clips. They need {tmp_path}" in capsys.readouterr().out
    assert json.loads(written.read_text()) == {"detail": rows}


def test_quality_is_asked_of_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(build, "quality", lambda arguments: asked.append(["quality", *arguments]) or 0)
    monkeypatch.setattr(build, "bench", lambda arguments: asked.append(["bench", *arguments]) or 0)
    build.main(["bench", "--quality", "--only", "self_talk_a"])
    build.main(["bench"])
    assert asked == [["quality", "--only", "self_talk_a"], ["bench"]]


def _moved(pixels: NDArray[np.uint8], shift: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    place = detail._identity(pixels.shape) - np.float32([shift, 0])
    return detail.read_at(pixels, place), place


def test_sharpness_sees_a_soft_warp_and_no_loss_in_an_exact_one() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (80, 80, 3), np.uint8)
    skin = np.zeros((80, 80), bool)
    skin[10:-10, 10:-10] = True
    exact, place = _moved(pixels, 2)
    assert detail._sharpness(pixels, exact, place, skin) == pytest.approx(1, abs=1e-6)
    soft, place = _moved(pixels, 2.5)
    assert detail._sharpness(pixels, soft, place, skin) < 0.9
