# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m core speech`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.commands.values import frame_rate
from core.motion.controls import load_controls
from core.speech.recogniser import Recogniser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Sentence
    from numpy.typing import NDArray

    Cli = Callable[..., tuple[int, list[dict[str, Any]]]]
    WriteSound = Callable[[str, NDArray[Any]], Path]


def test_a_sentence_becomes_controls(cli: Cli, sentences: list[Sentence], tmp_path: Path) -> None:
    text, output = tmp_path / "said.txt", tmp_path / "controls.json"
    text.write_text("He was not an ill-disposed young man.", "utf-8")
    options = ("--text", text, "--fps", "29.97", "--head", "0", "--blinks", "1")
    code, events = cli("speech", sentences[1].path, *options, "-o", output)
    assert code == 0
    track = load_controls(output)
    assert track.fps == Fraction(30000, 1001)
    assert events[-1] == {"event": "done", "frames": track.frames, "output": str(output)}
    assert {"stage", "frame"} < {event["event"] for event in events}
    assert track.channels["jawOpen"].max() > 0.15
    assert "browInnerUp" in track.channels
    assert "headYaw" not in track.channels
    assert track.clamped()[1] == []
    again = tmp_path / "again.json"
    cli("speech", sentences[1].path, *options, "-o", again)
    assert again.read_bytes() == output.read_bytes()


def test_bad_input_is_told_and_leaves_nothing(cli: Cli, write_sound: WriteSound, tmp_path: Path) -> None:
    silence = write_sound("silence.wav", np.zeros(16000))
    (tmp_path / "text.txt").write_text("...")
    for options, named in (
        ((tmp_path / "missing.wav",), "missing.wav"),
        ((silence,), "no speech"),
        ((silence, "--text", tmp_path / "text.txt"), "text.txt"),
    ):
        code, events = cli("speech", *options, "-o", tmp_path / "controls.json")
        assert code == 2
        assert events[-1]["kind"] == "bad_input"
        assert named in events[-1]["message"]
    assert not (tmp_path / "controls.json").exists()
    code, events = cli("speech", tmp_path / "not_even_looked_for.wav", "-o", tmp_path / "controls.txt")
    assert code == 2
    assert "ending in .json or .csv" in events[-1]["message"]


def test_it_can_be_cancelled(
    cli: Cli, write_sound: WriteSound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recogniser, "hear", interrupt)
    noise = write_sound("noise.wav", np.random.default_rng(0).normal(0, 100, 16000))
    code, events = cli("speech", noise, "-o", tmp_path / "controls.json")
    assert (code, events[-1]["event"]) == (130, "cancelled")
    assert [path.name for path in tmp_path.iterdir()] == ["noise.wav"]


@pytest.mark.parametrize(
    ("text", "fps"),
    [
        ("25", Fraction(25)), ("24.0", Fraction(24)), ("12.5", Fraction(25, 2)), ("30000/1001", Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)), ("23.976", Fraction(24000, 1001)), ("23.98", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
    ],
)  # fmt: skip
def test_frame_rates_are_exact(text: str, fps: Fraction) -> None:
    assert frame_rate(text) == fps


@pytest.mark.parametrize("text", ["0", "-25", "1/0", "fast", "nan"])
def test_what_is_no_frame_rate_is_told(cli: Cli, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli("speech", "a.wav", "-o", "b.json", f"--fps={text}")
    assert "a frame rate such as 25" in capsys.readouterr().err
