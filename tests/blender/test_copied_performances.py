# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances that are copied from strip to strip, and copies of strips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.conftest import FRAMES
from tests.blender.timeline import add_picture, key, strips_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


def test_a_performance_is_copied_in_time_with_the_strips(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    bpy.ops.gioconda.add_controls()
    key(portrait, "headYaw", [(10, 0), (17, 14)])
    portrait["jawOpen"] = 0.3
    portrait.gioconda.driven_by, portrait.gioconda.preset = "PRESET", "wink"
    other = add_picture(scene, astronaut, start=110, channel=2, length=FRAMES, name="other")
    scene.sequence_editor.active_strip = portrait
    portrait.select = other.select = True
    portrait.gioconda.person_path, portrait.gioconda.head_mask = "her.safetensors", "her.png"
    bpy.ops.gioconda.copy_performance()
    assert (other.gioconda.person_path, other.gioconda.head_mask) == ("", "")  # of another picture
    assert np.allclose(values_of(addon, scene, other, "headYaw"), values_of(addon, scene, portrait, "headYaw"))
    assert other["jawOpen"] == pytest.approx(0.3)
    assert (other.gioconda.driven_by, other.gioconda.preset) == ("PRESET", "wink")
    assert other["gioconda_portrait_id"] != portrait["gioconda_portrait_id"]
    other.select = False
    with pytest.raises(RuntimeError, match="Select the image or movie strips"):
        bpy.ops.gioconda.copy_performance()


def test_a_performance_is_copied_to_movies_but_not_to_the_one_that_drives(
    scene: bpy.types.Scene, portrait: Any, movie: Path
) -> None:
    driver, other = (
        strips_of(scene).new_movie(name=name, filepath=str(movie), channel=channel, frame_start=10)
        for name, channel in (("driver", 3), ("other", 4))
    )
    scene.sequence_editor.active_strip = portrait
    portrait.select = driver.select = other.select = True
    portrait.gioconda.driven_by, portrait.gioconda.strip_name = "MOVIE", "driver"
    bpy.ops.gioconda.copy_performance()
    assert (other.gioconda.driven_by, driver.gioconda.driven_by) == ("MOVIE", "KEYS")


def test_a_copy_without_a_result_is_keyed_itself(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    bpy.ops.gioconda.add_controls()
    copy = add_picture(scene, astronaut, start=10, length=FRAMES, channel=3, name="copy")
    for name in portrait.keys():  # noqa: SIM118 - a strip is no dictionary
        if name.startswith("gioconda_"):
            copy[name] = portrait[name]
    copy["gioconda_face_index"] = 1
    copy.gioconda.driven_by, copy.gioconda.preset = "PRESET", "nod"
    original = portrait["gioconda_portrait_id"]
    bpy.ops.gioconda.bake_keys()
    assert {curve.data_path.partition("]")[0] for curve in addon("curves").fcurves(scene)} == {
        addon("curves").curve_path(copy, "x").partition("]")[0]
    }
    assert portrait["gioconda_portrait_id"] == original != copy["gioconda_portrait_id"]
    copy["gioconda_portrait_id"] = original
    assert addon("portraits").find(scene, original, "copy").name == "copy"
