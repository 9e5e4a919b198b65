# SPDX-License-Identifier: GPL-3.0-or-later
"""What a portrait strip does, whatever drives it, as controls on every frame: to be keyed, copied or written."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import GiocondaError
from . import drivers, portraits, preferences, properties, runtime, strips
from .chain import Chain
from .client import WorkerTask
from .session import session

if TYPE_CHECKING:
    from collections.abc import Callable

    Channels = dict[str, list[float]]  # of every frame that the strip shows


def start(
    context: bpy.types.Context,
    strip_name: str,
    title: str,
    use: Callable[[bpy.types.Scene, Any, Channels], str],
    *,
    output: Path | None = None,
    as_live_link: bool = False,
) -> None:
    """Find the controls and `use` them: it gets scene, strip and channels, and returns the message for the user.

    `output` is a file for them, .json or .csv, in Live Link Face's form if asked. Raises GiocondaError.
    """
    scene = strips.edited_scene(context)
    strip = portraits.portrait_strip(scene, strip_name)
    own = preferences.of(context)
    python = runtime.worker_python(own.worker_python)
    portrait_id = portraits.prepare(scene, strip)
    folder = Path(tempfile.mkdtemp(prefix="gioconda_", dir=bpy.app.tempdir))  # Blender empties it on exit
    path = output or folder / "controls.json"
    try:
        moved = drivers.driving(scene, strip, folder, properties.of(scene).detector)
    except GiocondaError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    command = {
        "command": "perform",
        **moved.data,
        "output": str(path),
        "as_live_link": as_live_link,
        **own.model_files(),
    }
    task = Chain(title, [*moved.before, lambda: WorkerTask(title, python, command, runtime.log_file("perform"))])
    scene_uid, name = scene.session_uid, strip.name

    def apply() -> str:
        now = strips.scene_of(scene_uid)
        found = portraits.find(now, portrait_id, name)
        channels = {} if output else json.loads(path.read_text(encoding="utf-8"))["channels"]
        return use(now, found, channels)

    session.start(task, apply, scratch=folder)
