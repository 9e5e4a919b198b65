# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips that move as portraits: a movie, or a sequence of pictures of which every one is re-performed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.motion import REPLACEABLE
from . import driver_settings, portraits, strip_files, strips
from .strip_bakes import RenderTask, picture_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import bpy

    from .client import Task


def portrait_data(
    scene: bpy.types.Scene, strip: Any, folder: Path, detector: str, face_index: int | None = None
) -> tuple[dict[str, Any], tuple[Callable[[], Task], ...]]:
    """The portrait as a job's JSON tells it, and what must be done before a worker can read it.

    A sequence's files are read as they are; a movie is rendered first, as the timeline trims and retimes it.
    """
    start, end = strips.visible_range(strip)
    reading: tuple[Callable[[], Task], ...] = ()
    if strip.type == "IMAGE":
        paths = [strip_files.picture_path(strip, frame) for frame in range(start, end)]
    else:
        source = folder / "source" / strip_files.plain_name(strip.name)  # which is told while it is read
        paths = [source / picture_name(frame) for frame in range(start, end)]
        reading = (partial(RenderTask, scene.session_uid, strip.name, start, end - 1, source, as_pictures=True),)
    index = strip[portraits.FACE_INDEX] if face_index is None else face_index
    data = {"paths": [str(path) for path in paths], "detector": detector, "face_index": index}
    data["as_stored"] = strip.type == "IMAGE"
    return data, reading


def replaced(strip: Any) -> list[str]:
    """The regions where what the footage does gives way to what drives."""
    settings = driver_settings.of(strip)
    regions = [name for name in REPLACEABLE if getattr(settings, f"replace_{name}")]
    return regions if portraits.is_footage(strip) else []
