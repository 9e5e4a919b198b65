# SPDX-License-Identifier: GPL-3.0-or-later
"""Portrait + target of a frame -> the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from .base import Generator, Portrait

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
    if name == "warp":
        from .warp.generator import WarpGenerator

        return WarpGenerator(portrait)
    if name == "few_shot":
        raise BadInputError("The generator few_shot is not in this version: use warp.")
    raise BadInputError(f"Unknown generator {name!r}: choose one of {', '.join(GENERATORS)}.")
