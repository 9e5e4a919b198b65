# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the animated portrait and put it on the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty, StringProperty

from .. import portraits, preferences, properties, strip_files, strips
from ..session import session
from ..versions import FILE_OPTIONS
from .task_operator import TaskOperator

if TYPE_CHECKING:
    from .. import jobs


class GIOCONDA_OT_generate(TaskOperator, bpy.types.Operator):
    """Animate the portrait and put the frames on the timeline, over the portrait. ESC cancels"""

    bl_idname = "gioconda.generate"
    bl_label = "Generate"
    bl_options = {"UNDO"}

    # For scripts; what is not given is taken from the strip, the scene and the preferences.
    strip_name: StringProperty(name="Strip", description="Name of the portrait strip; empty: the active one")
    frame_start: IntProperty(name="First Frame", description="Scene frame; not given: the strip's first")
    frame_end: IntProperty(name="Last Frame", description="Scene frame; not given: the strip's last")
    detector: StringProperty(
        name="Detector", description="dlib, face-alignment or face-alignment-3d; empty: the scene's"
    )
    face_index: IntProperty(name="Face Index", default=-1, min=-1, description="0 is the largest; -1: the strip's")
    output_folder: StringProperty(
        name="Output Folder",
        description="Gets a folder for the job; empty: the preferences' one",
        subtype="DIR_PATH",
        options=FILE_OPTIONS,
    )
    generator: StringProperty(name="Generator", description="warp or few_shot; empty: the strip's")

    def begin(self, context: bpy.types.Context) -> None:
        from .. import jobs, runtime
        from ..chain import Chain
        from ..client import WorkerTask

        scene = strips.edited_scene(context)
        strip = portraits.portrait_strip(scene, self.strip_name)
        own = preferences.of(context)
        python = runtime.worker_python(own.worker_python)
        job = jobs.prepare(scene, strip, self._choices(context))
        command = {"command": "run", "job": job.data}
        log = job.folder / "worker.log"
        task = Chain("Generating", [*job.before, lambda: WorkerTask("Generating", python, command, log)])
        session.start(task, lambda: jobs.place(job, task.current), job.folder)

    def _choices(self, context: bpy.types.Context) -> jobs.Choices:
        from .. import jobs

        settings, own = properties.of(strips.edited_scene(context)), preferences.of(context)
        given, folder = self.properties.is_property_set, self.output_folder
        return jobs.Choices(
            detector=self.detector or settings.detector,
            face_index=self.face_index if self.face_index >= 0 else None,
            generator=self.generator,
            output=strip_files.full_path(folder) if folder else jobs.output_folder(own.output_folder)[0],
            model_files=own.model_files(),
            first=self.frame_start if given("frame_start") else None,
            last=self.frame_end if given("frame_end") else None,
        )
