# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs in plain sight: every long step says what it does and for how long it has been at it."""

from __future__ import annotations

import os
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


def run(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, heartbeat: bool = False
) -> int:
    """Run a program in sight, with `env` added to the environment; gives its exit code.

    `heartbeat`: say now and then that it still runs, for programs that are silent where they cannot draw progress bars.
    """
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})})
    try:
        return _wait(process) if heartbeat else process.wait()
    except KeyboardInterrupt:
        process.wait()  # it got the same Ctrl+C
        raise


def step(title: str, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Announce a step and run it; BuildError names the step when it fails."""
    say(title)
    code = run(command, cwd=cwd, env=env, heartbeat=True)
    if code:
        raise BuildError(f"{title}: failed with exit code {code}. The lines above say why.")


def _wait(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return process.wait(timeout=_HEARTBEAT)
        except subprocess.TimeoutExpired:
            say("  still at it")
