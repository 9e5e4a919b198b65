# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that name a portrait, a detector and a face to follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..landmarks import DETECTORS, MISSING, ModelFiles

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent
    from ..job import PortraitSource
    from ..landmarks.track import LandmarkTrack


OF_MOVIES = ("like", "missing", "no_cache")
"""Those of `add_tracking_options` that count in movies only."""


def add_portrait_options(parser: argparse.ArgumentParser) -> None:
    """A portrait's own landmarks, or how its face is found."""
    parser.add_argument("--portrait-landmarks", type=Path, metavar="L.npz", help="skip the detection")
    add_detector_options(parser)


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """How a face is found, and which one."""
    add_model_options(parser)
    parser.add_argument("--face-index", "--face", type=int, default=0, metavar="N", help="0 is the largest face")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """What finds faces, and where its model files are."""
    parser.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0])
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of model files")
    parser.add_argument("--allow-download", action="store_true", help="model files may be fetched")


def model_files(options: argparse.Namespace) -> ModelFiles:
    """Those that were named."""
    return ModelFiles(options.models, allow_download=options.allow_download)


def add_tracking_options(parser: argparse.ArgumentParser) -> None:
    """How a face is found, and followed through a movie."""
    add_detector_options(parser)
    parser.add_argument("--like", type=Path, metavar="PICTURE", help="follow the person of this picture")
    parser.add_argument("--missing", choices=MISSING, default=MISSING[0],
                         help="what becomes of frames without the face")  # fmt: skip
    parser.add_argument("--no-cache", action="store_true", help="track the movie, even if that was done before")


def track_movie(options: argparse.Namespace, tell: OnEvent) -> LandmarkTrack:
    """The landmarks of the movie `source`."""
    from ..landmarks.follow import FaceChoice, cached_track

    choice = FaceChoice(options.detector, options.face_index, options.like, options.missing, model_files(options))
    return cached_track(options.source, choice, tell, use_cache=not options.no_cache)


def portrait_source(options: argparse.Namespace) -> PortraitSource:
    """The portrait that was named."""
    from ..job import PortraitSource

    return PortraitSource(
        options.portrait,
        landmarks_path=options.portrait_landmarks,
        detector=options.detector,
        face_index=options.face_index,
    )
