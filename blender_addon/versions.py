# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between Blender 4.2 and later versions, where asking for a name is not enough."""

from __future__ import annotations

import bpy

STRIP_TYPE = getattr(bpy.types, "Strip", None) or bpy.types.Sequence
FILE_OPTIONS = {"ANIMATABLE", *(["PATH_SUPPORTS_BLEND_RELATIVE"] if bpy.app.version >= (4, 5) else [])}
"""Of a property that holds a path, which may begin with //; 4.2 does not ask."""


def literal_path(path: str) -> str:
    """A path to render to: from 4.5 on, {name} in it stands for a variable."""
    return path.replace("{", "{{").replace("}", "}}") if bpy.app.version >= (4, 5) else path


def set_media_type(stored: bpy.types.ImageFormatSettings, media_type: str) -> None:
    """Say that an IMAGE or a VIDEO is rendered, which 5.0 wants to know before the file's format."""
    if hasattr(stored, "media_type"):
        stored.media_type = media_type
