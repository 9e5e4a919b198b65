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

ENABLE = """
import importlib, sys
import bpy
before = "numpy" in sys.modules
extension = importlib.import_module(sys.argv[1])
extension.register()
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


def test_import_and_register_do_without_numpy() -> None:
    """It is what makes enabling fast; `build.py bench` tells how fast."""
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(PROFILE)}
    command = [sys.executable, "-c", ENABLE, MODULE]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "numpy False" in told


def test_file_dialogs_ask_before_they_overwrite_and_hide_what_is_for_scripts() -> None:
    for operator, writes in (
        (bpy.ops.gioconda.save_preset, True),
        (bpy.ops.gioconda.export_performance, True),
        (bpy.ops.gioconda.load_landmarks, False),
    ):
        shown = operator.get_rna_type().properties
        assert shown["strip_name"].is_hidden
        assert ("check_existing" in shown) == writes
