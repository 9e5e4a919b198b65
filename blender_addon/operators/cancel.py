# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop what runs."""

from __future__ import annotations

import bpy

from ..session import session


class GIOCONDA_OT_cancel(bpy.types.Operator):
    """Stop after the frame that is being drawn. Finished frames stay in their folder"""

    bl_idname = "gioconda.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where something runs."""
        return session.current is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        session.cancel()
        return {"FINISHED"}
