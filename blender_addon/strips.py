# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips in, strips out. The only file that knows in which Blender version a name is which.

4.2 calls strips "sequences", 4.5 has both names, 5.0 "strips" only; 5.1 renames the handles; 5.0 lets a
workspace edit another scene's timeline. Only the data API is used: the sequencer's operators crash without a window.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import BadInputError
from .session import session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

STRIP_TYPE = getattr(bpy.types, "Strip", None) or bpy.types.Sequence
HIGHEST_CHANNEL = 128
FILE_OPTIONS = {"ANIMATABLE", *(["PATH_SUPPORTS_BLEND_RELATIVE"] if bpy.app.version >= (4, 5) else [])}
"""Of a property that holds a path, which may begin with //; 4.2 does not ask."""
LONGEST_NAME = 63  # bytes; Blender cuts longer ones

_UNSAFE = '<>:"/\\|?*'  # in names of files and folders, on one system or another

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


def edited_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose timeline the sequencer shows."""
    return getattr(context, "sequencer_scene", None) or context.scene


def exact_fps(scene: bpy.types.Scene) -> Fraction:
    """Frames per second, exact: 24 / 1.001 is 24000/1001, though Blender keeps 1.001 as a float32."""
    from fractions import Fraction

    return Fraction(scene.render.fps) / Fraction(scene.render.fps_base).limit_denominator(10_000)


# An empty collection is falsy, so the names are asked for, never `or`-ed.
def _children(owner: Any) -> Any:
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def all_strips(scene: bpy.types.Scene) -> list[Any]:
    """Every strip of the scene, those inside meta strips too."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all)


def active_strip(scene: bpy.types.Scene) -> Any | None:
    """The strip that was clicked last, or None."""
    return scene.sequence_editor.active_strip if scene.sequence_editor else None


def by_name(scene: bpy.types.Scene, name: str) -> Any | None:
    """The strip of that name, wherever it is; None if there is none."""
    return next((strip for strip in all_strips(scene) if strip.name == name), None)


def find_by_property(scene: bpy.types.Scene, name: str, value: object) -> list[Any]:
    """Strips whose ID property `name` holds `value`: how strips are found again after undo, rename or load."""
    return [strip for strip in all_strips(scene) if strip.get(name) == value]


def visible_range(strip: Any) -> tuple[int, int]:
    """First visible frame and the frame after the last one: what stands between the handles."""
    if hasattr(strip, "left_handle"):
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def content_start(strip: Any) -> float:
    """The frame at which the strip's content begins, be it visible or trimmed away."""
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


def _show_from(strip: Any, start: int) -> None:
    """Put an image sequence's first element at `start`, nothing trimmed."""
    if hasattr(strip, "content_start"):
        strip.left_handle_offset, strip.right_handle_offset = 0, 0
        strip.content_start = start
    else:
        strip.frame_offset_start, strip.frame_offset_end = 0, 0
        strip.frame_start = start


def plain_name(name: str) -> str:
    """A strip's name as a file's or folder's."""
    return "".join("_" if c in _UNSAFE or ord(c) < 32 else c for c in name).strip(". ") or "portrait"


def full_path(path: str) -> Path:
    """A path that may be relative to the .blend file (BadInputError: that is not saved yet)."""
    if path.startswith("//") and not bpy.data.filepath:
        raise BadInputError(f"{path}: the path is relative to a .blend file that is not saved yet. Save it.")
    return Path(bpy.path.abspath(path))


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
    element = strip.strip_elem_from_frame(visible_range(strip)[0] if frame is None else frame)
    path = full_path(f"{strip.directory}{element.filename}" if element else "")
    if not path.is_file():
        raise BadInputError(f'The picture of "{strip.name}" is missing: {path}')
    return path


def picture_files(strip: Any) -> list[Path]:
    """The files that an image strip shows, frame after frame (BadInputError if one is missing)."""
    return list(dict.fromkeys(picture_path(strip, frame) for frame in range(*visible_range(strip))))


def picture_size(strip: Any) -> tuple[int, int]:
    """Width and height of the shown picture as Blender keeps them; 0, 0 where it has not looked yet."""
    element = strip.strip_elem_from_frame(visible_range(strip)[0])
    return (element.orig_width, element.orig_height) if element else (0, 0)


def mute_others(scene: bpy.types.Scene, strip: Any) -> None:
    """Let the timeline show and play this strip only, with the effects that are put on it and the metas it is in.

    What is in the strip, if it is a meta, stays as it is.
    """
    around = _metas_around(strip)
    heard = {strip.name, *(meta.name for meta in around)}
    every = [other for other in all_strips(scene) if all(meta.name != strip.name for meta in _metas_around(other))]
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


