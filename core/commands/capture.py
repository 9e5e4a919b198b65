# SPDX-License-Identifier: GPL-3.0-or-later
"""`capture`: a performance as controls, from a movie or a capture file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .given import given, refuse
from .portrait_options import OF_MOVIES, add_tracking_options, model_files, track_movie
from .values import frame_rate, neutral_frame

if TYPE_CHECKING:
    import argparse

    from ..events import OnEvent
    from ..motion.capture_files import Capture

HELP = "find the controls of a performance: a movie, landmarks, or a capture file"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("source", type=Path, help="a movie, or a capture file: .json, .csv or .npz")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="C.json", help=".json or .csv")
    parser.add_argument("--track", type=Path, metavar="T.npz", help="write the movie's landmarks too")
    parser.add_argument("--neutral-frame", type=neutral_frame, metavar="N", help="from 0; found if not given")
    parser.add_argument("--neutral-picture", type=Path, metavar="FILE",
                         help="the same face at rest: a picture, or landmarks, .npz or .json")  # fmt: skip
    parser.add_argument("--live-link", action="store_true", help="write the CSV as Live Link Face does")
    parser.add_argument("--fps", type=frame_rate, metavar="RATE", help="such as 25, 29.97 or 30000/1001")
    add_tracking_options(parser)


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Find and write them."""
    from ..landmarks.still import read_still
    from ..landmarks.track import LandmarkTrack
    from ..media.video import is_video
    from ..motion.capture_files import check_output, read_capture, write_controls
    from ..motion.controls import ControlTrack
    from ..motion.neutral_frame import find_neutral_frame

    check_output(options.output, as_live_link=options.live_link)
    if is_video(options.source):
        capture = _track(options, tell)
    else:
        told = given(options, add_options, ["", "-o", ""])
        of_pictures = () if options.neutral_picture else ("detector", "models", "allow_download")
        refuse(told, ("track", *OF_MOVIES, *of_pictures), f"goes with a movie; {options.source} is no movie.")
        capture = read_capture(options.source, options.fps, options.face_index)
        if isinstance(capture.content, ControlTrack):
            refuse(told, ("neutral_frame", "neutral_picture"), f"goes with landmarks; {options.source} holds controls.")
    neutral, still = options.neutral_frame, None
    if options.neutral_picture is not None:
        still = read_still(options.neutral_picture, options.detector, tell, model_files(options))
    if isinstance(capture.content, LandmarkTrack):
        if neutral is None:
            neutral = find_neutral_frame(capture.content)
        picture = options.neutral_picture
        against = f"the neutral frame {neutral}" if picture is None else picture.name
        tell({"event": "stage", "stage": "capture", "message": f"Finding the controls, against {against}"})
    controls, clamped = capture.controls(neutral, still).clamped()
    left_out = write_controls(options.output, controls, as_live_link=options.live_link)
    for message in (*capture.told, *clamped, *left_out):
        tell({"event": "warning", "message": message})
    tell({"event": "done", "frames": controls.frames, "output": str(options.output)})


def _track(options: argparse.Namespace, tell: OnEvent) -> Capture:
    """The landmarks of a movie, which are kept if that is wanted."""
    from ..landmarks.track import save_track
    from ..motion.capture_files import Capture

    track = track_movie(options, tell)
    if options.track is not None:
        save_track(options.track, track)
    capture = Capture(track)
    return capture if options.fps is None else capture.at_rate(options.fps)
