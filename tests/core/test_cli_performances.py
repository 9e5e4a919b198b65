# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances on the command line: capture, convert and mix."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.landmarks.track import LandmarkTrack, load_track, save_track
from core.media.video import VideoWriter
from core.motion.capture_files import read_capture
from core.motion.controls import ControlTrack, load_controls
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    Cli = Callable[..., tuple[int, list[Event]]]


@pytest.fixture
def track(landmarks: NDArray[np.float32], tmp_path: Path) -> Path:
    """A face that opens its mouth and turns, as landmarks."""
    rise = np.linspace(0, 1, 8, dtype=np.float32)
    targets = plan_motion(landmarks, ControlTrack(Fraction(25), {"jawOpen": 0.6 * rise, "headYaw": 15 * rise}))
    points = np.stack([target.landmarks for target in targets]).astype(np.float32)
    path = tmp_path / "track.npz"
    save_track(path, LandmarkTrack(points, np.ones(points.shape[:2], np.float32), Fraction(25), (256, 256)))
    return path


def _warnings(events: list[Event]) -> str:
    return " ".join(event["message"] for event in events if event["event"] == "warning")


def test_capture_landmarks(cli: Cli, track: Path, tmp_path: Path) -> None:
    code, events = cli("capture", track, "-o", tmp_path / "c.json")
    assert events[0]["message"].endswith("the neutral frame 0")  # found: the only one with the mouth shut
    assert (code, events[-1]) == (0, {"event": "done", "frames": 8, "output": str(tmp_path / "c.json")})
    controls = load_controls(tmp_path / "c.json")
    assert controls.fps == 25
    assert controls.channels["jawOpen"][[0, -1]] == pytest.approx([0, 0.6], abs=0.15)
    assert controls.channels["headYaw"][[0, -1]] == pytest.approx([0, 15], abs=3)
    options = ("--neutral-picture", tmp_path / "still.json")
    cli("convert", track, tmp_path / "still.json")  # its first frame is at rest, too
    code, events = cli("capture", track, "-o", tmp_path / "still.csv", *options)
    assert (code, events[0]["message"]) == (0, "Finding the controls, against still.json")
    again = read_capture(tmp_path / "still.csv").controls().channels["jawOpen"]
    assert again == pytest.approx(controls.channels["jawOpen"], abs=0.02)
    code, events = cli("capture", track, "-o", tmp_path / "c.json", "--neutral-frame", "8")
    assert code == 2
    assert "neutral frame 8 does not exist" in events[-1]["message"]


def test_points_that_are_no_face(
    cli: Cli, track: Path, portrait: Path, landmarks: NDArray[np.float32], tmp_path: Path
) -> None:
    points = np.stack([landmarks, landmarks, np.zeros_like(landmarks)])
    flat, still = tmp_path / "flat.npz", tmp_path / "still.json"
    for path, frames in ((flat, points), (still, points[2:])):
        save_track(path, LandmarkTrack(frames, np.ones(frames.shape[:2], np.float32), Fraction(25), (256, 256)))
    cases: list[tuple[tuple[object, ...], str]] = [
        (("capture", flat), "flat.npz: the points of frame 2"),
        (("animate", portrait, "--track", flat), "flat.npz: the points of frame 2"),
        (("capture", track, "--neutral-picture", still), "still.json: the points of frame 0"),
    ]
    for arguments, words in cases:
        code, events = cli(*arguments, "-o", tmp_path / "c.json")
        assert code == 2
        assert words in events[-1]["message"]


