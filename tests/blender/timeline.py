# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests do on a timeline: put pictures there, render it, read pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray


def strips_of(scene: bpy.types.Scene) -> Any:
    editor = scene.sequence_editor
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def add_picture(
    scene: bpy.types.Scene, picture: Path, *, start: int = 1, length: int = 5, channel: int = 1, name: str = ""
) -> Any:
    """An active image strip that shows the picture from `start` on, `length` frames long."""
    strip = strips_of(scene).new_image(
        name=name or picture.stem, filepath=str(picture), channel=channel, frame_start=start, fit_method="ORIGINAL"
    )
    strip.frame_final_duration = length
    scene.sequence_editor.active_strip = strip
    return strip


def filmed(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any, folder: Path) -> Path:
    """What a strip shows as a movie in the folder; the strip is gone then."""
    first, end = span(strip)
    task = addon("strip_bakes").RenderTask(scene.session_uid, strip.name, first, end - 1, folder)
    while not task.poll_once():
        pass
    assert task.state == "done", task.error
    strips_of(scene).remove(strip)
    [movie] = folder.iterdir()
    return movie


def add_text(scene: bpy.types.Scene, text: str, channel: int, start: int, end: int) -> Any:
    """A text strip that is seen from `start` to before `end`."""
    length = {"length": end - start} if bpy.app.version >= (5, 0, 0) else {"frame_end": end}
    strip = strips_of(scene).new_effect(name=text, type="TEXT", channel=channel, frame_start=start, **length)
    strip.text = text
    return strip


def span(strip: Any) -> tuple[int, int]:
    return strip.frame_final_start, strip.frame_final_end


def key(strip: Any, control: str, keys: Sequence[tuple[float, float]]) -> None:
    for frame, value in keys:
        strip[control] = float(value)
        strip.keyframe_insert(f'["{control}"]', frame=frame)


def curve_of(addon: Any, scene: bpy.types.Scene, strip: Any, control: str) -> Any:
    path = addon("curves").curve_path(strip, control)
    return next(curve for curve in addon("curves").fcurves(scene) if curve.data_path == path)


def values_of(addon: Any, scene: bpy.types.Scene, strip: Any, control: str) -> NDArray[np.float64]:
    """What the keys of a control say in each of the strip's frames."""
    curve = curve_of(addon, scene, strip, control)
    return np.array([curve.evaluate(frame) for frame in range(*span(strip))])


def pixels(path: Path) -> NDArray[np.float32]:
    """A picture's values as stored, (height, width, 4), bottom row first, 8 bits as value / 255."""
    image = bpy.data.images.load(str(path))
    values = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(image.size[1], image.size[0], 4)
    bpy.data.images.remove(image)
    return values


def save_picture(path: Path, values: NDArray[np.float32]) -> Path:
    """Write (height, width, 4) as an 8-bit PNG with alpha."""
    height, width = values.shape[:2]
    image = bpy.data.images.new(path.stem, width, height, alpha=True)
    image.alpha_mode = "STRAIGHT"
    image.pixels.foreach_set(values.astype(np.float32).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def save_exr(path: Path, values: NDArray[np.float32], depth: str, channels: str = "RGBA") -> Path:
    """Write (height, width, 4) as an OpenEXR of 16 or 32 bits a channel, as Blender writes one."""
    scene = bpy.data.scenes.new("to write")
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", channels, depth
    height, width = values.shape[:2]
    image = bpy.data.images.new(path.stem, width, height, alpha=True, float_buffer=True)
    image.pixels.foreach_set(values.astype(np.float32).ravel())
    image.save_render(str(path), scene=scene)
    bpy.data.images.remove(image)
    bpy.data.scenes.remove(scene)
    return path


def render(scene: bpy.types.Scene, frame: int, path: Path) -> NDArray[np.float32]:
    """Render one frame of the sequencer to a PNG and read it back."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "8"
    scene.render.film_transparent = True
    scene.frame_set(frame)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return pixels(path)
