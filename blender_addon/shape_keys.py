# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys with ARKit's names: a mesh drives a portrait, and a portrait's performance drives a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import BadInputError

if TYPE_CHECKING:
    import bpy


def read(scene: bpy.types.Scene, mesh: Any | None, frames: range) -> dict[str, list[float]]:
    """The values of an object's shape keys at scene frames, by control (BadInputError: it has none).

    The scene is stepped through: keys, drivers, NLA tracks and rigs all count.
    """
    blocks = named_blocks(mesh)
    channels: dict[str, list[float]] = {name: [] for name in blocks}
    before, between = scene.frame_current, scene.frame_subframe
    try:
        for frame in frames:
            scene.frame_set(frame)
            for name, block in blocks.items():
                channels[name].append(0.0 if block.mute else float(block.value))
    finally:
        scene.frame_set(before, subframe=between)
    return channels


def write(mesh: Any | None, frames: range, channels: dict[str, list[float]]) -> tuple[int, list[str]]:
    """Key an object's shape keys at scene frames, 0 where no channel moves them (BadInputError: it has none).

    Returns how many keys were moved, and the controls that it has no shape key for.
    """
    blocks = named_blocks(mesh)
    for name, block in blocks.items():
        block.slider_min, block.slider_max = min(block.slider_min, 0), max(block.slider_max, 1)
        for frame, value in zip(frames, channels.get(name, [0.0] * len(frames)), strict=True):
            block.value = value
            block.keyframe_insert("value", frame=frame)
    return len(channels.keys() & blocks.keys()), sorted(channels.keys() - blocks.keys())


def named_blocks(mesh: Any | None) -> dict[str, Any]:
    """The shape keys of an object that are named as controls, by control; capitals do not count (BadInputError)."""
    from ..core.motion.controls import CONTROLS

    if mesh is None:
        raise BadInputError("No object is chosen: choose the one whose shape keys have ARKit's names.")
    keys = getattr(mesh.data, "shape_keys", None)
    known = {name.lower(): name for name in CONTROLS}
    blocks = (
        {known[block.name.lower()]: block for block in keys.key_blocks if block.name.lower() in known} if keys else {}
    )
    if not blocks:
        raise BadInputError(f'"{mesh.name}" has no shape key with an ARKit name, such as jawOpen or eyeBlinkLeft.')
    return blocks
