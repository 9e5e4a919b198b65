# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: options, exit codes, and the same bytes as from the worker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.landmarks.track import LandmarkTrack, load_track, save_track
from core.media.pictures import read_picture
from core.media.video import VideoWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Cli = Callable[..., tuple[int, list[Event]]]
    Finished = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def controls(tmp_path: Path) -> Path:
    path = tmp_path / "controls.json"
    path.write_text('{"fps": [30000, 1001], "channels": {"headYaw": [0, 10, 20], "jawOpen": [0, 0.2, 0.6]}}')
    return path


@pytest.fixture
def face(landmarks: NDArray[np.float32], tmp_path: Path) -> Path:
    """The portrait's landmarks as a file."""
    path = tmp_path / "landmarks.npz"
    track = LandmarkTrack(landmarks[None], np.ones((1, 68), np.float32), Fraction(25), (256, 256))
    save_track(path, track)
    return path


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


# Exit codes --------------------------------------------------------------------------------------------------------


def test_bad_input_is_2(core: Callable[..., Finished], portrait: Path, controls: Path, tmp_path: Path) -> None:
    told = core("animate", portrait.with_name("nowhere.png"), "--controls", controls, "-o", tmp_path / "out")
    assert told.returncode == 2
    assert told.stderr == f"Error: {portrait.with_name('nowhere.png')}: there is no such file.\n"


def test_bad_input_as_events(cli: Cli, portrait: Path, controls: Path, face: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "nothing.json").write_text("{}")
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((64, 64, 3), 90, np.uint8))
    out, given = ("-o", tmp_path / "out"), ("--controls", controls, "--portrait-landmarks", face)
    cases: list[tuple[tuple[object, ...], str]] = [
        ((portrait, "--controls", tmp_path / "nothing.json", *out), "nothing.json"),
        ((portrait, "--track", tmp_path / "nothing.json", *out), "nothing.json"),
        ((portrait, "--track", face, "--neutral-frame", "7", *out), "neutral frame 7 does not exist"),
        ((portrait, *given, "--frames", "2-9", *out), "the driver has frames 1-3"),
        ((portrait, *given, "--driver-video", tmp_path / "v.mp4", *out), "goes with its landmark track"),
        ((portrait, "--track", face, "--driver-video", tmp_path / "v.mp4", *out), "cannot be read as a movie"),
        ((portrait, *given, "--generator", "magic", *out), "magic"),
        ((portrait, *given, "-o", tmp_path / "file" / "out"), "cannot be written"),
        ((portrait, *given), "an output (-o)"),
        ((*given, *out), "A portrait"),
        ((tmp_path / "grey.png", "--controls", controls, *out), "no face found"),
        ((portrait, "--controls", controls, "--face-index", "3", *out), "face 3 does not exist"),
        (("--job", tmp_path / "nothing.json"), "nothing.json"),
        ((portrait, "--job", tmp_path / "nothing.json"), "portrait"),
    ]
    for arguments, words in cases:
        code, events = cli("animate", *arguments)
        assert code == 2
        assert (events[-1]["event"], events[-1]["kind"]) == ("error", "bad_input")
        assert words in events[-1]["message"]
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["animate", "p.png", "-o", "out"],
        ["animate", "p.png", "-o", "out", "--controls", "c.json", "--track", "t.npz"],
        ["animate", "p.png", "-o", "out", "--controls", "c.json", "--frames", "some"],
        ["animate", "p.png", "-o", "out", "--track", "t.npz", "--motion", "wild"],
        ["animate", "p.png", "-o", "out", "--controls", "c.json", "--creases", "1.5"],
        ["animate", "p.png", "-o", "out", "--controls", "c.json", "--neutralise", "some"],
        ["matte", "p.png"],
        ["detect", "p.png"],
        ["detect", "p.png", "-o", "t.npz", "--detector", "eyes"],
    ],
)
def test_options_that_cannot_be_understood_are_2_too(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(arguments)
    assert told.value.code == 2
    assert "usage: python -m core" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "package", "output"),
    [("cv2", "opencv-python", "out"), ("av", "av", "movie.mp4"), ("numpy", "numpy", "out")],
)
def test_a_missing_package_is_3(
    core: Callable[..., Finished],
    without: Callable[[str], str],
    job: MakeJob,
    tmp_path: Path,
    module: str,
    package: str,
    output: str,
) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job(1, output=output)))
    program = ("-c", without(module))
    told = core("animate", "--job", tmp_path / "job.json", "--progress", "json", program=program)
    assert told.returncode == 3, told.stderr
    event = json.loads(told.stdout.splitlines()[-1])
    assert (event["event"], event["kind"], event["package"]) == ("error", "missing", package)
    assert f"lacks the package {package}" in event["message"]
    assert sys.executable in event["message"]


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_an_interrupt_is_130_and_keeps_finished_frames(job: MakeJob, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job(2000, headYaw=20)))
    command = [sys.executable, "-m", "core", "animate", "--job", tmp_path / "job.json", "--progress", "json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        events = [json.loads(process.stdout.readline())]
        while events[-1]["event"] != "frame":
            events.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=180)
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["event"] == "cancelled"
    assert "Traceback" not in errors
    frames = _contents(tmp_path / "out")
    assert 0 < len(frames) < 2000
    for name in frames:
        assert read_picture(tmp_path / "out" / name).shape == (256, 256, 3)


@pytest.mark.parametrize(("output", "size"), [("disk/out", "1m"), ("disk/movie.mp4", "100k")])
def test_a_disk_that_is_really_full(job: MakeJob, tmp_path: Path, output: str, size: str) -> None:
    """A disk of its own for one process, with room for a few frames of a noisy picture."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size={size} tmpfs "$0" && "$@"; code=$?; find "$0" -type f; exit $code'
    mounted = ["unshare", "--mount", "sh", "-c", script, disk]
    try:
        subprocess.run([*mounted, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a small disk here")
    data = job(40, output=output, headYaw=30)
    noise = np.random.default_rng(6).integers(0, 256, (256, 256, 3), np.uint8)
    cv2.imwrite(data["portrait"]["path"], noise)
    (tmp_path / "job.json").write_text(json.dumps(data))
    command = [sys.executable, "-m", "core", "animate", "--job", tmp_path / "job.json"]
    told = subprocess.run([*mounted, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "The disk is full" in told.stderr
    assert str(disk) in told.stderr
    assert ".part" not in told.stdout
    if output == "disk/out":
        assert "Frame 1 (1 of 40)" in told.stdout
        assert str(disk / "out" / "frame_000001.png") in told.stdout.splitlines()


# Detect ------------------------------------------------------------------------------------------------------------


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
        ((portrait, "-o", found, "--like", portrait), "is no movie"),
        ((broken, "-o", found), "broken.mp4: cannot be read as a movie"),
        ((tmp_path / "nowhere.png", "-o", found), "nowhere.png: there is no such file"),
        ((portrait, "-o", tmp_path / "file" / "found.npz"), "cannot be written"),
    ]
    for arguments, words in cases:
        code, events = cli("detect", *arguments)
        assert (code, events[-1]["kind"]) == (2, "bad_input")
        assert words in events[-1]["message"]
    assert not found.exists()


# Matte -------------------------------------------------------------------------------------------------------------


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
    assert _contents(tmp_path / "found") == _contents(tmp_path / "given")


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


def test_loops_are_compiled_beforehand(core: Callable[..., Finished]) -> None:
    told = core("compile")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "Done"
