# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete the worker's Python environment."""

from __future__ import annotations

import bpy

from ...core.errors import GiocondaError
from ..session import session


class GIOCONDA_OT_remove_worker(bpy.types.Operator):
    """Delete the Python environment that Create Worker made. Blender does so itself when the extension is removed"""

    bl_idname = "gioconda.remove_worker"
    bl_label = "Remove Worker"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Where there is one, and no task that may use it."""
        from .. import runtime

        return session.current is None and runtime.environment_folder().exists()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Tell how large it is, and ask."""
        from .. import runtime

        size = f"{runtime.environment_bytes() / 1e9:.1f} GB in {runtime.environment_folder()}"
        return context.window_manager.invoke_confirm(
            self, event, title=self.bl_label, message=f"Delete {size}?", confirm_text="Delete"
        )

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Delete it: its many files take a second or a few."""
        from .. import runtime

        try:
            runtime.remove_environment()
        except GiocondaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.outcomes.pop(None, None)  # such as: the worker is ready
        self.report({"INFO"}, "The worker's Python environment is removed")
        return {"FINISHED"}
