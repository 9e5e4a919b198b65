# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that may drive a portrait, on a real timeline."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from core.landmarks.topology import MARKS
from core.motion.preset import load_preset
from tests.blender.conftest import FRAMES
from tests.blender.timeline import add_picture, curve_of, key, pixels, strips_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def _result(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any) -> Any:
    [result] = addon("portraits").results(scene, strip["gioconda_portrait_id"])
    return result


def _frames(result: Any) -> list[Path]:
    folder = Path(bpy.path.abspath(result.directory))
    return [folder / element.filename for element in result.elements]


def test_a_strip_drives_as_the_timeline_shows_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    """A head turned by keys drives another: moved by two frames, flipped, and only where it is seen."""
    bpy.ops.gioconda.add_controls()
    key(portrait, "headYaw", [(10, 0), (17, 21)])
    bpy.ops.gioconda.generate()
    performer = _result(addon, scene, portrait)
    scene.sequence_editor.active_strip = portrait
    bpy.ops.gioconda.add_controls()
    for curve in list(addon("curves").fcurves(scene)):
        addon("curves").fcurves(scene).remove(curve)
    portrait["headYaw"] = 0.0

    performer.use_flip_x, performer.frame_start, performer.mute = True, 12, True
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name = "MOVIE", performer.name
    settings.find_neutral, settings.neutral_frame = False, 12
    bpy.ops.gioconda.bake_keys(tolerance=0)
    assert settings.driven_by == "KEYS"
    yaw = values_of(addon, scene, portrait, "headYaw")
    asked = -np.array([0, 0, 0, 3, 6, 9, 12, 15])
    assert np.allclose(yaw[:3], 0, atol=0.2)
    assert np.corrcoef(yaw, asked)[0, 1] > 0.98
    assert 0.7 < (yaw @ asked) / (asked @ asked) < 1.3
    assert performer.mute
    assert len(bpy.data.scenes) == 1