def render_mask(strip: Any, size: tuple[int, int], path: Path) -> None:
    """Write what a mask strip's mask covers, at its first visible frame, of a picture of this size: as a grey PNG.

    In a scene of its own: the user's settings and the strip's place on the canvas stay out of it.
    """
    scene = bpy.data.scenes.new("Gioconda mask")
    try:
        _children(scene.sequence_editor_create()).new_mask(name="mask", mask=strip.mask, channel=1, frame_start=1)
        scene.frame_set(1 + max(0, visible_range(strip)[0] - int(content_start(strip))))
        stored = scene.render.image_settings
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.resolution_percentage = 100
        with suppress(BadInputError):  # a studio's own OpenColorIO configuration: black and white are the same in all
            keep_colours(scene)
        if hasattr(stored, "media_type"):
            stored.media_type = "IMAGE"
        stored.file_format, stored.color_mode, stored.color_depth = "PNG", "BW", "8"
        render(scene, str(path), write_still=True)
    finally:
        bpy.data.scenes.remove(scene)


def render(scene: bpy.types.Scene, path: str, **how: bool) -> None:
    """Render a scene of Gioconda's own to a path, by `how` of Blender's operator (BadInputError: it cannot)."""
    templates = bpy.app.version >= (4, 5, 0)  # where {name} in a path stands for a variable
    scene.render.filepath = path.replace("{", "{{").replace("}", "}}") if templates else path
    scene.render.use_multiview = False
    if hasattr(scene.render.image_settings, "color_management"):
        scene.render.image_settings.color_management = "FOLLOW_SCENE"
    try:
        with session.own_render():
            bpy.ops.render.render(scene=scene.name, **how)
    except RuntimeError as error:
        raise BadInputError(f"Blender cannot render to {path}: {str(error).strip()}") from error


def fcurves(scene: bpy.types.Scene) -> Any:
    """The F-curves of the scene's action: those of its slot where actions have slots. Empty if nothing is keyed."""
    data = scene.animation_data
    if data is None or data.action is None:
        return ()
    if hasattr(data.action, "fcurves"):
        return data.action.fcurves
    from bpy_extras import anim_utils

    bag = anim_utils.action_get_channelbag_for_slot(data.action, data.action_slot) if data.action_slot else None
    return bag.fcurves if bag else ()


def own_action(scene: bpy.types.Scene) -> bpy.types.Action | None:
    """Give a copied scene a copy of the action that it shares with the original, if there is one; returns the copy."""
    data = scene.animation_data
    if data is None or data.action is None:
        return None
    slot = data.action_slot.identifier if getattr(data, "action_slot", None) else None
    data.action = data.action.copy()
    if slot:
        data.action_slot = data.action.slots[slot]
    return data.action


def remove_curves(scene: bpy.types.Scene, strip: Any, names: tuple[str, ...]) -> None:
    """Remove the F-curves and drivers of what is named so on the strip."""
    prefixes = tuple(f"{strip.path_from_id()}.{name}" for name in names)
    for curves in (fcurves(scene), scene.animation_data.drivers if scene.animation_data else ()):
        for curve in [curve for curve in curves if curve.data_path.startswith(prefixes)]:
            curves.remove(curve)


def curve_path(strip: Any, name: str) -> str:
    """The data path of an ID property of the strip, as F-curves and drivers of its scene spell it."""
    return f'{strip.path_from_id()}["{bpy.utils.escape_identifier(name)}"]'


def _channels(scene: bpy.types.Scene, strip: Any) -> Any:
    return (strip.parent_meta() or scene.sequence_editor).channels


def _neighbours(scene: bpy.types.Scene, strip: Any) -> Any:
    """The collection the strip stands in: a meta strip's or the timeline's."""
    return _children(strip.parent_meta() or scene.sequence_editor)


def _is_free(others: Sequence[Any], channel: int, start: int, end: int) -> bool:
    spans = (visible_range(other) for other in others if other.channel == channel)
    return all(other_end <= start or end <= other_start for other_start, other_end in spans)


def free_channel(scene: bpy.types.Scene, portrait: Any, start: int, end: int, ignore: str = "") -> int:
    """The nearest channel above the portrait that is empty from `start` to before `end`, shown and unlocked."""
    others = [strip for strip in _neighbours(scene, portrait) if strip.name != ignore]
    channels = _channels(scene, portrait)
    for channel in range(portrait.channel + 1, HIGHEST_CHANNEL + 1):
        if not channels[channel].mute and not channels[channel].lock and _is_free(others, channel, start, end):
            return channel
    raise BadInputError(f'There is no free channel above "{portrait.name}" for the result: make room there.')


@contextmanager
def no_prefetch(scene: bpy.types.Scene) -> Iterator[None]:
    """Hold back the prefetch thread, which would read strips while they change."""
    editor = scene.sequence_editor
    was, editor.use_prefetch = editor.use_prefetch, False
    try:
        yield
    finally:
        editor.use_prefetch = was


