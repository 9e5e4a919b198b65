# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops over pixels that numba compiles: once for every computer, then they are kept on its disk.

Never with `fastmath`, so that every computer gives the same bytes, and without Python's lock, so that threads draw
side by side. In a loop over pixels an index is best unsigned, else each one is asked whether it is negative; and arrays
are taken out of tuples before it, since each look into one counts a reference.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Number = Any
"""A number in a compiled loop: its width is its caller's."""
Function = TypeVar("Function", bound="Callable[..., Any]")

_HERE = Path(__file__).parent


def compiled(function: Function) -> Function:
    """The function as machine code. It takes numbers, arrays and named tuples of them."""
    jit = numba.njit(cache=_FOLDER is not None, nogil=True, error_model="numpy")
    return cast("Callable[[Function], Function]", jit)(function)


def is_compiled() -> bool:
    """Whether this state of the code has been run on this computer before."""
    return _FOLDER is not None and _FOLDER.is_dir()


def _cache_folder() -> Path | None:
    """A folder for this state of the code: numba sees when a function's own file changes, not what it calls.

    Beside the code, else in the user's home, which no one else writes to; None: neither can be written to.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_HERE.glob("*.py")):
        digest.update(path.read_bytes())
    name = f"compiled-{digest.hexdigest()[:16]}"
    for parent in (_HERE / "__pycache__", Path("~/.cache/gioconda").expanduser()):
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(parent, os.W_OK):
            for old in parent.glob("compiled-*"):
                if old.name != name:
                    shutil.rmtree(old, ignore_errors=True)
            return parent / name
    return None


_FOLDER = _cache_folder()
numba.config.CACHE_DIR = str(_FOLDER or "")  # type: ignore[attr-defined]
