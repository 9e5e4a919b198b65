# SPDX-License-Identifier: GPL-3.0-or-later
"""Face controls as ID properties of the portrait strip, and their values over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import BadInputError
from . import curves, strips

if TYPE_CHECKING:
    import bpy

_SAME = 1e-5  # of a control's range


def add_controls(strip: Any) -> int:
    """Give the strip every control that it lacks, neutral; returns how many were new."""
    from ..core.motion.controls import CONTROLS

    added = 0
    for control in CONTROLS.values():
        if control.name not in strip:
            strip[control.name] = float(control.neutral)
            added += 1
        strip.id_properties_ui(control.name).update(
            min=float(control.minimum),
            max=float(control.maximum),
            soft_min=float(control.minimum),
            soft_max=float(control.maximum),
            default=float(control.neutral),
            description=control.description,
        )
    return added


def mend_whole_numbers(scene: bpy.types.Scene, strip: Any) -> None:
    """Make controls floats again that a script assigned an int to: Blender would round their curves to steps."""
    from ..core.motion.controls import CONTROLS

    keyed = {curve.data_path: curve for curve in curves.fcurves(scene)}
    for name in CONTROLS:
        if isinstance(strip.get(name), int):
            strip[name] = float(strip[name])
            curve = keyed.get(curves.curve_path(strip, name))
            if curve:
                curve.update_autoflags(scene)


def has_controls(strip: Any) -> bool:
    """Whether the strip has controls to key: all are added together, so one tells."""
    return "jawOpen" in strip


def read_controls(scene: bpy.types.Scene, strip: Any, frames: range) -> dict[str, list[float]]:
    """The values of the strip's controls at scene frames, as the animator sees them; neutral ones are left out.

    Raises BadInputError: a script has set one to something that is no number.
    F-curves are evaluated directly, which is fast and moves nothing. Only where a driver or an NLA track decides,
    the scene is stepped through.
    """
    from ..core.motion.controls import CONTROLS

    names = [name for name in CONTROLS if name in strip]
    paths = {name: curves.curve_path(strip, name) for name in names}
    if _needs_scene(scene, set(paths.values())):
        channels = _step_through(scene, strip, names, frames)
    else:
        keyed = {curve.data_path: curve for curve in curves.fcurves(scene) if _speaks(curve)}
        channels = {}
        for name in names:
            curve = keyed.get(paths[name])
            if curve:
                channels[name] = _play(curve, frames, CONTROLS[name].minimum, CONTROLS[name].maximum)
            else:
                channels[name] = [_value(strip, name)] * len(frames)
    return {name: values for name, values in channels.items() if any(v != CONTROLS[name].neutral for v in values)}


def key_over(scene: bpy.types.Scene, strip: Any, name: str, first: int, values: list[float]) -> None:
    """Key a control on every frame from `first` on: `values` 0..1 go from what is there (0) to its maximum (1)."""
    from ..core.motion.controls import CONTROLS

    maximum = CONTROLS[name].maximum
    before = read_controls(scene, strip, range(first, first + len(values))).get(name, [0.0] * len(values))
    for frame, (value, was) in enumerate(zip(values, before, strict=True), first):
        strip[name] = was + (maximum - was) * value
        strip.keyframe_insert(f'["{name}"]', frame=frame)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)  # the control shows its value here again


def bake(
    scene: bpy.types.Scene, strip: Any, first: int, channels: dict[str, list[float]], tolerance: float
) -> tuple[int, int]:
    """Key controls from the scene frame `first` on, instead of what is keyed there.

    Returns how many keys were set, and on how many controls.

    Straight lines between keys are at most `tolerance` of a control's range off; 0 keys every frame. Controls that do
    that already, and neutral ones without keys, are left alone.
    """
    import numpy as np

    from ..core.motion.controls import CONTROLS
    from ..core.motion.thinning import thin

    length = max((len(values) for values in channels.values()), default=0)
    before = read_controls(scene, strip, range(first, first + length))
    keyed = controls = 0
    for name in [name for name in CONTROLS if name in channels or name in before]:
        control = CONTROLS[name]
        neutral = [float(control.neutral)] * length
        values = np.array(channels.get(name, neutral))
        if np.abs(values - before.get(name, neutral)).max() < _SAME * (control.maximum - control.minimum):
            continue
        at = thin(values, tolerance * (control.maximum - control.minimum))
        _set_keys(scene, strip, name, first, length, [(first + int(i), float(values[i])) for i in at])
        keyed, controls = keyed + len(at), controls + 1
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)  # the controls show their values here
    return keyed, controls


def _set_keys(
    scene: bpy.types.Scene, strip: Any, name: str, first: int, length: int, keys: list[tuple[int, float]]
) -> None:
    """Put keys with straight lines between them in the place of those within `length` frames from `first` on."""
    strip[name] = keys[0][1]
    strip.keyframe_insert(f'["{name}"]', frame=first)  # makes the curve where there is none
    path = curves.curve_path(strip, name)
    curve = next(curve for curve in curves.fcurves(scene) if curve.data_path == path)
    points = curve.keyframe_points
    for point in reversed(points):
        if first <= point.co[0] < first + length:
            points.remove(point, fast=True)
    count = len(points)
    points.add(len(keys))
    for point, (frame, value) in zip(points[count:], keys, strict=True):
        point.co, point.interpolation = (frame, value), "LINEAR"
    points.sort()
    curve.mute = False
    curve.update()


def copy(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Give a strip the controls of another one and their keys, which begin with the strip as they do there."""
    from ..core.motion.controls import CONTROLS

    add_controls(target)
    later = strips.visible_range(target)[0] - strips.visible_range(source)[0]
    for name in [name for name in CONTROLS if name in source]:
        target[name] = float(source[name])
        curves.copy_curve(scene, curves.curve_path(source, name), curves.curve_path(target, name), later)


def _play(curve: bpy.types.FCurve, frames: range, minimum: float, maximum: float) -> list[float]:
    # Blender holds an overshooting curve at the property's limits.
    return [min(max(curve.evaluate(frame), minimum), maximum) for frame in frames]


def _value(strip: Any, name: str) -> float:
    value = strip[name]
    if not isinstance(value, int | float):  # as a script can set it
        raise BadInputError(f'The control {name} of "{strip.name}" is {value!r}: a number is wanted.')
    return float(value)


def _speaks(curve: bpy.types.FCurve) -> bool:
    muted = curve.mute or (curve.group is not None and curve.group.mute)
    return not muted and not curve.is_empty


def _needs_scene(scene: bpy.types.Scene, paths: set[str]) -> bool:
    data = scene.animation_data
    if data is None:
        return False
    if any(driver.data_path in paths and not driver.mute for driver in data.drivers):
        return True
    return data.use_nla and any(track.strips and not track.mute for track in data.nla_tracks)


def _step_through(scene: bpy.types.Scene, strip: Any, names: list[str], frames: range) -> dict[str, list[float]]:
    channels: dict[str, list[float]] = {name: [] for name in names}
    before, between = scene.frame_current, scene.frame_subframe
    try:
        for frame in frames:
            scene.frame_set(frame)
            for name in names:
                channels[name].append(_value(strip, name))
    finally:
        scene.frame_set(before, subframe=between)
    return channels
