# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import bpy
import pytest

from core.generators import GENERATORS
from core.landmarks import DETECTORS, MISSING
from core.motion import MOTIONS
from core.motion.amounts import RegionAmounts
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


def test_disable_leaves_nothing_behind_and_enable_brings_it_back() -> None:
    classes = sys.modules[f"{MODULE}.blender_addon"].CLASSES
    enabled = _handlers()
    assert all(cls.is_registered for cls in classes)
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not [cls for cls in classes if cls.is_registered]
    assert not hasattr(bpy.types.Scene, "gioconda")
    assert _handlers() == enabled - 1
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


def test_what_can_be_chosen_is_what_core_takes(addon: Callable[[str], ModuleType]) -> None:
    settings = addon("driver_settings")
    for offered, taken in (
        (addon("properties").DETECTORS, DETECTORS),
        (settings.GENERATORS, GENERATORS),
        (settings.MOTIONS, MOTIONS),
        (settings._WITHOUT_FACE, MISSING),
    ):
        assert [item[0].lower() for item in offered] == list(taken)
    assert list(settings.REGIONS) == [field.name for field in fields(RegionAmounts)]


def test_every_button_and_setting_has_a_tooltip_in_one_piece() -> None:
    operators = [getattr(bpy.ops.gioconda, name).get_rna_type() for name in dir(bpy.ops.gioconda)]
    groups = bpy.types.PropertyGroup, bpy.types.AddonPreferences
    settings = [cls.bl_rna for cls in sys.modules[f"{MODULE}.blender_addon"].CLASSES if issubclass(cls, groups)]
    told = {operator.identifier: operator.description for operator in operators}
    for owner in (*operators, *settings):
        for known in owner.properties:
            if known.is_hidden or known.identifier in ("rna_type", "name", "bl_idname"):
                continue
            told[f"{owner.identifier} {known.identifier}"] = known.description
            if known.type == "ENUM" and known.identifier != "landmark":  # whose names say all
                told |= {f"{owner.identifier} {known.identifier} {i.name}": i.description for i in known.enum_items}
    assert len(told) > 100
    assert not {name: text for name, text in told.items() if not text or "\n" in text}


@pytest.mark.parametrize("name", ["GIOCONDA_OT_save_preset", "GIOCONDA_OT_export_performance"])
def test_a_file_dialog_gives_a_name_its_ending(name: str) -> None:
    operator = next(cls for cls in sys.modules[f"{MODULE}.blender_addon"].CLASSES if cls.__name__ == name)
    glob = getattr(bpy.ops.gioconda, name.partition("OT_")[2]).get_rna_type().properties["filter_glob"].default
    ending = Path(operator.suggested).suffix
    assert ending in glob
    for typed, changed, named in (
        ("folder/take 1.5", True, f"folder/take 1.5{ending}"),
        ("folder/take.JSON", False, "folder/take.JSON"),
        ("folder/", False, "folder/"),
    ):
        dialog = SimpleNamespace(filepath=typed, filter_glob=glob, suggested=operator.suggested)
        assert operator.check(dialog, bpy.context) == changed
        assert dialog.filepath == named


def test_file_dialogs_ask_before_they_overwrite_and_hide_what_is_for_scripts() -> None:
    for operator, writes in (
        (bpy.ops.gioconda.save_preset, True),
        (bpy.ops.gioconda.export_performance, True),
        (bpy.ops.gioconda.load_landmarks, False),
    ):
        shown = operator.get_rna_type().properties
        assert shown["strip_name"].is_hidden
        assert ("check_existing" in shown) == writes
