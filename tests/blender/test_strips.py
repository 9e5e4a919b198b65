# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import bpy
import pytest

from tests.blender.timeline import add_picture, pixels, save_picture, span, strips_of

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


def test_picture_is_the_one_at_the_first_visible_frame(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    values = pixels(astronaut)
    for name in ("a.png", "b.png", "c.png"):
        save_picture(tmp_path / name, values[:64, :64])
    strip = add_picture(scene, tmp_path / "a.png", start=1, length=1)
    strip.elements.append("b.png")
    strip.elements.append("c.png")
    assert addon("strips").picture_path(strip) == tmp_path / "a.png"
    strip.frame_final_start = 2
    assert addon("strips").picture_path(strip) == tmp_path / "b.png"


def test_paths_with_spaces_accents_and_relative_ones(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Mes images é 日本"
    folder.mkdir()
    picture = save_picture(folder / "visage à moi.png", pixels(astronaut)[:64, :64])
    strip = add_picture(scene, picture)
    assert addon("strips").picture_path(strip) == picture
    strip.directory = f"//{folder.name}/"
    with pytest.raises(Exception, match="not saved yet"):
        addon("strips").picture_path(strip)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert addon("strips").picture_path(strip) == picture


def test_what_is_no_portrait_is_told(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, tmp_path: Path
) -> None:
    strips, portraits = addon("strips"), addon("portraits")
    with pytest.raises(Exception, match="No strip is selected"):
        portraits.portrait_strip(scene, "")
    with pytest.raises(Exception, match='no strip named "nobody"'):
        portraits.portrait_strip(scene, "nobody")
    meta = strips_of(scene).new_meta(name="group", channel=5, frame_start=1)
    with pytest.raises(Exception, match='"group" is no image strip'):
        strips.picture_path(meta)
    gone = add_picture(scene, tmp_path / "gone.png")
    with pytest.raises(Exception, match=r'picture of "gone" is missing: .*gone\.png'):
        strips.picture_path(gone)


def test_result_takes_the_nearest_channel_that_is_free_shown_and_unlocked(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strips = addon("strips")
    portrait = add_picture(scene, astronaut, start=10, length=20)
    assert strips.free_channel(scene, portrait, 10, 30) == 2
    add_picture(scene, astronaut, start=29, length=5, channel=2)
    add_picture(scene, astronaut, start=30, length=5, channel=3)  # begins where the portrait ends
    assert strips.free_channel(scene, portrait, 10, 30) == 3
    scene.sequence_editor.channels[3].lock = True
    scene.sequence_editor.channels[4].mute = True
    assert strips.free_channel(scene, portrait, 10, 30) == 5


def test_result_of_a_portrait_in_a_meta_strip_lies_in_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    portrait = add_picture(scene, astronaut, start=10, length=3)
    meta = strips_of(scene).new_meta(name="group", channel=7, frame_start=10)
    portrait.move_to_meta(meta)
    result = addon("strips").add_result(scene, portrait, astronaut.parent, [astronaut.name] * 3, 10)
    assert result.parent_meta().name == "group"
    assert result.channel == portrait.channel + 1


def test_updated_result_moves_grows_and_keeps_out_of_the_way(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strips = addon("strips")
    portrait = add_picture(scene, astronaut, start=10, length=3)
    result = strips.add_result(scene, portrait, astronaut.parent, [astronaut.name] * 3, 10)
    result.blend_alpha = 0.25
    result.frame_final_start = 11  # trimmed by the animator
    other = add_picture(scene, astronaut, start=24, length=10, channel=2)
    names = [astronaut.name] * 6
    strips.update_result(scene, portrait, result, astronaut.parent, names, 20)
    assert (span(result), len(result.elements)) == ((20, 26), 6)
    assert (span(other), other.channel) == ((24, 34), 2)
    assert result.channel == 3
    assert result.blend_alpha == 0.25


def test_colour_changes_are_named_and_mended(addon: Callable[[str], ModuleType], scene: bpy.types.Scene) -> None:
    strips, view = addon("strips"), scene.view_settings
    assert strips.colour_changes(scene) == []
    view.view_transform, view.exposure, view.gamma, view.use_curve_mapping = "AgX", 1, 2, True
    view.look = "AgX - Punchy"
    told = " ".join(strips.colour_changes(scene))
    assert all(word in told for word in ("AgX", "Look", "Exposure 1", "Gamma 2", "Curves"))
    assert bpy.ops.gioconda.fix_view_transform() == {"FINISHED"}
    assert strips.colour_changes(scene) == []
