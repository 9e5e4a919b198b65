# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that says what moves with the head: a file, or a strip on the timeline."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import BadInputError
from . import driver_settings, portraits, renders, strip_files


def for_job(scene: bpy.types.Scene, strip: Any, folder: Path) -> Path | None:
    """The mask that is set on a portrait strip, as a file; None: it is to be found (BadInputError: cannot be read).

    The mask of a mask strip is drawn over the portrait's picture, as the Image Editor shows it, into `folder`.
    """
    name = driver_settings.of(strip).head_mask_strip
    if not name:
        return given_file(strip)
    other = portraits.named(scene, name)
    if other.type != "MASK":
        return strip_files.picture_path(other)
    if other.mask is None:
        raise BadInputError(f'The strip "{name}" shows no mask: choose one in its properties, or another strip here.')
    path = folder / "head_mask.png"
    renders.render_mask(other, _size_of(strip_files.picture_path(strip)), path)
    return path


def given_file(strip: Any, *, saved: bool = True) -> Path | None:
    """The mask file that is set on a portrait strip, if there is one (BadInputError: it is not there).

    `saved`: what was painted must be in the file, too (BadInputError).
    """
    given = driver_settings.of(strip).head_mask
    if not given:
        return None
    path = strip_files.full_path(given)
    if not path.is_file():
        raise BadInputError(f'The head mask of "{strip.name}" is missing: {path}')
    if saved and any(i.is_dirty and Path(bpy.path.abspath(i.filepath)) == path for i in bpy.data.images):
        raise BadInputError(f"{path.name} is painted but not saved: press Alt+S in the Image Editor.")
    return path


def _size_of(picture: Path) -> tuple[int, int]:
    known = set(bpy.data.images)
    image = bpy.data.images.load(str(picture), check_existing=True)
    size = (image.size[0], image.size[1])
    if image not in known:
        bpy.data.images.remove(image)
    return size


def show(path: Path) -> None:
    """Open a mask in an Image Editor, ready to be painted; in a new window where none is open."""
    bpy.data.images.load(str(path), check_existing=True)
    if not bpy.app.background:
        # Not at once: to open a window handles events, so that an operator that waits for them would be called anew.
        bpy.app.timers.register(partial(_open, path))


def _open(path: Path) -> None:
    manager = bpy.context.window_manager
    found = [(w, a) for w in manager.windows for a in w.screen.areas if a.type == "IMAGE_EDITOR"]
    if not found:
        with bpy.context.temp_override(window=manager.windows[0]):
            bpy.ops.wm.window_new()
        found = [(manager.windows[-1], manager.windows[-1].screen.areas[0])]
    window, area = found[0]
    area.type = "IMAGE_EDITOR"
    space = area.spaces.active
    space.image, space.mode = bpy.data.images.load(str(path), check_existing=True), "PAINT"
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)
