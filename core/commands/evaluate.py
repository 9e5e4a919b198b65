# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate`: measure the few-shot generator beside the others, on people who were not learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInputError
from .values import count, minutes

if TYPE_CHECKING:
    import argparse

    from ..data.shards import Shards
    from ..events import OnEvent
    from ..generators.few_shot.checkpoint import Checkpoint

HELP = "measure generators on held-out people of shards"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("what", choices=("few-shot",))
    parser.add_argument("--data", type=Path, required=True, metavar="SHARDS")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="TABLE.json", help="gone on with where it exists"
    )
    parser.add_argument("--checkpoint", type=Path, metavar="C.safetensors", help="of the hybrid; the one that ships")
    parser.add_argument(
        "--paper", type=Path, metavar="C.safetensors", help="of the paper's networks; left out if not given"
    )
    parser.add_argument(
        "--tune", action="store_true", help="also adapt these networks to every person, which takes minutes each"
    )
    parser.add_argument(
        "--minutes",
        type=minutes,
        metavar="M",
        help="that adapting to a person takes at most, with --tune; the hybrid: 4",
    )
    parser.add_argument("--known", type=count, nargs="+", metavar="T", help="numbers of known pictures; 1 8 32")
    parser.add_argument("--people", type=count, metavar="N", help="the first N of the held-out people alone")


def run(options: argparse.Namespace, tell: OnEvent) -> None:
    """Measure, tell the table and write it."""
    from ..data.shards import SIZE, Shards
    from ..files import check_writable
    from ..generators.few_shot.checkpoint import SHIPPED
    from ..landmarks.detect import create_detector
    from ..training.evaluate import COUNTS, Method, Table, as_text, evaluate
    from ..training.methods import FeedForward, FineTuned, Still, Tuned, WarpAlone
    from ..training.tune import TunePlan

    if options.minutes is not None and not options.tune:
        raise BadInputError("--minutes: goes with --tune.")
    check_writable(options.output.parent)
    table = Table(options.output)
    seconds = None if options.minutes is None else 60 * options.minutes
    shards = Shards(options.data)
    methods: dict[str, Method] = {"still": Still(), "warp": WarpAlone()}
    if options.paper is not None:
        paper = _load(options.paper, "paper", shards)
        methods["paper"] = FeedForward(paper.networks)
        if options.tune:
            methods["paper fine-tuned"] = FineTuned(paper, tell, seconds=seconds)
    if options.checkpoint is None and shards.size != SIZE:
        told = (
            f"There are no rows of the hybrid: the networks that ship need shards of {SIZE} pixels. See --checkpoint."
        )
        tell({"event": "warning", "message": told})
    else:
        hybrid = _load(options.checkpoint or SHIPPED, "hybrid", shards)
        methods["hybrid"] = FeedForward(hybrid.networks)
        if options.tune:
            plan = TunePlan() if seconds is None else TunePlan(seconds=seconds)
            methods["hybrid tuned"] = Tuned(hybrid, tell, plan)
    detector, known = create_detector("dlib"), sorted(set(options.known or COUNTS))
    rows = evaluate(shards, methods, detector, tell, known, people=options.people, table=table)
    tell({"event": "stage", "stage": "table", "message": as_text(rows)})
    tell({"event": "done", "frames": None, "output": str(options.output)})


def _load(path: Path, kind: str, shards: Shards) -> Checkpoint:
    """Trained networks that go with the shards. Raises BadInputError."""
    from ..generators.few_shot.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path)
    plan = checkpoint.networks.plan
    if (plan.kind, plan.size) != (kind, shards.size):
        raise BadInputError(
            f"{path}: holds networks of the kind {plan.kind} for pictures of {plan.size} pixels; the kind {kind} for "
            f"{shards.size} pixels, as {shards.folder} has, is needed."
        )
    return checkpoint
