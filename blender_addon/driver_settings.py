# SPDX-License-Identifier: GPL-3.0-or-later
"""What drives a portrait strip: settings on the strip, which are copied and saved with it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..core.speech.amounts import Amounts
from . import strip_links
from .versions import FILE_OPTIONS, STRIP_TYPE

KINDS = (
    ("KEYS", "Keyed Controls", "What is keyed on the sliders below, and nothing else"),
    ("MOVIE", "Movie Strip", "A face in a strip, as the timeline shows it"),
    ("SOUND", "Sound Strip", "A voice, as the timeline plays it"),
    ("FILE", "Capture File", "Live Link Face, OpenFace, controls or landmarks: .csv, .json, .npz"),
    ("CLIP", "Movie Clip Tracks", "Tracks of the Movie Clip Editor that are named as landmarks"),
    ("MESH", "Shape Keys", "The shape keys of a mesh that have ARKit's names"),
    ("PRESET", "Preset", "A short motion that ships with Gioconda, or a file of yours"),
)
MOTIONS = (
    ("RELATIVE", "Relative", "Put the performance's change since its neutral frame on the portrait"),
    ("ABSOLUTE", "Absolute", "Landmarks are wanted as they stand, in the portrait's pixels"),
)
_WITHOUT_FACE = (
    ("INTERPOLATE", "Interpolate", "Frames without the face go from the last that shows it to the next"),
    ("HOLD", "Hold", "Frames without the face keep the last that shows it"),
)
_WORDS = (
    ("NONE", "None", "The mouth follows the sounds that are heard; so it does in other languages than English"),
    ("TEXT", "Text", "What is said, in English, as a text of Blender's Text Editor"),
    ("STRIPS", "Text Strips", "What is said, in English, as the text strips that are seen with the portrait"),
)
GENERATORS = (
    ("warp", "Warp", "Moves the picture's own pixels; needs nothing else"),
    ("few_shot", "Few-Shot", "The warp, mended by a network that has learned the person"),
)
REGIONS = ("head", "eyes", "brows", "mouth", "jaw")
OF_THE_PORTRAIT = (
    "generator",
    "person_path",
    "checkpoint",
    "minutes",
    "head_mask",
    "mask_strip",
    "head_mask_strip",
    "every_frame",
    "only_changes",
)
"""Settings that say what is moved and how it is drawn, not what moves it."""
SPEECH = tuple(field.name for field in fields(Amounts))


def _preset_names(_settings: Any, _context: bpy.types.Context, _typed: str) -> list[str]:
    from ..core.motion.preset import preset_names

    return preset_names()


def can_drive(kind: str, strip: Any) -> bool:
    """Whether a strip fits the driver: a sound strip shows no face, and a movie's voice is a sound strip beside it."""
    return strip.type in ("SOUND", "META", "SCENE") if kind == "SOUND" else strip.type != "SOUND"


def _drives(settings: Any, strip: Any) -> bool:
    """Whether a strip can drive the one that these settings are of."""
    return strip.gioconda != settings and can_drive(settings.driven_by, strip)


def _masks(_settings: Any, strip: Any) -> bool:
    """Whether a strip can show what moves with the head."""
    return strip.type in ("IMAGE", "MASK")


_strip = strip_links.named_strip


def _file(name: str, description: str) -> Any:
    return StringProperty(name=name, description=description, subtype="FILE_PATH", options=FILE_OPTIONS)


def _amount(name: str, description: str, default: float = 1.0) -> Any:
    return FloatProperty(name=name, description=description, default=default, min=0, max=1, subtype="FACTOR")


