# SPDX-License-Identifier: GPL-3.0-or-later
"""`detect`: find landmarks in a picture or movie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .given import given, refuse
from .portrait_options import OF_MOVIES, add_tracking_options, model_files, track_movie

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent
    from ..landmarks.track import LandmarkTrack

HELP = "find landmarks in a picture or movie"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("source", type=Path, help="a picture or a movie")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="T.npz", help=".npz or .json")
    add_tracking_options(parser)


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Find them."""
    from ..landmarks.detect import create_detector
    from ..landmarks.follow import track_picture
    from ..landmarks.track import save_track
    from ..media.video import is_video

    if is_video(options.source):
        track = track_movie(options, tell)
    else:
        told = given(options, add_options, ["", "-o", ""])
        refuse(told, OF_MOVIES, f"goes with a movie; {options.source} is no movie.")
        detector = create_detector(options.detector, model_files(options))
        track = track_picture(options.source, detector, options.face_index, tell)
    save_track(options.output, track)
    tell({"event": "stage", "stage": "detect", "message": _found(track)})
    tell({"event": "done", "frames": track.frames, "output": str(options.output)})


def _found(track: LandmarkTrack) -> str:
    """What was found, in words."""
    seen = track.confidence.any(axis=1)
    width, height = (track.landmarks[seen].max(axis=1) - track.landmarks[seen].min(axis=1)).mean(axis=0)
    told = f"Found a face of {width:.0f} x {height:.0f} pixels, confidence {track.confidence[seen].mean():.2f}"
    return f"{told}, in {seen.sum()} of {track.frames} frames" if track.frames > 1 else told
