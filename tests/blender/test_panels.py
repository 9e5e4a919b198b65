# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from core.motion.controls import CONTROLS
from tests.blender.conftest import MODULE
from tests.blender.timeline import add_picture

if TYPE_CHECKING:
    from collections.abc import Callable

ICONS = {item.identifier for item in bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items}


KINDS = ("KEYS", "MOVIE", "SOUND", "FILE", "CLIP", "MESH", "PRESET")
SETTINGS = {
    "KEYS": ["operator gioconda.save_preset"],
    "MOVIE": ["prop strip_name", "prop face_index", "prop like", "prop missing", "prop neutral_picture"],
    "SOUND": ["prop strip_name", "prop words", "prop text", "prop loudness slider"],
    "FILE": ["prop filepath", "prop motion"],
    "CLIP": ["prop clip", "operator gioconda.name_track", "prop neutral_frame"],
    "MESH": ["prop mesh"],
    "PRESET": ["prop preset", "prop preset_path", "prop preset_scale", "prop preset_loop"],
}


class OperatorProperties:
    """Takes only values for properties that the operator has."""

    def __init__(self, operator: Any) -> None:
        self.__dict__["known"] = operator.get_rna_type().properties.keys()

    def __setattr__(self, name: str, value: object) -> None:
        assert name in self.known


class Layout:
    """Notes what a panel draws, and insists that all of it exists in this Blender."""

    def __init__(self, drawn: list[str] | None = None) -> None:
        self.drawn = [] if drawn is None else drawn

    def row(self, **_: object) -> Layout:
        return Layout(self.drawn)

    column = box = row

    def separator(self, **_: object) -> None:
        pass

    def label(self, *, text: str = "", icon: str = "NONE") -> None:
        assert icon in ICONS
        self.drawn.append(text)

    def prop(self, data: Any, name: str, *, slider: bool = False, icon: str = "NONE", **_: str) -> None:
        assert icon in ICONS
        assert name[2:-2] in data if name.startswith('["') else name in data.bl_rna.properties
        self.drawn.append(f"prop {name}{' slider' if slider else ''}")

    def template_ID(self, data: Any, name: str, **operators: str) -> None:  # noqa: N802 - Blender's name
        self.prop(data, name)
        for operator in operators.values():
            self.operator(operator)

    def operator(self, name: str, *, icon: str = "NONE", **_: str) -> OperatorProperties:
        assert icon in ICONS
        group, _, function = name.partition(".")
        self.drawn.append(f"operator {name}")
        return OperatorProperties(getattr(getattr(bpy.ops, group), function))

    def operator_menu_enum(self, name: str, choice: str, *, icon: str = "NONE", **_: str) -> None:
        setattr(self.operator(name, icon=icon), choice, None)

    def template_icon(self, *, icon_value: int, scale: float) -> None:
        self.drawn.append(f"icon {icon_value} {scale:g}")

    def progress(self, *, text: str, factor: float) -> None:
        self.drawn.append(f"progress {text} {factor:g}")


@pytest.fixture
def draw() -> Callable[[], str]:
    """Draw all panels whose poll says so; what they drew, a line each."""

    def drawn() -> str:
        layout = Layout()
        for cls in bpy.types.Panel.__subclasses__():
            if cls.__module__.startswith(MODULE) and (not hasattr(cls, "poll") or cls.poll(bpy.context)):
                cls.draw(SimpleNamespace(layout=layout, region=getattr(cls, "region", None)), bpy.context)
        return "\n".join(layout.drawn)

    return drawn


@pytest.mark.usefixtures("scene")
def test_without_a_strip_the_panel_says_what_to_do(draw: Callable[[], str]) -> None:
    told = draw().replace("\n", " ")
    assert "No strip is selected: click the image or movie strip" in told
    assert "operator gioconda.generate" not in told


def test_a_portrait_without_controls(draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path) -> None:
    add_picture(scene, astronaut)
    told = draw().splitlines()
    assert "512 x 512, no face found yet" in told
    for name in ("find_face", "add_controls", "show_head_mask", "generate", "copy_performance", "export_performance"):
        assert f"operator gioconda.{name}" in told
    assert "The file is not saved" in draw().replace("\n", " ")


