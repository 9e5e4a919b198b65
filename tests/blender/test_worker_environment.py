# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import bpy
import pytest

from tests.blender.conftest import MODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def no_worker(addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user who has no worker yet; the folder that one would be made in."""
    monkeypatch.delenv("GIOCONDA_WORKER_PYTHON")
    folder = addon("runtime").environment_folder()
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


INSTALL_AND_UNINSTALL = """
import importlib, sys
import bpy
archive, module = sys.argv[1:]

def install():
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)

install()
folder = importlib.import_module(module + ".blender_addon.runtime").environment_folder()
folder.mkdir(parents=True)
install()
print("updated", folder.exists())
index = [repo.module for repo in bpy.context.preferences.extensions.repos].index("user_default")
bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="gioconda")
print("uninstalled", folder.exists())
"""


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with one small wheel."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tiny_face-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_face-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_face.py", "VALUE = 1\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-face\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def test_a_working_worker_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert bpy.ops.gioconda.check_worker() == {"FINISHED"}
    assert "The worker is ready: Python 3" in capfd.readouterr().out


def test_nothing_is_downloaded_while_blender_is_offline(no_worker: Path) -> None:
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="online access is off"):
        bpy.ops.gioconda.create_worker()
    assert not no_worker.exists()


def test_a_folder_without_wheels_is_told(no_worker: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no wheels"):
        bpy.ops.gioconda.create_worker(wheels_folder=str(tmp_path))
    assert not no_worker.exists()


def test_environment_is_made_from_wheels_without_a_network(
    addon: Callable[[str], ModuleType], no_worker: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real venv and pip, with a shorter list of packages: the check afterwards finds such a worker wanting."""
    runtime, wanted = addon("runtime"), tmp_path / "requirements.txt"
    monkeypatch.setattr(runtime, "REQUIREMENTS", wanted)
    wanted.write_text("not-there==1.0\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"Installing packages failed.*not-there==1\.0") as failure:
        bpy.ops.gioconda.create_worker(wheels_folder=str(wheels))
    assert "ready-made" not in str(failure.value)  # this version is one of those
    settings = no_worker / "pyvenv.cfg"
    own = settings.read_text("utf-8")
    settings.write_text(own.replace("version = 3.", "version = 3.9"), "utf-8")  # as a newer Blender's may be
    with pytest.raises(RuntimeError, match=r"not-there==1\.0.*ready-made for Python 3\.11 to 3\.13, this is 3\.9\d\d"):
        bpy.ops.gioconda.create_worker(wheels_folder=str(wheels))
    settings.write_text(own, "utf-8")
    made = settings.stat().st_mtime_ns
    wanted.write_text("tiny-face==1.0\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="lacks"):
        bpy.ops.gioconda.create_worker(wheels_folder=str(wheels))
    assert settings.stat().st_mtime_ns == made  # it went on where it had failed
    assert list(no_worker.glob("[Ll]ib/**/site-packages/tiny_face.py"))
    assert runtime.worker_python("") == runtime.environment_python()


@pytest.mark.main_only
def test_an_environment_that_was_left_half_made_is_made_anew(
    addon: Callable[[str], ModuleType], no_worker: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pip nothing can be installed into it, however often one presses the button."""
    runtime, wanted = addon("runtime"), tmp_path / "requirements.txt"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(no_worker)], check=True)
    with pytest.raises(RuntimeError, match="There is no worker yet"):
        bpy.ops.gioconda.check_worker()
    monkeypatch.setattr(runtime, "REQUIREMENTS", wanted)
    wanted.write_text("tiny-face==1.0\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="lacks"):
        bpy.ops.gioconda.create_worker(wheels_folder=str(wheels))
    assert list(no_worker.glob("[Ll]ib/**/site-packages/tiny_face.py"))


def test_the_worker_outlives_an_update_and_no_uninstall(extension_zip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INSTALL_AND_UNINSTALL, str(extension_zip), MODULE]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "updated True" in told
    assert "uninstalled False" in told


def test_the_worker_is_removed(addon: Callable[[str], ModuleType], no_worker: Path) -> None:
    assert not bpy.ops.gioconda.remove_worker.poll()
    (no_worker / "bin").mkdir(parents=True)
    (no_worker / "bin/python").write_bytes(bytes(1000))
    assert addon("runtime").environment_bytes() >= 1000
    assert bpy.ops.gioconda.remove_worker() == {"FINISHED"}
    assert not no_worker.exists()


@pytest.mark.skipif(os.name == "nt", reason="the Python that fails is a shell script")
@pytest.mark.usefixtures("no_worker")
def test_all_that_a_failing_python_says_is_told(wheels: Path, tmp_path: Path) -> None:
    """As Debian's does where its package for environments is missing: what to install stands in the middle."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho ensurepip is not available.\necho\necho apt install venv\nexit 1\n")
    python.chmod(0o700)
    with pytest.raises(RuntimeError, match=r"Making the environment failed. ensurepip is not available.*apt install"):
        bpy.ops.gioconda.create_worker(wheels_folder=str(wheels), base_python=str(python))