def add_result(scene: bpy.types.Scene, portrait: Any, folder: Path, names: Sequence[str], start: int) -> Any:
    """A new image-sequence strip over the portrait, showing `names` of `folder` from frame `start` on."""
    channel = free_channel(scene, portrait, start, start + len(names))
    title = portrait.name.encode()[: LONGEST_NAME - len(" animated")].decode(errors="ignore") + " animated"
    with no_prefetch(scene):
        result = _neighbours(scene, portrait).new_image(
            name=title, filepath=str(folder / names[0]), channel=channel, frame_start=start, fit_method="ORIGINAL"
        )
        for name in names[1:]:
            result.elements.append(name)
        result.directory = f"{stored_path(folder)}/"
        _copy_placement(portrait, result)
        _copy_placement_curves(scene, portrait, result)
        result.select = False
    return result


def update_result(
    scene: bpy.types.Scene, portrait: Any, result: Any, folder: Path, names: Sequence[str], start: int
) -> None:
    """Show other frames in a result strip; all else that was set on it stays."""
    with no_prefetch(scene):
        # Moved while it is one frame long: Blender pushes a moved strip away from those that it overlaps.
        while len(result.elements) > 1:
            result.elements.pop(-1)
        _show_from(result, start)
        result.elements[0].filename = names[0]
        for name in names[1:]:
            result.elements.append(name)
        result.directory = f"{stored_path(folder)}/"
        others = [strip for strip in _neighbours(scene, result) if strip.name != result.name]
        if not _is_free(others, result.channel, start, start + len(names)):
            result.channel = free_channel(scene, portrait, start, start + len(names), ignore=result.name)


def stored_path(file: Path) -> str:
    """A path as the user's preferences want it kept: relative to a saved .blend, else in full."""
    path = str(file)
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        try:
            path = bpy.path.relpath(path)
        except ValueError:  # on Windows, another drive
            path = str(file)
    return path


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
    for path in {curve.data_path for curve in fcurves(scene) if curve.data_path.startswith(source)}:
        copy_curve(scene, path, target + path[len(source) :])


def copy_curve(scene: bpy.types.Scene, source: str, target: str, later: float = 0) -> None:
    """Give the property at the data path `target` the curves of another one, `later` frames on, and no others."""
    curves = fcurves(scene)
    for old in [curve for curve in curves if curve.data_path == target]:
        curves.remove(old)
    for curve in [curve for curve in curves if curve.data_path == source]:
        _copy_keys(curve, curves.new(target, index=curve.array_index), later)


def _copy_keys(source: bpy.types.FCurve, target: bpy.types.FCurve, later: float) -> None:
    target.extrapolation, target.mute = source.extrapolation, source.mute
    target.keyframe_points.add(len(source.keyframe_points))
    names = ("interpolation", "easing", "handle_left_type", "handle_right_type")
    places = ("co", "handle_left", "handle_right")
    for point, copy in zip(source.keyframe_points, target.keyframe_points, strict=True):
        for name in names:
            setattr(copy, name, getattr(point, name))
        for name in places:
            x, y = getattr(point, name)
            setattr(copy, name, (x + later, y))
    target.update()


def colour_changes(scene: bpy.types.Scene) -> list[str]:
    """What in the scene's colour management keeps strips from showing the colours of their files; empty if nothing."""
    view = scene.view_settings
    changes = []
    if view.view_transform != "Standard":
        changes.append(f"View transform {view.view_transform}")
    if view.look != "None":
        changes.append(f"Look {view.look}")
    if view.exposure != 0:
        changes.append(f"Exposure {view.exposure:g}")
    if view.gamma != 1:
        changes.append(f"Gamma {view.gamma:g}")
    if view.use_curve_mapping:
        changes.append("Curves")
    if getattr(view, "use_white_balance", False):  # 4.3 brought it
        changes.append("White balance")
    return changes


def keep_colours(scene: bpy.types.Scene) -> None:
    """Set the colour management so that strips show the colours of their files (BadInputError if it cannot)."""
    view = scene.view_settings
    view.use_curve_mapping = False
    if hasattr(view, "use_white_balance"):
        view.use_white_balance = False
    view.exposure, view.gamma = 0, 1
    try:
        view.view_transform = "Standard"
        view.look = "None"
    except TypeError as error:  # a studio's own OpenColorIO configuration
        raise BadInputError(
            "This colour configuration has no view transform named Standard: choose its plain one in the scene's "
            "Colour Management."
        ) from error


def shows_through(scene: bpy.types.Scene, portrait: Any, result: Any) -> bool:
    """Whether the portrait would be seen behind its result: it is blended, or its frames have an alpha channel."""
    if portrait.blend_type == "REPLACE":
        return False
    fades = any(curve.data_path == f"{portrait.path_from_id()}.blend_alpha" for curve in fcurves(scene))
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
