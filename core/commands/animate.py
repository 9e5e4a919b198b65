# SPDX-License-Identifier: GPL-3.0-or-later
"""`animate`: make frames or a movie from a portrait."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..generators import GENERATORS
from ..motion import MOTIONS, REPLACEABLE
from .given import given, refuse
from .portrait_options import add_portrait_options, model_files, portrait_source
from .values import amount, neutral_frame

if TYPE_CHECKING:
    from ..events import OnEvent
    from ..job import Job

HELP = "make frames or a movie from a portrait"
_OF_TRACKS = ("motion", "neutral_frame", "neutral_picture", "driver_video")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("portrait", nargs="?", type=Path, help="a picture, or footage: a movie or a folder of pictures")
    parser.add_argument("-o", "--output", type=Path, help="a folder for frames, or a file ending in .mp4")
    driver = parser.add_mutually_exclusive_group(required=True)
    driver.add_argument("--controls", type=Path, metavar="C.json", help="control channels over time")
    driver.add_argument("--track", type=Path, metavar="T.npz", help="a landmark track, .npz or .json")
    driver.add_argument("--job", type=Path, metavar="J.json", help="a job file, instead of the other options")
    parser.add_argument("--motion", choices=MOTIONS, default=MOTIONS[0],
                         help="a track's change against its neutral frame, or its points as they stand")  # fmt: skip
    parser.add_argument("--neutral-frame", type=neutral_frame, default=0, metavar="N",
                         help="of the track, counted from 0 (the first one), or: found")  # fmt: skip
    parser.add_argument("--neutral-picture", type=Path, metavar="FILE",
                         help="the driver at rest: a picture, or landmarks, .npz or .json")  # fmt: skip
    parser.add_argument("--driver-video", type=Path, metavar="V.mp4",
                         help="the movie of the track: its creases and the mouth's inside are drawn")  # fmt: skip
    parser.add_argument("--head-mask", type=Path, metavar="M.png", help="white moves with the head; found if not given")
    for name, told in (("creases", "how strongly expressions crease the skin"),
                       ("neutralise", "how far the portrait's own expression is taken off")):  # fmt: skip
        parser.add_argument(f"--{name}", type=amount, metavar="0..1", default=argparse.SUPPRESS, help=told)
    parser.add_argument("--replace", nargs="+", choices=REPLACEABLE, default=[],
                        help="of footage: what it does there itself is taken off")  # fmt: skip
    parser.add_argument("--rest-frame", type=int, metavar="N",
                        help="of footage, counted from 0: it shows the face at rest; found if not given")  # fmt: skip
    parser.add_argument("--only-changes", action="store_true", help="frames are transparent where nothing changed")
    parser.add_argument("--frames", type=_frames, metavar="A-B", help="only these, counted from 1")
    parser.add_argument("--generator", default=GENERATORS[0], help=" or ".join(GENERATORS))
    parser.add_argument("--person", type=Path, metavar="P.safetensors",
                        help="what tune learned of the portrait's person, for few_shot")  # fmt: skip
    add_portrait_options(parser)


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Make the frames."""
    from ..run import run_job

    run_job(_job(options), tell)


def _job(options: argparse.Namespace) -> Job:
    from ..drivers import PerformanceDriver
    from ..job import Job, load_job
    from ..motion.controls import load_controls

    told = given(options, add_options, ["--job", ""])
    if options.job is not None:
        others = told.keys() - {"job", "frames", "output"}
        refuse(told, others, "a job says this itself; only --frames and -o go with --job.")
        job = load_job(options.job)
        return replace(job, frames=options.frames or job.frames, output=options.output or job.output)
    if options.portrait is None or options.output is None:
        raise BadInputError("A portrait and an output (-o) are needed, or a job file (--job).")
    if options.person is not None and options.generator != "few_shot":
        raise BadInputError(f"{options.person}: a person file goes with --generator few_shot.")
    if options.controls is not None:
        refuse(told, _OF_TRACKS, "goes with a landmark track (--track), not with controls.")
    driver = (
        load_controls(options.controls)
        if options.controls is not None
        else PerformanceDriver(
            options.track,
            options.motion == "relative",
            options.neutral_frame,
            video=options.driver_video,
            neutral=options.neutral_picture,
        )
    )
    amounts = {name: value for name, value in vars(options).items() if name in ("creases", "neutralise")}
    return Job(
        portrait=replace(portrait_source(options), head_mask_path=options.head_mask, rest_frame=options.rest_frame),
        driver=driver,
        output=options.output,
        frames=options.frames,
        generator=options.generator,
        person=options.person,
        models=model_files(options),
        replace=tuple(options.replace),
        only_changes=options.only_changes,
        **amounts,
    )


def _frames(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a range such as 5-9 is wanted") from None