def test_every_control_is_a_slider_in_its_region(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path
) -> None:
    add_picture(scene, astronaut)
    bpy.ops.gioconda.add_controls()
    told = draw().splitlines()
    sliders = [line for line in told if line.endswith("slider") and "gioconda_" not in line]
    assert sliders == [f'prop ["{c}"] slider' for c in CONTROLS]
    assert "operator gioconda.add_controls" not in told


def test_controls_are_named_in_words_with_their_unit(addon: Callable[[str], ModuleType]) -> None:
    label = addon("ui.regions").label
    assert [label(CONTROLS[name]) for name in ("mouthSmileLeft", "headYaw")] == ["Mouth Smile Left", "Head Yaw (°)"]


def test_no_button_moves_when_the_strip_gets_its_settings(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strip = add_picture(scene, astronaut)

    def drawn() -> list[str]:
        layout = Layout()
        addon("ui.panels").GIOCONDA_PT_main.draw(SimpleNamespace(layout=layout), bpy.context)
        return layout.drawn

    before = drawn()
    addon("portraits").prepare(scene, strip)
    assert drawn() == before


@pytest.mark.parametrize("kind", KINDS)
def test_every_driver_has_its_settings(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path, kind: str
) -> None:
    strip = add_picture(scene, astronaut)
    strip.gioconda.driven_by, strip.gioconda.words = kind, "TEXT"
    strip.gioconda.clip = bpy.data.movieclips.load(str(astronaut))
    drawn = draw().splitlines()
    assert set(SETTINGS[kind]) <= set(drawn)
    assert ("operator gioconda.bake_keys" in drawn) == (kind != "KEYS")
    assert ("prop amount_jaw slider" in drawn) == (kind != "KEYS")


def test_a_mask_that_is_set_tells_how_to_paint_it(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path
) -> None:
    strip = add_picture(scene, astronaut)
    bpy.ops.gioconda.add_controls()
    told = draw().replace("\n", " ")
    for name in ("head_mask", "head_mask_strip", '["gioconda_creases"]', '["gioconda_neutralise"]'):
        assert f"prop {name} " in told
    assert "Erase Alpha" not in told
    strip.gioconda.head_mask = str(astronaut)
    assert "Erase Alpha" in draw().replace("\n", " ")
    strip.gioconda.head_mask_strip = strip.name  # a strip goes before the file
    assert "Erase Alpha" not in draw().replace("\n", " ")


def test_saved_file_needs_no_warning(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    add_picture(scene, astronaut)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert "not saved" not in draw().replace("\n", " ")


def test_frames_that_were_drawn_before_the_file_was_saved_are_told(
    draw: Callable[[], str],
    addon: Callable[[str], ModuleType],
    scene: bpy.types.Scene,
    astronaut: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bpy.context.preferences.filepaths, "temporary_directory", str(tmp_path / "temporary"))
    portrait = add_picture(scene, astronaut)
    folder = addon("jobs").temporary_folder() / "job"
    folder.mkdir(parents=True)
    result = add_picture(scene, Path(shutil.copy(astronaut, folder)), channel=2)
    result["gioconda_source"], result["gioconda_job"] = addon("portraits").prepare(scene, portrait), "job"
    assert "temporary folder" not in draw().replace("\n", " ")  # it says so beside Generate
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert "temporary folder: Generate again to keep them" in draw().replace("\n", " ")


def test_changed_colours_are_told_with_a_way_out(draw: Callable[[], str], scene: bpy.types.Scene) -> None:
    assert "operator gioconda.fix_view_transform" not in draw()
    scene.view_settings.view_transform = "AgX"
    told = draw()
    assert "View transform AgX" in told.replace("\n", " ")
    assert "operator gioconda.fix_view_transform" in told
    assert scene.view_settings.view_transform == "AgX"  # nothing changes by being looked at


def test_missing_worker_is_told_with_a_way_out(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_picture(scene, astronaut)
    monkeypatch.delenv("GIOCONDA_WORKER_PYTHON")
    told = draw()
    assert "There is no worker yet" in told.replace("\n", " ")
    assert "operator gioconda.create_worker" in told
    assert "operator gioconda.generate" not in told


def test_what_a_task_has_so_far_is_shown_as_it_changes(
    addon: Callable[[str], ModuleType], astronaut: Path, tmp_path: Path
) -> None:
    picture, preview, layout = tmp_path / "preview.png", addon("ui.preview"), Layout()
    preview.draw(layout, picture)
    assert not layout.drawn
    states: list[str] = []
    for _ in range(2):
        picture.write_bytes(astronaut.read_bytes())
        for _ in range(2):
            preview.draw(layout, picture)
            [state] = preview._shown[0]
            states.append(state)
    assert len(layout.drawn) == 4  # a Blender without a window has no icon for it
    assert states[0] == states[1] != states[2] == states[3]
    assert min(preview._shown[0][states[3]].image_size) > 0  # it was read


def test_a_long_message_is_shown_whole(addon: Callable[[str], ModuleType], tmp_path: Path) -> None:
    message, layout = "Preparing warp and compiling its loops for this computer, which is done once", Layout()
    addon("ui.layout").progress(layout, addon("client").Task(message, tmp_path / "log"))
    assert len(layout.drawn) > 2
    assert " ".join(layout.drawn) == f"{message} operator gioconda.cancel"


def test_a_broken_landmark_property_does_not_break_the_panel(
    draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path
) -> None:
    add_picture(scene, astronaut)["gioconda_landmarks"] = "{"
    assert "cannot be read" in draw().replace("\n", " ")


def test_each_strip_tells_of_its_own_tasks(
    addon: Callable[[str], ModuleType], draw: Callable[[], str], scene: bpy.types.Scene, astronaut: Path, tmp_path: Path
) -> None:
    session = addon("session").session
    one, other = add_picture(scene, astronaut), add_picture(scene, astronaut, channel=2)
    for strip in (one, other):
        scene.sequence_editor.active_strip = strip
        with pytest.raises(RuntimeError, match=f'Nothing moves "{strip.name}" yet'):
            bpy.ops.gioconda.generate()
    for strip in (one, other):
        scene.sequence_editor.active_strip = strip
        assert draw().count("Nothing moves") == 1
        assert f'Nothing moves "{strip.name}"' in draw()
    task = addon("client").Task("Generating", tmp_path / "log")
    session.about = addon("portraits").subject(scene, one.name)
    session.start(task, str)
    one.name = "renamed"
    assert "renamed\nGenerating\n" in draw()  # whose it is, beside the strip that is active
    session.current = None
    assert f'Nothing moves "{other.name}"' in draw()
    session.about = None
    session.refuse(addon("runtime").MissingError("There is no worker yet"))
    assert "There is no worker yet" in draw()  # which concerns all: what was told before is old
    assert "Nothing moves" not in draw()


def test_preferences_page(addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    session = addon("session").session
    monkeypatch.setattr(session, "about", None)
    monkeypatch.setattr(session, "outcomes", {})
    session.refuse(addon("runtime").MissingError("There is no worker yet"))
    own = bpy.context.preferences.addons[MODULE].preferences
    layout = Layout()
    # Preferences draw themselves as `self`: give the real properties a noting layout.
    type(own).draw(_WithLayout(own, layout), bpy.context)
    for name in ("worker_python", "model_folder", "output_folder", "allow_downloads", "wheels_folder"):
        assert f"prop {name}" in layout.drawn
    assert "operator gioconda.remove_worker" in layout.drawn
    assert layout.drawn.count("operator gioconda.create_worker") == 2  # with torch and without, not again below
    assert "There is no worker yet" in layout.drawn


class _WithLayout:
    def __init__(self, own: Any, layout: Layout) -> None:
        self.layout, self.bl_rna, self._own = layout, own.bl_rna, own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)
