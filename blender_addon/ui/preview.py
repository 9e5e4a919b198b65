# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a panel that changes while a task runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SCALE = 10.0  # of an icon's size

_shown: list[Any] = []
"""One collection of previews at most: it must be taken away before Blender ends."""


def draw(layout: Any, picture: Path) -> None:
    """Show the file as it is now; nothing where it is gone."""
    from bpy.utils import previews

    try:
        state = f"{picture}:{picture.stat().st_mtime_ns}"
    except OSError:
        return
    if not _shown:
        _shown.append(previews.new())
    (collection,) = _shown
    if state not in collection:
        collection.clear()
        collection.load(state, str(picture), "IMAGE")
    layout.template_icon(icon_value=collection[state].icon_id, scale=_SCALE)


def unregister() -> None:
    """Forget what was shown."""
    from bpy.utils import previews

    while _shown:
        previews.remove(_shown.pop())
