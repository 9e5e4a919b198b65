# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest

from core.motion.controls import CONTROLS
from tests.blender.timeline import add_picture, curve_of, key, span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def portrait(scene: bpy.types.Scene, astronaut: Path) -> Any:
    strip = add_picture(scene, astronaut, start=10, length=20, name='a "quoted" näme')
    assert bpy.ops.gioconda.add_controls() == {"FINISHED"}
    return strip


def _read(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any) -> dict[str, list[float]]:
    return addon("keyframes").read_controls(scene, strip, range(*span(strip)))


def _seen(scene: bpy.types.Scene, strip: Any, control: str) -> list[float]:
    """The property at each frame, as Blender's own animation system sets it."""
    values = []
    for frame in range(*span(strip)):
        scene.frame_set(frame)
        values.append(strip[control])
    return values


def test_all_controls_come_neutral_with_their_ranges(portrait: Any) -> None:
    for control in CONTROLS.values():
        assert portrait[control.name] == control.neutral
        ui = portrait.id_properties_ui(control.name).as_dict()
        assert (ui["min"], ui["max"], ui["default"]) == (control.minimum, control.maximum, control.neutral)
        assert ui["description"] == control.description


def test_adding_again_keeps_values(portrait: Any) -> None:
    portrait["jawOpen"] = 0.5
    bpy.ops.gioconda.add_controls()
    assert portrait["jawOpen"] == 0.5


def test_neutral_controls_give_no_channels(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    assert _read(addon, scene, portrait) == {}


@pytest.mark.parametrize("interpolation", ["BEZIER", "LINEAR", "CONSTANT", "ELASTIC"])
def test_curves_are_read_as_blender_plays_them(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, interpolation: str
) -> None:
    key(portrait, "jawOpen", [(8, 0.1), (17.5, 0.9), (24, 0.3)])
    for point in curve_of(addon, scene, portrait, "jawOpen").keyframe_points:
        point.interpolation = interpolation
    if interpolation == "BEZIER":
        point = curve_of(addon, scene, portrait, "jawOpen").keyframe_points[1]
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left, point.handle_right = (12, 1.4), (18, -0.5)
    read = _read(addon, scene, portrait)["jawOpen"]
    assert read == pytest.approx(_seen(scene, portrait, "jawOpen"), abs=1e-6)
    assert len(set(read)) > 1


def test_only_frames_between_the_handles_are_read(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    key(portrait, "headYaw", [(0, 0), (100, 45)])
    curve = curve_of(addon, scene, portrait, "headYaw")
    portrait.frame_final_start, portrait.frame_final_end = 12, 20
    assert _read(addon, scene, portrait)["headYaw"] == [curve.evaluate(f) for f in range(12, 20)]
    portrait.frame_start += 30
    assert _read(addon, scene, portrait)["headYaw"] == [curve.evaluate(f) for f in range(42, 50)]


def test_muted_and_unkeyed_controls_keep_the_property(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    key(portrait, "jawOpen", [(10, 0), (20, 1)])
    curve_of(addon, scene, portrait, "jawOpen").mute = True
    portrait["jawOpen"], portrait["headRoll"] = 0.25, 5.0
    assert _read(addon, scene, portrait) == {"jawOpen": [0.25] * 20, "headRoll": [5.0] * 20}


def test_curve_modifiers_and_extrapolation_count(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    key(portrait, "jawOpen", [(0, 0), (4, 1)])
    curve_of(addon, scene, portrait, "jawOpen").modifiers.new("CYCLES")
    assert _read(addon, scene, portrait)["jawOpen"] == pytest.approx(_seen(scene, portrait, "jawOpen"), abs=1e-6)


def test_drivers_are_followed_and_the_frame_stays(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    key(portrait, "headYaw", [(10, 0), (30, 20)])
    driver = portrait.driver_add('["jawOpen"]').driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.targets[0].id_type, variable.targets[0].id = "SCENE", scene
    variable.targets[0].data_path = addon("curves").curve_path(portrait, "headPitch")
    portrait["headPitch"] = 0.5
    scene.frame_set(3)
    read = _read(addon, scene, portrait)
    assert read["jawOpen"] == pytest.approx([0.5] * 20)
    assert read["headYaw"] == pytest.approx(_seen(scene, portrait, "headYaw"), abs=1e-5)
    scene.frame_set(3)
    _read(addon, scene, portrait)
    assert scene.frame_current == 3


def test_whole_numbers_from_a_script_do_not_step(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    for frame, value in ((10, 0), (20, 1)):
        portrait["jawOpen"] = value  # an int: Blender now rounds the curve
        portrait.keyframe_insert('["jawOpen"]', frame=frame)
    addon("keyframes").mend_whole_numbers(scene, portrait)
    assert 0.4 < _read(addon, scene, portrait)["jawOpen"][5] < 0.6


def test_a_control_that_a_script_made_a_text_is_told(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    portrait["jawOpen"] = "wide"
    with pytest.raises(addon("keyframes").BadInputError, match=r"The control jawOpen of .* is 'wide': a number"):
        _read(addon, scene, portrait)


def test_keys_survive_renaming_copying_to_another_channel_and_saving(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    key(portrait, "jawOpen", [(10, 0), (29, 1)])
    before = _read(addon, scene, portrait)
    portrait.name, portrait.channel = "renamed", 4
    assert _read(addon, scene, portrait) == before
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "keys.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "keys.blend"))
    scene = bpy.context.scene
    assert _read(addon, scene, addon("portraits").portrait_strip(scene, "renamed")) == before


@pytest.mark.parametrize("eyes", ["BOTH", "RIGHT"])
def test_a_blink_is_keyed_over_what_is_there(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, eyes: str
) -> None:
    key(portrait, "eyeBlinkRight", [(8, 0.2), (40, 0.2)])
    scene.frame_set(20)
    assert bpy.ops.gioconda.key_blink(eyes=eyes) == {"FINISHED"}
    seen = dict(zip(range(*span(portrait)), _seen(scene, portrait, "eyeBlinkRight"), strict=True))
    assert seen[20] == 1
    assert seen[12] == pytest.approx(0.2)
    assert seen[28] == pytest.approx(0.2)
    assert seen[18] < seen[19] < 1
    assert seen[20] > seen[22] > seen[24]
    left = _read(addon, scene, portrait).get("eyeBlinkLeft")
    assert (left is not None and max(left) == 1) == (eyes == "BOTH")
