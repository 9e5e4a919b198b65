# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that imports bpy: Gioconda's part inside Blender.

What is needed only once something runs (numpy, the worker's client, jobs) is imported there: enabling the add-on
must not delay Blender's start.
"""

from __future__ import annotations

import bpy

from . import driver_settings, operators, preferences, properties, session, ui

CLASSES = (
    preferences.GIOCONDA_AP_preferences,
    properties.GIOCONDA_PG_settings,
    driver_settings.GIOCONDA_PG_driver,
    *operators.CLASSES,
    *ui.CLASSES,
)


def register() -> None:
    """Switch the extension on."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    driver_settings.register()
    session.register()


def unregister() -> None:
    """Switch it off: what runs is stopped and nothing stays behind, or Blender would hang or crash on exit."""
    session.unregister()
    ui.preview.unregister()
    driver_settings.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
