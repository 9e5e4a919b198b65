# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import bpy

from tests.blender.conftest import MODULE, PROFILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MEASURE = """
import importlib, sys, time
import bpy
before = "numpy" in sys.modules
begin = time.perf_counter()
extension = importlib.import_module(sys.argv[1])
extension.register()
print("ms", 1000 * (time.perf_counter() - begin))
print("numpy", "numpy" in sys.modules and not before)
extension.unregister()
"""


def _handlers() -> int:
    handlers = (getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers))
    return sum(len(functions) for functions in handlers if isinstance(functions, list))


def test_disable_leaves_nothing_behind_and_enable_brings_it_back(addon: Callable[[str], ModuleType]) -> None:
    classes = sys.modules[f"{MODULE}.blender_addon"].CLASSES
    enabled = _handlers()
    assert all(cls.is_registered for cls in classes)
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not [cls for cls in classes if cls.is_registered]
    assert not hasattr(bpy.types.Scene, "gioconda")
    assert _handlers() == enabled - len(addon("session")._HANDLERS)
    bpy.ops.preferences.addon_enable(module=MODULE)
    assert bpy.ops.gioconda.generate.poll()
    assert hasattr(bpy.types.Scene, "gioconda")
    assert _handlers() == enabled


def test_import_and_register_take_less_than_50_ms_and_no_numpy() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["BLENDER_USER_RESOURCES"] = str(PROFILE)
    times = []
    for _ in range(4):  # the first one compiles
        told = subprocess.run(
            [sys.executable, "-c", MEASURE, MODULE], env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert "numpy False" in told
        times.append(float(told.split("ms ")[1].split()[0]))
    print("import and register, ms:", *(round(t, 1) for t in times))
    assert min(times) < 50
