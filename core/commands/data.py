# SPDX-License-Identifier: GPL-3.0-or-later
"""`data`: make what the few-shot network learns from."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from .portrait_options import add_model_options, model_files

if TYPE_CHECKING:
    from ..data.shards import Shards
    from ..events import OnEvent

HELP = "make shards of talking heads, which the few-shot network learns from"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and what they take."""
    kinds = parser.add_subparsers(dest="kind", required=True)
    footage = kinds.add_parser("prepare", help="from a folder of movies: VoxCeleb2's layout, or any")
    footage.add_argument("folder", type=Path, help="movies, in folders by person")
    footage.add_argument("--frames", type=int, default=32, metavar="M", help="frames of each movie")
    add_model_options(footage)
    heads = kinds.add_parser("synthesize", help="render heads from the face model")
    heads.add_argument("--face-model", type=Path, required=True, metavar="PACK", help="see `core data face-model`")
    heads.add_argument("--people", type=int, required=True, metavar="N")
    heads.add_argument("--frames", type=int, default=32, metavar="M", help="frames of each person")
    heads.add_argument("--seed", type=int, default=0, metavar="S", help="the same one gives the same people")
    heads.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    model = kinds.add_parser("face-model", help="pack a checkout of ICT-FaceKit for `synthesize`")
    model.add_argument("checkout", type=Path, help="a folder with FaceXModel in it")
    warped = kinds.add_parser("warp", help="add the warps of all frames, which the hybrid learns to mend")
    warped.add_argument(
        "output", type=Path, metavar="SHARDS", help="a folder of shards; clips that have warps are left as they are"
    )
    for kind in (footage, heads):
        kind.add_argument("-o", "--output", type=Path, required=True, metavar="SHARDS", help="a folder; gone on with")
        kind.add_argument("--size", type=int, default=256, metavar="PIXELS")
        kind.add_argument("--held-out", type=float, default=0.1, metavar="SHARE", help="of the people")
    model.add_argument("-o", "--output", type=Path, required=True, metavar="PACK.npz")
    for kind in (footage, heads, model, warped):
        kind.add_argument("--progress", choices=("text", "json"), default=argparse.SUPPRESS)


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Make them."""
    if options.kind == "face-model":
        from ..data.face_model_pack import pack_face_model

        pack_face_model(options.checkout, options.output, tell)
    elif options.kind == "warp":
        from ..data.shards import Shards
        from ..data.warps import add_warps

        add_warps(Shards(options.output), tell)
    elif options.kind == "synthesize":
        from ..data.synthesize import People, synthesize

        people = People(options.people, options.frames, options.seed, options.size, options.held_out)
        _tell_report(synthesize(options.face_model, options.output, people, tell, options.device), tell)
    else:
        from ..data.prepare import Footage, prepare

        models = model_files(options)
        plan = Footage(options.frames, options.size, options.held_out, options.detector, models)
        _tell_report(prepare(options.folder, options.output, plan, tell), tell)
    tell({"event": "done", "frames": None, "output": str(options.output)})


def _tell_report(shards: Shards, tell: OnEvent) -> None:
    """How much there is, and why how many files were dropped."""
    report = shards.report
    people, held_out = len(shards.people()), len(shards.people("held_out"))
    told = [f"{report['kept']} clips of {people} people ({held_out} held out) in {shards.folder}"]
    reasons = Counter(each["why"].partition(":")[0] for each in report["dropped"])
    told += [f"{count} dropped: {why}" for why, count in reasons.most_common()]
    tell({"event": "stage", "stage": "report", "message": "\n".join(told)})
