# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line finds faces and heads: detect and matte; and compile."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.landmarks.track import load_track
from core.media.pictures import read_picture
from core.media.video import VideoWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    Cli = Callable[..., tuple[int, list[Event]]]


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_detect_in_a_picture(
    cli: Cli, portrait: Path, landmarks: NDArray[np.float32], tmp_path: Path, ending: str
) -> None:
    code, events = cli("detect", portrait, "-o", tmp_path / f"found.{ending}")
    assert code == 0
    assert events[-1] == {"event": "done", "frames": 1, "output": str(tmp_path / f"found.{ending}")}
    track = load_track(tmp_path / f"found.{ending}")
    assert (track.frames, track.size) == (1, (256, 256))
    np.testing.assert_allclose(track.landmarks[0], landmarks, atol=1e-3)


def test_detect_in_a_movie(cli: Cli, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "movie.mp4", Fraction(30000, 1001), (256, 256), "")
    for number in range(4):
        hidden = np.full_like(pixels, 120)
        writer.write(hidden if number == 1 else np.roll(pixels, 3 * number, axis=1))
    writer.close()
    code, events = cli("detect", tmp_path / "movie.mp4", "-o", tmp_path / "track.npz")
    assert code == 0
    assert [event["frame"] for event in events if event["event"] == "frame"] == [1, 2, 3, 4]
    track = load_track(tmp_path / "track.npz")
    assert (track.fps, track.frames, track.size) == (Fraction(30000, 1001), 4, (256, 256))
    assert track.confidence.any(axis=1).tolist() == [True, False, True, True]
    for number in range(4):
        assert np.abs(track.landmarks[number] - landmarks - np.array([3 * number, 0])).mean() < 1


def test_what_is_detected_can_drive_and_be_driven(cli: Cli, portrait: Path, tmp_path: Path) -> None:
    assert cli("detect", portrait, "-o", tmp_path / "face.npz")[0] == 0
    options = ("--track", tmp_path / "face.npz", "--portrait-landmarks", tmp_path / "face.npz")
    code, _ = cli("animate", portrait, *options, "-o", tmp_path / "out")
    assert code == 0
    assert (read_picture(tmp_path / "out" / "frame_000001.png") == read_picture(portrait)).all()


def test_detect_tells_what_is_wrong(cli: Cli, portrait: Path, tmp_path: Path) -> None:
    found, broken = tmp_path / "found.npz", tmp_path / "broken.mp4"
    broken.write_bytes(b"no movie")
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "file").write_text("in the way")
    cases: list[tuple[tuple[object, ...], str]] = [
        ((tmp_path / "grey.png", "-o", found), "grey.png: no face found"),
        ((portrait, "-o", found, "--face-index", "1"), "face 1 does not exist"),
        ((portrait, "-o", found, "--missing", "hold"), "--missing: goes with a movie"),
        ((broken, "-o", found), "broken.mp4: cannot be read as a movie"),
        ((tmp_path / "nowhere.png", "-o", found), "nowhere.png: there is no such file"),
        ((portrait, "-o", tmp_path / "file" / "found.npz"), "cannot be written"),
    ]
    for arguments, words in cases:
        code, events = cli("detect", *arguments)
        assert (code, events[-1]["kind"]) == (2, "bad_input")
        assert words in events[-1]["message"]
    assert not found.exists()


def test_the_mask_that_is_found_can_be_seen_and_given_back(
    cli: Cli, portrait: Path, controls: Path, face: Path, tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    given = ("--portrait-landmarks", face)
    code, events = cli("matte", portrait, "-o", tmp_path / "mask.png", *given)
    assert code == 0
    assert [event.get("stage") for event in events[:-1]] == ["read", "matte"]
    assert events[-1] == {"event": "done", "frames": 1, "output": str(tmp_path / "mask.png")}
    mask = read_picture(tmp_path / "mask.png")
    assert mask.shape == pixels.shape
    assert mask[120, 128].tolist() == [255, 255, 255]  # her nose
    assert not mask[:20, :20].any()
    assert cli("animate", portrait, "--controls", controls, *given, "-o", tmp_path / "found")[0] == 0
    options = (*given, "--head-mask", tmp_path / "mask.png")
    assert cli("animate", portrait, "--controls", controls, *options, "-o", tmp_path / "given")[0] == 0
    found, again = ([path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("found", "given"))
    assert found == again


def test_a_matte_needs_a_face_and_a_place(cli: Cli, portrait: Path, face: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "file").write_text("in the way")
    cases: list[tuple[tuple[object, ...], str]] = [
        ((tmp_path / "grey.png", "-o", tmp_path / "m.png"), "grey.png: no face found"),
        ((portrait, "--portrait-landmarks", face, "-o", tmp_path / "file" / "m.png"), "cannot be written"),
    ]
    for arguments, words in cases:
        code, events = cli("matte", *arguments)
        assert (code, events[-1]["kind"]) == (2, "bad_input")
        assert words in events[-1]["message"]


def test_loops_are_compiled_beforehand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Done"
