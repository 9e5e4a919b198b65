# SPDX-License-Identifier: GPL-3.0-or-later
"""A strip as the timeline shows or plays it, as files: trims, retiming, crop, flips and modifiers are in them.

Only Blender can tell: retiming keys do not say which frame they show. It is rendered in a copy of the scene, a piece
at a time, so that Blender stays usable.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import BadInputError
from . import colours, curves, renders, strip_files, strips, versions
from .client import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 12  # frames that are rendered at once
LONGEST_MIXDOWN = 120  # seconds; it takes 15 ms at most for a second of sound
_OWN_SIZE = ("MOVIE", "IMAGE")  # types of strips that have a picture of their own size


class StripTask(Task):
    """Reads a strip in Blender itself: what is between two polls may change it, so it is named, never kept."""

    touches_blender = True

    def __init__(self, title: str, scene_uid: int, strip_name: str, log: Path) -> None:
        """The strip is told by the scene's `session_uid` and its own name."""
        super().__init__(title, log)
        self._scene_uid, self._strip_name = scene_uid, strip_name

    def poll_once(self) -> bool:
        """Read some more."""
        if self.state == "running":
            try:
                self._read()
            except (BadInputError, RuntimeError, OSError) as error:  # Blender's operators raise RuntimeError
                self.fail(str(error).strip())
        return self.state != "running"

    def _read(self) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop before the next piece."""
        if self.state == "running":
            self.state = "cancelled"

    kill = cancel


class RenderTask(StripTask):
    """Renders what a strip shows from scene frame `first` to `last`, as movies in a folder that follow each other.

    `as_pictures`: as PNG files without loss, one for each frame or for every `step` frames, and without the strip's
    crop, flips and modifiers, which are for what is made of them. Raises BadInputError where `first` is negative.
    """

    def __init__(
        self,
        scene_uid: int,
        strip_name: str,
        first: int,
        last: int,
        folder: Path,
        *,
        as_pictures: bool = False,
        step: int = 1,
    ) -> None:
        super().__init__("Reading the strip", scene_uid, strip_name, folder.parent / "worker.log")
        if first < 0:
            raise BadInputError(
                f'"{strip_name}" begins before frame 0, where Blender renders nothing: move or trim it.'
            )
        self._as_pictures, self._step = as_pictures, step
        self._next, self._first, self._last, self._folder = first, first, last, folder

    def _read(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        last = min(self._next + PIECE * self._step - 1, self._last)
        with _alone(self._scene_uid, self._strip_name) as (scene, strip):
            _show_at_own_size(scene, strip)
            scene.frame_start, scene.frame_end, scene.frame_step = self._next, last, self._step
            if self._as_pictures:
                _show_untouched(scene, strip)
                _write_pictures(scene, self._folder)
            else:
                _write_movie(scene, self._folder / f"{self._next - self._first:06d}.mp4")
        self._next = last + 1
        done, total = self._next - self._first, self._last - self._first + 1
        self.factor, self.message = done / total, f"Reading the strip, frame {done} of {total}"
        if self._next > self._last:
            self.state = "done"


class MixdownTask(StripTask):
    """Writes what a sound strip plays from scene frame `first` to `last` as a WAV, at once or not at all."""

    def __init__(self, scene_uid: int, strip_name: str, first: int, last: int, path: Path) -> None:
        super().__init__("Reading the sound", scene_uid, strip_name, path.parent / "worker.log")
        if not bpy.app.build_options.audaspace:
            raise BadInputError("This Blender is built without sound: a voice cannot be read.")
        self._first, self._last, self._path = first, last, path

    def _read(self) -> None:
        with _alone(self._scene_uid, self._strip_name) as (scene, _strip):
            scene.frame_start, scene.frame_end, scene.use_audio = self._first, self._last, True
            with bpy.context.temp_override(scene=scene):
                bpy.ops.sound.mixdown(filepath=str(self._path), container="WAV", codec="PCM", format="S16")
            until = time.monotonic() + LONGEST_MIXDOWN
            while not _is_whole(self._path):  # with a window it may be written by a job beside Blender
                if time.monotonic() > until:
                    raise BadInputError(
                        f"Blender did not write the sound of the strip in {LONGEST_MIXDOWN} s: shorten it, or mix it "
                        "down to a file of its own."
                    )
                time.sleep(0.02)
        self.state = "done"


@contextmanager
def _alone(scene_uid: int, strip_name: str) -> Iterator[tuple[bpy.types.Scene, Any]]:
    """A copy of the scene that shows and plays one strip only, and that strip in it (BadInputError: unreadable)."""
    scene = strips.scene_of(scene_uid)
    strip = strips.by_name(scene, strip_name) if scene else None
    if strip is None:
        raise BadInputError(f'The strip "{strip_name}" is gone from the timeline.')
    strip_files.check_files(strip)
    if strip.type == "MOVIE":
        strip_files.check_movie(strip)
    copy = scene.copy()
    action = curves.own_action(copy)
    try:
        found = strips.by_name(copy, strip_name)
        _mute_others(copy, found)
        yield copy, found
    finally:
        bpy.data.scenes.remove(copy)
        if action:
            bpy.data.actions.remove(action)


def _mute_others(scene: bpy.types.Scene, strip: Any) -> None:
    """Let the timeline show and play this strip only, with the effects that are put on it and the metas it is in.

    What is in the strip, if it is a meta, stays as it is.
    """
    around = _metas_around(strip)
    heard = {strip.name, *(meta.name for meta in around)}
    every = [
        other for other in strips.all_strips(scene) if all(meta.name != strip.name for meta in _metas_around(other))
    ]
    found = True
    while found:  # effects may lie on effects
        found = [o for o in every if o.name not in heard and _inputs(o) and all(i.name in heard for i in _inputs(o))]
        heard |= {other.name for other in found}
    for other in every:
        other.mute = other.name not in heard
    for channels in (scene.sequence_editor.channels, *(meta.channels for meta in around)):
        for channel in channels:
            channel.mute = False


def _metas_around(strip: Any) -> list[Any]:
    """The meta strips that a strip is in, the nearest first."""
    metas = []
    meta = strip.parent_meta()
    while meta:
        metas.append(meta)
        meta = meta.parent_meta()
    return metas


def _inputs(strip: Any) -> list[Any]:
    """The strips that an effect strip is put on."""
    names = ("input_1", "input_2", "input_3")
    return [source for name in names if (source := getattr(strip, name, None)) is not None]


def _show_at_own_size(scene: bpy.types.Scene, strip: Any) -> None:
    """Fill the frame with the strip's picture, pixel for pixel; strips without a size fill the scene's."""
    render = scene.render
    render.resolution_percentage, render.use_border, render.use_stamp = 100, False, False
    for name in ("date", "time", "render_time", "filename", "hostname", "memory"):
        setattr(render, f"use_stamp_{name}", False)  # the same strip is to give the same bytes: tracks are kept by them
    element = strip.elements[0] if strip.type in _OWN_SIZE and strip.elements else None
    if element and element.orig_width:
        render.resolution_x, render.resolution_y = element.orig_width, element.orig_height
        place = strip.transform
        place.scale_x = place.scale_y = 1
        place.offset_x = place.offset_y = place.rotation = 0
        strip.blend_type, strip.blend_alpha = "REPLACE", 1
        curves.remove_curves(scene, strip, ("transform.", "blend_"))
    with suppress(BadInputError):  # a studio's own OpenColorIO configuration: faces are found in its colours, too
        colours.keep(scene)


def _show_untouched(scene: bpy.types.Scene, strip: Any) -> None:
    """Take off what the strip does to its picture."""
    curves.remove_curves(scene, strip, ("crop.", "use_flip_", "color_", "modifiers["))
    strip.use_flip_x = strip.use_flip_y = False
    crop = strip.crop
    crop.min_x = crop.max_x = crop.min_y = crop.max_y = 0
    strip.color_saturation = strip.color_multiply = 1
    for modifier in strip.modifiers:
        modifier.mute = True


def picture_name(frame: int) -> str:
    """The file of a scene frame among those that `as_pictures` writes."""
    return f"{frame:06d}.png"


def _write_pictures(scene: bpy.types.Scene, folder: Path) -> None:
    render, stored = scene.render, scene.render.image_settings
    versions.set_media_type(stored, "IMAGE")
    stored.file_format, stored.color_mode, stored.color_depth, stored.compression = "PNG", "RGB", "8", 15
    render.use_sequencer, render.use_file_extension, render.use_overwrite = True, True, True
    renders.render(scene, f"{folder}/######", animation=True)


def _write_movie(scene: bpy.types.Scene, path: Path) -> None:
    render, stored = scene.render, scene.render.image_settings
    # H.264 wants even sides.
    render.resolution_x += render.resolution_x % 2
    render.resolution_y += render.resolution_y % 2
    versions.set_media_type(stored, "VIDEO")
    stored.file_format = "FFMPEG"
    movie = render.ffmpeg
    movie.format, movie.codec, movie.audio_codec = "MPEG4", "H264", "NONE"
    movie.constant_rate_factor, movie.gopsize = "PERC_LOSSLESS", 1
    render.use_sequencer, render.use_file_extension, render.use_overwrite = True, False, True
    renders.render(scene, str(path), animation=True)


def _is_whole(wav: Path) -> bool:
    """Whether the size in a WAV's header, which is written last, is that of the file."""
    if not wav.exists():
        return False
    with wav.open("rb") as file:
        header = file.read(8)
    return int.from_bytes(header[4:8], "little") + 8 == wav.stat().st_size
