# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators share that change a portrait strip at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.errors import GiocondaError
from .. import portraits, strips

if TYPE_CHECKING:
    import bpy


class PortraitOperator:
    """Mixin: `change` does the work on the strip named by `strip_name`, else on the active one."""

    strip_name: str  # a property of the operator

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        """Change the strip; the message for the user (GiocondaError: why it cannot)."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find the strip, change it, tell."""
        scene = strips.edited_scene(context)
        try:
            message = self.change(scene, portraits.portrait_strip(scene, self.strip_name))
        except GiocondaError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, message)
        return {"FINISHED"}
