# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's Python environment: find it, make it, ask what it has.

Nothing of it is in Blender's own Python or in the extension's folder, and it is made on an explicit click only.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..core.errors import BadInputError, MissingError
from ..core.files import make_folder
from .client import EXTENSION, ChildProcess, Task, WorkerTask
from .preferences import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "GIOCONDA_WORKER_PYTHON"  # for scripts and farms: goes before the preferences
REQUIREMENTS = EXTENSION / "core" / "requirements.txt"
TORCH_REQUIREMENTS = EXTENSION / "core" / "requirements-torch.txt"
_READY_MADE = (3, 11), (3, 13)  # of all packages there are wheels for these versions of Python


def data_folder() -> Path:
    """Where the add-on keeps what it makes for itself: it outlives an update, and goes when the add-on is removed."""
    return Path(bpy.utils.extension_path_user(PACKAGE))


def environment_folder() -> Path:
    """The environment that `create_worker` makes, be it there or not."""
    return data_folder() / "worker"


def environment_python() -> Path:
    """The Python of that environment, be it there or not."""
    folder = environment_folder()
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def is_made() -> bool:
    """Whether that environment is there: without pip, which comes near the end, nothing can be installed."""
    python = environment_python()
    return python.is_file() and any(python.parent.glob("pip*"))


def environment_bytes() -> int:
    """How large it is."""
    return sum(path.lstat().st_size for path in environment_folder().rglob("*"))


def remove_environment() -> None:
    """Delete it (BadInputError: something in it is in use)."""
    try:
        shutil.rmtree(environment_folder())
    except OSError as error:
        raise BadInputError(
            f"{environment_folder()} cannot be removed ({error.strerror or error}). End what still uses it, then try "
            "again."
        ) from error


def worker_python(preferred: str) -> Path:
    """The Python to run the worker with: the variable, the preference, the created one (MissingError: none)."""
    for text, source in (
        (os.environ.get(VARIABLE, ""), f"The variable {VARIABLE}"),
        (preferred, "The preference Worker Python"),
    ):
        if text:
            path = Path(bpy.path.abspath(text))
            if path.is_file():
                return path
            raise MissingError(
                f"{source} names a worker Python that does not exist: {path}. Empty it to use the one that Create "
                "Worker makes."
            )
    if is_made():
        return environment_python()
    raise MissingError(
        "There is no worker yet: Gioconda draws in a Python environment of its own. Press Create Worker, or choose a "
        "Python in the add-on's preferences."
    )


def log_file(name: str) -> Path:
    """A log for what belongs to no job (BadInputError: its folder cannot be made)."""
    make_folder(data_folder())
    return data_folder() / f"{name}.log"


def check(python: Path) -> WorkerTask:
    """A task that asks a worker for its versions; see `lacking`."""
    return WorkerTask("Checking the worker", python, None, log_file("check"))


