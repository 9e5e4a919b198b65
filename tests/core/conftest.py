# SPDX-License-Identifier: GPL-3.0-or-later
"""A small portrait, jobs for it, and real processes to run them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from core.job import job_from_dict
from core.landmarks.detect import create_detector
from core.landmarks.track import LandmarkTrack, save_track
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion
from core.run import run_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Event = dict[str, Any]
    Finished = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]
SECONDS = 180  # a busy machine takes its time, and the first frame on it compiles; longer is a hang


@pytest.fixture(scope="session")
def pixels(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The astronaut's head, (256, 256, 3) RGB."""
    return np.ascontiguousarray(astronaut[:256, 96:352])


@pytest.fixture(scope="session")
def landmarks(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Her (68, 2) landmarks: tests that need no detection start from them."""
    (face,) = create_detector("dlib").detect(pixels)
    return face.landmarks


@pytest.fixture
def portrait(pixels: NDArray[np.uint8], tmp_path: Path) -> Path:
    """Her picture as a file."""
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), pixels[..., ::-1])
    return path


@pytest.fixture
def controls(tmp_path: Path) -> Path:
    """Three frames in which a head turns and opens its mouth."""
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


@pytest.fixture
def job(portrait: Path, landmarks: NDArray[np.float32], tmp_path: Path) -> Callable[..., Event]:
    """job(frames=3, headYaw=10): a job in its JSON form; a channel grows from 0 to the value given."""

    def make(frames: int = 3, output: str = "out", **channels: float) -> Event:
        grown = {name: np.linspace(0, value, frames).tolist() for name, value in channels.items()}
        return {
            "gioconda_job": 1,
            "portrait": {"path": str(portrait), "landmarks": landmarks.tolist()},
            "driver": {"controls": {"fps": [30000, 1001], "channels": grown or {"jawOpen": [0.0] * frames}}},
            "output": str(tmp_path / output),
        }

    return make


@pytest.fixture
def run() -> Callable[..., list[Event]]:
    """run(job, is_cancelled): do a job given in its JSON form, in this process; what it told."""

    def do(job: Event, is_cancelled: Callable[[], bool] = lambda: False) -> list[Event]:
        events: list[Event] = []
        run_job(job_from_dict(job, Path.cwd()), events.append, is_cancelled)
        return events

    return do


@pytest.fixture
def files() -> Callable[[Path], list[str]]:
    """files(folder): the names of what is in it."""
    return lambda folder: sorted(path.name for path in folder.iterdir())


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """full_disk(path): there is no room for this file, where it is written first."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which only Linux has")
    monkeypatch.setattr("core.files.token_hex", lambda _: "0")
    return lambda path: path.with_name(f"{path.name}.0.part").symlink_to("/dev/full")


@pytest.fixture(autouse=True)
def track_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which tracks of movies are kept: none of a test before."""
    folder = tmp_path / "cache of tracks"
    monkeypatch.setattr("core.landmarks.track_cache.folder", lambda: folder)
    return folder


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[Event]]]:
    """cli("animate", ...): the exit code and the events of a command, run in this process."""

    def run(*arguments: object) -> tuple[int, list[Event]]:
        capsys.readouterr()
        code = main([*map(str, arguments), "--progress", "json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def core() -> Callable[..., Finished]:
    """core("animate", ..., LANG="C"): a command as a process of its own, started from the repository's root."""

    def run(*arguments: object, program: tuple[str, ...] = ("-m", "core"), **environment: str) -> Finished:
        return subprocess.run(
            [sys.executable, *program, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )

    return run


class Worker:
    """A real worker process, spoken to as Blender does."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
            )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def send(self, *commands: object) -> None:
        """Give commands all at once, as lines; a text goes as it is."""
        assert self.process.stdin
        lines = (command if isinstance(command, str) else json.dumps(command) for command in commands)
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def next(self) -> Event:
        """The next event: every line of stdout has to be one."""
        try:
            line = self._lines.get(timeout=SECONDS)
        except queue.Empty:
            self.process.send_signal(signal.SIGABRT)  # now it tells where its threads are
            self.process.wait(SECONDS)
            pytest.fail(f"no event in {SECONDS} s: {self.log.read_text()}")
        assert line is not None, f"the worker ended: {self.log.read_text()}"
        return json.loads(line)

    def until(self, *kinds: str) -> list[Event]:
        """All events up to the first one of these kinds."""
        events = [self.next()]
        while events[-1]["event"] not in kinds:
            events.append(self.next())
        return events

    def answer(self, *commands: object) -> Event:
        """Give commands; how the first of them ends."""
        self.send(*commands)
        return self.until("done", "faces", "cancelled", "error")[-1]

    def hang_up(self) -> int:
        """Go away as a parent that ends; the worker's exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(SECONDS)

    def end(self) -> None:
        """Kill it if it still runs; leave no pipe open."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.kill()
        self.process.wait()
        self._reader.join()
        with contextlib.suppress(OSError):  # what it has not read cannot be sent any more
            self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """start_worker("-X", "importtime"): a worker that has said it is ready; options are Python's."""
    started: list[Worker] = []

    def start(*options: str) -> Worker:
        program = () if "-c" in options else ("-m", "core")
        command = [sys.executable, "-X", "faulthandler", *options, *program, "worker"]
        started.append(Worker(command, tmp_path / f"worker_{len(started)}.log"))
        return started[-1]

    yield start
    for worker in started:
        worker.end()


@pytest.fixture
def worker(start_worker: Callable[..., Worker]) -> Worker:
    """A worker that is ready."""
    worker = start_worker()
    assert worker.next()["event"] == "ready"
    return worker


@pytest.fixture
def without() -> Callable[[str], str]:
    """without("cv2"): a program for `python -c` that runs core in a Python that lacks the package."""
    return lambda package: (
        "import sys, runpy\n"
        "class Lack:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Lack())\n"
        "runpy.run_module('core', run_name='__main__', alter_sys=True)\n"
    )


@pytest.fixture(scope="session")
def head_crops(
    pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Six pictures (6, 128, 128, 3) of her, who turns and talks, and where their landmarks (6, 68, 2) are."""
    from core.generators.few_shot.crop import HeadCrop

    crop, size = HeadCrop.around(landmarks), 128
    channels = {
        "headYaw": [0, 15, -15, 8, -8, 4],
        "jawOpen": [0, 0.4, 0.2, 0.6, 0.1, 0.3],
        "eyeBlinkLeft": [0, 0, 1, 0, 0, 1],
    }
    controls = ControlTrack(Fraction(25), {name: np.array(values, np.float64) for name, values in channels.items()})
    targets = plan_motion(landmarks, controls)
    generator = WarpGenerator(Portrait(pixels, landmarks))
    pictures = [crop.read(generator.draw(target), size) for target in targets]
    return np.stack(pictures), np.stack([crop.to_crop(target.landmarks, size) for target in targets])
