# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops over pixels that numba compiles: once for every computer, then they are kept on its disk.

Never with `fastmath`, so that every computer gives the same bytes, and without Python's lock, so that threads draw side
by side. In a loop that is run for every pixel, an index is best unsigned: else each one is asked whether it is negative.
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

Function = TypeVar("Function", bound="Callable[..., Any]")

_HERE = Path(__file__).parent
_USERS = Path.home() / ".cache/gioconda"  # where the code's own folder is not to be written to


def compiled(function: Function) -> Function:
    """The function as machine code. It takes numbers, arrays and named tuples of them."""
    make = cast("Callable[[Function], Function]", numba.njit(cache=True, nogil=True, error_model="numpy"))
    return make(function)


def _cache_folder() -> Path:
    """A folder for this state of the code: numba sees when a function's own file changes, not what it calls elsewhere."""
    digest = hashlib.sha256()
    for path in sorted(_HERE.glob("*.py")):
        digest.update(path.read_bytes())
    name = f"compiled-{digest.hexdigest()[:16]}"
    parent = _HERE / "__pycache__" if os.access(_HERE, os.W_OK) else _USERS
    for old in parent.glob("compiled-*"):
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return parent / name


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]
