# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: a preset drives a portrait, becomes keys that are touched up, and a second portrait does the same.

blender --background --python samples/09_drive_in_blender.py -- one.jpg other.jpg out/drive.blend
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy


def main(one: Path, other: Path, output: Path, length: int = 25) -> None:
    """Make the timeline, `length` frames long, and save it."""
    scene = bpy.context.scene
    scene.view_settings.view_transform = "Standard"
    scene.sequence_editor_create()
    bpy.ops.wm.save_as_mainfile(filepath=str(output))
    first, second = (add_portrait(scene, picture, channel, length) for picture, channel in ((one, 1), (other, 3)))

    scene.sequence_editor.active_strip = first
    first.gioconda.driven_by, first.gioconda.preset, first.gioconda.preset_loop = "PRESET", "nod", False
    first.gioconda.amount_head = 0.7
    bpy.ops.gioconda.bake_keys()  # from now on it is driven by its keys, which can be changed
    first["mouthSmileLeft"] = first["mouthSmileRight"] = 0.3

    bpy.ops.gioconda.copy_performance(target_name=second.name)
    for strip in (first, second):
        bpy.ops.gioconda.generate(strip_name=strip.name)
    bpy.ops.wm.save_mainfile()


def add_portrait(scene: bpy.types.Scene, picture: Path, channel: int, length: int) -> Any:
    """An image strip with its face found."""
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # Blender 4.2 and 4.3
    strip = strips.new_image(
        name=f"{picture.stem} {channel}", filepath=str(picture), channel=channel, frame_start=1, fit_method="ORIGINAL"
    )
    strip.frame_final_duration = length
    bpy.ops.gioconda.find_face(strip_name=strip.name)
    return strip


if __name__ == "__main__":
    arguments = sys.argv[sys.argv.index("--") + 1 :]  # Blender's come before
    main(*(Path(argument).resolve() for argument in arguments))
