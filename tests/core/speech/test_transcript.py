# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts become words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInputError
from core.speech.transcript import load_transcript

if TYPE_CHECKING:
    from pathlib import Path


def test_punctuation_and_capitals_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(
        "\N{ZERO WIDTH NO-BREAK SPACE}\"Don\N{RIGHT SINGLE QUOTATION MARK}t,\" - 'well-known' friends' café!\n",
        "utf-8",
    )
    assert load_transcript(path) == ["don't", "well", "known", "friends", "café"]


@pytest.mark.parametrize("text", [b"", b" \n", b"- ... !\n"])
def test_a_text_without_words_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "text.txt").write_bytes(text)
    with pytest.raises(BadInputError, match=r"text\.txt: there is no word in it"):
        load_transcript(tmp_path / "text.txt")


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(b"\xff\xfe\x80")
    for name in ("text.txt", "missing.txt"):
        with pytest.raises(BadInputError, match=f"{name}: cannot be read as a text"):
            load_transcript(tmp_path / name)
