# SPDX-License-Identifier: GPL-3.0-or-later
"""build.py from the outside: it finds Pythons, mends environments, names missing libraries, packs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import build
from tools.environment import MAIN_BPY, TORCH_FILES, Environment, _require_venv, ensure
from tools.pythons import find_python, is_python
from tools.running import BuildError
from tools.system_libraries import install_advice, missing_libraries

RUNNING = "{}.{}".format(*sys.version_info)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand for programs")


def test_the_running_python_is_preferred() -> None:
    assert find_python(RUNNING) == Path(sys.executable)
    assert find_python("3.1") is None


@posix_only
def test_a_shim_that_does_not_start_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim, real = tmp_path / "shims" / "python9.9", tmp_path / "pyenv/versions/9.9.1/bin/python"
    shim.parent.mkdir()
    real.parent.mkdir(parents=True)
    shim.write_text("#!/bin/sh\necho 'python9.9: command not found' >&2\nexit 127\n")
    real.write_text("#!/bin/sh\necho 9 9 CPython True\n")
    shim.chmod(0o755)
    real.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert not is_python(shim, "9.9")
    assert find_python("9.9") == real


def _write_wheel(folder: Path, *, module: str = "answer = 1\n", compiled: Path | None = None) -> Path:
    info = "tiny-1.0.dist-info"
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", module)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        if compiled:
            archive.write(compiled, compiled.name)
    return wheel


def _tiny_environment(folder: Path, *modules: str) -> Environment:
    """An environment whose one package is a wheel in the same folder."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{(folder / 'tiny-1.0-py3-none-any.whl').as_uri()}\n")
    return Environment(str(folder / "env"), RUNNING, (), (str(requirements),), modules)


def test_an_environment_is_made_once_reused_and_mended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _write_wheel(tmp_path)
    environment = _tiny_environment(tmp_path, "tiny")
    python = ensure(environment)
    assert subprocess.run([python, "-c", "import tiny"], check=False).returncode == 0
    capfd.readouterr()

    assert ensure(environment) == python
    assert capfd.readouterr().out == "", "the second run has nothing to do"

    with Path(environment.files[0]).open("a") as file:
        file.write("# another input\n")
    ensure(environment)
    told = capfd.readouterr().out
    assert "Installing" in told
    assert "Making" not in told, "changed requirements are installed in place"

    environment.stamp.unlink()  # as an interrupted installation leaves it
    next(environment.path.glob("lib/**/tiny.py")).unlink()
    ensure(environment)
    assert "Making" in capfd.readouterr().out
    assert subprocess.run([python, "-c", "import tiny"], check=False).returncode == 0

    python.unlink()  # as when the Python it came from is uninstalled
    ensure(environment)
    assert is_python(python, RUNNING)


def test_inputs_tell_environments_apart(tmp_path: Path) -> None:
    _write_wheel(tmp_path)
    environment = _tiny_environment(tmp_path)
    hashes = {environment.inputs(), replace(environment, groups=("test",)).inputs()}
    assert len(hashes | {replace(environment, torch=TORCH_FILES).inputs()}) == 3
    assert environment.inputs() in hashes


