# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that runs the core for Blender: JSON lines in on stdin, events as JSON lines out on stdout.

Commands: {"command": "run", "job": {...}}, {"command": "detect", "picture": "...", ...},
{"command": "matte", "portrait": {...}, "output": "...", ...},
{"command": "perform", "driver": {...}, "amounts": {...}, "keys": {...}, "output": "...", ...}: the driver's controls,
{"command": "tune", "pictures": [...], "output": "...", "checkpoint": "..." or null, "minutes": 4}: a person file,
{"command": "compile"}, {"command": "cancel"}.
When stdin ends, the parent is gone and so is the worker.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import packages, version
from .errors import BadInputError, CancelledError
from .events import report, until_cancelled

if TYPE_CHECKING:
    from .drivers import Driver
    from .events import Event, OnEvent
    from .motion.amounts import RegionAmounts
    from .motion.controls import ControlTrack

_LAST_SECONDS = 1  # for a job to stop by itself when the parent is gone


class _Order(NamedTuple):
    """A command, and the event that a later cancel sets."""

    command: dict[str, Any]
    cancelled: threading.Event


def serve() -> int:
    """Answer commands until stdin ends."""
    tell = _claim_stdout()
    orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, tell), daemon=True).start()
    found = {"version": version(), "python": platform.python_version(), "packages": packages.versions()}
    tell({"event": "ready", **found})
    while (order := orders.get()) is not None:
        try:
            report(partial(_obey, order, tell), tell)
        except Exception as error:  # noqa: BLE001 - a bug must reach the user as a message, and the log as a traceback
            traceback.print_exc()
            tell(_error("internal", f"The worker failed: {type(error).__name__}: {error}"))
    return 0


def _claim_stdout() -> OnEvent:
    """Keep stdout for events, a JSON object a line: whatever a library prints goes to stderr, the log."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            try:
                out.write(json.dumps(event) + "\n")
                out.flush()
            except OSError:  # nobody listens any more
                os._exit(0)

    return tell


def _listen(orders: queue.SimpleQueue[_Order | None], tell: OnEvent) -> None:
    """Read stdin, so that a cancel is seen while a job runs and the end of the parent ends us.

    A cancel is for all commands that came before it, also for one that has not begun.
    """
    cancelled = threading.Event()
    for line in sys.stdin.buffer:
        try:
            command: Any = json.loads(line)
            name = command["command"]
        except (ValueError, TypeError, KeyError) as error:
            tell(_error("bad_input", f"Not a command: {line!r} ({error})."))
            continue
        if name == "cancel":
            cancelled.set()
            cancelled = threading.Event()
        else:
            orders.put(_Order(command, cancelled))
    cancelled.set()
    orders.put(None)
    time.sleep(_LAST_SECONDS)
    os._exit(0)  # a frame that is being written has a temporary name: nothing is left half done


def _obey(order: _Order, tell: OnEvent) -> None:
    # Here, so that a Python without numpy can say so.
    from .job import PortraitSource, job_from_dict, model_files_from_dict, portrait_from_dict
    from .json_form import flag
    from .run import detect_faces, prepare_computer, run_job, write_matte, write_performance

    command, cancelled = order
    if cancelled.is_set():
        raise CancelledError(0)
    try:
        name, models = command["command"], model_files_from_dict(command, Path.cwd())
        heard = until_cancelled(tell, cancelled.is_set)
        if name == "run":
            action = partial(run_job, job_from_dict(command["job"], Path.cwd()), tell, cancelled.is_set)
        elif name == "detect":
            detector = str(command.get("detector", PortraitSource.detector))
            action = partial(detect_faces, Path(command["picture"]), detector, heard, models)
        elif name == "matte":
            portrait, output = portrait_from_dict(command["portrait"], Path.cwd()), Path(command["output"])
            action = partial(write_matte, portrait, output, heard, models, cut_out=flag(command, "cut_out"))
        elif name == "perform":
            moved, output, live = _driving(command), Path(command["output"]), flag(command, "as_live_link")
            action = partial(write_performance, *moved, output, heard, models, as_live_link=live)
        elif name == "tune":
            from .training.learn_person import learn_person

            pictures, start = [Path(path) for path in command["pictures"]], command.get("checkpoint")
            networks = None if start is None else Path(start)
            minutes = float(command["minutes"])
            action = partial(learn_person, pictures, Path(command["output"]), heard, networks, minutes=minutes)
        elif name == "compile":
            action = partial(prepare_computer, heard)
        else:
            raise BadInputError(f"Unknown command {name!r}: run, detect, matte, perform, tune, compile or cancel.")
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(
            f"The command {command!r} lacks something or has a value of the wrong kind ({error})."
        ) from error
    action()


def _driving(command: dict[str, Any]) -> tuple[Driver, RegionAmounts, ControlTrack | None]:
    from .drivers import driver_from_dict
    from .motion.amounts import amounts_from_dict
    from .motion.controls import control_track_from_dict

    source = "The command"
    keys = None if command.get("keys") is None else control_track_from_dict(command["keys"], f"{source}, keys")
    driver = driver_from_dict(command["driver"], Path.cwd(), source)
    return driver, amounts_from_dict(command.get("amounts", {}), source), keys


def _error(kind: str, message: str) -> Event:
    return {"event": "error", "kind": kind, "message": message, "package": None}
