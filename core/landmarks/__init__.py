# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of faces: found, followed, kept in files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DETECTORS = ("dlib", "face-alignment", "face-alignment-3d")
MISSING = ("interpolate", "hold")
"""What frames of a movie without the face get."""


@dataclass(frozen=True)
class ModelFiles:
    """Where the weight files of detectors are, and whether those that are missing may be downloaded."""

    folder: Path | None = None  # looked in before the cache; downloads go there
    allow_download: bool = False


CACHED = ModelFiles()
"""Only those that the cache holds."""