def test_a_moved_strip_that_is_never_seen_together_is_told(
    scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    other = add_picture(scene, astronaut, start=100, channel=3, name="elsewhere")
    scene.sequence_editor.active_strip = portrait
    portrait.gioconda.driven_by = "MOVIE"
    with pytest.raises(RuntimeError, match="No strip is chosen"):
        bpy.ops.gioconda.bake_keys()
    portrait.gioconda.strip_name = other.name
    with pytest.raises(RuntimeError, match="not seen at the same time"):
        bpy.ops.gioconda.bake_keys()
    portrait.gioconda.driven_by = "SOUND"
    with pytest.raises(RuntimeError, match="no sound strip"):
        bpy.ops.gioconda.bake_keys()


def test_a_strip_that_is_renamed_drives_on(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, tmp_path: Path
) -> None:
    first, second = (add_picture(scene, astronaut, start=10, channel=c, length=FRAMES, name="take") for c in (3, 4))
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name = "MOVIE", first.name
    settings.head_mask_strip = second.name
    first.name, second.name = "good take", "take"
    assert (settings.strip_name, settings.head_mask_strip) == ("good take", "take"), "names that others have now"
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    scene = bpy.context.scene
    first, portrait = (addon("strips").by_name(scene, name) for name in ("good take", "astronaut"))
    first.name = "best take"
    driver = addon("drivers").driving(scene, portrait, tmp_path, "dlib").data["driver"]
    assert Path(driver["performance_path"]).name == "best take"
    copy = add_picture(scene, astronaut, channel=5, length=FRAMES, name="copy")
    copy["gioconda_key"] = first["gioconda_key"]
    assert portrait.gioconda.strip_name == "take", "a copy makes it unsure which one is meant"
    portrait.gioconda.strip_name = "copy"
    assert portrait.gioconda.strip_name == "copy"
    driver_settings = addon("driver_settings")
    driver_settings.copy(portrait, copy)
    assert copy.gioconda.strip_name == "copy"
    strips_of(scene).remove(copy)
    strips_of(scene).remove(first)
    with pytest.raises(addon("portraits").BadInputError, match='no strip named "copy"'):
        addon("drivers").driving(scene, portrait, tmp_path, "dlib")


def test_a_preset_drives_and_keys_are_added_to_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    bpy.ops.gioconda.add_controls()
    key(portrait, "headYaw", [(10, 0), (17, 14)])
    turned = values_of(addon, scene, portrait, "headYaw")
    settings = portrait.gioconda
    settings.driven_by, settings.preset, settings.preset_scale = "PRESET", "nod", 0.5
    bpy.ops.gioconda.generate()
    driven = [pixels(path) for path in _frames(_result(addon, scene, portrait))]
    bpy.ops.gioconda.bake_keys(tolerance=0)
    nod = load_preset("nod", Fraction(25), scale=0.5).channels["headPitch"][:FRAMES]
    assert np.allclose(values_of(addon, scene, portrait, "headPitch"), nod, atol=1e-4)
    assert np.allclose(values_of(addon, scene, portrait, "headYaw"), turned, atol=1e-3)
    bpy.ops.gioconda.generate()
    baked = [pixels(path) for path in _frames(_result(addon, scene, portrait))]
    for one, other in zip(driven, baked, strict=True):
        assert np.abs(one - other).max() < 0.02
    assert np.abs(driven[-1] - driven[0]).max() > 0.2


def test_amounts_keep_regions_still(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    settings = portrait.gioconda
    settings.driven_by, settings.preset, settings.amount_mouth, settings.amount_jaw = "PRESET", "laugh", 0, 0.5
    bpy.ops.gioconda.bake_keys()
    paths = {curve.data_path for curve in addon("curves").fcurves(scene)}
    assert any("jawOpen" in path for path in paths)
    assert not any("mouth" in path or "cheek" in path for path in paths)
    session = addon("session").session
    assert session.outcome_of(session.about).message.endswith(f" on {len(paths)} controls")
    laugh = load_preset("laugh", Fraction(25)).channels["jawOpen"][:FRAMES]
    assert np.allclose(values_of(addon, scene, portrait, "jawOpen"), laugh / 2, atol=0.01)


def test_a_preset_is_saved_and_played_again(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    bpy.ops.gioconda.add_controls()
    key(portrait, "jawOpen", [(10, 0), (13, 0.8), (17, 0)])
    before = values_of(addon, scene, portrait, "jawOpen")
    bpy.ops.gioconda.save_preset(filepath=str(tmp_path / "mine.json"))
    settings = portrait.gioconda
    settings.driven_by, settings.preset_path, settings.preset_loop = "PRESET", str(tmp_path / "mine.json"), False
    addon("curves").fcurves(scene).remove(curve_of(addon, scene, portrait, "jawOpen"))
    portrait["jawOpen"] = 0.0
    bpy.ops.gioconda.bake_keys(tolerance=0)
    assert np.allclose(values_of(addon, scene, portrait, "jawOpen"), before, atol=0.02)
    settings.driven_by, settings.preset_path = "PRESET", str(tmp_path / "none.json")
    with pytest.raises(RuntimeError, match="preset is missing"):
        bpy.ops.gioconda.bake_keys()


def test_a_capture_file_drives_from_the_strip_s_first_frame(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    values = {"fps": [50, 1], "channels": {"jawOpen": (np.arange(40) / 40).tolist()}}
    (tmp_path / "c.json").write_text(json.dumps(values))
    portrait.gioconda.driven_by, portrait.gioconda.filepath = "FILE", str(tmp_path / "c.json")
    bpy.ops.gioconda.bake_keys(tolerance=0)
    assert np.allclose(values_of(addon, scene, portrait, "jawOpen"), np.arange(FRAMES) / 20, atol=1e-6)
    (tmp_path / "c.json").unlink()
    portrait.gioconda.driven_by = "FILE"
    with pytest.raises(RuntimeError, match="capture file is missing"):
        bpy.ops.gioconda.generate()


def test_baking_keeps_keys_before_and_after_and_thins(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    bpy.ops.gioconda.add_controls()
    key(portrait, "jawOpen", [(5, 0.25), (12, 1), (30, 0.75)])
    for point in curve_of(addon, scene, portrait, "jawOpen").keyframe_points:
        point.interpolation = "CONSTANT"
    values = {"fps": [25, 1], "channels": {"mouthSmileLeft": np.linspace(0, 0.7, FRAMES).tolist()}}
    (tmp_path / "c.json").write_text(json.dumps(values))
    portrait.gioconda.driven_by, portrait.gioconda.filepath = "FILE", str(tmp_path / "c.json")
    bpy.ops.gioconda.bake_keys()
    keys = [tuple(point.co) for point in curve_of(addon, scene, portrait, "jawOpen").keyframe_points]
    assert keys == [(5, 0.25), (12, 1), (30, 0.75)], "what the driver does not move is left alone"
    smile = curve_of(addon, scene, portrait, "mouthSmileLeft").keyframe_points
    assert [point.co[0] for point in smile] == [10, 17]

    values["channels"] = {"jawOpen": [0, 0, 0.5, 0.5, 0, 0, 0, 0]}
    (tmp_path / "c.json").write_text(json.dumps(values))
    key(portrait, "jawOpen", [(12, 0.25)])
    portrait.gioconda.driven_by = "FILE"
    bpy.ops.gioconda.bake_keys(tolerance=0)
    curve = curve_of(addon, scene, portrait, "jawOpen")
    assert [round(curve.evaluate(frame), 3) for frame in range(10, 18)] == [
        0.25,
        0.25,
        0.75,
        0.75,
        0.25,
        0.25,
        0.25,
        0.25,
    ]
    assert (curve.evaluate(5), curve.evaluate(30)) == (0.25, 0.75)


def test_tracks_of_a_clip_drive_the_landmarks_they_name(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    clip = bpy.data.movieclips.load(str(astronaut))
    clip.frame_start = 10
    points = np.array(json.loads(portrait["gioconda_landmarks"])["faces"][0])
    names = ("noseTip", "noseBridge", "eyeOuterLeft", "eyeOuterRight", "chin", "upperLipInner", "lowerLipInner")
    for name in names:
        track = clip.tracking.tracks.new(name=name, frame=1)
        for number in range(FRAMES):
            x, y = points[list(MARKS[name])].mean(0)
            y += 3 * number if name in ("chin", "lowerLipInner") else 0
            track.markers.insert_frame(number + 1, co=((x + 0.5) / 512 - 0.1, 1 - (y + 0.5) / 512))
        track.offset = (0.1, 0)
    settings = portrait.gioconda
    settings.driven_by, settings.clip = "CLIP", clip
    settings.find_neutral, settings.neutral_frame = False, 10
    bpy.ops.gioconda.bake_keys(tolerance=0)
    jaw = values_of(addon, scene, portrait, "jawOpen")
    assert jaw[0] == pytest.approx(0, abs=0.02)
    assert jaw[-1] > 0.3
    assert (np.diff(jaw) > -0.02).all()

    bpy.ops.gioconda.name_track(track_name="chin", landmark="browLeft")
    assert clip.tracking.tracks.get("browLeft")
    clip.tracking.tracks.active = clip.tracking.tracks[0]
    bpy.ops.gioconda.name_track(landmark="noseBridge")
    assert clip.tracking.tracks[0].name.startswith("noseBridge")
    for track in list(clip.tracking.tracks)[2:]:
        track.name = f"Track.{track.name}"
    settings.driven_by = "CLIP"
    with pytest.raises(RuntimeError, match="at least 3 are wanted"):
        bpy.ops.gioconda.bake_keys()


@pytest.fixture
def character(scene: bpy.types.Scene) -> Any:
    """An object with shape keys as ARKit names them, with capitals of its own."""
    mesh = bpy.data.objects.new("Head", bpy.data.meshes.new("Head"))
    mesh.data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    scene.collection.objects.link(mesh)
    for name in ("Basis", "JawOpen", "mouthSmileLeft", "beard"):
        mesh.shape_key_add(name=name)
    return mesh


def test_shape_keys_of_a_mesh_drive_a_portrait_and_are_driven(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, character: Any
) -> None:
    blocks = character.data.shape_keys.key_blocks
    for frame, value in ((10, 0.0), (17, 0.7)):
        blocks["JawOpen"].value = value
        blocks["JawOpen"].keyframe_insert("value", frame=frame)
    settings = portrait.gioconda
    settings.driven_by = "MESH"
    with pytest.raises(RuntimeError, match="No object is chosen"):
        bpy.ops.gioconda.bake_keys()
    settings.mesh = character
    bpy.ops.gioconda.bake_keys(tolerance=0)
    jaw = values_of(addon, scene, portrait, "jawOpen")
    assert (jaw[0], jaw[-1]) == (0, pytest.approx(0.7))
    assert scene.frame_current == 1

    character.data.shape_keys.animation_data_clear()
    character.shape_key_add(name="browInnerUp").value = 0.5
    key(portrait, "mouthSmileLeft", [(10, 0), (17, 1)])
    bpy.ops.gioconda.key_shapes()
    for frame in (10, 13, 17):
        scene.frame_set(frame)
        assert blocks["JawOpen"].value == pytest.approx(jaw[frame - 10], abs=1e-5)
    assert blocks["mouthSmileLeft"].value == pytest.approx(1)
    assert blocks["browInnerUp"].value == 0, "what the portrait does not move rests"


def test_a_strip_is_read_with_the_neutral_frame_that_is_chosen(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, tmp_path: Path
) -> None:
    add_picture(scene, astronaut, start=5, length=8, channel=3, name="performer")
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name, settings.find_neutral = "MOVIE", "performer", False
    with pytest.raises(addon("drivers").BadInputError, match=r"Neutral Frame 0 .* frames 5 to 12"):
        addon("drivers").driving(scene, portrait, tmp_path, "dlib")
    settings.neutral_frame = 6
    moved = addon("drivers").driving(scene, portrait, tmp_path, "dlib")
    assert (moved.data["driver"]["neutral_frame"], moved.data["driver"]["start"]) == (0, [4, 25])
    assert moved.data["driver"]["counted_from"] == 6, "as the timeline counts"
    assert moved.before[0].args[2:4] == (6, 12)
    settings.motion = "ABSOLUTE"
    moved = addon("drivers").driving(scene, portrait, tmp_path, "dlib")
    assert moved.data["driver"]["neutral_frame"] is None
    assert moved.before[0].args[2:4] == (10, 12)


def test_baking_leaves_no_folder(portrait: Any) -> None:
    def folders() -> list[Path]:
        return list(Path(bpy.app.tempdir).glob("gioconda_*"))

    portrait.gioconda.driven_by, portrait.gioconda.preset = "PRESET", "nod"
    bpy.ops.gioconda.bake_keys()
    assert not folders()
    portrait.gioconda.driven_by, portrait.gioconda.strip_name = "MOVIE", ""
    with pytest.raises(RuntimeError, match="No strip is chosen"):
        bpy.ops.gioconda.bake_keys()
    assert not folders()


def test_a_relative_path_in_a_file_that_is_not_saved_is_told(scene: bpy.types.Scene, astronaut: Path) -> None:
    strip = add_picture(scene, astronaut)
    bpy.ops.gioconda.add_controls()
    strip.gioconda.head_mask = "//mask.png"
    with pytest.raises(RuntimeError, match="Save it"):
        bpy.ops.gioconda.generate()


def test_a_performance_is_written_for_other_programs(portrait: Any, tmp_path: Path) -> None:
    portrait.gioconda.driven_by, portrait.gioconda.preset = "PRESET", "wink"
    bpy.ops.gioconda.export_performance(filepath=str(tmp_path / "wink.csv"), live_link=True)
    with (tmp_path / "wink.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == FRAMES
    assert {"Timecode", "BlendShapeCount", "EyeBlinkLeft", "JawOpen"} <= rows[0].keys()
    with pytest.raises(RuntimeError, match=r"\.json or \.csv"):
        bpy.ops.gioconda.export_performance(filepath=str(tmp_path / "wink.txt"))