def test_torch_that_cannot_be_had_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _write_wheel(tmp_path)
    ensure(_tiny_environment(tmp_path))  # uv itself may have to be installed, with a network
    for name, value in (("UV_OFFLINE", "1"), ("UV_NO_CACHE", "1"), ("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    environment = replace(_tiny_environment(tmp_path, "tiny"), torch=TORCH_FILES)
    for told in ("asking pip", "Without torch"):
        assert is_python(ensure(environment), RUNNING)
        assert told in capfd.readouterr().out


def test_a_python_without_ensurepip_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)  # as Debian splits Python
    with pytest.raises(BuildError, match=rf"sudo apt-get install python{RUNNING}-venv"):
        _require_venv()


@pytest.fixture
def broken_module(tmp_path: Path) -> Path:
    """A compiled module that needs two libraries which the system has not."""
    compiler = shutil.which("gcc")
    if compiler is None or shutil.which("ldd") is None:
        pytest.skip("needs gcc and ldd")
    source = tmp_path / "empty.c"
    source.write_text("void nothing(void) {}\n")
    libraries = [tmp_path / "libXrender.so.1", tmp_path / "libnobody.so.7"]
    shared = [compiler, "-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,-z,lazy"]
    for library in libraries:
        subprocess.run([*shared, source, f"-Wl,-soname,{library.name}.absent", "-o", library], check=True)
    module = tmp_path / "broken.so"
    subprocess.run([*shared, source, *libraries, "-o", module], check=True)
    return module


def test_all_missing_libraries_are_found_at_once(broken_module: Path) -> None:
    assert missing_libraries([broken_module]) == ["libXrender.so.1.absent", "libnobody.so.7.absent"]
    assert missing_libraries([Path(sys.executable)]) == []


def test_an_import_error_alone_names_the_library() -> None:
    error = "libSM.so.6: cannot open shared object file: No such file or directory"
    assert missing_libraries([], error) == ["libSM.so.6"]
    assert missing_libraries([], "No module named 'bpy'") == []


def test_a_package_that_cannot_load_is_explained(tmp_path: Path, broken_module: Path) -> None:
    _write_wheel(tmp_path, compiled=broken_module)
    with pytest.raises(BuildError, match=r"broken cannot load.*libXrender\.so\.1\.absent.*libnobody\.so\.7"):
        ensure(_tiny_environment(tmp_path, "tiny", "broken"))


def test_a_damaged_package_is_explained(tmp_path: Path) -> None:
    _write_wheel(tmp_path, module="import absent_part\n")
    with pytest.raises(BuildError, match=r"(?s)tiny cannot load.*absent_part.*setup --fresh"):
        ensure(_tiny_environment(tmp_path, "tiny"))


def test_the_advice_is_a_command_for_this_system() -> None:
    missing = ["libSM.so.6", "libXrender.so.1", "libnobody.so.7"]
    debian = install_advice(missing, has=["apt-get"])
    assert "sudo apt-get install libsm6 libxrender1\n" in debian
    assert "apt-file search libnobody.so.7" in debian
    assert "dnf" not in debian
    fedora = install_advice(missing, has=["dnf"])
    assert "sudo dnf install 'libSM.so.6()(64bit)' 'libXrender.so.1()(64bit)'" in fedora
    assert "apt-get" in install_advice(missing, has=[]), "without a known tool, all are named"


def test_the_zip_holds_the_extension_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("bpy")
    archive = build.build_package(Path(sys.executable), tmp_path)
    manifest = (build.ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    assert archive.name == f"gioconda-{build.manifest_version(manifest)}.zip"
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"LICENSE", "NOTICE", "__init__.py", "blender_addon", "blender_manifest.toml", "core"}
    assert {
        "core/requirements.txt",
        "core/requirements-torch.txt",
        "core/motion/face_model.npz",
        "core/generators/warp/mask/selfie_segmentation.tflite",
    } <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".whl"))]
    assert "core/generators/few_shot/hybrid.safetensors" in names
    assert archive.stat().st_size < 12_000_000  # most of it are the networks


def test_test_arguments_reach_every_blender() -> None:
    assert build._blender_tests(["-k", "undo"]) == ["-k", "undo", "tests/blender"]
    assert build._blender_tests(["tests/test_build.py"]) == []
    assert build._blender_tests(["-x", "tests/blender", "tests/test_build.py"]) == ["-x", "tests/blender"]


@pytest.mark.parametrize(("arguments", "told"), [(["demo", "--nonsense"], "--nonsense"), ([], "COMMAND")])
def test_a_wrong_command_line_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build.main(arguments)
    assert told in capsys.readouterr().err


def test_every_blender_has_its_pins() -> None:
    pins = (build.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for version, python in build.BPY_PYTHON.items():
        assert f'"bpy-{version}" = ["bpy=={version}.' in pins
        assert version in MAIN_BPY.values() or python in MAIN_BPY
