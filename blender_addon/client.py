# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes and what they tell: one `poll_once` serves the timer, the blocking call and the tests."""

from __future__ import annotations

import atexit
import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTENSION = Path(__file__).resolve().parents[1]
READY_SECONDS = 90  # a cold disk and a virus scanner take their time; a program that is no worker never answers
_WITH_TORCH = ("torch", "face-alignment", "safetensors", "pytorch-msssim")
CANCEL_SECONDS = 5  # after which a worker that does not listen is ended

# -I shuts out PYTHONPATH and user packages, so the folder that holds `core` is put in by hand.
_START_WORKER = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('core', run_name='__main__', alter_sys=True)"
)

_living: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


@atexit.register
def end_all() -> None:
    """End what still runs: nothing outlives Blender."""
    for child in list(_living):
        child.end()


class ChildProcess:
    """A program whose output lines are read by a thread, so that asking for them never waits."""

    def __init__(self, command: Sequence[str], log: Path, *, listens: bool = False) -> None:
        """Start it (OSError if that fails). What it writes to stderr goes to `log`; `listens`: it reads stdin."""
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                errors="replace",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no console pops up
            )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        _living.add(self)

    def _read(self) -> None:
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line.rstrip("\n"))
        self.process.wait()
        _living.discard(self)
        self._lines.put(None)

    def next_line(self) -> str | None:
        """The next line (None: it has ended, and all lines were given). Raises queue.Empty if there is none yet."""
        return self._lines.get_nowait()

    def send(self, text: str) -> None:
        """Write a line to its stdin. A dead child does not hear it, which the next `next_line` tells."""
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()

    def hang_up(self) -> None:
        """Close its stdin: a worker takes that as the end."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()

    def how_it_ended(self) -> str:
        """The exit of an ended child, for people."""
        code = self.process.returncode
        if code is not None and code < 0:
            try:
                return f"ended by signal {signal.Signals(-code).name}"
            except ValueError:
                return f"ended by signal {-code}"
        return f"ended with exit code {code}"


class Task:
    """Something that runs beside Blender. `poll_once` moves it on; all else is to be read."""

    touches_blender = False  # then it must wait while Blender renders

    def __init__(self, title: str, log: Path) -> None:
        self.title = title
        self.log = log
        self.state = "running"  # then done, cancelled or failed
        self.message = title
        self.factor: float | None = None  # 0 to 1, None where nobody can tell
        self.error = ""
        self.mend = ""  # what would help against the error: WORKER, TORCH, MODELS, or a look into the LOG
        self.warnings: list[str] = []
        self.preview: Path | None = None  # a picture that shows how far it is

    def poll_once(self) -> bool:
        """Take in what happened, without waiting; True once the task has ended."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Ask it to stop; `poll_once` tells when it has."""
        raise NotImplementedError

    def kill(self) -> None:
        """Stop it now, whatever it does."""
        raise NotImplementedError

    def fail(self, error: str, mend: str = "") -> None:
        """End as failed, with a text for people and what would help."""
        self.state, self.error, self.mend = "failed", error, mend

    def log_tail(self, lines: int) -> str:
        """The last lines of the log: where a traceback says what went wrong."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])


class WorkerTask(Task):
    """One command for one worker process; without a command it only asks what the worker has.

    A process for each task: nothing lingers between jobs, and memory (a GPU's too) is free again after each.
    """

    def __init__(self, title: str, python: Path, command: dict[str, Any] | None, log: Path) -> None:
        """Start the worker with the Python at `python`; `command` as in core.worker. Never raises: see `state`."""
        super().__init__(title, log)
        self.python = python
        self.ready: dict[str, Any] = {}  # the worker's first event: version, python, packages
        self.faces: dict[str, Any] = {}  # the event of a detection
        self.files: list[str] = []  # names of the frames that are written
        self._command = command
        self._deadline = time.monotonic() + READY_SECONDS
        self._cancelling = False
        self._child: ChildProcess | None = None
        try:
            self._child = ChildProcess(
                [str(python), "-I", "-u", "-c", _START_WORKER, str(EXTENSION), "worker"], log, listens=True
            )
        except OSError as error:
            self.fail(f"The worker's Python cannot be started: {python} ({error.strerror or error}).", "WORKER")
            return
        if command:
            self._child.send(json.dumps(command))

    def poll_once(self) -> bool:
        """Take in the worker's events."""
        while self.state == "running":
            try:
                line = self._child.next_line()
            except queue.Empty:
                self._check_time()
                break
            if line is None:
                self._ended()
            else:
                self._take(line)
        if self.state != "running" and self._child:
            self._child.hang_up()
        return self.state != "running"

    def cancel(self) -> None:
        """Ask the worker to stop after the frame it is at; kill it if it does not."""
        if self.state == "running" and not self._cancelling:
            self._cancelling, self.message = True, "Cancelling"
            self._deadline = time.monotonic() + CANCEL_SECONDS
            self._child.send('{"command": "cancel"}')

    def kill(self) -> None:
        """End the worker now; finished frames stay."""
        if self._child:
            self._child.end()
        if self.state == "running":
            self.state = "cancelled"

    def _check_time(self) -> None:
        if time.monotonic() < self._deadline or (self.ready and not self._cancelling):
            return
        self._child.end()
        if self._cancelling:
            self.state = "cancelled"
        else:
            self.fail(f"{self.python} was started but did not answer in {READY_SECONDS} s: is it a Python?", "WORKER")

    def _ended(self) -> None:
        if self._cancelling:
            self.state = "cancelled"
            return
        self.fail(f"The worker was {self._child.how_it_ended()}. {self.log_tail(1)}".rstrip(), "LOG")

    def _take(self, line: str) -> None:
        try:
            event = json.loads(line)
            name = event["event"]
        except (ValueError, TypeError, KeyError):
            return  # a library's chatter
        if name == "ready":
            self.ready = event
            if self._command is None:
                self.state = "done"
        elif name == "faces":
            self.faces = event
            if self._command and self._command["command"] == "detect":
                self.state = "done"
        elif name in ("done", "cancelled"):
            self.state = name
        elif name == "error":
            self.fail(event["message"], _mend(event))
        else:
            self._follow(event)

    def _follow(self, event: dict[str, Any]) -> None:
        if event["event"] == "stage":
            self.message = event["message"]
        elif event["event"] == "frame":
            self.files.append(Path(event["path"]).name)
            self.factor = event["done"] / event["total"]
            self.message = f"Frame {event['done']} of {event['total']}"
        elif event["event"] == "step":
            self.factor = event["step"] / event["total"]
            self.message = f"Step {event['step']} of {event['total']}"
            self.preview = Path(event["path"]) if "path" in event else None
        elif event["event"] == "warning":
            self.warnings.append(event["message"])


def _mend(event: dict[str, Any]) -> str:
    if event["kind"] == "missing":
        package = event["package"]
        return "MODELS" if not package else "TORCH" if package in _WITH_TORCH else "WORKER"
    return "LOG" if event["kind"] == "internal" else ""


def python_of_blender() -> Path:
    """The Python that Blender itself runs on: a base for environments."""
    names = [f"python{sys.version_info.major}.{sys.version_info.minor}", "python3", "python", "python.exe"]
    candidates = [Path(sys.executable), *(Path(sys.prefix) / "bin" / name for name in names)]
    return next((c for c in candidates if "python" in c.name.lower() and c.is_file()), candidates[0])
