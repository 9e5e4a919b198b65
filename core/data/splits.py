# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is learned from, and who is kept aside to see what was learned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .shards import Split


def split_of(person: str, held_out: float) -> Split:
    """By the person's name alone, so that it never changes when others are added; `held_out` is the share, 0 to 1."""
    number = int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big") / 2**64
    return "held_out" if number < held_out else "train"