def lacking(task: WorkerTask) -> list[str]:
    """The pinned packages that the checked worker does not have."""
    found = {_plain(name) for name, version in task.ready.get("packages", {}).items() if version}
    return [name for name in _names(REQUIREMENTS) if _plain(name) not in found]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(requirements: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return [re.split(r"[\s<>=!~;\[]", line)[0] for line in lines if line and not line.startswith("-")]


def _strange_version(environment: Path) -> str:
    """What to tell of an environment of a Python that the packages do not come ready-made for; else nothing."""
    try:
        settings = (environment / "pyvenv.cfg").read_text("utf-8")
    except OSError:
        return ""
    found = re.search(r"^version\w*\s*=\s*(\d+)\.(\d+)", settings, re.MULTILINE)
    (first, last), version = _READY_MADE, tuple(map(int, found.groups())) if found else ()
    if not version or first <= version <= last:
        return ""
    first, last, version = (".".join(map(str, numbers)) for numbers in (first, last, version))
    return (
        f" Packages come ready-made for Python {first} to {last}, this is {version}: make an environment of one of "
        "those and choose it as Worker Python (see the user guide)."
    )


def create(base: Path, wheels: Path | None, *, with_torch: bool) -> InstallTask:
    """A task that makes the environment, or adds to it what it lacks.

    `base`: the Python to make it from. `wheels`: a folder of wheels to install from without a network; None: the
    package index, for which Blender's online access must be on (BadInputError).
    """
    if wheels is None and not bpy.app.online_access:
        raise BadInputError(
            "Blender's online access is off: allow it in Preferences > System > Network, or choose a folder of wheels "
            "to install from."
        )
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise BadInputError(f"There are no wheels (*.whl) in {wheels}")
    python = environment_python()
    pip = [str(python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    if wheels is not None:
        pip += ["--no-index", "--find-links", str(wheels)]
    steps = [("Installing packages", [*pip, "-r", str(REQUIREMENTS)])]
    if with_torch:
        steps.append(("Installing torch", [*pip, "-r", str(TORCH_REQUIREMENTS)]))
    if not is_made():  # or its base was removed, which leaves a dangling link
        make = [str(base), "-I", "-m", "venv", "--clear", str(environment_folder())]
        steps.insert(0, ("Making the environment", make))
    return InstallTask(python, steps)


class InstallTask(Task):
    """Programs that run one after another, then a check of the worker that they made, which compiles its loops."""

    def __init__(self, python: Path, steps: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Each step: what to tell the user, and the command."""
        super().__init__("Creating the worker", log_file("create_worker"))
        self.log.write_bytes(b"")
        self._python = python
        self._steps = list(steps)
        self._child: ChildProcess | None = None
        self._check: WorkerTask | None = None
        self._next()

    def _next(self) -> None:
        if not self._steps:
            self.message, self._child = "Checking the worker", None
            self._check = WorkerTask(self.message, self._python, {"command": "compile"}, log_file("check"))
            return
        self._step, command = self._steps.pop(0)
        self.message = self._step
        try:
            self._child = ChildProcess(command, self.log)
        except OSError as error:
            self.fail(f"{command[0]} cannot be started ({error.strerror or error}).")

    def poll_once(self) -> bool:
        """Take in what the programs print."""
        while self.state == "running":
            if self._check:
                self._take_check()
                break
            try:
                line = self._child.next_line()
            except queue.Empty:
                break
            if line is not None:
                self._tell(line)
            elif self._child.process.returncode:
                self.fail(f"{self._step} failed. {self._reason()}{_strange_version(self._python.parents[1])}", "LOG")
            else:
                self._next()
        return self.state != "running"

    def _tell(self, line: str) -> None:
        told = textwrap.shorten(line.partition(" (from ")[0], 90, placeholder=" ...")
        self.message = f"{self._step}: {told}"
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def _reason(self) -> str:
        told = self.log_tail(40).splitlines()
        errors = [line for line in told if line.startswith("ERROR")] or told[-1:]
        if not is_made() and not any(line.startswith("Traceback") for line in told):
            errors = [" ".join(told)]  # what venv itself says: what to install stands in the middle
        return next(reversed(errors), "").strip() or self._child.how_it_ended()

    def _take_check(self) -> None:
        if not self._check.poll_once():
            self.message = self._check.message
            return
        if self._check.ready and (missing := lacking(self._check)):
            self.fail(f"The worker was made but still lacks {', '.join(missing)}.", "LOG")
        elif self._check.state == "failed" and self._check.ready:
            self.warnings.append(f"The first frame will take longer: {self._check.error}")
            self.state = "done"
        elif self._check.state == "failed":
            self.fail(self._check.error, "LOG")
        else:
            self.state = self._check.state

    def cancel(self) -> None:
        """Stop; what was installed so far stays, and the next time goes on from there."""
        self.kill()

    def kill(self) -> None:
        """The same: there is nothing to wait for."""
        for part in (self._child, self._check):
            if isinstance(part, ChildProcess):
                part.end()
            elif part:
                part.kill()
        if self.state == "running":
            self.state = "cancelled"
