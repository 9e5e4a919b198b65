# SPDX-License-Identifier: GPL-3.0-or-later
"""Meta-learning: networks learn from many people to draw one from a few pictures (Zakharov et al. 2019, section 3.2).

Under torchrun every process takes its part of the same batch.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ..data.shards import SPLITS, Shards
from ..errors import BadInputError, CancelledError
from ..files import check_writable
from .board import Board
from .distributed import joined, stop_asked
from .episodes import EpisodeReader, read_episodes
from .held_out import draw, measure
from .learner import Learner
from .losses import ContentLoss
from .memory import short_memory_told
from .state import NETWORKS, TrainingState

if TYPE_CHECKING:
    from pathlib import Path

    from ..events import Event, OnEvent
    from .config import TrainingConfig

_SHOWN = 4  # episodes of people who are held out
_SHORT = (
    "There is not enough memory for {} episodes of a process at a time. More processes (torchrun) share the batch; a "
    "smaller one (episodes.batch) or smaller networks (network.size, network.width) need another folder (-o)."
)


def train(
    config: TrainingConfig,
    data: Path,
    run: Path,
    tell: OnEvent,
    *,
    steps: int | None = None,
    vgg: dict[str, Path] | None = None,
    start: Path | None = None,
) -> None:
    """Train until `steps` (None: the configuration's), from the last state in the folder `run` on; `data`: shards.

    `vgg`: files of weights for the content loss, by the names vgg19 and vggface. `start`: a checkpoint to begin with.
    Raises BadInputError; NotFiniteError; CancelledError after Ctrl-C or SIGTERM, when the state is saved.
    """
    plan, batch, vgg = config.run, config.episodes.batch, vgg or {}
    last = plan.steps if steps is None else steps
    with joined() as processes, stop_asked() as is_stop_asked:
        is_first, mine, device = processes.rank == 0, processes.part(batch), processes.device
        tell = tell if is_first else _unheard
        with processes.together():
            if is_first:
                check_writable(run)
            people, others = _readers(config, data, tell)
            state = TrainingState(config, people.clips, device, sorted(vgg), start)
            state.resume(run, tell)
            content = ContentLoss(config.losses, **vgg).to(device)
        _check_start(run, processes.gathered(state.step), last)
        ahead = range(state.step, last)
        with processes.together():
            board = Board(run, ahead, tell, is_first=is_first)
        learner = Learner(config, state, content, processes)
        message = f"Learning from {len(people.clips)} clips, {processes.count} x {device.type}, {learner.precision}"
        tell({"event": "stage", "stage": "train", "message": f"{message}: step {state.step} to {last}"})
        shown = next(read_episodes(others, [[*range(_SHOWN)]], device)) if others.clips else None
        numbers = ([step * batch + place for place in mine] for step in ahead)
        reading = closing(read_episodes(people, numbers, device, plan.workers))
        with closing(board), short_memory_told(_SHORT.format(len(mine))), reading as batches:
            for episodes in batches:
                losses, drawn = learner.step(episodes)
                told = processes.mean({**losses, "stop": float(is_stop_asked())})
                is_stopped = told.pop("stop") > 0
                state.finish_step()
                state.check_finite(told, run)
                step, is_last = state.step, is_stopped or state.step == last
                is_measured = step == last or step % plan.measure_every == 0
                means: dict[str, float] = {}
                if shown and is_measured:
                    means = measure(state.average, others, plan.measured_episodes, len(mine), processes)
                    state.measured = {**means, "step": step}
                with processes.together():
                    if is_last or step % plan.report_every == 0:
                        board.values(step, "train", {**told, "seconds": board.seconds(step)})
                    if step % plan.pictures_every == 0:
                        board.pictures(step, "train", episodes, drawn)
                    if shown and means:
                        board.values(step, "held_out", means)
                        board.pictures(step, "held_out", shown, draw(state.average, shown))
                    if is_first and (is_last or step % plan.save_every == 0):
                        state.save(run)
                if is_stopped:
                    raise CancelledError(None)
        tell({"event": "done", "frames": None, "output": str(run / NETWORKS)})


def _readers(config: TrainingConfig, data: Path, tell: OnEvent) -> tuple[EpisodeReader, EpisodeReader]:
    """Episodes of those who are learned from, and of those who are held out. Raises BadInputError."""
    shards = Shards(data)
    if shards.size != config.network.size:
        raise BadInputError(
            f"{data}: holds pictures of {shards.size} pixels; "
            f"network.size of the configuration is {config.network.size}."
        )
    people, others = (EpisodeReader(shards, split, config.episodes, config.seed) for split in SPLITS)
    if not people.clips:
        raise BadInputError(f"{data}: holds nobody to learn from (split train).")
    _ = people[0]  # read here, so that what all clips lack is told before a reading process stumbles over it
    if not others.clips:
        tell({"event": "warning", "message": f"{data}: nobody is held out, so that nothing is measured."})
    return people, others


def _check_start(run: Path, steps: list[int], last: int) -> None:
    """Raises BadInputError: the processes begin at different steps, or there is nothing to do up to the last one."""
    if len(set(steps)) > 1:
        raise BadInputError(
            f"{run}: the processes find states of different steps in it ({', '.join(map(str, steps))}). It must be one "
            "folder, which all of them see."
        )
    if last < max(steps[0], 1):
        raise BadInputError(
            f"{run}: is at step {steps[0]}, so there is nothing to do up to step {last}. Ask for more (--steps, or "
            "run.steps of the configuration)."
        )


def _unheard(_event: Event) -> None:
    """What all processes know the first one tells."""
