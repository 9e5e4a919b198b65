# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound strip that drives a portrait, with its words or without."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, add_text, strips_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

pytestmark = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender is built without sound")
SPEECH = Path(__file__).parents[2].parent / "shared/data/speech/librivox"


def _silence(path: Path) -> None:
    with wave.open(str(path), "wb") as voice:
        voice.setparams((1, 2, 8000, 0, "NONE", ""))
        voice.writeframes(bytes(16000))


def test_what_a_strip_plays_and_shows_is_told_by_its_name(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, tmp_path: Path
) -> None:
    """The worker tells the files that it reads, which are Blender's own."""
    _silence(tmp_path / "a.wav")
    settings = portrait.gioconda
    read = addon("drivers").driving
    for name, file in (("Take 2: hello", "Take 2_ hello.wav"), ("hello.wav", "hello.wav")):
        sound = strips_of(scene).new_sound(name=name, filepath=str(tmp_path / "a.wav"), channel=3, frame_start=10)
        settings.driven_by, settings.strip_name = "SOUND", name
        assert read(scene, portrait, tmp_path, "dlib").data["driver"]["sound_path"] == str(tmp_path / file)
        strips_of(scene).remove(sound)
    performer = add_picture(scene, astronaut, start=10, channel=3, name="Take 2/3")
    settings.driven_by, settings.strip_name = "MOVIE", performer.name
    shown = read(scene, portrait, tmp_path, "dlib").data["driver"]["performance_path"]
    assert Path(shown).name == "Take 2_3"


def test_a_transcript_reaches_the_job(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, tmp_path: Path
) -> None:
    _silence(tmp_path / "voice.wav")
    strips_of(scene).new_sound(name="voice", filepath=str(tmp_path / "voice.wav"), channel=3, frame_start=10)
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name, settings.words = "SOUND", "voice", "STRIPS"

    def offered() -> list[str]:
        fits = addon("driver_settings")._drives
        return [strip.name for strip in addon("strips").all_strips(scene) if fits(settings, strip)]

    assert offered() == ["voice"]
    settings.driven_by = "MOVIE"
    assert not offered()  # neither a voice nor the portrait itself
    settings.driven_by = "SOUND"
    for channel, (said, start, end) in enumerate((("two", 14, 40), ("one", 1, 11), ("late", 18, 30), ("muted", 1, 40))):
        add_text(scene, said, 5 + channel, start, end).mute = said == "muted"

    def words() -> str:
        choices = addon("jobs").Choices(output=tmp_path / "out")
        job = addon("jobs").prepare(scene, portrait, choices)
        return json.loads((job.folder / "job.json").read_text())["driver"]["text"]

    assert words() == "one\ntwo"
    settings.words = "TEXT"
    before = list((tmp_path / "out").iterdir())
    with pytest.raises(addon("drivers").BadInputError, match="No text is chosen"):
        words()
    assert list((tmp_path / "out").iterdir()) == before, "what is refused leaves no folder"
    settings.text = bpy.data.texts.new("said")
    settings.text.write("hello")
    assert words() == "hello"


def test_a_voice_that_is_not_heard_is_told(scene: bpy.types.Scene, portrait: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    _silence(file)
    sound = strips_of(scene).new_sound(name="voice", filepath=str(file), channel=3, frame_start=100)
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name = "SOUND", "voice"
    with pytest.raises(RuntimeError, match='"voice" is not played at the same time as the portrait'):
        bpy.ops.gioconda.bake_keys()
    sound.frame_start = 10
    with pytest.raises(RuntimeError, match=r"Error: voice\.wav: no speech is found"):  # no word of a temporary folder
        bpy.ops.gioconda.bake_keys()
    file.unlink()
    with pytest.raises(RuntimeError, match='The sound of "voice" is missing'):
        bpy.ops.gioconda.bake_keys()
    sound.sound.filepath = "//a.wav"
    _silence(file)
    sound.sound.pack()
    file.unlink()
    with pytest.raises(RuntimeError, match="no speech is found"):
        bpy.ops.gioconda.bake_keys()


@pytest.mark.skipif(not SPEECH.is_dir(), reason=f"{SPEECH} is missing: there is no voice to hear")
def test_a_sound_strip_speaks_as_the_timeline_plays_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    """A voice that begins half a second later, and its words as text strips."""
    sound = next(iter(sorted(SPEECH.glob("*.wav"))))
    portrait.frame_final_duration = 50
    strips_of(scene).new_sound(name="voice", filepath=str(sound), channel=3, frame_start=22)
    settings = portrait.gioconda
    settings.driven_by, settings.strip_name, settings.blinks, settings.head = "SOUND", "voice", 0, 0
    bpy.ops.gioconda.bake_keys(tolerance=0)
    jaw = values_of(addon, scene, portrait, "jawOpen")
    assert np.allclose(jaw[:10], 0, atol=0.01)
    assert jaw[12:].max() > 0.1
    assert not any("headYaw" in curve.data_path for curve in addon("curves").fcurves(scene))
    settings.driven_by, settings.words = "SOUND", "STRIPS"
    with pytest.raises(RuntimeError, match="No text strip"):
        bpy.ops.gioconda.bake_keys()
