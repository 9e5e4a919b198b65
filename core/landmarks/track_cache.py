# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks of footage that was tracked before, in a folder of the user's home that may be deleted at any time."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..packages import versions
from .track import LandmarkTrack, load_track, save_track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..events import OnEvent

_MOST = 256 * 2**20  # bytes: tracks of five hours
_HERE = Path(__file__).parent
_CODE = (
    *sorted(_HERE.glob("*.py")),
    _HERE / "eyes.npz",
    *(_HERE.parent / f"media/{name}.py" for name in ("pictures", "rates", "video")),
)
_PACKAGES = ("av", "dlib-bin", "face-alignment")


def content_key(files: Iterable[Path], settings: str) -> str:
    """A name for what these files hold, how it is tracked, and by which code and packages. Raises BadInputError."""
    found = versions()
    digest = hashlib.sha256(" ".join([settings, *(f"{name}={found[name]}" for name in _PACKAGES)]).encode())
    for path in (*files, *_CODE):
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise BadInputError(f"{path}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


def cached(key: str, track: Callable[[], LandmarkTrack], on_event: OnEvent) -> LandmarkTrack:
    """What is kept under a key; else it is tracked and kept, if the folder can be written to."""
    path = folder() / f"{key}.npz"
    with suppress(BadInputError, OSError):
        known = load_track(path)
        os.utime(path)
        on_event({"event": "stage", "stage": "detect", "message": "It was tracked before: read from the cache"})
        return known
    found = track()
    part = path.with_name(f"{key}.{os.getpid()}.npz")  # another process may be tracking the same movie
    with suppress(BadInputError, OSError):
        save_track(part, found)
        part.replace(path)
        _forget_oldest()
    return found


def folder() -> Path:
    """Where they lie."""
    return Path("~/.cache/gioconda/tracks").expanduser()


def _forget_oldest() -> None:
    """Keep what was used last."""
    size = 0
    for path in sorted(folder().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True):
        size += path.stat().st_size
        if size > _MOST:
            path.unlink(missing_ok=True)
