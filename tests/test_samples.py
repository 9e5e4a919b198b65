# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbered samples do what they say. Those that need Blender: tests/blender/test_samples.py."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from core.__main__ import main
from core.motion.controls import load_controls
from core.motion.preset import load_preset

SAMPLES = Path(__file__).parent.parent / "samples"
SPEECH = SAMPLES.parent.parent / "shared/data/speech/librivox"


def _run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    monkeypatch.setattr(sys, "path", sys.path.copy())
    runpy.run_path(str(SAMPLES / name), run_name="__main__")


@pytest.fixture
def face(tmp_path: Path) -> Path:
    """NASA's astronaut, small."""
    path = tmp_path / "face.png"
    Image.fromarray(data.astronaut()).crop((90, 0, 400, 310)).save(path)
    return path


def _picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_animate_perform_and_change(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sample's movie is the next one's driver, and its footage."""
    movie = tmp_path / "turns.mp4"
    _run(monkeypatch, "01_animate_a_portrait.py", face, "-o", movie)
    found = tmp_path / "c.json"
    _run(monkeypatch, "02_perform_a_portrait.py", face, movie, "-o", tmp_path / "p", "--controls", found, "--head", 0)
    frames = sorted((tmp_path / "p").glob("frame_*.png"))
    assert len(frames) == 20
    yaw = load_controls(found).channels["headYaw"]
    assert abs(yaw[10] - yaw[0]) > 8
    moved = np.abs(_picture(frames[10]) - _picture(face)).max(axis=2) > 40
    assert 100 < moved.sum() < 0.1 * moved.size, "lids and mouth move, the head does not"


@pytest.mark.skipif(not SPEECH.is_dir(), reason=f"{SPEECH} is missing: there is no voice to hear")
def test_speak_and_dub(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = min(SPEECH.glob("*.wav"), key=lambda path: path.stat().st_size)
    _run(monkeypatch, "03_speak.py", face, voice, "-o", tmp_path / "speaks.mp4")
    assert (tmp_path / "speaks.mp4").stat().st_size > 1000
    folder = tmp_path / "dubbed"
    _run(monkeypatch, "06_change_footage.py", tmp_path / "speaks.mp4", voice, "-o", folder, "--frames", 3)
    assert len(list(folder.glob("frame_*.png"))) == 3


def test_a_mixed_preset_can_be_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, "04_mix_presets.py", "-o", tmp_path / "mine.json")
    told = capsys.readouterr().out.splitlines()[-1].removeprefix("python -m core ").split()
    monkeypatch.chdir(tmp_path)
    assert main(told) == 0  # what it says to do next
    assert load_controls(tmp_path / told[-1]).frames == 150
    played = load_preset(tmp_path / "mine.json", Fraction(25))
    laugh = load_preset("laugh", played.fps, scale=0.8).channels["jawOpen"]
    assert np.abs(played.channels["jawOpen"][50 : 50 + len(laugh)] - laugh).max() < 0.03
    assert played.channels["eyeBlinkLeft"].max() > 0.8


def test_a_capture_goes_to_a_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"browInnerUp": [0, 1, 1], "jawOpen": [0, 0.5, 1]}
    (tmp_path / "c.json").write_text(json.dumps({"fps": [60, 1], "channels": channels}))
    _run(monkeypatch, "05_capture_to_character.py", tmp_path / "c.json", "-o", tmp_path / "character.csv")
    with (tmp_path / "character.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["BrowInnerUp"]) for row in rows] == [0, 0.5, 0.5]
    assert [float(row["JawOpen"]) for row in rows] == [0, 0.5, 1]


def test_two_faces_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = data.astronaut()[:310, 90:400]
    smaller = np.pad(one[:290, :280], ((20, 0), (0, 0), (0, 0)))
    both = np.hstack([one, smaller])
    Image.fromarray(both).save(tmp_path / "friends.png")
    _run(monkeypatch, "07_two_faces.py", tmp_path / "friends.png", "-o", tmp_path / "out", "--frames", 12)
    frames = sorted((tmp_path / "out/face_1").glob("frame_*.png"))
    assert len(frames) == 12
    moved = np.abs(_picture(frames[11]) - both).max(axis=2) > 40
    assert moved[:, :310].sum() > 100
    assert moved[:, 310:].sum() > 20
