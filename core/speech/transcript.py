# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that are said in a sound, from a text file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

_WORD = re.compile(r"\w+(?:'\w+)*")


def load_transcript(path: Path) -> list[str]:
    """The words of a UTF-8 text, in small letters and without punctuation. Raises BadInputError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: cannot be read as a text in UTF-8 ({error}).") from error
    return words_of(text, str(path))


def words_of(text: str, source: str) -> list[str]:
    """The words of a text, in small letters and without punctuation; `source` names it in errors (BadInputError)."""
    words = _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    if not words:
        raise BadInputError(f"{source}: there is no word in it. Leave it out, and the mouth follows what is heard.")
    return words
