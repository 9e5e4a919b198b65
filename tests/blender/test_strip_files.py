# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that a strip shows, and paths of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import pytest

from tests.blender.timeline import add_picture, pixels, save_picture, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


def test_picture_is_the_one_at_the_first_visible_frame(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    values = pixels(astronaut)
    for name in ("a.png", "b.png", "c.png"):
        save_picture(tmp_path / name, values[:64, :64])
    strip = add_picture(scene, tmp_path / "a.png", start=1, length=1)
    strip.elements.append("b.png")
    strip.elements.append("c.png")
    assert addon("strip_files").picture_path(strip) == tmp_path / "a.png"
    strip.frame_final_start = 2
    assert addon("strip_files").picture_path(strip) == tmp_path / "b.png"


def test_paths_with_spaces_accents_and_relative_ones(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Mes images é 日本"
    folder.mkdir()
    picture = save_picture(folder / "visage à moi.png", pixels(astronaut)[:64, :64])
    strip = add_picture(scene, picture)
    assert addon("strip_files").picture_path(strip) == picture
    strip.directory = f"//{folder.name}/"
    with pytest.raises(Exception, match="not saved yet"):
        addon("strip_files").picture_path(strip)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert addon("strip_files").picture_path(strip) == picture


def test_what_is_no_portrait_is_told(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, tmp_path: Path
) -> None:
    files, portraits = addon("strip_files"), addon("portraits")
    with pytest.raises(Exception, match="No strip is selected"):
        portraits.portrait_strip(scene, "")
    with pytest.raises(Exception, match='no strip named "nobody"'):
        portraits.portrait_strip(scene, "nobody")
    meta = strips_of(scene).new_meta(name="group", channel=5, frame_start=1)
    with pytest.raises(Exception, match='"group" is no image strip'):
        files.picture_path(meta)
    gone = add_picture(scene, tmp_path / "gone.png")
    with pytest.raises(Exception, match=r'picture of "gone" is missing: .*gone\.png'):
        files.picture_path(gone)
