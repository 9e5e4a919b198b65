# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING

from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary name beside `path` to write to; it takes the place of `path` when the block ends well.

    Nobody else is given that name: of two who write the same file, the one who ends last counts.
    After an error nothing is left of it. An OSError becomes a BadInputError that names the folder.
    """
    temporary = path.with_name(f"{path.name}.{token_hex(4)}.part")
    try:
        make_folder(path.parent)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        _remove(temporary)
        raise cannot_write(path, error) from error
    except BaseException:
        _remove(temporary)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder and its parents (BadInputError)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def check_writable(folder: Path) -> None:
    """Make a folder and see whether a file can be made in it, before hours of work are lost (BadInputError)."""
    make_folder(folder)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise cannot_write(folder / "a file", error) from error


def check_file_writable(path: Path) -> None:
    """See whether a file of this name can be made, as `check_writable` does (BadInputError)."""
    check_writable(path.parent)
    if path.is_dir():
        raise cannot_write(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file: nobody ever sees half of it (BadInputError: disk full, read-only ...)."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def cannot_write(path: Path, error: Exception) -> BadInputError:
    """What to tell about a file or folder that cannot be written; PyAV's errors have an `errno` too."""
    folder, number = path.parent, getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return BadInputError(
            f"The disk is full: {path.name} cannot be written to {folder}. Make room or choose another output."
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return BadInputError(  # Windows says the same of a file that is open elsewhere
            f"{path.name} cannot be written to {folder}: that is read-only, or another program has the file open. "
            "Close it there, or choose another output."
        )
    reason = getattr(error, "strerror", None) or error
    return BadInputError(f"{path.name} cannot be written to {folder} ({reason}). Choose another output.")


def _remove(path: Path) -> None:
    with suppress(OSError):  # what stood in the way of writing it may stand in the way of this too
        path.unlink(missing_ok=True)
