# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's colour management, which may keep strips from showing the colours of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import BadInputError

if TYPE_CHECKING:
    import bpy


def changes(scene: bpy.types.Scene) -> list[str]:
    """What in the scene's colour management keeps strips from showing the colours of their files; empty if nothing."""
    view = scene.view_settings
    told = []
    if view.view_transform != "Standard":
        told.append(f"View transform {view.view_transform}")
    if view.look != "None":
        told.append(f"Look {view.look}")
    if view.exposure != 0:
        told.append(f"Exposure {view.exposure:g}")
    if view.gamma != 1:
        told.append(f"Gamma {view.gamma:g}")
    if view.use_curve_mapping:
        told.append("Curves")
    if getattr(view, "use_white_balance", False):  # 4.3 brought it
        told.append("White balance")
    return told


def keep(scene: bpy.types.Scene) -> None:
    """Set the colour management so that strips show the colours of their files (BadInputError if it cannot)."""
    view = scene.view_settings
    view.use_curve_mapping = False
    if hasattr(view, "use_white_balance"):
        view.use_white_balance = False
    view.exposure, view.gamma = 0, 1
    try:
        view.view_transform = "Standard"
        view.look = "None"
    except TypeError as error:  # a studio's own OpenColorIO configuration
        raise BadInputError(
            "This colour configuration has no view transform named Standard: choose its plain one in the scene's "
            "Colour Management."
        ) from error
