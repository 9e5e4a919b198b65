# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that a person may have written: read, and its values checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_json(path: Path, what: str) -> Any:  # noqa: ANN401 - whatever is in it
    """What is in a JSON file, which should be a `what`. Raises BadInputError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a byte order mark
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInputError(f"{path}: cannot be read as {what} ({reason}).") from error


def check_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    """Raise BadInputError unless it is an object without unknown names; `where` says what it is of."""
    if not hasattr(data, "keys"):
        raise BadInputError(f"{where}: an object with named values is wanted.")
    unknown = sorted(set(data) - known)
    if unknown:
        raise BadInputError(f"{where}: {', '.join(unknown)} is unknown; known are {', '.join(sorted(known))}.")


def flag(data: Mapping[str, Any], name: str) -> bool:
    """No when it is missing; no word passes for yes: "false" must not start a download. Raises TypeError."""
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, not {value!r}")
    return value


def amount(value: float | str) -> float:
    """A share from 0 to 1. Raises ValueError."""
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{value} is not from 0 to 1")
    return number


def path_in(folder: Path, value: str | None) -> Path | None:
    """A path that is relative to a folder, or none."""
    return None if value is None else folder / value


def text_of(path: Path | None) -> str | None:
    """The way back."""
    return None if path is None else str(path)
