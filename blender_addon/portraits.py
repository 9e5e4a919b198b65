# SPDX-License-Identifier: GPL-3.0-or-later
"""What a portrait strip knows about itself: its id, its faces, its amounts.

All of it is in ID properties, which are copied, saved and undone with the strip.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInputError
from . import driver_settings, strip_files, strips

if TYPE_CHECKING:
    import bpy

    from .session import Subject

ID = "gioconda_portrait_id"
LANDMARKS = "gioconda_landmarks"
FACE_INDEX = "gioconda_face_index"
SOURCE = "gioconda_source"  # on a result: the id of its portrait
JOB = "gioconda_job"
SETTINGS = "gioconda_settings"
CREASES = "gioconda_creases"
NEUTRALISE = "gioconda_neutralise"


class Faces(NamedTuple):
    """The faces found in a picture, largest first."""

    landmarks: list[list[list[float]]]  # for each face 68 points [x, y] in pixels
    size: tuple[int, int] | None  # width and height of the picture, where known
    detector: str


def active_portrait(scene: bpy.types.Scene) -> Any | None:
    """The active strip, or the portrait behind it where the active strip is a result."""
    strip = strips.active_strip(scene)
    if strip is not None and strip.get(SOURCE):
        sources = strips.find_by_property(scene, ID, strip[SOURCE])
        return sources[0] if sources else strip
    return strip


def portrait_strip(scene: bpy.types.Scene, name: str) -> Any:
    """The portrait strip of that name, or without a name the active one (BadInputError: none, or of another type)."""
    if name:
        strip = named(scene, name)
    else:
        strip = active_portrait(scene)
        if strip is None:
            raise BadInputError("No strip is selected: click the image or movie strip that shows the portrait.")
    strip_files.check_portrait(strip)
    return strip


def subject(scene: bpy.types.Scene, name: str) -> Subject | None:
    """What a task is for that is started for the strip of that name, or without a name for the active one."""
    strip = strips.by_name(scene, name) if name else active_portrait(scene)
    key = name if strip is None else strip.get(ID, strip.name)
    return (scene.session_uid, key) if key else None


def name_of(about: Subject) -> str:
    """The name that the strip of a task has by now; empty if it is gone."""
    scene = strips.scene_of(about[0])
    found = strips.find_by_property(scene, ID, about[1]) if scene else []
    return found[0].name if found else ""


def is_footage(strip: Any) -> bool:
    """Whether every frame of the strip is a portrait of its own: a movie, or a sequence of pictures."""
    if strip.type == "MOVIE":
        return True
    return strip.type == "IMAGE" and len(strip.elements) > 1 and driver_settings.of(strip).every_frame


def named(scene: bpy.types.Scene, name: str) -> Any:
    """The strip of that name (BadInputError: there is none)."""
    strip = strips.by_name(scene, name)
    if strip is None:
        raise BadInputError(f'There is no strip named "{name}" in the scene "{scene.name}".')
    return strip


def find(scene: bpy.types.Scene | None, portrait_id: str, name: str, made: str = "") -> Any:
    """A prepared strip again, after undo or rename; its name tells it from copies (BadInputError: gone, and `made`)."""
    found = strips.find_by_property(scene, ID, portrait_id) if scene else []
    if scene and not found:  # undo takes an id off that was given after the last step
        found = [strip for strip in strips.all_strips(scene) if strip.name == name and ID not in strip]
        for strip in found:
            strip[ID] = portrait_id
    if not found:
        raise BadInputError(f"The portrait strip is gone from the timeline.{made}")
    return next((strip for strip in found if strip.name == name), found[0])


def prepare(scene: bpy.types.Scene, strip: Any) -> str:
    """Give the strip its id and settings; returns the id.

    A copied or cut strip carries the id of its original: if the result that goes by this id lies over another strip,
    or shows another face, the copy gets an id, and so a result, of its own. Without a result, all but the first do.
    """
    if ID not in strip:
        strip[ID] = _new_id()
    elif len(same := strips.find_by_property(scene, ID, strip[ID])) > 1:
        first, face = strips.visible_range(strip)[0], strip.get(FACE_INDEX, 0)
        shown = results(scene, strip[ID])
        elsewhere = any(strips.visible_range(r)[0] != first or _face_of(r) != face for r in shown)
        if elsewhere or (not shown and strip.name != same[0].name):
            strip[ID] = _new_id()
    for name, value, shown in _own():
        if name not in strip:
            strip[name] = value
            strip.id_properties_ui(name).update(default=value, min=type(value)(0), **shown)
    return strip[ID]


def _own() -> tuple[tuple[str, Any, dict[str, Any]], ...]:
    """What every portrait strip has, its value at first, and how Blender shows it."""
    from ..core.job import Job

    return (
        (FACE_INDEX, 0, {"max": 99, "soft_max": 9, "description": "Which face of the picture moves: 0 is the largest"}),
        (CREASES, Job.creases, {"max": 1.0, "description": "How strongly expressions crease the skin"}),
        (NEUTRALISE, Job.neutralise, {"max": 1.0, "description": "How far the portrait's own expression is taken off"}),
    )


def _face_of(result: Any) -> int:
    """The index of the face that a result shows moving."""
    return json.loads(result.get(SETTINGS, "{}")).get("face_index", 0)


def _new_id() -> str:
    import uuid

    return uuid.uuid4().hex


def results(scene: bpy.types.Scene, portrait_id: str) -> list[Any]:
    """The result strips of a portrait."""
    return strips.find_by_property(scene, SOURCE, portrait_id) if portrait_id else []


def active_result(scene: bpy.types.Scene) -> Any | None:
    """The result strip of the active portrait; None if there is none."""
    portrait = active_portrait(scene)
    return next(iter(results(scene, portrait.get(ID, ""))), None) if portrait else None


def store_faces(strip: Any, picture: Path, landmarks: list[Any], size: tuple[int, int], detector: str) -> None:
    """Keep faces on the strip, with the picture that they belong to."""
    faces = {"picture": picture.name, "size": list(size), "detector": detector, "faces": landmarks}
    strip[LANDMARKS] = json.dumps(faces)


def store_told(strip: Any, picture: Path, told: dict[str, Any], detector: str) -> None:
    """Keep the faces on the strip that a worker found in the picture and `told`."""
    store_faces(strip, picture, [face["landmarks"] for face in told["faces"]], told["size"], detector)


def store_found(strip: Any, portrait: dict[str, Any], told: dict[str, Any]) -> None:
    """Keep the faces that a worker found in a job's portrait on its way and `told`; those the strip has go before."""
    if told and stored_faces(strip) is None:
        store_told(strip, Path(portrait["path"]), told, portrait["detector"])


def stored_faces(strip: Any) -> Faces | None:
    """The faces kept on the strip; None if there are none or the strip shows another picture by now.

    A script may store one face as a plain list of 68 points.
    """
    text = strip.get(LANDMARKS)
    if not text:
        return None
    try:
        data = json.loads(text)
        if isinstance(data, list):
            return Faces([data], None, "given")
        if data["picture"] != strip_files.picture_path(strip).name:
            return None
        return Faces(data["faces"], (data["size"][0], data["size"][1]), data["detector"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise BadInputError(
            f'The landmarks stored on "{strip.name}" cannot be read ({error!r}): press Find Face.'
        ) from error


def chosen_landmarks(strip: Any, face_index: int) -> list[list[float]] | None:
    """The landmarks of the chosen face; None: not found yet, the worker has to look."""
    faces = stored_faces(strip)
    if faces is None:
        return None
    if face_index not in range(len(faces.landmarks)):
        found = count(len(faces.landmarks), "face")
        raise BadInputError(f'Face {face_index} does not exist: "{strip.name}" has {found}, counted from 0.')
    return faces.landmarks[face_index]


def count(number: int, word: str) -> str:
    """1 face, 2 faces."""
    return f"{number} {word}{'' if number == 1 else 's'}"
