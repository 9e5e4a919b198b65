# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from core.landmarks.track import load_track
from tests.blender.timeline import add_picture, pixels, save_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture(scope="session")
def two_astronauts(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut's face on the left, at twice its size, and once more on the right."""
    face = pixels(astronaut)[256:, 96:352]  # the upper half: rows go up
    large, small = face.repeat(2, axis=0).repeat(2, axis=1), np.full((512, 256, 4), 0.5, np.float32)
    small[128:384] = face
    return save_picture(tmp_path_factory.mktemp("two") / "two faces.png", np.concatenate([large, small], axis=1))


def test_finds_the_face_and_keeps_it_on_the_strip(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strip = add_picture(scene, astronaut)
    assert bpy.ops.gioconda.find_face() == {"FINISHED"}
    faces = addon("portraits").stored_faces(strip)
    assert (faces.size, faces.detector, len(faces.landmarks)) == ((512, 512), "dlib", 1)
    landmarks = np.array(faces.landmarks[0])
    assert landmarks.shape == (68, 2)
    nose = landmarks[30]
    assert 200 < nose[0] < 250
    assert 90 < nose[1] < 150  # from the top


@pytest.mark.main_only
def test_no_face_is_told(scene: bpy.types.Scene, tmp_path: Path) -> None:
    strip = add_picture(scene, save_picture(tmp_path / "wall.png", np.full((128, 128, 4), 0.5, np.float32)))
    with pytest.raises(RuntimeError, match=r'No face was found in "wall"'):
        bpy.ops.gioconda.find_face()
    assert "gioconda_landmarks" not in strip


@pytest.mark.main_only
def test_face_index_picks_among_several(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, two_astronauts: Path
) -> None:
    strip = add_picture(scene, two_astronauts)
    bpy.ops.gioconda.find_face()
    large, small = (np.array(addon("portraits").chosen_landmarks(strip, index)) for index in (0, 1))
    assert large[:, 0].max() < 512 < small[:, 0].min()
    assert np.ptp(large[:, 1]) > np.ptp(small[:, 1])
    strip["gioconda_face_index"] = 2
    with pytest.raises(RuntimeError, match=r"2 faces found .* there is no face 2"):
        bpy.ops.gioconda.find_face()
    bpy.ops.gioconda.add_controls()
    for index in (2, -1, "one"):  # a script may set anything
        strip["gioconda_face_index"] = index
        with pytest.raises(RuntimeError, match=rf"Face {index} does not exist: .* has 2 faces"):
            bpy.ops.gioconda.generate()


def test_faces_of_another_picture_do_not_count(
    addon: Callable[[str], ModuleType], portrait: Any, two_astronauts: Path
) -> None:
    assert addon("portraits").stored_faces(portrait) is not None
    portrait.directory, portrait.elements[0].filename = f"{two_astronauts.parent}/", two_astronauts.name
    assert addon("portraits").stored_faces(portrait) is None


def test_landmarks_come_from_a_file_where_no_face_is_found(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, tmp_path: Path
) -> None:
    strip = add_picture(scene, save_picture(tmp_path / "statue.png", np.full((64, 96, 4), 0.5, np.float32)))
    points = [[float(x), float(x) / 2] for x in range(68)]
    track = {"landmarks": [points], "confidence": [[1.0] * 68], "fps": [25, 1], "size": [96, 64]}
    (tmp_path / "statue.json").write_text(json.dumps(track), encoding="utf-8")
    assert load_track(tmp_path / "statue.json").frames == 1
    bpy.ops.gioconda.load_landmarks(filepath=str(tmp_path / "statue.json"))
    assert addon("portraits").chosen_landmarks(strip, 0) == points


def test_landmarks_of_a_smaller_copy_are_enlarged_and_those_of_another_shape_refused(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    strip = add_picture(scene, astronaut)
    points = [[float(x), float(x) / 2] for x in range(68)]
    track = {"landmarks": [points], "confidence": [[1.0] * 68], "fps": [25, 1], "size": [256, 256]}
    (tmp_path / "half.json").write_text(json.dumps(track), encoding="utf-8")
    bpy.ops.gioconda.load_landmarks(filepath=str(tmp_path / "half.json"))
    assert addon("portraits").stored_faces(strip).size == (512, 512)
    assert np.allclose(addon("portraits").chosen_landmarks(strip, 0), 2 * np.array(points) + 0.5)
    (tmp_path / "other.json").write_text(json.dumps({**track, "size": [256, 200]}), encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"other\.json: .* 256 x 200 pixels; .*\(512 x 512\)"):
        bpy.ops.gioconda.load_landmarks(filepath=str(tmp_path / "other.json"))


@pytest.mark.main_only
def test_landmarks_of_a_picture_that_its_exif_tag_turns(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    """They are those of the upright picture, which Blender shows lying."""
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(astronaut) as picture:
        picture.crop((0, 0, 400, 512)).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lies.png", exif=exif)
    strip = add_picture(scene, tmp_path / "lies.png")
    points = [[float(x), float(x) / 2] for x in range(68)]
    track = {"landmarks": [points], "confidence": [[1.0] * 68], "fps": [25, 1], "size": [400, 512]}
    (tmp_path / "upright.json").write_text(json.dumps(track), encoding="utf-8")
    bpy.ops.gioconda.load_landmarks(filepath=str(tmp_path / "upright.json"))
    assert addon("portraits").chosen_landmarks(strip, 0) == points
    bpy.ops.gioconda.find_face()
    assert addon("portraits").stored_faces(strip).size == (400, 512)


def test_a_file_that_is_no_track_is_told(scene: bpy.types.Scene, astronaut: Path, tmp_path: Path) -> None:
    add_picture(scene, astronaut)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"broken\.json"):
        bpy.ops.gioconda.load_landmarks(filepath=str(tmp_path / "broken.json"))