class GIOCONDA_PG_driver(bpy.types.PropertyGroup):
    """What drives a portrait strip and how it is drawn. What is keyed on its controls is added."""

    driven_by: EnumProperty(name="Driven By", items=KINDS, description="What moves the portrait")
    strip: StringProperty(options={"HIDDEN"})
    strip_name: _strip("strip", "Strip", _drives, "The strip that drives, by its name")
    filepath: _file("File", "Live Link Face, OpenFace, a table of controls, or landmarks: .csv, .json, .npz")
    clip: PointerProperty(name="Clip", type=bpy.types.MovieClip, description="The clip whose tracks drive")
    mesh: PointerProperty(
        name="Object",
        type=bpy.types.Object,
        description="The object whose shape keys drive",
        poll=lambda _, candidate: getattr(candidate.data, "shape_keys", None) is not None,
    )
    preset: StringProperty(
        name="Preset", default="idle", search=_preset_names, description="A short motion that ships with Gioconda"
    )
    preset_path: _file("Own Preset", "A file that Save Preset wrote, .json; goes before the preset that ships")
    preset_scale: FloatProperty(name="Strength", default=1, min=0, soft_max=2, description="1: as it was made")
    preset_loop: BoolProperty(name="Loop", default=True, description="Begin again until the strip ends")

    motion: EnumProperty(name="Motion", items=MOTIONS, description="How a performance moves the portrait")
    find_neutral: BoolProperty(
        name="Find Neutral", default=True, description="Take the frame in which the performer's face rests most"
    )
    neutral_frame: IntProperty(
        name="Neutral Frame",
        description="Frame in which the performer's face rests: of the timeline for a strip or clip, of the file else",
    )
    face_index: IntProperty(name="Face", min=0, max=99, description="Which of several faces drives: 0 is the largest")
    neutral_picture: _file("Neutral Picture", "The performer's face at rest, in another picture or as its landmarks")
    like: _file("Person", "A picture of the performer, who is told from others by it; goes before the number")
    missing: EnumProperty(name="Without Face", items=_WITHOUT_FACE, description="What frames without the face get")

    words: EnumProperty(name="Transcript", items=_WORDS, description="Where the words are that are said")
    text: PointerProperty(name="Text", type=bpy.types.Text, description="What is said, in English")
    loudness: _amount("Loudness", "How far loud speech opens the jaw more than quiet speech", Amounts.loudness)
    blinks: _amount("Blinks", "How often the eyes blink", Amounts.blinks)
    gaze: _amount("Gaze", "How far the eyes jump aside while the voice speaks", Amounts.gaze)
    brows: _amount("Brows", "How far the brows rise where the voice stresses", Amounts.brows)
    head: _amount("Head", "How far the head moves with the voice", Amounts.head)

    tolerance: FloatProperty(
        name="Tolerance",
        default=0.005,
        min=0,
        soft_max=0.1,
        precision=3,
        description="How far baked curves may be off, as a share of a control's range: more means fewer keys. 0: every "
        "frame is keyed",
    )

    generator: EnumProperty(name="Generator", items=GENERATORS, description="What draws the frames")
    person_path: _file("Person", "What was learned of the portrait's person, .safetensors")
    checkpoint: _file("Checkpoint", "Trained networks that learning starts from, .safetensors; empty: those that ship")
    minutes: FloatProperty(
        name="Minutes", description="How long learning may take", default=4, min=0.05, soft_max=30, precision=1
    )
    head_mask: _file(
        "File", "A picture of what moves with the head: white, or opaque if it has alpha. Empty: it is found"
    )
    mask_strip: StringProperty(options={"HIDDEN"})
    head_mask_strip: _strip(
        "mask_strip", "Strip", _masks, "An image or mask strip that shows what moves with the head; goes before a file"
    )
    every_frame: BoolProperty(
        name="Every Frame",
        default=True,
        description="Each picture of the sequence is drawn from itself; else all from the first one that is seen",
    )
    replace_mouth: BoolProperty(name="Mouth", description="What the footage does there gives way to what drives")
    replace_eyes: BoolProperty(name="Eyes", description="What the footage does there gives way to what drives")
    replace_brows: BoolProperty(name="Brows", description="What the footage does there gives way to what drives")
    only_changes: BoolProperty(
        name="Only Changes",
        description="Frames are transparent where they equal the portrait: several faces of a picture, each with a "
        "strip of its own, lie over each other",
    )

    amount_head: _amount("Head", "How much of the driver's motion the head takes")
    amount_eyes: _amount("Eyes", "How much of the driver's motion lids and gaze take")
    amount_brows: _amount("Brows", "How much of the driver's motion the brows take")
    amount_mouth: _amount("Mouth", "How much of the driver's motion the mouth takes")
    amount_jaw: _amount("Jaw", "How much of the driver's motion the jaw takes")


def of(strip: Any) -> GIOCONDA_PG_driver:
    """The settings of this strip."""
    return strip.gioconda


def amounts(settings: GIOCONDA_PG_driver) -> dict[str, float]:
    """How much of the driver's motion each region takes, as a job's JSON tells it."""
    return {region: getattr(settings, f"amount_{region}") for region in REGIONS}


def copy(source: Any, target: Any) -> None:
    """Give a strip what drives another one."""
    for name in GIOCONDA_PG_driver.__annotations__.keys() - OF_THE_PORTRAIT - {"strip_name"}:  # `strip` tells it
        setattr(of(target), name, getattr(of(source), name))


def register() -> None:
    """Give strips the settings."""
    STRIP_TYPE.gioconda = PointerProperty(type=GIOCONDA_PG_driver)


def unregister() -> None:
    """Take them away; what was set stays in the files."""
    del STRIP_TYPE.gioconda
