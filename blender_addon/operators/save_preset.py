# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what is keyed on a portrait as a preset."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ...core.errors import BadInputError
from .. import keyframes, portraits, strip_files, strips
from ..versions import FILE_OPTIONS
from .file_writer import FileWriter
from .portrait_operator import PortraitOperator


class GIOCONDA_OT_save_preset(FileWriter, PortraitOperator, bpy.types.Operator):
    """Write what is keyed on the portrait's controls, from its first frame to its last, as a preset: .json"""

    bl_idname = "gioconda.save_preset"
    bl_label = "Save Preset"
    suggested = "preset.json"

    filepath: StringProperty(subtype="FILE_PATH", description="Ends in .json", options=FILE_OPTIONS)
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})
    loop: BoolProperty(name="Loops", description="Its end is its beginning: it can be played on and on")

    def change(self, scene: bpy.types.Scene, strip: Any) -> str:
        import numpy as np

        from ...core.motion.controls import ControlTrack
        from ...core.motion.preset import save_preset

        if not keyframes.has_controls(strip):
            raise BadInputError(f'"{strip.name}" has no controls: press Add Controls, or bake what drives it.')
        channels = keyframes.read_controls(scene, strip, range(*strips.visible_range(strip)))
        if not channels:
            raise BadInputError(f'Nothing is keyed on "{strip.name}": all its controls are neutral.')
        path = strip_files.full_path(self.filepath)
        values = {name: np.array(of, np.float32) for name, of in channels.items()}
        save_preset(path, ControlTrack(strips.exact_fps(scene), values), f"Saved from {strip.name}.", loop=self.loop)
        return f"{portraits.count(len(channels), 'control')} in {path}"
