# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves and drivers of a scene: found by data path, copied, removed."""

from __future__ import annotations

from typing import Any

import bpy


def curve_path(strip: Any, name: str) -> str:
    """The data path of an ID property of the strip, as F-curves and drivers of its scene spell it."""
    return f'{strip.path_from_id()}["{bpy.utils.escape_identifier(name)}"]'


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
