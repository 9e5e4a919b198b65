# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the result of a portrait is put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.blender.timeline import add_picture, span, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    import bpy


def test_result_takes_the_nearest_channel_that_is_free_shown_and_unlocked(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    results = addon("result_strips")
    portrait = add_picture(scene, astronaut, start=10, length=20)
    assert results.free_channel(scene, portrait, 10, 30) == 2
    add_picture(scene, astronaut, start=29, length=5, channel=2)
    add_picture(scene, astronaut, start=30, length=5, channel=3)  # begins where the portrait ends
    assert results.free_channel(scene, portrait, 10, 30) == 3
    scene.sequence_editor.channels[3].lock = True
    scene.sequence_editor.channels[4].mute = True
    assert results.free_channel(scene, portrait, 10, 30) == 5


def test_result_of_a_portrait_in_a_meta_strip_lies_in_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    portrait = add_picture(scene, astronaut, start=10, length=3)
    meta = strips_of(scene).new_meta(name="group", channel=7, frame_start=10)
    portrait.move_to_meta(meta)
    result = addon("result_strips").add(scene, portrait, astronaut.parent, [astronaut.name] * 3, 10)
    assert result.parent_meta().name == "group"
    assert result.channel == portrait.channel + 1


def test_updated_result_moves_grows_and_keeps_out_of_the_way(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    results = addon("result_strips")
    portrait = add_picture(scene, astronaut, start=10, length=3)
    result = results.add(scene, portrait, astronaut.parent, [astronaut.name] * 3, 10)
    result.blend_alpha = 0.25
    result.frame_final_start = 11  # trimmed by the animator
    other = add_picture(scene, astronaut, start=24, length=10, channel=2)
    names = [astronaut.name] * 6
    results.update(scene, portrait, result, astronaut.parent, names, 20)
    assert (span(result), len(result.elements)) == ((20, 26), 6)
    assert (span(other), other.channel) == ((24, 34), 2)
    assert result.channel == 3
    assert result.blend_alpha == 0.25