def test_capture_a_movie(cli: Cli, pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    """A head that moves aside, in a movie whose second frame is empty; another detector's option goes through."""
    writer = VideoWriter(tmp_path / "movie.mp4", Fraction(30000, 1001), (256, 256), "")
    for number in range(4):
        writer.write(np.full_like(pixels, 120) if number == 1 else np.roll(pixels, 4 * number, axis=1))
    writer.close()
    options = ("--track", tmp_path / "t.npz", "--face", "0", "--neutral-frame", "0")
    code, events = cli("capture", tmp_path / "movie.mp4", "-o", tmp_path / "c.csv", "--live-link", *options)
    assert code == 0
    assert "movie.mp4: the face is not seen in the frames 1 (counted from 0); they are interpolated" in _warnings(
        events
    )
    assert load_track(tmp_path / "t.npz").frames == 4
    assert (tmp_path / "c.csv").read_text().startswith("Timecode,BlendShapeCount,EyeBlinkLeft")
    code, events = cli("detect", tmp_path / "movie.mp4", "-o", tmp_path / "held.npz", "--missing", "hold")
    assert code == 0
    assert not [event for event in events if event["event"] == "frame"]  # it was tracked before
    held = load_track(tmp_path / "held.npz")
    assert (held.landmarks[1] == held.landmarks[0]).all()
    assert "held from the frame before" in _warnings(events)
    code, events = cli("capture", tmp_path / "movie.mp4", "-o", tmp_path / "c.json", "--face", "3")
    assert code == 2
    assert "no face 3 (counted from 0) is found" in events[-1]["message"]


def test_what_is_captured_animates(cli: Cli, track: Path, portrait: Path, tmp_path: Path) -> None:
    assert cli("capture", track, "-o", tmp_path / "c.json")[0] == 0
    code, events = cli("animate", portrait, "--controls", tmp_path / "c.json", "-o", tmp_path / "out", "--frames", "8")
    assert (code, events[-1]["frames"]) == (0, 1)


def test_convert_by_the_endings(cli: Cli, track: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"fps": [25, 1], "channels": {"jawOpen": [0, 0.5, 0.25]}}')
    for first, second in (("c.json", "c.csv"), ("c.csv", "again.json")):
        assert cli("convert", tmp_path / first, tmp_path / second)[0] == 0
    assert load_controls(tmp_path / "again.json").channels["jawOpen"].tolist() == [0, 0.5, 0.25]
    assert cli("convert", track, tmp_path / "track.json")[0] == 0
    assert np.array_equal(load_track(tmp_path / "track.json").landmarks, load_track(track).landmarks)
    code, events = cli("convert", track, tmp_path / "track.csv")
    assert code == 2
    assert "holds landmarks" in events[-1]["message"]


def test_convert_tells_what_it_leaves_out(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("jawOpen,note\n0,1\n1,2\n")
    code, events = cli("convert", tmp_path / "c.csv", tmp_path / "c.json", "--fps", "29.97")
    assert code == 0
    assert "'note' is no control" in _warnings(events)
    assert load_controls(tmp_path / "c.json").fps == Fraction(30000, 1001)
    (tmp_path / "smile.json").write_text('{"fps": [25, 1], "channels": {"jawOpen": [1.5], "smile": [1]}}')
    for output in ("a.json", "a.csv"):
        told = _warnings(cli("convert", tmp_path / "smile.json", tmp_path / output)[1])
        assert "Unknown control 'smile': left out" in told
        assert "jawOpen: clamped to 0..1" in told
        assert "smile" not in (tmp_path / output).read_text()


def test_convert_tells_what_live_link_has_no_column_for(cli: Cli, tmp_path: Path) -> None:
    rest = {"headX": [0, 0], "headZoom": [1, 1], "jawOpen": [0, 0.5]}
    for moved, names in (
        ({"headX": [0, 0.1], "headZoom": [1, 1.1]}, "headX, headZoom"),
        ({"headY": [0.1, 0.1]}, "headY"),
    ):
        (tmp_path / "c.json").write_text(json.dumps({"fps": [25, 1], "channels": rest | moved}))
        code, events = cli("convert", tmp_path / "c.json", tmp_path / "c.csv", "--live-link")
        assert code == 0
        assert _warnings(events) == f"Live Link Face has no column for {names}: left out."
        assert not _warnings(cli("convert", tmp_path / "c.json", tmp_path / "plain.csv")[1])
    (tmp_path / "c.json").write_text(json.dumps({"fps": [25, 1], "channels": rest}))
    assert not _warnings(cli("convert", tmp_path / "c.json", tmp_path / "c.csv", "--live-link")[1])


def test_presets(cli: Cli, tmp_path: Path) -> None:
    assert cli("convert", "preset:nod", tmp_path / "nod.json", "--fps", "30000/1001", "--scale", "0.5")[0] == 0
    nod = load_controls(tmp_path / "nod.json")
    assert nod.fps == Fraction(30000, 1001)
    assert nod.channels["headPitch"].min() == pytest.approx(-5.5, abs=0.1)
    assert cli("convert", "preset:idle", tmp_path / "idle.json", "--seconds", "30")[0] == 0
    assert load_controls(tmp_path / "idle.json").frames == 750
    (tmp_path / "mine.json").write_text(json.dumps({"seconds": 1, "channels": {"jawOpen": [[0, 0], [1, 1]]}}))
    assert cli("convert", f"preset:{tmp_path / 'mine.json'}", tmp_path / "own.json")[0] == 0
    code, events = cli("convert", "preset:jump", tmp_path / "jump.json")
    assert code == 2
    assert "choose one of" in events[-1]["message"]


def test_mix(cli: Cli, track: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"fps": [25, 1], "channels": {"headYaw": [4, 8], "jawOpen": [0, 0]}}')
    (tmp_path / "b.json").write_text(
        '{"fps": [25, 1], "channels": {"headYaw": [0, 0], "jawOpen": [1, 3], "jaw": [1, 1]}}'
    )
    options = ("--regions", "mouth", "--amount", "0.5")
    code, events = cli("mix", tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path / "c.json", *options)
    assert code == 0
    assert "Unknown control 'jaw'" in _warnings(events)
    assert "jawOpen: clamped" in _warnings(events)
    mixed = load_controls(tmp_path / "c.json").channels
    assert (mixed["headYaw"].tolist(), mixed["jawOpen"].tolist()) == ([4, 8], [0.5, 0.5])
    code, events = cli("mix", tmp_path / "a.json", track, "-o", tmp_path / "c.json")
    assert code == 2
    assert "holds landmarks" in events[-1]["message"]
    with pytest.raises(SystemExit):
        cli("mix", tmp_path / "a.json", tmp_path / "b.json", "--amount", "2", "-o", tmp_path / "c.json")


def test_options_that_do_not_go_together(cli: Cli, track: Path, tmp_path: Path) -> None:
    capture, keyed = ("capture", track, "-o", tmp_path / "c.json"), tmp_path / "keyed.json"
    keyed.write_text('{"fps": [25, 1], "channels": {"jawOpen": [0, 0.5]}}')
    cases: list[tuple[tuple[object, ...], str]] = [
        ((*capture, "--track", tmp_path / "t.npz"), "is no movie"),
        ((*capture, "--like", track, "--missing", "hold", "--no-cache"), "--like, --missing, --no-cache: goes with a"),
        ((*capture, "--detector", "face-alignment"), "--detector: goes with a movie"),
        (("capture", keyed, "-o", tmp_path / "d.json", "--neutral-frame", "1"), "--neutral-frame: goes with landmarks"),
        ((*capture, "--live-link"), "name a file ending in .csv"),
        (("convert", track, tmp_path / "t.json", "--scale", "2"), "are for presets"),
        (("convert", track, tmp_path / "t.json", "--seconds", "2"), "are for presets"),
    ]
    for arguments, words in cases:
        code, events = cli(*arguments)
        assert code == 2
        assert words in events[-1]["message"]


def test_a_region_that_is_none(cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli("mix", tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path / "c.json", "--regions", "nose")
    assert "one of head, eyes, brows, mouth" in capsys.readouterr().err


def test_rates_that_are_none(cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0", "-25", "fast", "1/0"):
        with pytest.raises(SystemExit):
            cli("convert", "preset:nod", tmp_path / "nod.json", f"--fps={text}")
        assert "a frame rate such as 25" in capsys.readouterr().err


def test_the_parser_brings_no_numpy(core: Callable[..., Any]) -> None:
    """Settings of numpy's libraries are made after the options are read."""
    program = "import sys, core.__main__ as m; m._parser(); sys.exit('numpy' in sys.modules)"
    assert core(program=("-c", program)).returncode == 0
