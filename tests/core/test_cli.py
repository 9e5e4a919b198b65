# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: options, exit codes, and the same bytes as from the worker."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.landmarks.track import LandmarkTrack, save_track
from core.media.pictures import read_picture
from core.media.video import VideoWriter

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Cli = Callable[..., tuple[int, list[Event]]]
    Finished = subprocess.CompletedProcess[str]


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_job_gives_the_same_bytes_from_everywhere(
    core: Callable[..., Finished], worker: Any, portrait: Path, controls: Path, face: Path, tmp_path: Path
) -> None:
    """By options, by a job file, and from the worker: other processes, and relative and absolute paths."""
    job = {
        "gioconda_job": 1,
        "portrait": {"path": portrait.name, "landmarks_path": face.name},
        "driver": {"controls_path": controls.name},
        "output": "by job",
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    absolute = {
        **job,
        "portrait": {"path": str(portrait), "landmarks_path": str(face)},
        "driver": {"controls": json.loads(controls.read_text())},
    }
    options = ("--controls", controls, "--portrait-landmarks", face)
    for suffix in ("", ".mp4"):
        by_options, by_worker = tmp_path / f"by options{suffix}", tmp_path / f"by worker{suffix}"
        by_job = tmp_path / f"by job{suffix}"
        assert core("animate", portrait, *options, "-o", by_options).returncode == 0
        assert core("animate", "--job", tmp_path / "job.json", "-o", by_job).returncode == 0
        assert worker.answer({"command": "run", "job": {**absolute, "output": str(by_worker)}})["event"] == "done"
        if suffix:
            assert by_options.read_bytes() == by_job.read_bytes() == by_worker.read_bytes()
        else:
            assert list(_contents(by_options)) == [f"frame_00000{number}.png" for number in (1, 2, 3)]
            assert _contents(by_options) == _contents(by_job) == _contents(by_worker)


def test_a_job_file_by_itself_and_with_frames(cli: Cli, job: MakeJob, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({**job(4, headYaw=10), "output": "beside"}))
    code, events = cli("animate", "--job", tmp_path / "job.json", "--frames", "2-3")
    assert (code, events[-1]) == (0, {"event": "done", "frames": 2, "output": str(tmp_path / "beside")})
    assert list(_contents(tmp_path / "beside")) == ["frame_000002.png", "frame_000003.png"]


def test_paths_start_at_the_working_folder(
    cli: Cli, portrait: Path, controls: Path, face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--controls", controls.name, "--portrait-landmarks", face.name)
    code, _ = cli("animate", portrait.name, *options, "-o", "deep/out", "--frames", "2")
    assert code == 0
    assert list(_contents(tmp_path / "deep" / "out")) == ["frame_000002.png"]


def test_a_track_and_a_face_that_is_found(
    cli: Cli, portrait: Path, landmarks: NDArray[np.float32], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    moved = np.stack([landmarks, landmarks + np.float32(4)])
    track = LandmarkTrack(moved, np.ones((2, 68), np.float32), Fraction(25), (256, 256))
    save_track(tmp_path / "track.json", track)
    for motion in ("relative", "absolute"):
        options = ("--track", tmp_path / "track.json", "--motion", motion, "--neutral-frame", "0")
        code, events = cli("animate", portrait, *options, "-o", tmp_path / motion)
        assert code == 0
        assert {"read", "detect", "prepare", "draw"} == {
            event["stage"] for event in events if event["event"] == "stage"
        }
        first, second = (read_picture(tmp_path / motion / f"frame_00000{number}.png") for number in (1, 2))
        assert (first == pixels).all()
        assert (second != pixels).any()


def test_text_for_people(core: Callable[..., Finished], job: MakeJob, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job(2, headYaw=90, jawOpne=1)))
    told = core("animate", "--job", tmp_path / "job.json")
    assert told.returncode == 0
    reading, preparing, *rest = told.stdout.splitlines()
    assert preparing.startswith("Preparing warp")  # and compiling its loops, the first time
    assert [reading, *rest] == [
        "Reading portrait.png",
        "Drawing 2 frames",
        "Frame 1 (1 of 2)",
        "Frame 2 (2 of 2)",
        f"Done: 2 frames in {tmp_path / 'out'}",
    ]
    assert told.stderr.splitlines() == [
        "Warning: Control headYaw: clamped to -45..45 in 1 frame.",
        "Warning: Unknown control 'jawOpne': left out.",
    ]


def test_any_letters_on_any_terminal(core: Callable[..., Finished], job: MakeJob, portrait: Path) -> None:
    folder = portrait.parent / "Ä モナ 1"
    folder.mkdir()
    portrait.rename(folder / "Mona é.png")
    data = {**job(1), "output": "out put"}
    data["portrait"]["path"] = "Mona é.png"
    (folder / "job.json").write_text(json.dumps(data), encoding="utf-8")
    for progress in ("text", "json"):
        told = core("animate", "--job", folder / "job.json", "--progress", progress, PYTHONIOENCODING="ascii")
        assert told.returncode == 0, told.stderr
        assert (folder / "out put" / "frame_000001.png").exists()
        shutil.rmtree(folder / "out put")
    assert json.loads(told.stdout.splitlines()[-1])["output"] == str(folder / "out put")


def test_the_portraits_own_expression_is_taken_off_by_the_share_asked_for(
    cli: Cli, portrait: Path, face: Path, landmarks: NDArray[np.float32], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    (tmp_path / "still.json").write_text('{"fps": [25, 1], "channels": {"jawOpen": [0]}}')
    options = ("--controls", tmp_path / "still.json", "--portrait-landmarks", face)
    changed: list[float] = []
    for share in ("0", "0.5", "1"):
        assert cli("animate", portrait, *options, "--neutralise", share, "-o", tmp_path / share)[0] == 0
        frame = read_picture(tmp_path / share / "frame_000001.png")
        left, right = landmarks[[48, 54], 0].astype(int)  # of her smile
        top, bottom = landmarks[[33, 8], 1].astype(int)
        changed.append(float(np.abs(frame.astype(int) - pixels)[top:bottom, left:right].mean()))
    assert changed[0] == 0
    assert 1 < changed[1] < changed[2]


def test_skin_creases_by_the_amount_asked_for(cli: Cli, portrait: Path, face: Path, tmp_path: Path) -> None:
    (tmp_path / "raised.json").write_text('{"fps": [25, 1], "channels": {"browInnerUp": [1], "mouthSmileLeft": [1]}}')
    options = ("--controls", tmp_path / "raised.json", "--portrait-landmarks", face)
    for amount in ("0", "0.5", "1"):
        assert cli("animate", portrait, *options, "--creases", amount, "-o", tmp_path / amount)[0] == 0
    none, some, all_ = (read_picture(tmp_path / name / "frame_000001.png").astype(int) for name in ("0", "0.5", "1"))
    assert 0 < np.abs(some - none).mean() < np.abs(all_ - none).mean()


def test_creases_of_the_drivers_movie_are_put_on_the_portrait(
    cli: Cli, portrait: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], face: Path, tmp_path: Path
) -> None:
    shade = np.ones((256, 256), np.float32)  # across the driver's left cheek
    cv2.line(shade, *(tuple(np.rint(landmarks[i] + [16, 0]).astype(int).tolist()) for i in (35, 54)), (0.6,), 4)
    dark = np.rint(pixels * cv2.GaussianBlur(shade, (0, 0), 2)[..., None]).astype(np.uint8)
    writer = VideoWriter(tmp_path / "driver.mp4", Fraction(25), (256, 256), "")
    for frame in (pixels, dark, dark, dark):
        writer.write(frame)
    writer.close()
    raised = landmarks.copy()
    raised[17:27, 1] -= 1
    points, sure = np.stack([landmarks, raised, raised, raised]), np.ones((4, 68), np.float32)
    save_track(tmp_path / "driver.npz", LandmarkTrack(points, sure, Fraction(25), (256, 256)))
    options = ("--track", tmp_path / "driver.npz", "--portrait-landmarks", face)
    shown = ("--driver-video", tmp_path / "driver.mp4")
    cases = {"plain": (), "shown": shown, "none": (*shown, "--creases", "0"), "last": (*shown, "--frames", "3-3")}
    for name, more in cases.items():
        assert cli("animate", portrait, *options, *more, "-o", tmp_path / name)[0] == 0
    drawn = {name: read_picture(tmp_path / name / "frame_000003.png").astype(float).mean(2) for name in cases}
    x, y = np.rint((landmarks[35] + landmarks[54]) / 2 + [16, 0]).astype(int)
    ratio = {name: picture[y - 2 : y + 3, x - 2 : x + 3].mean() / drawn["plain"][y - 2 : y + 3, x - 2 : x + 3].mean()
             for name, picture in drawn.items()}  # fmt: skip
    assert ratio["shown"] < 0.9
    assert ratio["none"] == pytest.approx(1, abs=0.02)
    assert (drawn["last"] == drawn["shown"]).all()
