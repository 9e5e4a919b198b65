# SPDX-License-Identifier: GPL-3.0-or-later
"""Portrait + target of a frame -> the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from ..motion.face_model import FittedFace
    from .base import FootageGenerator, Generator, Portrait

GENERATORS = ("warp", "few_shot")


def first_use_note(name: str) -> str:
    """What a person should know of a generator that has not run on this computer before; '' if it has."""
    _check_name(name)
    from ..compiled import is_compiled

    return "" if is_compiled("generators/warp") else " and compiling its loops for this computer, which is done once"


def create_generator(name: str, portrait: Portrait, person: Path | None = None) -> Generator:
    """Prepare the named generator for a portrait; few_shot knows more of who is shown from a `person` file.

    Raises BadInputError for an unknown name and for a person file that cannot be used.
    """
    _check_name(name)
    if name == "few_shot":
        from .few_shot.few_shot import FewShotGenerator
        from .few_shot.person import load_person

        return FewShotGenerator(portrait, load_person(person) if person else None)
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
    if name != "warp":
        raise BadInputError(f"The generator {name} draws portraits that are pictures; for footage choose warp.")
    from .warp.footage import FootageWarp

    return FootageWarp(rest, face, new_mouth=new_mouth, head_moves=head_moves)


def _check_name(name: str) -> None:
    if name not in GENERATORS:
        raise BadInputError(f"Unknown generator {name!r}: choose one of {', '.join(GENERATORS)}.")
