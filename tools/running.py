# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs in plain sight: every long step says what it does and for how long it has been at it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_STARTED = time.monotonic()
_HEARTBEAT = 15.0  # seconds of silence after which a step says that it lives


class BuildError(Exception):
    """Something that the person at the keyboard can put right; the message says how."""


def say(message: str) -> None:
    """Print a line with the seconds since build.py started."""
    print(f"[{time.monotonic() - _STARTED:4.0f} s] {message}", flush=True)


def run(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, hide: str = "") -> int:
    """Run a program in sight, with `env` added to the environment; gives its exit code.

    `hide` is a regular expression: lines in which it is found are not shown.
    """
    process = _start(command, cwd=cwd, env=env, stdout=subprocess.PIPE if hide else None)
    try:
        for line in process.stdout or ():
            if not re.search(hide, line):
                print(line, end="", flush=True)
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # it got the same Ctrl+C
        raise


def step(title: str, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Announce a step and run it; BuildError names the step when it fails."""
    say(title)
    code = run_quiet(command, cwd=cwd, env=env)
    if code:
        raise BuildError(f"{title}: failed with exit code {code}. The lines above say why.")


def run_quiet(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """The same as `run` for a program that may be silent for long: says now and then that it still works."""
    process = _start(command, cwd=cwd, env=env)
    while True:
        try:
            return process.wait(timeout=_HEARTBEAT)
        except subprocess.TimeoutExpired:
            say("  still at it")
        except KeyboardInterrupt:
            process.wait()
            raise


def _start(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None, stdout: int | None = None
) -> subprocess.Popen[str]:
    complete = {**os.environ, **(env or {})}
    return subprocess.Popen([str(part) for part in command], cwd=cwd, env=complete, stdout=stdout, text=True)
