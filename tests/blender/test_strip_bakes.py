# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips are read in a copy of the scene: pixel for pixel, beside the user's own renders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, pixels, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    Modules = Callable[[str], ModuleType]


@pytest.fixture
def strip(scene: bpy.types.Scene, astronaut: Path) -> Any:
    """The astronaut on frames 1 to 4."""
    return add_picture(scene, astronaut, length=4)


def _task(addon: Modules, scene: bpy.types.Scene, strip: Any, folder: Path, *, as_pictures: bool = True) -> Any:
    return addon("strip_bakes").RenderTask(scene.session_uid, strip.name, 1, 4, folder, as_pictures=as_pictures)


def _read(addon: Modules, scene: bpy.types.Scene, strip: Any, folder: Path) -> list[np.ndarray]:
    task = _task(addon, scene, strip, folder)
    while not task.poll_once():
        pass
    assert task.state == "done", task.error
    assert len(bpy.data.scenes) == 1
    return [pixels(path) for path in sorted(folder.iterdir())]


def test_keys_of_its_place_and_a_frame_step_do_not_change_what_is_read(
    addon: Modules, scene: bpy.types.Scene, strip: Any, astronaut: Path, tmp_path: Path
) -> None:
    scene.frame_step = 3
    for owner, name, value in (
        (strip.transform, "offset_x", 200),
        (strip, "blend_alpha", 0.3),
        (strip.crop, "min_x", 90),
    ):
        owner.keyframe_insert(name, frame=1)
        setattr(owner, name, value)
        owner.keyframe_insert(name, frame=4)
    strip.driver_add("color_saturation").driver.expression = "0.1"
    actions = list(bpy.data.actions)
    read = _read(addon, scene, strip, tmp_path / "a {b} c")
    assert len(read) == 4
    for picture in read:
        assert np.abs(picture - pixels(astronaut))[..., :3].max() < 0.01
    assert list(bpy.data.actions) == actions
    assert len(addon("strips").fcurves(scene)) == 3
    assert len(scene.animation_data.drivers) == 1


def test_a_meta_strip_shows_what_is_in_it(
    addon: Modules, scene: bpy.types.Scene, strip: Any, astronaut: Path, tmp_path: Path
) -> None:
    meta = strips_of(scene).new_meta(name="meta", channel=3, frame_start=1)
    strip.move_to_meta(meta)
    hidden = add_picture(scene, astronaut, channel=5, length=4, name="hidden")
    hidden.move_to_meta(meta)
    hidden.mute = hidden.use_flip_x = True
    meta.frame_final_duration = 4
    for picture in _read(addon, scene, meta, tmp_path / "read"):
        assert np.abs(picture - pixels(astronaut))[..., :3].max() < 0.01


@pytest.mark.parametrize("as_pictures", [True, False])
def test_a_render_that_fails_leaves_blender_ready(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path, *, as_pictures: bool
) -> None:
    for name in ("000001.png", "000000.mp4"):
        (tmp_path / "read" / name).mkdir(parents=True)
    task = _task(addon, scene, strip, tmp_path / "read", as_pictures=as_pictures)
    while not task.poll_once():
        pass
    assert task.state == "failed"
    assert "cannot render" in task.error
    assert not addon("session").session.busy
    assert len(bpy.data.scenes) == 1


def test_a_folder_that_cannot_be_made_is_told(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    task = _task(addon, scene, strip, tmp_path / "file" / "read")
    assert task.poll_once()
    assert task.state == "failed"


def test_it_waits_while_the_user_renders(addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path) -> None:
    session = addon("session").session
    chain = addon("chain").Chain("Reading", [lambda: _task(addon, scene, strip, tmp_path / "read")])
    session.start(chain, lambda: "read")
    session.busy.add("render")
    assert session.poll_once() is None
    assert not (tmp_path / "read").exists()
    session.busy.clear()
    assert session.poll_once().message == "read"
    assert not session.busy
