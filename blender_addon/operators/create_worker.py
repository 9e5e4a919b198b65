# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the worker's Python environment, on an explicit click only."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import preferences
from ..session import session
from ..versions import FILE_OPTIONS
from .task_operator import TaskOperator


class GIOCONDA_OT_create_worker(TaskOperator, bpy.types.Operator):
    """Make a Python environment for the worker and install its packages, from the package index or from a folder of
    wheels. Blender's own Python stays as it is"""

    bl_idname = "gioconda.create_worker"
    bl_label = "Create Worker"

    with_torch: BoolProperty(
        name="With Torch", description="Install torch and face-alignment, too: a better detector, several gigabytes"
    )
    wheels_folder: StringProperty(
        name="Wheels",
        subtype="DIR_PATH",
        description="Install from this folder, without a network; empty: preferences",
        options=FILE_OPTIONS,
    )
    base_python: StringProperty(
        name="Base Python",
        subtype="FILE_PATH",
        description="Python to make the environment from; empty: Blender's",
        options=FILE_OPTIONS,
    )

    def begin(self, context: bpy.types.Context) -> None:
        from .. import runtime
        from ..client import python_of_blender

        wheels = self.wheels_folder or preferences.of(context).wheels_folder
        base = Path(bpy.path.abspath(self.base_python)) if self.base_python else python_of_blender()
        task = runtime.create(base, Path(bpy.path.abspath(wheels)) if wheels else None, with_torch=self.with_torch)
        chosen = preferences.of(context).worker_python
        ready = f"The worker is ready: {runtime.environment_python()}"
        session.start(task, lambda: f"{ready}. To use it, empty the preference Worker Python" if chosen else ready)
