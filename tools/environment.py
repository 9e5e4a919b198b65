# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the project's virtual environments with uv, once; mend those that are half-made or out of date."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .pythons import find_python, is_python
from .running import BuildError, run_quiet, say, step
from .system_libraries import install_advice, missing_libraries

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
TORCH_FILES = ("core/requirements-torch.txt", "core/requirements-train.txt")
SCORER_FILE = "../shared/eval/requirements.txt"
SCORER_PYTHON = ("3.11", "3.12")
BPY_PYTHON = {"5.0": "3.11", "5.2": "3.13", "4.5": "3.11", "4.2": "3.11"}
"""The Python that each tested Blender is built for."""
MAIN_BPY = {"3.11": "5.0", "3.13": "5.2"}
"""The Blender of the main environment, by Python, preferred one first."""


@dataclass(frozen=True)
class Environment:
    """What a virtual environment holds. `groups` are dependency groups of pyproject.toml."""

    folder: str
    python: str
    groups: tuple[str, ...]
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()  # must be importable at the end
    torch: tuple[str, ...] = ()  # files of requirements that need a build of torch which fits this computer

    @property
    def path(self) -> Path:
        """The environment's folder."""
        return ROOT / self.folder

    @property
    def executable(self) -> Path:
        """The environment's Python."""
        return self.path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """Written when all is installed: no stamp, no environment."""
        return self.path / "gioconda.json"

    def inputs(self) -> str:
        """Hash of all that decides what gets installed."""
        digest = hashlib.sha256(json.dumps([asdict(self), UV_VERSION]).encode())
        for name in ("pyproject.toml", *self.files, *self.torch):
            digest.update((ROOT / name).read_bytes())
        return digest.hexdigest()


def main_environment() -> Environment:
    """`.venv`: Blender, the worker's packages, the demo's and the tests', on the first Python that fits."""
    environment = Environment(
        ".venv",
        "",
        ("demo", "test"),
        files=("core/requirements.txt",),
        modules=(
            "bpy",
            "cv2",
            "av",
            "dlib",
            "numba",
            "OpenEXR",
            "PIL.Image",
            "face_recognition_models",
            "pocketsphinx",
        ),
        torch=TORCH_FILES,
    )
    python = _read_stamp(environment).get("python") or _choose_python()
    return replace(environment, python=python, groups=(f"bpy-{MAIN_BPY[python]}", *environment.groups))


def bpy_environment(version: str) -> Environment:
    """A small one with another Blender, for tests/blender; its worker is the main environment's."""
    return Environment(f".venv-bpy-{version}", BPY_PYTHON[version], (f"bpy-{version}", "test"), modules=("bpy",))


def lint_environment() -> Environment:
    """The linters, out of the way of what they look at."""
    return replace(main_environment(), folder=".venv-lint", groups=("lint",), files=(), modules=(), torch=())


def scorer_environment() -> Environment:
    """What `bench --quality` scores with, as its own list says; the tracker in it ends at Python 3.12."""
    python = next((version for version in SCORER_PYTHON if find_python(version)), SCORER_PYTHON[0])
    return Environment(".venv-scorer", python, (), modules=("torch", "mediapipe", "dlib"), torch=(SCORER_FILE,))


def ensure(environment: Environment, *, fresh: bool = False) -> Path:
    """Give the environment's Python, after making or mending the environment where that is needed."""
    stamp = _read_stamp(environment)
    works = bool(stamp) and is_python(environment.executable, environment.python)
    if fresh or not works or stamp.get("inputs") != environment.inputs():
        stamp = _install(environment, fresh=fresh or not works)
    if stamp["torch"] and "torch" in environment.modules:
        environment.stamp.unlink()  # so that the next run tries again
        raise BuildError(f"{environment.folder} needs torch: {stamp['torch']}")
    if stamp["torch"]:
        say(f"Without torch: {stamp['torch']}. The face-alignment detector and the few-shot generator need it.")
    if not stamp["loads"]:
        _check_modules(environment)
        _write_stamp(environment, {**stamp, "loads": True})
    return environment.executable


def _choose_python() -> str:
    running = "{}.{}".format(*sys.version_info)
    if running in MAIN_BPY and is_python(Path(sys.executable), running):
        return running
    return next((version for version in MAIN_BPY if find_python(version)), next(iter(MAIN_BPY)))


