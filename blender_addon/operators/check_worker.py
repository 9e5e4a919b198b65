# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the worker what it has."""

from __future__ import annotations

import bpy

from ...core.errors import MissingError
from .. import preferences
from ..session import session
from .task_operator import TaskOperator


class GIOCONDA_OT_check_worker(TaskOperator, bpy.types.Operator):
    """Start the worker and see whether it has what it needs"""

    bl_idname = "gioconda.check_worker"
    bl_label = "Check Worker"

    def begin(self, context: bpy.types.Context) -> None:
        from .. import runtime

        task = runtime.check(runtime.worker_python(preferences.of(context).worker_python))

        def apply() -> str:
            missing = runtime.lacking(task)
            if missing:
                raise MissingError(f"The worker's Python ({task.python}) lacks {', '.join(missing)}.", missing[0])
            return f"The worker is ready: Python {task.ready['python']}, {task.python}"

        session.start(task, apply)
