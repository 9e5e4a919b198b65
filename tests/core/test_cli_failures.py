# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line where it fails: exit codes, messages, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.media.pictures import read_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Cli = Callable[..., tuple[int, list[Event]]]
    Finished = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]


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
        ((portrait, *given, "--driver-video", tmp_path / "v.mp4", *out), "--driver-video: goes with a landmark track"),
        ((portrait, *given, "--motion", "absolute", "--neutral-frame", "1", *out), "--motion, --neutral-frame: goes"),
        ((portrait, "--track", face, "--driver-video", tmp_path / "v.mp4", *out), "cannot be read as a movie"),
        ((portrait, *given, "--generator", "magic", *out), "magic"),
        ((portrait, *given, "--person", tmp_path / "her.safetensors", *out), "goes with --generator few_shot"),
        ((portrait, *given, "-o", tmp_path / "file" / "out"), "cannot be written"),
        ((portrait, *given), "an output (-o)"),
        ((*given, *out), "A portrait"),
        ((tmp_path / "grey.png", "--controls", controls, *out), "no face found"),
        ((portrait, "--controls", controls, "--face-index", "3", *out), "face 3 does not exist"),
        (("--job", tmp_path / "nothing.json"), "nothing.json"),
        ((portrait, "--job", tmp_path / "nothing.json"), "the portrait: a job says this itself"),
        (("--job", tmp_path / "nothing.json", "--creases", "0", "--face", "1"), "--face-index, --creases: a job says"),
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
def test_an_interrupt_is_130_and_keeps_finished_frames(
    job: MakeJob, files: Callable[[Path], list[str]], tmp_path: Path
) -> None:
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
    frames = files(tmp_path / "out")
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
