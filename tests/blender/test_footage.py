# SPDX-License-Identifier: GPL-3.0-or-later
"""Portraits that move, and several faces of one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, filmed, key, pixels, render, save_picture, span, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def _frames(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any) -> list[np.ndarray]:
    [result] = addon("portraits").results(scene, strip["gioconda_portrait_id"])
    folder = Path(bpy.path.abspath(result.directory))
    return [pixels(folder / element.filename) for element in result.elements]


@pytest.fixture
def pan(astronaut: Path, tmp_path: Path) -> list[Path]:
    """Four pictures in which the astronaut moves to the side, four pixels each."""
    picture = pixels(astronaut)
    return [save_picture(tmp_path / f"pan_{i}.png", np.roll(picture, 4 * i, axis=1)) for i in range(4)]


def test_every_picture_of_a_sequence_is_drawn_from_itself(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, pan: list[Path], tmp_path: Path
) -> None:
    strip = strips_of(scene).new_image(
        name="pan", filepath=str(pan[0]), channel=1, frame_start=1, fit_method="ORIGINAL"
    )
    for path in pan[1:]:
        strip.elements.append(path.name)
    strip.frame_final_start = 2
    scene.sequence_editor.active_strip = strip
    bpy.ops.gioconda.add_controls()
    strip["jawOpen"] = 0.0
    key(strip, "jawOpen", [(3, 0), (4, 0.6)])
    bpy.ops.gioconda.generate(output_folder=str(tmp_path / "out"))
    drawn = _frames(addon, scene, strip)
    assert len(drawn) == 3
    for path, frame in zip(pan[1:3], drawn, strict=False):
        assert np.array_equal(frame, pixels(path)), "neutral controls give back every picture"
    changed = np.abs(drawn[2] - pixels(pan[3])).max(axis=2) > 0.1
    assert 100 < changed.sum() < 0.1 * changed.size, "the mouth opens, and nothing else moves"


def test_a_movie_strip_is_re_performed_as_it_is_trimmed(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    still = add_picture(scene, astronaut, start=1, length=4)
    piece = filmed(addon, scene, still, tmp_path / "pieces")
    movie = strips_of(scene).new_movie(name="film", filepath=str(piece), channel=1, frame_start=10)
    movie.frame_final_start = 12
    movie.use_flip_x = True  # is the strip's: the result gets it, too
    scene.sequence_editor.active_strip = movie
    bpy.ops.gioconda.add_controls()
    movie["jawOpen"] = 0.5
    movie.gioconda.replace_mouth = movie.gioconda.only_changes = True
    bpy.ops.gioconda.generate(output_folder=str(tmp_path / "out"))
    drawn = _frames(addon, scene, movie)
    assert len(drawn) == 2
    [result] = addon("portraits").results(scene, movie["gioconda_portrait_id"])
    assert (span(result), result.use_flip_x, movie.mute) == ((12, 14), True, False)
    assert result.colorspace_settings.name == "sRGB"
    opaque = drawn[0][..., 3] > 0
    assert 100 < opaque.sum() < 0.2 * opaque.size
    columns = np.nonzero(opaque)[1]
    picture = pixels(astronaut)
    assert np.abs(drawn[0][..., :3] - picture[..., :3])[opaque].max() > 0.2
    assert columns.mean() < 256 + 30, "the face stands where it does in the movie, not where the strip flips it to"
    seen = render(scene, 12, tmp_path / "seen.png")[:, ::-1]
    assert np.abs(seen[~opaque][..., :3] - picture[~opaque][..., :3]).mean() < 0.02


@pytest.mark.main_only
def test_two_faces_of_a_picture_are_driven_each_by_its_own_strip(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    one = pixels(astronaut)[100:, 60:420]
    pair = save_picture(tmp_path / "pair.png", np.hstack([one, one]))
    scene.render.resolution_x, scene.render.resolution_y = one.shape[1] * 2, one.shape[0]
    strips = [add_picture(scene, pair, length=1, channel=1 + 3 * i, name=f"face {i}") for i in range(2)]
    strips[1].mute = True
    for index, strip in enumerate(strips):
        scene.sequence_editor.active_strip = strip
        bpy.ops.gioconda.add_controls()
        addon("portraits").prepare(scene, strip)
        strip["gioconda_portrait_id"] = "as one that is copied"
        strip["gioconda_face_index"] = index
        strip.gioconda.only_changes = True
        strip["jawOpen" if index == 0 else "mouthSmileLeft"] = 0.7
        bpy.ops.gioconda.generate(output_folder=str(tmp_path / "out"))
    assert strips[0]["gioconda_portrait_id"] != strips[1]["gioconda_portrait_id"]
    opaque = [_frames(addon, scene, strip)[0][..., 3] > 0 for strip in strips]
    assert not (opaque[0] & opaque[1]).any()
    seen = render(scene, 1, tmp_path / "seen.png")
    changed = np.abs(seen - pixels(pair)).max(axis=2) > 0.1
    for moved in opaque:
        assert (changed & moved).sum() > 50
    assert not (changed & ~opaque[0] & ~opaque[1]).any()
