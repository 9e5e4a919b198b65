# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls over time: their JSON form, and what is told about values that cannot be used as they are."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.motion.controls import CONTROLS, REGIONS, ControlTrack, control_track_from_dict, load_controls

if TYPE_CHECKING:
    from pathlib import Path


def _track(fps: tuple[float, ...] = (25, 1), **channels: object) -> ControlTrack:
    return control_track_from_dict({"fps": list(fps), "channels": channels})


def test_the_52_arkit_names_the_pose_and_the_gaze_are_there() -> None:
    arkit = [name for name in CONTROLS if not name.startswith(("head", "gaze"))]
    assert len(arkit) == 52
    assert {"eyeBlinkLeft", "mouthSmileRight", "jawOpen", "tongueOut", "browInnerUp", "noseSneerLeft"} <= set(arkit)
    assert len(CONTROLS) - len(arkit) == 8
    assert {control.region for control in CONTROLS.values()} == set(REGIONS)
    assert all(control.minimum <= control.neutral <= control.maximum for control in CONTROLS.values())


def test_json_form_and_back(tmp_path: Path) -> None:
    track = _track((30000, 1001), headYaw=[0, -12.5], jawOpen=[0.25, 1])
    path = tmp_path / "controls.json"
    path.write_text(json.dumps(track.to_dict()))
    again = load_controls(path)
    assert again.fps == Fraction(30000, 1001)
    assert again.frames == 2
    assert again.to_dict() == {
        "fps": [30000, 1001],
        "channels": {"headYaw": [0.0, -12.5], "jawOpen": [0.25, 1.0]},
    }


def test_unknown_names_are_left_out_and_told() -> None:
    track, told = _track(jawOpne=[1, 1], headYaw=[1, 2]).clamped()
    assert list(track.channels) == ["headYaw"]
    assert len(told) == 1
    assert "jawOpne" in told[0]


def test_a_track_of_unknown_names_only_is_a_still_of_its_length() -> None:
    track, told = _track(smile=[1, 1, 1]).clamped()
    assert track.frames == 3
    assert not any(values.any() for values in track.channels.values())
    assert "smile" in told[0]


def test_values_out_of_range_are_clamped_and_told() -> None:
    track, told = _track(headYaw=[-90, 10, 90], jawOpen=[0, 0.5, 1], headZoom=[1, 1, 0]).clamped()
    assert track.channels["headYaw"].tolist() == [-45, 10, 45]
    assert track.channels["jawOpen"].tolist() == [0, 0.5, 1]
    assert track.channels["headZoom"].tolist() == pytest.approx([1, 1, 0.8])
    assert told == [
        "Control headYaw: clamped to -45..45 in 2 frames.",
        "Control headZoom: clamped to 0.8..1.25 in 1 frame.",
    ]


def test_values_at_the_ends_of_a_range_are_in_it() -> None:
    ends = {name: [control.minimum, control.maximum] for name, control in CONTROLS.items()}
    assert _track(**ends).clamped()[1] == []


@pytest.mark.parametrize(
    ("fps", "channels", "words"),
    [
        ((25, 1), {"jawOpen": [0, 1], "headYaw": [0]}, "differ in length"),
        ((25, 1), {"jawOpen": [0, float("nan")]}, "jawOpen.*not a number"),
        ((25, 1), {"jawOpen": [0, float("inf")]}, "jawOpen.*not a number"),
        ((25, 1), {"jawOpen": [0, None]}, "not a number"),
        ((25, 1), {"jawOpen": ["open"]}, "expected"),
        ((25, 1), {"jawOpen": [10**400]}, "expected"),
        ((25, 1), {"jawOpen": [[0, 1], [1, 0]]}, "plain list"),
        ((25, 1), {"jawOpen": 1}, "plain list"),
        ((25, 1), {"jawOpen": []}, "no frames"),
        ((25, 1), {}, "no frames"),
        ((0, 1), {"jawOpen": [0]}, "above 0"),
        ((-25, 1), {"jawOpen": [0]}, "above 0"),
        ((25, 0), {"jawOpen": [0]}, "expected"),
        ((29.97, 1), {"jawOpen": [0]}, "expected"),
        ((float("inf"), 1), {"jawOpen": [0]}, "expected"),
        ((25,), {"jawOpen": [0]}, "expected"),
    ],
)
def test_values_that_cannot_be_used(fps: tuple[float, ...], channels: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        _track(fps, **channels)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"fps": 25, "channels": {}}', '{"fps": [25, 1]}', '{"fps": [25, 1], "channels": []}']
)
def test_files_that_hold_no_controls(tmp_path: Path, text: str) -> None:
    path = tmp_path / "no_controls.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"no_controls\.json"):
        load_controls(path)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "controls.json"
    path.write_text('{"fps": [25, 1], "channels": {"jawOpen": [0, 1]}}', encoding="utf-8-sig")
    assert load_controls(path).channels["jawOpen"].tolist() == [0, 1]


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "differing.json"
    path.write_text('{"fps": [25, 1], "channels": {"jawOpen": [0, 1], "headYaw": [0]}}')
    with pytest.raises(BadInputError, match=r"differing\.json: .*differ in length"):
        load_controls(path)


def test_files_that_are_no_text_or_do_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "controls.json"
    with pytest.raises(BadInputError, match=r"controls\.json"):
        load_controls(path)
    path.write_bytes(np.random.default_rng(1).bytes(200))
    with pytest.raises(BadInputError, match=r"controls\.json"):
        load_controls(path)
