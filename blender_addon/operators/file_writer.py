# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators share that ask for a file to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpy.props import BoolProperty, StringProperty

if TYPE_CHECKING:
    import bpy


class FileWriter:
    """Mixin: the dialog, which offers the file's name `suggested`, and its ending for names that have none."""

    strip_name: StringProperty(description="Name of the portrait strip; empty: the active one", options={"HIDDEN"})
    check_existing: BoolProperty(default=True, options={"HIDDEN"})  # Blender asks before it overwrites
    filepath: str  # properties of the operator, the second one of the endings that fit: *.csv;*.json
    filter_glob: str
    suggested: str

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        self.filepath = self.filepath or self.suggested
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Called when a name was typed: whether it was changed, by its ending."""
        endings = tuple(self.filter_glob.replace("*", "").split(";"))
        if self.filepath.endswith(("/", "\\")) or self.filepath.lower().endswith(endings):
            return False
        self.filepath += Path(self.suggested).suffix
        return True
