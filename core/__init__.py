# SPDX-License-Identifier: GPL-3.0-or-later
"""Gioconda's core: portrait and driver in, frames out. Knows nothing of Blender."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


@cache
def version() -> str:
    """Gioconda's version; the manifest is its one source."""
    manifest = Path(__file__).parent.parent / "blender_manifest.toml"
    found = re.search(r'^version = "([^"]+)"', manifest.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"