def _install(environment: Environment, *, fresh: bool) -> dict[str, Any]:
    uv = _uv()
    environment.stamp.unlink(missing_ok=True)
    if fresh:
        found = find_python(environment.python)
        source = [found] if found else [environment.python, "--managed-python"]
        title = f"Making {environment.folder} with {found or f'Python {environment.python}, which uv fetches'}"
        _uv_step(title, uv, ["venv", "--clear", "--python", *source, environment.path])
    wanted = [part for group in environment.groups for part in ("--group", group)]
    wanted += [part for name in environment.files for part in ("-r", name)]
    size = " (Blender is a download of about 350 MB)" if "bpy" in environment.modules else ""
    title = f"Installing {', '.join([*environment.groups, *environment.files])} in {environment.folder}{size}"
    if wanted:
        _uv_step(title, uv, ["pip", "install", "--python", environment.executable, *wanted])
    stamp = {
        "inputs": environment.inputs(),
        "python": environment.python,
        "torch": _install_torch(uv, environment) if environment.torch else "",
        "loads": False,
    }
    _write_stamp(environment, stamp)
    return stamp


def _install_torch(uv: Path, environment: Environment) -> str:
    """Install torch and what is listed with it; '' or why there is none (see docs/decisions/torch.md)."""
    python = environment.executable
    listed = [part for name in environment.torch for part in ("-r", name)]
    say("Installing torch, the build that fits this computer's GPU or CPU")
    backend = ["pip", "install", "--python", python, "--torch-backend=auto", *listed]
    if run_quiet([uv, *backend], cwd=ROOT, env=_UV_ENV) == 0:
        return ""
    pinned = next(line for line in (ROOT / environment.torch[0]).read_text().splitlines() if line.startswith("torch=="))
    say("PyTorch's own index cannot be had: asking pip, as it is configured here, for a CPU build")
    tools_pip = [_tools_python(), "-m", "pip", "--python", python, "install", "-qq", "--no-input"]
    # --no-compile: Python compiles what it imports, when it does; all of torch would take half a minute
    if run_quiet([*tools_pip, "--no-compile", f"{pinned}+cpu", *listed], cwd=ROOT) == 0:
        return ""
    return "no CPU build could be installed (try again with `python3 build.py setup --fresh`)"


def _check_modules(environment: Environment) -> None:
    """Import what must be importable; BuildError tells which system libraries are missing."""
    script = (
        "import importlib, importlib.util, json, sys\n"
        "failed = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: importlib.import_module(name)\n"
        "    except Exception as error:\n"
        "        spec = importlib.util.find_spec(name.partition('.')[0])\n"
        "        failed[name] = [str(error), spec.origin if spec else '']\n"
        "print('\\n' + json.dumps(failed))\n"
    )
    command = [str(environment.executable), "-I", "-c", script, *environment.modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{environment.folder}: its Python stopped while loading packages:\n{done.stderr}")
    failed = json.loads(done.stdout.splitlines()[-1])
    if failed:
        raise BuildError(_explain(environment, failed))


def _explain(environment: Environment, failed: dict[str, list[str]]) -> str:
    missing: set[str] = set()
    for error, origin in failed.values():
        compiled = [Path(origin), *Path(origin).parent.glob("*.so")] if origin else []
        missing.update(missing_libraries([p for p in compiled if ".so" in p.name], error))
    names = ", ".join(failed)
    if missing:
        return (
            f"{names} cannot load: this system lacks {', '.join(sorted(missing))}.\n"
            f"Install what is missing, then run the same command again:\n{install_advice(sorted(missing))}"
        )
    reasons = "\n".join(f"  {name}: {error}" for name, (error, _) in failed.items())
    return (
        f"{names} cannot load from {environment.folder}:\n{reasons}\n"
        "If files are damaged, `python3 build.py setup --fresh` installs them anew."
    )


# The system's certificates: behind a company's proxy the built-in ones do not do.
_UV_ENV = {"UV_SYSTEM_CERTS": os.environ.get("UV_SYSTEM_CERTS", "1")}


def _uv_step(title: str, uv: Path, arguments: list[Any]) -> None:
    step(title, [uv, *arguments], cwd=ROOT, env=_UV_ENV)


def _tools_python() -> Path:
    return Environment(".venv-tools", "", ()).executable


def _uv() -> Path:
    """The pinned uv, installed with pip in a small environment of its own."""
    python = _tools_python()
    uv = python.with_name("uv.exe" if os.name == "nt" else "uv")
    try:
        told = subprocess.run([str(uv), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        told = ""
    if told.split()[1:2] != [UV_VERSION]:
        _require_venv()
        folder = python.parent.parent
        step("Making .venv-tools", [sys.executable, "-m", "venv", "--clear", folder], cwd=ROOT)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        step(f"Installing uv {UV_VERSION}", [*pip, f"uv=={UV_VERSION}"], cwd=ROOT)
    return uv


def _require_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it in a package of its own
        name = "python{}.{}-venv".format(*sys.version_info)
        raise BuildError(
            f"This Python ({sys.executable}) cannot make virtual environments: ensurepip is missing.\n"
            f"  Debian, Ubuntu:  sudo apt-get install {name}"
        )


def _read_stamp(environment: Environment) -> dict[str, Any]:
    try:
        return json.loads(environment.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write_stamp(environment: Environment, stamp: dict[str, Any]) -> None:
    environment.stamp.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
