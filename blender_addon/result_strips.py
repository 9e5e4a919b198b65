# SPDX-License-Identifier: GPL-3.0-or-later
"""The strip that shows what was made of a portrait: put over it, lying as it lies, updated."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import BadInputError
from . import curves, strips
from .strip_files import stored_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HIGHEST_CHANNEL = 128
_LONGEST_NAME = 63  # bytes; Blender cuts longer ones

# What makes a strip lie where it lies; absent names are those of another version.
_PLACEMENT = (
    "alpha_mode",
    "blend_alpha",
    "blend_type",
    "color_multiply",
    "color_saturation",
    "multiply_alpha",
    "strobe",
    "use_flip_x",
    "use_flip_y",
    "use_float",
)
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")


def add(scene: bpy.types.Scene, portrait: Any, folder: Path, names: Sequence[str], start: int) -> Any:
    """A new image-sequence strip over the portrait, showing `names` of `folder` from frame `start` on."""
    channel = free_channel(scene, portrait, start, start + len(names))
    title = portrait.name.encode()[: _LONGEST_NAME - len(" animated")].decode(errors="ignore") + " animated"
    with _no_prefetch(scene):
        result = strips.neighbours(scene, portrait).new_image(
            name=title, filepath=str(folder / names[0]), channel=channel, frame_start=start, fit_method="ORIGINAL"
        )
        for name in names[1:]:
            result.elements.append(name)
        result.directory = f"{stored_path(folder)}/"
        _copy_placement(portrait, result)
        _copy_placement_curves(scene, portrait, result)
        result.select = False
    return result


def update(scene: bpy.types.Scene, portrait: Any, result: Any, folder: Path, names: Sequence[str], start: int) -> None:
    """Show other frames in a result strip; all else that was set on it stays."""
    with _no_prefetch(scene):
        # Moved while it is one frame long: Blender pushes a moved strip away from those that it overlaps.
        while len(result.elements) > 1:
            result.elements.pop(-1)
        strips.show_from(result, start)
        result.elements[0].filename = names[0]
        for name in names[1:]:
            result.elements.append(name)
        result.directory = f"{stored_path(folder)}/"
        others = [strip for strip in strips.neighbours(scene, result) if strip.name != result.name]
        if not _is_free(others, result.channel, start, start + len(names)):
            result.channel = free_channel(scene, portrait, start, start + len(names), ignore=result.name)


def shows_through(scene: bpy.types.Scene, portrait: Any, result: Any) -> bool:
    """Whether the portrait would be seen behind its result: it is blended, or its frames have an alpha channel."""
    if portrait.blend_type == "REPLACE":
        return False
    fades = any(curve.data_path == f"{portrait.path_from_id()}.blend_alpha" for curve in curves.fcurves(scene))
    frame = Path(bpy.path.abspath(f"{result.directory}{result.elements[0].filename}"))
    return _has_alpha(frame) or fades or portrait.blend_type != "ALPHA_OVER" or portrait.blend_alpha < 1


def _has_alpha(frame: Path) -> bool:
    """What the header of a PNG or OpenEXR file that the worker wrote says."""
    with frame.open("rb") as file:
        header = file.read(8192)
    if header.startswith(b"\x89PNG"):
        return header[25] == 6  # colour type: RGB with alpha
    channels = header.index(b"channels\0chlist\0") + len(b"channels\0chlist\0") + 4  # and the size of what follows
    return header[channels : channels + 2] == b"A\0"  # channels are sorted by name


def free_channel(scene: bpy.types.Scene, portrait: Any, start: int, end: int, ignore: str = "") -> int:
    """The nearest channel above the portrait that is empty from `start` to before `end`, shown and unlocked."""
    others = [strip for strip in strips.neighbours(scene, portrait) if strip.name != ignore]
    channels = _channels(scene, portrait)
    for channel in range(portrait.channel + 1, _HIGHEST_CHANNEL + 1):
        if not channels[channel].mute and not channels[channel].lock and _is_free(others, channel, start, end):
            return channel
    raise BadInputError(f'There is no free channel above "{portrait.name}" for the result: make room there.')


def _is_free(others: Sequence[Any], channel: int, start: int, end: int) -> bool:
    spans = (strips.visible_range(other) for other in others if other.channel == channel)
    return all(other_end <= start or end <= other_start for other_start, other_end in spans)


def _channels(scene: bpy.types.Scene, strip: Any) -> Any:
    return (strip.parent_meta() or scene.sequence_editor).channels


@contextmanager
def _no_prefetch(scene: bpy.types.Scene) -> Iterator[None]:
    """Hold back the prefetch thread, which would read strips while they change."""
    editor = scene.sequence_editor
    was, editor.use_prefetch = editor.use_prefetch, False
    try:
        yield
    finally:
        editor.use_prefetch = was


def _copy_placement(portrait: Any, result: Any) -> None:
    """Make the result lie exactly where the portrait lies, blended in the same way."""
    for source, target, names in (
        (portrait, result, _PLACEMENT),
        (portrait.transform, result.transform, _TRANSFORM),
        (portrait.crop, result.crop, _CROP),
    ):
        for name in names:
            if hasattr(source, name):
                setattr(target, name, getattr(source, name))
    # The frames of a movie are PNG files, whatever it was.
    with suppress(TypeError):  # a studio's own OpenColorIO configuration calls it otherwise
        result.colorspace_settings.name = "sRGB" if portrait.type == "MOVIE" else portrait.colorspace_settings.name


def _copy_placement_curves(scene: bpy.types.Scene, portrait: Any, result: Any) -> None:
    """Let the result move over the canvas and fade as the portrait is keyed to."""
    source, target = f"{portrait.path_from_id()}.", f"{result.path_from_id()}."  # the controls' paths have no point
    for path in {curve.data_path for curve in curves.fcurves(scene) if curve.data_path.startswith(source)}:
        curves.copy_curve(scene, path, target + path[len(source) :])
