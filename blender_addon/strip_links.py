# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting that names a strip, and still does when that strip is renamed: strips can be no targets of pointers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from bpy.props import StringProperty

from .strips import all_strips, by_name, find_by_property

if TYPE_CHECKING:
    from collections.abc import Callable

    import bpy

KEY = "gioconda_key"  # on the strip that is named; copies have it, too


def named_strip(stored: str, name: str, fits: Callable[[Any, Any], bool], description: str) -> Any:
    """A property that is the name of a strip; `fits` tells for the settings which ones are offered.

    `stored` is the name of a hidden StringProperty beside it, which keeps the strip's key and its name when it was set.
    """

    def get(settings: Any) -> str:
        key, _, name = getattr(settings, stored).partition(" ")
        keyed = find_by_property(settings.id_data, KEY, key) if key else []
        # Where the strip has copies, its name tells it from them, or nothing does.
        return keyed[0].name if len(keyed) == 1 else name

    def set_to(settings: Any, name: str) -> None:
        strip = by_name(settings.id_data, name)
        if strip is not None and KEY not in strip:
            strip[KEY] = uuid.uuid4().hex
        setattr(settings, stored, f"{strip[KEY]} {name}" if strip is not None else f" {name}")

    def offered(settings: Any, _context: bpy.types.Context, _typed: str) -> list[str]:
        return [strip.name for strip in all_strips(settings.id_data) if fits(settings, strip)]

    return StringProperty(name=name, description=description, get=get, set=set_to, search=offered)
