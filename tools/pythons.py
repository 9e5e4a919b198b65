# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python of a given version on this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK = "import platform as p, sys; print(*sys.version_info[:2], p.python_implementation(), sys.maxsize > 2**32)"


def find_python(version: str) -> Path | None:
    """A 64-bit CPython of `version` ("3.11"): the running one, else the first found, else None."""
    seen: set[Path] = set()
    for candidate in _candidates(version):
        if candidate not in seen and is_python(candidate, version):
            return candidate
        seen.add(candidate)
    return None


def is_python(executable: Path, version: str) -> bool:
    """Whether the program starts and is a 64-bit CPython of that version; a pyenv shim may not be."""
    return _answer([str(executable), "-c", _ASK]) == f"{version.replace('.', ' ')} CPython True"


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for name in (f"python{version}", "python3", "python"):
        for folder in os.get_exec_path():
            found = shutil.which(name, path=folder)
            if found:
                yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    yield from sorted(pyenv.glob(f"pyenv-win/versions/{version}.*/python.exe"), reverse=True)
    for prefix in ("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"):
        yield Path(prefix, f"opt/python@{version}/bin/python{version}")
    yield Path(f"/Library/Frameworks/Python.framework/Versions/{version}/bin/python{version}")
    launcher = shutil.which("py")  # Windows
    if launcher:
        yield Path(_answer([launcher, f"-{version}", "-c", "import sys; print(sys.executable)"]) or launcher)


def _answer(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
