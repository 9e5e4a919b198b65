# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, filmed, key, pixels, save_picture, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[2]
_UNTRAINED = """
import sys
from pathlib import Path
import torch
from core.generators.few_shot.checkpoint import save_checkpoint
from core.generators.few_shot.networks import NetworkPlan, build_networks
torch.manual_seed(0)
plan = NetworkPlan(width=8, embedding=16, size=64, attention=False)
save_checkpoint(Path(sys.argv[1]), build_networks(plan), {})
"""


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that were not trained, from the worker's Python; skips where that has no torch."""
    worker, path = os.environ["GIOCONDA_WORKER_PYTHON"], tmp_path_factory.mktemp("networks") / "untrained.safetensors"
    done = subprocess.run([worker, "-c", _UNTRAINED, path], cwd=ROOT, capture_output=True, text=True, check=False)
    if "No module named 'torch'" in done.stderr:
        pytest.skip("the worker's Python has no torch")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def portrait(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path
) -> Any:
    """The astronaut on frames 1 and 2, who turns her head; beside her a picture and a movie of her are selected.

    Of the movie's three frames the last one is shown.
    """
    shown = pixels(astronaut)
    others = [
        add_picture(scene, save_picture(tmp_path / f"{n}.png", np.roll(shown, 20 * n, 1)), channel=2 + n, length=3)
        for n in (1, 2)
    ]
    film = filmed(addon, scene, others.pop(), tmp_path / "movie")
    others.append(strips_of(scene).new_movie(name="film", filepath=str(film), channel=4, frame_start=1))
    others[-1].frame_final_start = 3
    strip = add_picture(scene, astronaut, length=2)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = astronauts_face
    key(strip, "headYaw", [(1, 0), (2, 15)])
    for other in others:
        other.select = True
    return strip


@pytest.mark.main_only
def test_a_person_is_learned_from_the_selected_strips_and_drawn(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, checkpoint: Path
) -> None:
    settings = portrait.gioconda
    settings.checkpoint, settings.minutes = str(checkpoint), 0.05
    assert bpy.ops.gioconda.learn_person() == {"FINISHED"}
    assert settings.person_path.startswith("//gioconda/astronaut_person_")
    assert settings.generator == "few_shot"
    person = Path(bpy.path.abspath(settings.person_path))
    told = json.loads(json.loads(_header(person))["__metadata__"]["header"])
    assert [each["file"] for each in told["made_from"]["pictures"]] == ["astronaut.png", "1.png", "000003.png"]
    assert bpy.ops.gioconda.generate() == {"FINISHED"}
    [result] = addon("portraits").results(scene, portrait["gioconda_portrait_id"])
    folder = Path(bpy.path.abspath(result.directory))
    assert json.loads((folder / "job.json").read_text())["person"] == str(person)
    frames = [pixels(folder / f"frame_00000{number}.png") for number in (1, 2)]
    assert np.array_equal(frames[0], pixels(Path(bpy.path.abspath(f"{portrait.directory}astronaut.png"))))
    assert np.abs(frames[1] - frames[0]).max() > 0.3


def _header(path: Path) -> bytes:
    """The JSON of a safetensors file."""
    with path.open("rb") as file:
        return file.read(int.from_bytes(file.read(8), "little"))
