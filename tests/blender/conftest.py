# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Blender with the real extension, built as a zip, installed and enabled in a profile of its own."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

PROFILE = Path(tempfile.mkdtemp(prefix="gioconda_profile_"))
atexit.register(shutil.rmtree, PROFILE, ignore_errors=True)
os.environ["BLENDER_USER_RESOURCES"] = str(PROFILE)  # Blender reads it when it is imported
os.environ.setdefault("GIOCONDA_WORKER_PYTHON", sys.executable)

import bpy  # noqa: E402

import build  # noqa: E402
from tests.blender.timeline import add_picture, filmed  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

MODULE = "bl_ext.user_default.gioconda"
FRAMES = 8  # of the portrait


def pytest_configure(config: pytest.Config) -> None:
    # The tests use the names that 4.2 knows; Blender 5.2 still has them.
    config.addinivalue_line("filterwarnings", "ignore:.*expected to be removed in Blender 6.0:DeprecationWarning")


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installable zip, built and validated by Blender's own tool."""
    return build.build_package(Path(sys.executable), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session", autouse=True)
def extension(extension_zip: Path) -> Iterator[None]:
    """Install and enable it; at the end disable it, without which 4.2 crashes and 4.5 hangs on exit."""
    bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons
    yield
    bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture(scope="session")
def addon() -> Callable[[str], ModuleType]:
    """addon("strips") is the installed extension's module blender_addon.strips."""
    return lambda name: importlib.import_module(f"{MODULE}.blender_addon.{name}")


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """A picture with one face: NASA's, from the worker's scikit-image."""
    worker = Path(os.environ["GIOCONDA_WORKER_PYTHON"])
    return next(worker.parents[1].glob("[Ll]ib/**/skimage/data/astronaut.png"))


@pytest.fixture(scope="session")
def astronauts_face(astronaut: Path) -> str:
    """What Find Face keeps on a strip that shows the astronaut: tests that need no detection start from it."""
    strip = add_picture(_new_scene(), astronaut)
    bpy.ops.gioconda.find_face()
    return strip["gioconda_landmarks"]


@pytest.fixture
def scene() -> bpy.types.Scene:
    """An empty timeline of 25 frames per second at the astronaut's size, in plain colours."""
    return _new_scene()


@pytest.fixture
def portrait(scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path) -> Any:
    """The astronaut on frames 10 to 17, in a saved file."""
    strip = add_picture(scene, astronaut, start=10, length=FRAMES)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    strip["gioconda_landmarks"] = astronauts_face
    return strip


@pytest.fixture
def movie(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path) -> Path:
    """Four frames of the astronaut."""
    still = add_picture(scene, astronaut, length=4, channel=9)
    return filmed(addon, scene, still, tmp_path / "movie")


def _new_scene() -> bpy.types.Scene:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.sequence_editor_create()
    scene.view_settings.view_transform = "Standard"
    scene.render.fps, scene.render.fps_base = 25, 1
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.resolution_percentage = 100
    return scene
