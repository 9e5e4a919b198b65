# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips are read in a copy of the scene: pixel for pixel, beside the user's own renders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, filmed, pixels, save_picture, strips_of

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
    assert len(addon("curves").fcurves(scene)) == 3
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


def test_a_movie_is_read_as_the_timeline_retimes_it(addon: Modules, scene: bpy.types.Scene, tmp_path: Path) -> None:
    """Each frame is brighter than the one before; from the third on they pass twice as fast."""
    (tmp_path / "greys").mkdir()
    for frame in range(9):
        save_picture(tmp_path / f"greys/{frame:02d}.png", np.full((32, 64, 4), [0.1 + 0.1 * frame] * 3 + [1]))
    greys = add_picture(scene, tmp_path / "greys/00.png", length=1)
    for frame in range(1, 9):
        greys.elements.append(f"{frame:02d}.png")
    greys.frame_final_duration = 9
    movie = filmed(addon, scene, greys, tmp_path / "film")
    film = strips_of(scene).new_movie(name="film", filepath=str(movie), channel=1, frame_start=1)
    _retime(scene, film, 3, 6)
    brightness = [picture[..., 0].mean() for picture in _read(addon, scene, film, tmp_path / "read")]
    np.testing.assert_allclose(brightness, [0.1, 0.2, 0.3, 0.5], atol=0.03)


@pytest.mark.parametrize("torn", [True, False])
def test_a_movie_that_cannot_be_read_is_told_before_it_is_searched_for_faces(
    addon: Modules, scene: bpy.types.Scene, movie: Path, tmp_path: Path, *, torn: bool
) -> None:
    """Blender shows such a strip as black frames."""
    film = strips_of(scene).new_movie(name="film", filepath=str(movie), channel=1, frame_start=1)
    movie.write_bytes(movie.read_bytes()[:200]) if torn else movie.unlink()
    task = _task(addon, scene, film, tmp_path / "read", as_pictures=False)
    assert task.poll_once()
    told = "Blender cannot read the movie of" if torn else "The movie of"
    assert task.error.startswith(f'{told} "film"')
    assert task.error.endswith(str(movie))
    assert not list(bpy.data.movieclips)


def test_frames_that_blender_does_not_render_are_told(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path
) -> None:
    with pytest.raises(addon("strip_bakes").BadInputError, match='"astronaut" begins before frame 0'):
        addon("strip_bakes").RenderTask(scene.session_uid, strip.name, -2, 4, tmp_path / "read")


def _retime(scene: bpy.types.Scene, strip: Any, start: int, end: int) -> None:
    """The first frame stays; what follows `start` ends at `end`. Up to 5.0 only an operator makes the first keys."""
    scene.sequence_editor.active_strip = strip
    window = bpy.context.window_manager.windows[0]
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = scene
    area = window.screen.areas[0]
    before, area.type = area.type, "SEQUENCE_EDITOR"
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, scene=scene, area=area, region=region):
        bpy.ops.sequencer.retiming_key_add(timeline_frame=start)
    area.type = before
    strip.retiming_keys[-1].timeline_frame = end


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
    assert len(bpy.data.scenes) == 1


def test_a_folder_that_cannot_be_made_is_told(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    task = _task(addon, scene, strip, tmp_path / "file" / "read")
    assert task.poll_once()
    assert task.state == "failed"


def test_it_waits_while_the_user_renders(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = addon("session").session
    chain = addon("chain").Chain("Reading", [lambda: _task(addon, scene, strip, tmp_path / "read")])
    session.start(chain, lambda: "read")
    monkeypatch.setattr(session, "is_rendering", lambda: True)
    assert session.poll_once() is None
    assert not (tmp_path / "read").exists()
    monkeypatch.undo()
    assert session.poll_once().message == "read"


def test_a_scratch_folder_goes_whatever_becomes_of_it(
    addon: Modules, scene: bpy.types.Scene, strip: Any, tmp_path: Path
) -> None:
    session, folder = addon("session").session, tmp_path / "read"
    session.start(_task(addon, scene, strip, folder), lambda: {}["wrong"], scratch=folder)
    with pytest.raises(KeyError):
        session.poll_once()
    assert session.current is None
    assert not folder.exists()
