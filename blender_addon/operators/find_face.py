# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the faces in a portrait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import BadInputError
from .. import portraits, preferences, properties, strip_files, strips
from ..session import session
from .task_operator import TaskOperator


class GIOCONDA_OT_find_face(TaskOperator, bpy.types.Operator):
    """Find the faces in the picture of the image strip and keep their landmarks on it"""

    bl_idname = "gioconda.find_face"
    bl_label = "Find Face"
    bl_options = {"UNDO"}

    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    detector: StringProperty(
        name="Detector", description="dlib, face-alignment or face-alignment-3d; empty: the scene's"
    )

    def begin(self, context: bpy.types.Context) -> None:
        from .. import runtime
        from ..client import WorkerTask

        scene = strips.edited_scene(context)
        strip = portraits.portrait_strip(scene, self.strip_name)
        own = preferences.of(context)
        command = {
            "command": "detect",
            "picture": str(strip_files.picture_path(strip)),
            "detector": self.detector or properties.of(scene).detector,
            **own.model_files(),
        }
        portrait_id = portraits.prepare(scene, strip)
        python = runtime.worker_python(own.worker_python)
        task = WorkerTask("Finding the face", python, command, runtime.log_file("find_face"))
        scene_uid, name = scene.session_uid, strip.name

        def apply() -> str:
            found = portraits.find(strips.scene_of(scene_uid), portrait_id, name)
            return _keep(found, command, task.faces)

        session.start(task, apply)


def _keep(strip: Any, command: dict[str, Any], event: dict[str, Any]) -> str:
    faces = event["faces"]
    if not faces:
        raise BadInputError(
            f'No face was found in "{strip.name}". Try another detector, or load landmarks that were set by hand.'
        )
    portraits.store_told(strip, Path(command["picture"]), event, command["detector"])
    index = strip[portraits.FACE_INDEX]
    if index not in range(len(faces)):
        found = portraits.count(len(faces), "face")
        raise BadInputError(f'{found} found in "{strip.name}", there is no face {index}: set Face Index, from 0 on.')
    return f'{portraits.count(len(faces), "face")} found in "{strip.name}"'
