# SPDX-License-Identifier: GPL-3.0-or-later
"""What is too large for the memory, told as what to do about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def short_memory_told(message: str) -> Generator[None]:
    """Where memory is too short for the block, BadInputError with this message."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise BadInputError(message) from error
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means it: torch has a kind of its own for a GPU, but none for the CPU."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
