# SPDX-License-Identifier: GPL-3.0-or-later
"""The strips of a timeline: found, and where they lie.

4.2 calls strips "sequences", 4.5 has both names, 5.0 "strips" only; 5.1 renames the handles; 5.0 lets a workspace edit
another scene's timeline. Only the data API is used: the sequencer's operators crash without a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from fractions import Fraction


def edited_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose timeline the sequencer shows."""
    return getattr(context, "sequencer_scene", None) or context.scene


def scene_of(uid: int) -> bpy.types.Scene | None:
    """The scene of that `session_uid`, which outlasts undo and a new name; None if it is gone."""
    return next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)


def exact_fps(scene: bpy.types.Scene) -> Fraction:
    """Frames per second, exact: 24 / 1.001 is 24000/1001, though Blender keeps 1.001 as a float32."""
    from fractions import Fraction

    return Fraction(scene.render.fps) / Fraction(scene.render.fps_base).limit_denominator(10_000)


def children(owner: Any) -> Any:
    """The collection of strips directly in the timeline or in a meta strip."""
    # An empty collection is falsy, so the names are asked for, never `or`-ed.
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def neighbours(scene: bpy.types.Scene, strip: Any) -> Any:
    """The collection the strip stands in: a meta strip's or the timeline's."""
    return children(strip.parent_meta() or scene.sequence_editor)


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


def show_from(strip: Any, start: int) -> None:
    """Put an image sequence's first element at `start`, nothing trimmed."""
    if hasattr(strip, "content_start"):
        strip.left_handle_offset, strip.right_handle_offset = 0, 0
        strip.content_start = start
    else:
        strip.frame_offset_start, strip.frame_offset_end = 0, 0
        strip.frame_start = start
