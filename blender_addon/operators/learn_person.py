# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn a person from the strips that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from .. import driver_settings, portraits, preferences, strips
from ..session import session
from .task_operator import TaskOperator

if TYPE_CHECKING:
    from pathlib import Path


class GIOCONDA_OT_learn_person(TaskOperator, bpy.types.Operator):
    """Learn the portrait's person from the selected image and movie strips, up to 32 pictures. It takes minutes, and
    makes a file that serves every shot of this person"""

    bl_idname = "gioconda.learn_person"
    bl_label = "Learn This Person"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    checkpoint: StringProperty(
        name="Checkpoint", subtype="FILE_PATH", description="Trained networks to start from; empty: those that ship"
    )

    def begin(self, context: bpy.types.Context) -> None:
        from .. import jobs, runtime
        from ..client import WorkerTask

        scene = strips.edited_scene(context)
        strip = portraits.portrait_strip(scene, self.strip_name)
        own = preferences.of(context)
        portrait_id = portraits.prepare(scene, strip)
        path = jobs.new_file(own.output_folder, strip.name, "person.safetensors")
        command = {
            "command": "tune",
            "pictures": [str(picture) for picture in _pictures(scene, strip)],
            "output": str(path),
            "checkpoint": bpy.path.abspath(self.checkpoint) or None,
        }
        python = runtime.worker_python(own.worker_python)
        task = WorkerTask("Learning the person", python, command, runtime.log_file("learn_person"))
        scene_name, name = scene.name, strip.name

        def apply() -> str:
            found = portraits.find(bpy.data.scenes.get(scene_name), portrait_id, name, f" The person is {path}")
            settings = driver_settings.of(found)
            settings.person_path, settings.generator = strips.stored_path(path), "few_shot"
            return f"The person is {path}"

        session.start(task, apply)


def _pictures(scene: bpy.types.Scene, portrait: Any) -> list[Path]:
    """The files of the portrait and of the selected strips, each once; results are no pictures of anybody."""
    selected = [
        strip
        for strip in strips.all_strips(scene)
        if strip.select and strip.type in ("IMAGE", "MOVIE") and not strip.get(portraits.SOURCE)
    ]
    found = [file for strip in (portrait, *selected) for file in strips.picture_files(strip)]
    return list(dict.fromkeys(found))
