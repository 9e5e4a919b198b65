# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn a person from the strips that show them."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ...core.training import MOST_PICTURES
from .. import driver_settings, portraits, preferences, strip_files, strips
from ..session import session
from ..strip_bakes import RenderTask, picture_name
from .task_operator import TaskOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..client import Task


class GIOCONDA_OT_learn_person(TaskOperator, bpy.types.Operator):
    """Learn the portrait's person from the selected image and movie strips, up to 32 pictures. It takes minutes, and
    makes a file that serves every shot of this person"""

    bl_idname = "gioconda.learn_person"
    bl_label = "Learn This Person"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")

    def begin(self, context: bpy.types.Context) -> None:
        from .. import jobs, runtime
        from ..chain import Chain
        from ..client import WorkerTask

        scene = strips.edited_scene(context)
        strip = portraits.portrait_strip(scene, self.strip_name)
        own = preferences.of(context)
        shown = _shown(scene, strip)
        portrait_id = portraits.prepare(scene, strip)
        folder = Path(tempfile.mkdtemp(prefix="gioconda_", dir=bpy.app.tempdir))  # Blender empties it on exit
        pictures, reading = _pictures(scene, shown, folder)
        path = jobs.new_file(own.output_folder, strip.name, "person.safetensors")
        settings = driver_settings.of(strip)
        command = {
            "command": "tune",
            "pictures": [str(picture) for picture in pictures],
            "output": str(path),
            "checkpoint": bpy.path.abspath(settings.checkpoint) or None,
            "minutes": settings.minutes,
        }
        python = runtime.worker_python(own.worker_python)
        title, log = "Learning the person", runtime.log_file("learn_person")
        task = Chain(title, [*reading, lambda: WorkerTask(title, python, command, log)])
        scene_uid, name = scene.session_uid, strip.name

        def apply() -> str:
            found = portraits.find(strips.scene_of(scene_uid), portrait_id, name, f" The person is {path}")
            settings = driver_settings.of(found)
            settings.person_path, settings.generator = strip_files.stored_path(path), "few_shot"
            return f"The person is {path}"

        session.start(task, apply, scratch=folder)


def _shown(scene: bpy.types.Scene, portrait: Any) -> list[Any]:
    """The portrait and the selected strips; results are no pictures of anybody. Raises BadInputError."""
    every = [
        strip
        for strip in strips.all_strips(scene)
        if strip.name == portrait.name
        or (strip.select and strip.type in ("IMAGE", "MOVIE") and not strip.get(portraits.SOURCE))
    ]
    for strip in every:
        strip_files.check_portrait(strip)
    return sorted(every, key=lambda strip: strip.name != portrait.name)


def _pictures(scene: bpy.types.Scene, shown: list[Any], folder: Path) -> tuple[list[Path], list[Callable[[], Task]]]:
    """The files that the strips show, each once, and what must be done before those of movies are there.

    A movie is rendered as the timeline trims and retimes it; pictures that were chosen one by one come first. Raises
    BadInputError: a picture is missing.
    """
    movies = [strip for strip in shown if strip.type == "MOVIE"]
    files = [file for strip in shown if strip.type == "IMAGE" for file in strip_files.picture_files(strip)]
    found = list(dict.fromkeys(files))
    share = max(1, (MOST_PICTURES - len(found)) // max(1, len(movies)))
    reading: list[Callable[[], Task]] = []
    for strip in movies:
        start, end = strips.visible_range(strip)
        step, into = -(-(end - start) // share), folder / str(len(reading))
        found += [into / picture_name(frame) for frame in range(start, end, step)]
        reading.append(
            partial(RenderTask, scene.session_uid, strip.name, start, end - 1, into, as_pictures=True, step=step)
        )
    return found, reading
