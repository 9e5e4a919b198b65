# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets that ship can be played at any rate; those of a user are checked."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.motion.controls import CONTROLS
from core.motion.preset import load_preset, preset_controls, preset_names

if TYPE_CHECKING:
    from pathlib import Path

NTSC = Fraction(30000, 1001)


def test_the_library() -> None:
    assert {"idle", "nod", "shake", "laugh", "surprise", "ah_ee_oo", "wink"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("fps", [Fraction(12), Fraction(25), NTSC, Fraction(120)])
def test_a_preset_plays_at_any_rate_within_what_controls_can_do(name: str, fps: Fraction) -> None:
    controls = load_preset(name, fps)
    assert controls.clamped()[1] == []
    assert any(np.ptp(values) > 0 for values in controls.channels.values())
    for channel, values in controls.channels.items():
        assert values[0] == CONTROLS[channel].neutral, channel


@pytest.mark.parametrize("name", [name for name in preset_names() if name != "idle"])
def test_what_does_not_loop_comes_to_rest(name: str) -> None:
    for channel, values in load_preset(name, Fraction(100)).channels.items():
        assert abs(values[-1]) < 0.16, channel


def test_idle_loops_without_a_jump() -> None:
    for fps in (Fraction(25), NTSC):
        once = load_preset("idle", fps)
        twice = load_preset("idle", fps, seconds=2 * once.frames / fps)
        for channel, values in once.channels.items():
            assert np.array_equal(twice.channels[channel], np.tile(values, 2)), channel
            assert abs(values[0] - values[-1]) < 0.2 * max(np.ptp(values), 0.01), channel


def test_keys_ease_and_a_star_means_both_sides() -> None:
    data = {"seconds": 1, "channels": {"mouthSmile*": [[0.2, 0], [0.6, 0.8]], "headYaw": [[0, 5]]}}
    controls = preset_controls(data, Fraction(10), "it")
    assert controls.frames == 11
    expected = [0, 0, 0, 0.125, 0.4, 0.675, 0.8, 0.8, 0.8, 0.8, 0.8]
    assert controls.channels["mouthSmileLeft"] == pytest.approx(expected)
    assert controls.channels["mouthSmileRight"] == pytest.approx(expected)
    assert controls.channels["headYaw"].tolist() == [5] * 11


def test_scale_is_about_the_neutral_value_and_has_limits() -> None:
    data = {"seconds": 1, "channels": {"headZoom": [[0, 1.1]], "jawOpen": [[0, 0.6]]}}
    assert preset_controls(data, Fraction(1), "it", scale=2).channels["headZoom"] == pytest.approx([1.2, 1.2])
    assert preset_controls(data, Fraction(1), "it", scale=2).channels["jawOpen"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "expected"),
        ([], "expected"),
        ({"seconds": "long", "channels": {}}, "expected"),
        ({"seconds": 0, "channels": {"jawOpen": [[0, 0]]}}, "lasts 0 seconds"),
        ({"seconds": 1, "channels": {"smile": [[0, 0]]}}, "no control 'smile'"),
        ({"seconds": 1, "channels": {"headYaw*": [[0, 0]]}}, "no control"),
        ({"seconds": 1, "channels": {"jawOpen": []}}, "keys are pairs"),
        ({"seconds": 1, "channels": {"jawOpen": [[0, 0, 0]]}}, "keys are pairs"),
        ({"seconds": 1, "channels": {"jawOpen": [[0, None]]}}, "keys are pairs"),
        ({"seconds": 1, "channels": {"jawOpen": [[0, 0], [0, 1]]}}, "must rise"),
        ({"seconds": 1, "channels": {"jawOpen": [[0, 0], [2, 1]]}}, "at most 1 seconds"),
        ({"seconds": 1, "channels": {}}, "mine.json: has no channels"),
    ],
)
def test_presets_that_cannot_be_played(data: Any, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        preset_controls(data, Fraction(25), "mine.json")


def test_a_users_file_and_wrong_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(BadInputError, match=r"mine\.json: cannot be read"):
        load_preset(path, Fraction(25))
    path.write_text(json.dumps({"seconds": 1, "channels": {"jawOpen": [[0, 0], [1, 1]]}}))
    assert load_preset(path, Fraction(25)).frames == 26
    with pytest.raises(BadInputError, match="does not loop"):
        load_preset(path, Fraction(25), seconds=3)
    with pytest.raises(BadInputError, match=r"no preset 'jump'; choose one of ah_ee_oo, .* or a file ending in \.json"):
        load_preset("jump", Fraction(25))
