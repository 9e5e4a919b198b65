# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders of Gioconda's own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import BadInputError
from . import colours, strips, versions

if TYPE_CHECKING:
    from pathlib import Path


def render(scene: bpy.types.Scene, path: str, **how: bool) -> None:
    """Render a scene of Gioconda's own to a path, by `how` of Blender's operator (BadInputError: it cannot)."""
    scene.render.filepath = versions.literal_path(path)
    scene.render.use_multiview = False
    if hasattr(scene.render.image_settings, "color_management"):
        scene.render.image_settings.color_management = "FOLLOW_SCENE"
    try:
        bpy.ops.render.render(scene=scene.name, **how)
    except RuntimeError as error:
        raise BadInputError(f"Blender cannot render to {path}: {str(error).strip()}") from error


def render_mask(strip: Any, size: tuple[int, int], path: Path) -> None:
    """Write what a mask strip's mask covers, at its first visible frame, of a picture of this size: as a grey PNG.

    In a scene of its own: the user's settings and the strip's place on the canvas stay out of it.
    """
    scene = bpy.data.scenes.new("Gioconda mask")
    try:
        strips.children(scene.sequence_editor_create()).new_mask(name="mask", mask=strip.mask, channel=1, frame_start=1)
        scene.frame_set(1 + max(0, strips.visible_range(strip)[0] - int(strips.content_start(strip))))
        stored = scene.render.image_settings
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.resolution_percentage = 100
        with suppress(BadInputError):  # a studio's own OpenColorIO configuration: black and white are the same in all
            colours.keep(scene)
        versions.set_media_type(stored, "IMAGE")
        stored.file_format, stored.color_mode, stored.color_depth = "PNG", "BW", "8"
        render(scene, str(path), write_still=True)
    finally:
        bpy.data.scenes.remove(scene)
