# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames per second, what a strip shows of its content, and the colours it is shown in."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import bpy
import pytest

from tests.blender.timeline import add_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.mark.parametrize(
    ("fps", "base", "exact"),
    [(25, 1, Fraction(25)), (24, 1.001, Fraction(24000, 1001)), (60, 1.001, Fraction(60000, 1001))],
)
def test_fps_is_exact(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, fps: int, base: float, exact: Fraction
) -> None:
    scene.render.fps, scene.render.fps_base = fps, base
    assert addon("strips").exact_fps(scene) == exact


def test_visible_range_of_trimmed_and_moved_strips(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strips = addon("strips")
    strip = add_picture(scene, astronaut, start=10, length=30)
    assert strips.visible_range(strip) == (10, 40)
    strip.frame_final_start, strip.frame_final_end = 15, 35
    assert strips.visible_range(strip) == (15, 35)
    strip.frame_start += 100
    assert strips.visible_range(strip) == (115, 135)
    sequence = add_picture(scene, astronaut, start=10, length=1, channel=2)
    for _ in range(9):
        sequence.elements.append(astronaut.name)
    sequence.frame_final_start = 14
    assert strips.visible_range(sequence) == (14, 20)
    assert strips.content_start(sequence) == 10


def test_colour_changes_are_named_and_mended(addon: Callable[[str], ModuleType], scene: bpy.types.Scene) -> None:
    colours, view = addon("colours"), scene.view_settings
    assert colours.changes(scene) == []
    view.view_transform, view.exposure, view.gamma, view.use_curve_mapping = "AgX", 1, 2, True
    view.look = "AgX - Punchy"
    told = " ".join(colours.changes(scene))
    assert all(word in told for word in ("AgX", "Look", "Exposure 1", "Gamma 2", "Curves"))
    assert bpy.ops.gioconda.fix_view_transform() == {"FINISHED"}
    assert colours.changes(scene) == []
