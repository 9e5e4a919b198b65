# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a scene: how faces are found."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, PointerProperty

DETECTORS = (
    ("dlib", "dlib", "Comes with the worker; finds frontal faces"),
    ("face-alignment", "face-alignment", "More exact; needs torch and its model files"),
    ("face-alignment-3d", "face-alignment 3D", "The same, with the outline of the far cheek where it would be"),
)


class GIOCONDA_PG_settings(bpy.types.PropertyGroup):
    """Gioconda's settings of a scene."""

    detector: EnumProperty(name="Detector", items=DETECTORS, description="What finds the face")


def of(scene: bpy.types.Scene) -> GIOCONDA_PG_settings:
    """The settings of this scene."""
    return scene.gioconda


def register() -> None:
    """Give scenes the settings."""
    bpy.types.Scene.gioconda = PointerProperty(type=GIOCONDA_PG_settings)


def unregister() -> None:
    """Take them away; what was set stays in the files."""
    del bpy.types.Scene.gioconda
