# SPDX-License-Identifier: GPL-3.0-or-later
"""Portrait + target of a frame -> the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from ..motion.face_model import FittedFace
    from .base import FootageGenerator, Generator, Portrait

GENERATORS = ("warp",)


def first_use_note(name: str) -> str:
    """What a person should know of a generator that has not run on this computer before; '' if it has."""
    if name == "warp":
        from .warp.compiled import is_compiled

        if not is_compiled():
            return " and compiling its loops for this computer, which is done once"
    return ""


def create_generator(name: str, portrait: Portrait) -> Generator:
    """Prepare the named generator for a portrait. Raises BadInputError for an unknown name."""
    _check_name(name)
    from .warp.generator import WarpGenerator

    return WarpGenerator(portrait)


def create_footage_generator(
    name: str, rest: Portrait, face: FittedFace, *, new_mouth: bool, head_moves: bool
) -> FootageGenerator:
    """Prepare the named generator for footage whose frame `rest` shows the `face` at rest. Raises BadInputError.

    With a `new_mouth` nothing of what the footage has between its lips is shown. Where no `head_moves`, no background
    has to be known.
    """
    _check_name(name)
    from .warp.footage import FootageWarp

    return FootageWarp(rest, face, new_mouth=new_mouth, head_moves=head_moves)


def _check_name(name: str) -> None:
    if name == "few_shot":
        raise BadInputError("The generator few_shot is not in this version: use warp.")
    if name not in GENERATORS:
        raise BadInputError(f"Unknown generator {name!r}: choose one of {', '.join(GENERATORS)}.")
