# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m core animate`, `detect`, `matte`, `compile`, `worker`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .job import Job, PortraitSource
    from .landmarks.track import LandmarkTrack

_DETECTORS = ("dlib", "face-alignment", "face-alignment-3d")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input, 3 something missing, 130 cancelled."""
    options = _parser().parse_args(arguments)
    # Before numpy is loaded. Its small systems are solved slower by several threads than by one, and not always
    # with the same last bit; a torch that waits by spinning takes the processor from Blender's window.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if options.command == "worker":
        from .worker import serve

        return serve()
    from .events import report

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may have letters that a console cannot show
    action = {"animate": _animate, "detect": _detect, "matte": _matte, "compile": _compile}[options.command]
    tell = _tell_json if options.progress == "json" else _tell_text
    try:
        return report(partial(action, options, tell), tell)
    except KeyboardInterrupt:
        tell({"event": "cancelled", "frames": None})
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Gioconda: a still portrait set in motion.")
    commands = parser.add_subparsers(dest="command", required=True)
    animate = commands.add_parser("animate", help="make frames or a movie from a portrait")
    animate.add_argument("portrait", nargs="?", type=Path, help="the picture")
    animate.add_argument("-o", "--output", type=Path, help="a folder for frames, or a file ending in .mp4")
    driver = animate.add_mutually_exclusive_group(required=True)
    driver.add_argument("--controls", type=Path, metavar="C.json", help="control channels over time")
    driver.add_argument("--track", type=Path, metavar="T.npz", help="a landmark track, .npz or .json")
    driver.add_argument("--job", type=Path, metavar="J.json", help="a job file, instead of the other options")
    animate.add_argument("--motion", choices=("relative", "absolute"), default="relative",
                         help="a track's change against its neutral frame, or its points as they stand")  # fmt: skip
    animate.add_argument("--neutral-frame", type=int, default=0, metavar="N", help="of the track, counted from 0")
    animate.add_argument("--driver-video", type=Path, metavar="V.mp4",
                         help="the movie of the track: its creases and the mouth's inside are drawn")  # fmt: skip
    animate.add_argument(
        "--head-mask", type=Path, metavar="M.png", help="white moves with the head; found if not given"
    )
    for name, told in (("creases", "how strongly expressions crease the skin"),
                       ("neutralise", "how far the portrait's own expression is taken off")):  # fmt: skip
        animate.add_argument(f"--{name}", type=_amount, metavar="0..1", default=argparse.SUPPRESS, help=told)
    animate.add_argument("--frames", type=_frames, metavar="A-B", help="only these, counted from 1")
    animate.add_argument("--generator", default="warp")
    detect = commands.add_parser("detect", help="find landmarks in a picture or movie")
    detect.add_argument("source", type=Path, help="a picture or a movie")
    detect.add_argument("-o", "--output", type=Path, required=True, metavar="T.npz", help=".npz or .json")
    matte = commands.add_parser("matte", help="write the mask of what moves with the head, to be seen and painted over")
    matte.add_argument("portrait", type=Path, help="the picture")
    matte.add_argument("-o", "--output", type=Path, required=True, metavar="M.png", help="white is the head")
    compile_ = commands.add_parser("compile", help="compile for this computer what else the first frames wait for")
    for command in (animate, matte):
        command.add_argument("--portrait-landmarks", type=Path, metavar="L.npz", help="skip the detection")
    for command in (animate, detect, matte):
        command.add_argument("--detector", choices=_DETECTORS, default="dlib")
        command.add_argument("--face-index", type=int, default=0, metavar="N", help="0 is the largest face")
        command.add_argument("--models", type=Path, metavar="DIR", help="a folder of model files")
        command.add_argument("--allow-download", action="store_true", help="model files may be fetched")
    for command in (animate, detect, matte, compile_):
        command.add_argument("--progress", choices=("text", "json"), default="text")
    commands.add_parser("worker", help="serve Blender: commands on stdin, events on stdout")
    return parser


def _frames(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a range such as 5-9 is wanted") from None


def _amount(text: str) -> float:
    from .job import amount

    try:
        return amount(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 0 to 1 is wanted") from None


def _animate(options: argparse.Namespace, tell: Any) -> None:  # noqa: ANN401
    from .run import run_job

    run_job(_job(options), tell)


def _job(options: argparse.Namespace) -> Job:
    from .job import Job, TrackDriver, load_job
    from .motion.controls import load_controls

    if options.job is not None:
        if options.portrait is not None:
            raise BadInputError(
                f"{options.portrait}: the job names its portrait itself; only --frames and -o go with it."
            )
        job = load_job(options.job)
        return replace(job, frames=options.frames or job.frames, output=options.output or job.output)
    if options.portrait is None or options.output is None:
        raise BadInputError("A portrait and an output (-o) are needed, or a job file (--job).")
    if options.driver_video is not None and options.track is None:
        raise BadInputError(f"{options.driver_video}: a driver's video goes with its landmark track (--track).")
    driver = (
        load_controls(options.controls)
        if options.controls is not None
        else TrackDriver(options.track, options.motion == "relative", options.neutral_frame, video=options.driver_video)
    )
    amounts = {name: value for name, value in vars(options).items() if name in ("creases", "neutralise")}
    return Job(
        portrait=replace(_portrait(options), head_mask_path=options.head_mask),
        driver=driver,
        output=options.output,
        frames=options.frames,
        generator=options.generator,
        models=options.models,
        allow_download=options.allow_download,
        **amounts,
    )


def _portrait(options: argparse.Namespace) -> PortraitSource:
    from .job import PortraitSource

    return PortraitSource(
        options.portrait,
        landmarks_path=options.portrait_landmarks,
        detector=options.detector,
        face_index=options.face_index,
    )


def _matte(options: argparse.Namespace, tell: Any) -> None:  # noqa: ANN401
    from .run import write_matte

    write_matte(_portrait(options), options.output, tell, options.models, allow_download=options.allow_download)


def _compile(_: argparse.Namespace, tell: Any) -> None:  # noqa: ANN401
    from .generators import prepare_computer

    prepare_computer(tell)


def _detect(options: argparse.Namespace, tell: Any) -> None:  # noqa: ANN401
    from .landmarks.detect import create_detector
    from .landmarks.follow import track_picture, track_video
    from .landmarks.track import save_track
    from .media.video import is_video

    detector = create_detector(options.detector, options.models, allow_download=options.allow_download)
    follow = track_video if is_video(options.source) else track_picture
    track = follow(options.source, detector, options.face_index, tell)
    save_track(options.output, track)
    tell({"event": "stage", "stage": "detect", "message": _found(track)})
    tell({"event": "done", "frames": track.frames, "output": str(options.output)})


def _found(track: LandmarkTrack) -> str:
    """What was found, in words."""
    seen = track.confidence.any(axis=1)
    width, height = (track.landmarks[seen].max(axis=1) - track.landmarks[seen].min(axis=1)).mean(axis=0)
    told = f"Found a face of {width:.0f} x {height:.0f} pixels, confidence {track.confidence[seen].mean():.2f}"
    if track.frames > 1:
        told += f", in {seen.sum()} of {track.frames} frames"
    return told if seen.all() else f"{told}; the others are filled in from their neighbours, with confidence 0"


def _tell_json(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def _tell_text(event: dict[str, Any]) -> None:
    """One line for people; errors go to stderr."""
    kind = event["event"]
    if kind == "frame":
        done, total = event["done"], event["total"]
        end = "\n" if done == total or not sys.stdout.isatty() else "\r"
        print(f"Frame {event['frame']}" + (f" ({done} of {total})" if total else ""), end=end, flush=True)
    elif kind in ("error", "warning"):
        print(f"{kind.capitalize()}: {event['message']}", file=sys.stderr)
    elif kind == "stage":
        print(event["message"], flush=True)
    elif kind == "done":
        made = f": {event['frames']} frame{'' if event['frames'] == 1 else 's'} in {event['output']}"
        print(f"Done{made if event['output'] else ''}")
    elif kind == "cancelled":
        print("Cancelled; finished frames are kept.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
