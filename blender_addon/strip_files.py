# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that strips show, and paths as Blender keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import BadInputError
from . import strips

_UNSAFE = '<>:"/\\|?*'  # in names of files and folders, on one system or another


def check_portrait(strip: Any) -> None:
    """Raise BadInputError if the strip shows no picture or movie that is there."""
    if strip.type not in ("IMAGE", "MOVIE"):
        kind = strip.type.replace("_", " ").lower()
        raise BadInputError(f'"{strip.name}" is a {kind} strip: a portrait is an image or movie strip.')
    check_files(strip)


def check_files(strip: Any) -> None:
    """Raise BadInputError if the file that an image, movie or sound strip shows or plays is missing."""
    if strip.type == "IMAGE":
        picture_path(strip)
    elif strip.type in ("MOVIE", "SOUND"):
        file = strip if strip.type == "MOVIE" else strip.sound
        path = full_path(file.filepath)
        if not path.is_file() and not getattr(file, "packed_file", None):
            raise BadInputError(f'The {strip.type.lower()} of "{strip.name}" is missing: {path}')


def check_movie(strip: Any) -> None:
    """Raise BadInputError if Blender cannot read the file of a movie strip, which it then shows as black frames."""
    path, known = full_path(strip.filepath), set(bpy.data.movieclips)
    clip = bpy.data.movieclips.load(str(path), check_existing=True)
    frames = clip.frame_duration
    if clip not in known:
        bpy.data.movieclips.remove(clip)
    if not frames:
        raise BadInputError(f'Blender cannot read the movie of "{strip.name}": {path}')


def picture_path(strip: Any, frame: int | None = None) -> Path:
    """The file that an image strip shows at a scene frame, else at its first one (BadInputError if there is none)."""
    if strip.type != "IMAGE":
        raise BadInputError(f'"{strip.name}" is no image strip: this needs one picture.')
    element = strip.strip_elem_from_frame(strips.visible_range(strip)[0] if frame is None else frame)
    path = full_path(f"{strip.directory}{element.filename}" if element else "")
    if not path.is_file():
        raise BadInputError(f'The picture of "{strip.name}" is missing: {path}')
    return path


def picture_files(strip: Any) -> list[Path]:
    """The files that an image strip shows, frame after frame (BadInputError if one is missing)."""
    return list(dict.fromkeys(picture_path(strip, frame) for frame in range(*strips.visible_range(strip))))


def picture_size(strip: Any) -> tuple[int, int]:
    """Width and height of the shown picture as Blender keeps them; 0, 0 where it has not looked yet."""
    element = strip.strip_elem_from_frame(strips.visible_range(strip)[0])
    return (element.orig_width, element.orig_height) if element else (0, 0)


def full_path(path: str) -> Path:
    """A path that may be relative to the .blend file (BadInputError: that is not saved yet)."""
    if path.startswith("//") and not bpy.data.filepath:
        raise BadInputError(f"{path}: the path is relative to a .blend file that is not saved yet. Save it.")
    return Path(bpy.path.abspath(path))


def stored_path(file: Path) -> str:
    """A path as the user's preferences want it kept: relative to a saved .blend, else in full."""
    path = str(file)
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        try:
            path = bpy.path.relpath(path)
        except ValueError:  # on Windows, another drive
            path = str(file)
    return path


def plain_name(name: str) -> str:
    """A strip's name as a file's or folder's."""
    return "".join("_" if c in _UNSAFE or ord(c) < 32 else c for c in name).strip(". ") or "portrait"
