# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that name a portrait and a detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ..job import PortraitSource

_DETECTORS = ("dlib", "face-alignment", "face-alignment-3d")


def add_portrait_options(parser: argparse.ArgumentParser) -> None:
    """A portrait's own landmarks, or how its face is found."""
    parser.add_argument("--portrait-landmarks", type=Path, metavar="L.npz", help="skip the detection")
    add_detector_options(parser)


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """How a face is found."""
    parser.add_argument("--detector", choices=_DETECTORS, default="dlib")
    parser.add_argument("--face-index", "--face", type=int, default=0, metavar="N", help="0 is the largest face")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of model files")
    parser.add_argument("--allow-download", action="store_true", help="model files may be fetched")


def portrait_source(options: argparse.Namespace) -> PortraitSource:
    """The portrait that was named."""
    from ..job import PortraitSource

    return PortraitSource(
        options.portrait,
        landmarks_path=options.portrait_landmarks,
        detector=options.detector,
        face_index=options.face_index,
    )
