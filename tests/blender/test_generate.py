# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import struct
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from core.landmarks.track import LandmarkTrack, load_track, save_track
from tests.blender.timeline import add_picture, key, pixels, render, save_exr, save_picture, span

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture
def portrait(scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path) -> Any:
    """The astronaut on frames 10 to 12, with controls, in a saved file."""
    strip = add_picture(scene, astronaut, start=10, length=3)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = astronauts_face
    return strip


def _result(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any) -> Any:
    [result] = addon("portraits").results(scene, strip["gioconda_portrait_id"])
    return result


def _files(result: Any) -> list[Path]:
    folder = Path(bpy.path.abspath(result.directory))
    return [folder / element.filename for element in result.elements]


def test_neutral_controls_render_as_the_portrait_bit_for_bit(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    before = render(scene, 11, tmp_path / "before.png")
    assert bpy.ops.gioconda.generate() == {"FINISHED"}
    result = _result(addon, scene, portrait)
    assert (result.name, result.channel, span(result)) == ("astronaut animated", 2, (10, 13))
    assert not portrait.mute
    portrait.mute = True  # the result alone
    assert np.array_equal(render(scene, 11, tmp_path / "after.png"), before)


def test_rendered_frames_are_the_worker_s_bit_for_bit(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    key(portrait, "headYaw", [(10, 0), (12, 20)])
    key(portrait, "jawOpen", [(10, 0), (12, 1)])
    bpy.ops.gioconda.generate()
    files = _files(_result(addon, scene, portrait))
    assert [path.name for path in files] == [f"frame_{n:06d}.png" for n in (1, 2, 3)]
    rendered = [render(scene, frame, tmp_path / f"{frame}.png") for frame in (10, 11, 12)]
    for path, values in zip(files, rendered, strict=True):
        assert np.array_equal(pixels(path), values)
    assert np.abs(rendered[2] - rendered[0]).max() > 0.2


@pytest.mark.main_only
def test_result_tells_where_it_comes_from(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    bpy.ops.gioconda.generate()
    result = _result(addon, scene, portrait)
    folder = Path(bpy.path.abspath(result.directory))
    assert folder.parent == tmp_path / "gioconda"
    assert result.directory.startswith("//gioconda/astronaut_")
    assert folder.name == f"astronaut_{result['gioconda_job']}"
    assert {path.name for path in folder.iterdir()} >= {"job.json", "worker.log", "frame_000001.png"}
    settings = json.loads(result["gioconda_settings"])
    assert settings["generator"] == "warp"
    assert settings["version"] == json.loads((folder / "job.json").read_text())["version"]
    assert settings["worker"]["packages"]


@pytest.mark.main_only
def test_the_face_that_a_job_finds_is_kept_on_the_strip(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronauts_face: str
) -> None:
    for find in (bpy.ops.gioconda.generate, bpy.ops.gioconda.show_head_mask):
        del portrait["gioconda_landmarks"]
        find()
        assert json.loads(portrait["gioconda_landmarks"]) == json.loads(astronauts_face)
    bpy.ops.gioconda.generate()
    folder = _files(_result(addon, scene, portrait))[0].parent
    assert json.loads((folder / "job.json").read_text())["portrait"]["landmarks"]  # it is not looked for again


@pytest.mark.parametrize("how", ["placed", "cropped and flipped", "faded"])
def test_result_lies_as_the_portrait_lies(scene: bpy.types.Scene, portrait: Any, tmp_path: Path, how: str) -> None:
    if how == "placed":
        portrait.transform.scale_x = portrait.transform.scale_y = 0.7
        portrait.transform.offset_x, portrait.transform.rotation = 40, 0.3
    elif how == "cropped and flipped":
        portrait.crop.min_x, portrait.crop.max_y, portrait.use_flip_x = 60, 30, True
    else:
        portrait.blend_alpha = 0.5
    before = render(scene, 10, tmp_path / "before.png")
    bpy.ops.gioconda.generate()
    assert portrait.mute == (how == "faded")  # else it would be seen twice
    portrait.mute = True
    assert np.array_equal(render(scene, 10, tmp_path / "after.png"), before)


def test_result_follows_a_portrait_that_is_keyed_to_move_and_fade(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    for frame, value in ((10, 0.0), (12, 60.0)):
        portrait.transform.offset_x, portrait.blend_alpha = value, 1 - value / 100
        portrait.transform.keyframe_insert("offset_x", frame=frame)
        portrait.keyframe_insert("blend_alpha", frame=frame)
    before = [render(scene, frame, tmp_path / f"before{frame}.png") for frame in (10, 11, 12)]
    bpy.ops.gioconda.generate()
    bpy.ops.gioconda.generate()
    assert portrait.mute  # else it would fade twice
    after = [render(scene, frame, tmp_path / f"after{frame}.png") for frame in (10, 11, 12)]
    assert np.array_equal(before, after)
    assert not np.array_equal(after[0], after[1])
    assert len(addon("curves").fcurves(scene)) == 4


def test_a_picture_with_alpha_is_not_seen_twice(scene: bpy.types.Scene, astronaut: Path, tmp_path: Path) -> None:
    values = pixels(astronaut)
    values[:, :, 3] = np.linspace(0, 1, 512, dtype=np.float32)[:, None]
    strip = add_picture(scene, save_picture(tmp_path / "cut out é.png", values), length=1)
    bpy.ops.gioconda.add_controls()
    before = render(scene, 1, tmp_path / "before.png")
    bpy.ops.gioconda.generate(output_folder=str(tmp_path))
    assert strip.mute
    assert np.array_equal(render(scene, 1, tmp_path / "after.png"), before)


@pytest.mark.main_only
@pytest.mark.parametrize("name", ["turned by its EXIF tag.png", "photograph.jpg", "deep.png"])
def test_neutral_controls_keep_other_kinds_of_pictures(
    scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with Image.open(astronaut) as picture:
        if name == "deep.png":
            _save_deep(path, np.asarray(picture))
        elif name == "photograph.jpg":
            picture.save(path, quality=90)
        else:
            exif = Image.Exif()
            exif[0x0112] = 6  # to be turned by 90 degrees clockwise, which Blender does not do
            picture.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    strip = add_picture(scene, path, length=1)
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = json.dumps(json.loads(astronauts_face)["faces"][0])
    before = render(scene, 1, tmp_path / "before.png")
    bpy.ops.gioconda.generate(output_folder=str(tmp_path))
    strip.mute = True
    assert np.array_equal(render(scene, 1, tmp_path / "after.png"), before)


def _save_deep(path: Path, values: np.ndarray) -> None:
    """A PNG of 16 bits a channel, which Pillow does not write."""
    height, width = values.shape[:2]
    deep = values.astype(">u2") * 256 + np.arange(width, dtype=">u2")[:, None] % 256
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 1))]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [*chunks, (b"IEND", b"")]:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("space", "depth"),
    [
        ("Linear Rec.709", "16"),
        ("sRGB", "32"),
        pytest.param("Linear Rec.709", "32", marks=pytest.mark.main_only),
        pytest.param("sRGB", "16", marks=pytest.mark.main_only),
        pytest.param("Non-Color", "16", marks=pytest.mark.main_only),
        pytest.param("Non-Color", "32", marks=pytest.mark.main_only),
    ],
)
def test_an_exr_portrait_gets_exr_frames_that_render_the_same(
    addon: Callable[[str], ModuleType],
    scene: bpy.types.Scene,
    astronaut: Path,
    astronauts_face: str,
    tmp_path: Path,
    depth: str,
    space: str,
) -> None:
    values = pixels(astronaut)
    values[:, :, :3] = 3 * values[:, :, :3] ** 2.4  # light, brighter than white
    values[:, :, 3] = np.linspace(0, 1, 512, dtype=np.float32)[:, None]
    values[:, :, :3] *= values[:, :, 3:]  # as OpenEXR stores it
    strip = add_picture(scene, save_exr(tmp_path / "plate.exr", values, depth), start=10, length=2)
    strip.colorspace_settings.name = space
    bpy.ops.gioconda.add_controls()
    key(strip, "headYaw", [(10, 0), (11, 20)])
    strip["gioconda_landmarks"] = json.dumps(json.loads(astronauts_face)["faces"][0])
    before = render(scene, 10, tmp_path / "before.png")
    bpy.ops.gioconda.generate(output_folder=str(tmp_path))
    assert strip.mute  # it has alpha
    result = _result(addon, scene, strip)
    assert [path.name for path in _files(result)] == ["frame_000001.exr", "frame_000002.exr"]
    assert result.colorspace_settings.name == space
    assert result.alpha_mode == strip.alpha_mode
    assert np.array_equal(render(scene, 10, tmp_path / "after.png"), before)
    assert not np.array_equal(render(scene, 11, tmp_path / "moved.png"), before)
    assert np.array_equal(pixels(_files(result)[0]), pixels(tmp_path / "plate.exr"))


def test_an_exr_without_alpha_stays_seen(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path
) -> None:
    strip = add_picture(scene, save_exr(tmp_path / "plate.exr", pixels(astronaut), "16", "RGB"), length=1)
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = json.dumps(json.loads(astronauts_face)["faces"][0])
    bpy.ops.gioconda.generate(output_folder=str(tmp_path))
    assert _files(_result(addon, scene, strip))[0].suffix == ".exr"
    assert not strip.mute


def test_generating_again_updates_the_strip_and_keeps_the_old_frames(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    bpy.ops.gioconda.generate()
    result = _result(addon, scene, portrait)
    first_job, first_files = result["gioconda_job"], _files(result)
    shown = render(scene, 11, tmp_path / "first.png")
    result.name, result.blend_alpha = "my take", 0.75
    portrait["jawOpen"] = 1.0
    portrait.frame_final_end = 15
    portrait.frame_start += 1
    scene.sequence_editor.active_strip = result  # which stands for its portrait
    assert addon("portraits").active_portrait(scene).name == portrait.name
    bpy.ops.gioconda.generate()
    assert len(addon("strips").all_strips(scene)) == 2
    result = _result(addon, scene, portrait)
    assert (result.name, result.blend_alpha, span(result)) == ("my take", 0.75, (11, 16))
    assert result["gioconda_job"] != first_job
    assert all(path.is_file() for path in [*first_files, *_files(result)])
    assert not np.array_equal(render(scene, 11, tmp_path / "second.png"), shown)


def test_a_copied_portrait_gets_a_result_of_its_own(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    bpy.ops.gioconda.generate()
    copy = add_picture(scene, astronaut, start=50, length=2, name="copy")
    for name in ("gioconda_portrait_id", "gioconda_face_index", "gioconda_landmarks", "jawOpen"):
        copy[name] = portrait[name]
    bpy.ops.gioconda.generate()
    assert span(_result(addon, scene, portrait)) == (10, 13)
    assert span(_result(addon, scene, copy)) == (50, 52)


def test_scripts_choose_strip_frames_folder_and_face(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    key(portrait, "headYaw", [(10, 0), (12, 20)])
    scene.sequence_editor.active_strip = None
    bpy.ops.gioconda.generate(
        strip_name="astronaut", frame_start=11, frame_end=12, output_folder=str(tmp_path / "farm"), face_index=0
    )
    result = _result(addon, scene, portrait)
    assert span(result) == (11, 13)
    assert [path.name for path in _files(result)] == ["frame_000002.png", "frame_000003.png"]
    assert _files(result)[0].parent.parent == tmp_path / "farm"
    with pytest.raises(RuntimeError, match="Frames 11 to 13 are not all in"):
        bpy.ops.gioconda.generate(strip_name="astronaut", frame_start=11, frame_end=13)


@pytest.mark.main_only
def test_a_trimmed_portrait_reads_its_track_from_there(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    """A sequence begins on frame 10, is seen from 14: the track, at 50 per second, starts at its frame 8."""
    strip = add_picture(scene, astronaut, start=10, length=1)
    for _ in range(5):
        strip.elements.append(astronaut.name)
    strip.frame_final_start, strip.gioconda.every_frame = 14, False
    bpy.ops.gioconda.find_face()
    face = np.array(addon("portraits").chosen_landmarks(strip, 0), np.float32)
    moved = np.repeat(face[None], 20, axis=0)
    moved[:, 48:, 1] += np.arange(20, dtype=np.float32)[:, None]  # the mouth goes down a pixel a frame
    track = load_track(save_faces(tmp_path / "t.npz", moved, 50))
    settings = strip.gioconda
    settings.driven_by, settings.filepath, settings.motion = "FILE", str(tmp_path / "t.npz"), "ABSOLUTE"
    bpy.ops.gioconda.generate(output_folder=str(tmp_path))
    files = _files(_result(addon, scene, strip))
    assert len(files) == 2
    driver = json.loads((files[0].parent / "job.json").read_text())["driver"]
    assert (driver["fps"], driver["start"], driver["frames"]) == ([25, 1], [4, 25], 2)
    assert driver["motion"] == "absolute"
    frames = track.resample(addon("strips").exact_fps(scene), 2, addon("strips").exact_fps(scene) ** -1 * 4)
    assert np.allclose(frames.landmarks[:, 60, 1] - face[60, 1], [8, 10], atol=1e-3)
    assert not np.array_equal(pixels(files[0]), pixels(files[1]))


def save_faces(path: Path, landmarks: np.ndarray, fps: int) -> Path:
    from fractions import Fraction

    confidence = np.ones(landmarks.shape[:2], np.float32)
    save_track(path, LandmarkTrack(landmarks, confidence, Fraction(fps), (512, 512), None))
    return path


@pytest.mark.main_only
def test_the_command_line_gives_the_same_bytes_for_the_same_job(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    key(portrait, "headYaw", [(10, 0), (12, 20)])
    del portrait["gioconda_landmarks"]  # the job finds the face
    bpy.ops.gioconda.generate()
    files = _files(_result(addon, scene, portrait))
    job = json.loads((files[0].parent / "job.json").read_text())
    job["output"] = str(tmp_path / "again")
    (tmp_path / "job.json").write_text(json.dumps(job))
    command = [os.environ["GIOCONDA_WORKER_PYTHON"], "-m", "core", "animate", "--job", str(tmp_path / "job.json")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # of another Python
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    for path in files:
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_every_operator_that_changes_the_scene_is_one_undo_step() -> None:
    for name in (
        "generate",
        "find_face",
        "add_controls",
        "bake_keys",
        "key_shapes",
        "load_landmarks",
        "show_head_mask",
        "fix_view_transform",
    ):
        operator = getattr(bpy.types, f"GIOCONDA_OT_{name}")
        assert operator.bl_options == {"UNDO"}, name


def test_nothing_to_move_it_is_told(scene: bpy.types.Scene, astronaut: Path) -> None:
    add_picture(scene, astronaut)
    with pytest.raises(RuntimeError, match="press Add Controls and key some, or choose what it is driven by"):
        bpy.ops.gioconda.generate()
