# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops that numba compiles: once for every computer, then they are kept on its disk.

Never with `fastmath`, so that every computer gives the same bytes, and without Python's lock, so that threads draw
side by side. In a loop over pixels an index is best unsigned, else each one is asked whether it is negative; and arrays
are taken out of tuples before it, since each look into one counts a reference.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core.caching import UserProvidedCacheLocator
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

Number = Any
"""A number in a compiled loop: its width is its caller's."""
Function = TypeVar("Function", bound="Callable[..., Any]")

_HERE = Path(__file__).parent
_FORGOTTEN = 30 * 86400.0  # seconds after which what another version compiled is removed


def compiled(function: Function) -> Function:
    """The function as machine code. It takes numbers, arrays and named tuples of them."""
    jit = numba.njit(cache=_FOLDER is not None, nogil=True, error_model="numpy")
    return cast("Callable[[Function], Function]", jit)(function)


def _take_number(_context: Number, counter: Number) -> Number:
    def code(context: Number, builder: Number, signature: Number, arguments: Number) -> Number:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", array.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return numba.types.int64(counter), code


take_number: Callable[[Number], int] = cast("Any", intrinsic)(_take_number)
"""In a loop: the number in a (1,) int64 array, which goes up by one, so that no other thread gets the same."""


def is_compiled(package: str) -> bool:
    """Whether loops of a folder, such as generators/warp, were run on this computer, with this state of the code."""
    return _FOLDER is not None and any((_FOLDER / package).rglob("*.nbc"))


class SharedLocator(UserProvidedCacheLocator):
    """Finds what was compiled of a function wherever its file lies: an extension installed anew has it already."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """The file's folder as it lies in this one."""
        return str(Path(py_file).parent.relative_to(_HERE))


def _cache_folder() -> Path | None:
    """A folder for this state of the loops: numba sees when a function's own file changes, not what it calls.

    So a loop may call and use only what lies in files that have loops. The folder is in the user's home, which no
    one else writes to, else beside the code; None: neither can be written to.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_HERE.rglob("*.py")):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        if path == Path(__file__) or b"\n@compiled\n" in text:
            digest.update(text)
    for parent in (Path("~/.cache/gioconda").expanduser(), _HERE / "__pycache__"):
        folder = parent / f"compiled-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder)
        except OSError:
            continue
        for other in parent.glob("compiled-*"):
            with suppress(OSError):  # another process may be removing it
                if time.time() - other.stat().st_mtime > _FORGOTTEN:
                    shutil.rmtree(other, ignore_errors=True)
        return folder
    return None


# Four channels at a time: off by default because of a fault in calls of Intel's exp and log, which no loop here makes.
numba.config.SLP_VECTORIZE = 1  # type: ignore[attr-defined]
_FOLDER = _cache_folder()
if _FOLDER is not None:
    numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]
    numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.{SharedLocator.__name__}"  # type: ignore[attr-defined]
