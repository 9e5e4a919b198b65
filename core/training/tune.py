# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn one person: the hybrid generator, fine-tuned so far as it draws held-out pictures of them better."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..generators.few_shot.few_shot import inputs_from
from ..generators.few_shot.networks import Inputs, best_device, to_pixels, to_tensor
from ..generators.few_shot.person import Person, as_they_are
from ..generators.few_shot.references import References
from .finetune import FineTuner, FineTuning, PersonFrames
from .losses import ContentLoss, LossWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from ..events import OnEvent
    from ..generators.few_shot.checkpoint import Checkpoint
    from .pictures_of_person import KnownPicture

_LEAST = 3  # pictures: one is held out, two are left to draw one from the other
_HELD_OUT = 4  # of so many pictures one is not learned from, but measured on
_MEASURE_EVERY = 20  # iterations
_PATIENCE = 4  # measurements without a better one, then it ends
_DRAWN_FROM = 2  # ways in which each picture is drawn from others


@dataclass(frozen=True)
class TunePlan:
    """How long it may take."""

    iterations: int = 400
    seconds: float = 240.0


def tune(known: Sequence[KnownPicture], checkpoint: Checkpoint, on_event: OnEvent, plan: TunePlan) -> Person:
    """Learn a person from 1 to 32 pictures.

    Every fourth picture is held out: the networks that draw those best are kept, be it the warp alone. With fewer than
    three pictures nothing is tuned. Steps are told with a "preview": (S, 3 S, 3), a held-out picture, its warp, and as
    it is drawn.
    """
    device = best_device()
    networks = copy.deepcopy(checkpoint.networks).to(device)
    pictures, landmarks = np.stack([one.picture for one in known]), np.stack([one.landmarks for one in known])
    made_from: dict[str, Any] = {"pictures": [one.to_dict() for one in known], "checkpoint": checkpoint.made_from}
    if len(known) < _LEAST:
        told = f"Too few pictures to tune with ({len(known)}; {_LEAST} are needed): the person is taken as they are."
        on_event({"event": "warning", "message": told})
        return as_they_are(networks, pictures, landmarks, made_from | {"iterations": 0})
    random = np.random.default_rng(0)
    held = list(range(_HELD_OUT - 1, len(known), _HELD_OUT)) or [len(known) - 1]
    learned = [number for number in range(len(known)) if number not in held]
    total = len(held) + _DRAWN_FROM * len(learned)
    on_event({"event": "stage", "stage": "warp", "message": f"Warping the pictures to each other, {total} times"})
    references = References([*pictures], landmarks)

    def frames_of(numbers: list[int]) -> PersonFrames:
        drawn = [_inputs(references, landmarks, number, learned, random) for number in numbers]
        joined = {
            each.name: torch.cat([getattr(inputs, each.name) for inputs in drawn]).to(device) for each in fields(Inputs)
        }
        return PersonFrames(to_tensor(pictures[numbers]).to(device), Inputs(**joined))

    content, kept = ContentLoss(LossWeights()), frames_of(held)
    tuning = FineTuning(plan.iterations, batch=2, generator_rate=2e-4)
    tuner = FineTuner(networks, None, frames_of(learned * _DRAWN_FROM), content, LossWeights(), tuning, on_event)
    measured = _until_best(tuner, kept, content, on_event, plan)
    keeps_to_warp = not measured["held_out"] < measured["warp"]  # neither where it is no number
    if keeps_to_warp:
        told = "The network draws held-out pictures no better than the warp alone: for this person the warp is kept."
        on_event({"event": "warning", "message": told})
    style = tuner.style.detach()[0].cpu()
    return Person(networks.cpu(), style, pictures, landmarks, made_from | measured, keeps_to_warp)


def _inputs(
    references: References,
    landmarks: NDArray[np.float32],
    number: int,
    among: Sequence[int],
    random: np.random.Generator,
) -> Inputs:
    """What a picture is drawn from: other ones."""
    main, *others = random.permutation([other for other in among if other != number]).tolist()
    return inputs_from(references, landmarks[number], main, others, torch.device("cpu"))


def _until_best(
    tuner: FineTuner, held: PersonFrames, content: ContentLoss, on_event: OnEvent, plan: TunePlan
) -> dict[str, Any]:
    """Tune until held-out pictures get no better; the tuner is then as it was at best. Gives what was measured."""
    assert held.inputs.warps is not None  # noqa: S101 - for the types: `inputs_from` makes them
    with torch.no_grad():
        warp = _loss(content, held.inputs.warps[:, 0], held.pictures)
    now, drawn = _measure(tuner, held, content)
    untuned, best, best_at, state, worse = now, now, 0, tuner.snapshot(), 0
    end = time.monotonic() + plan.seconds
    for number, _ in enumerate(tuner.iterations(), 1):
        if number % _MEASURE_EVERY == 0:
            now, drawn = _measure(tuner, held, content)
            worse += 1
            if now < best:
                best, best_at, state, worse = now, number, tuner.snapshot(), 0
            shown = torch.cat([held.pictures[:1], held.inputs.warps[:1, 0], drawn[:1]])
            preview = np.concatenate([*to_pixels(shown)], axis=1)
            values = {"held_out": now, "best": best, "warp": warp}
            told = {"event": "step", "step": number, "total": plan.iterations, "values": values}
            on_event(told | {"preview": preview})
        if worse == _PATIENCE or time.monotonic() > end:
            break
    tuner.restore(state)
    return {"iterations": best_at, "held_out": best, "untuned": untuned, "warp": warp}


@torch.no_grad()
def _measure(tuner: FineTuner, held: PersonFrames, content: ContentLoss) -> tuple[float, Tensor]:
    """The loss of held-out pictures, and those as they are drawn: one after another, which needs less than tuning."""
    ones = [torch.tensor([number]) for number in range(len(held.pictures))]
    drawn = torch.cat([tuner.networks.draw_styled(held.inputs.picked(one), tuner.style).picture for one in ones])
    return _loss(content, drawn, held.pictures), drawn


def _loss(content: ContentLoss, drawn: Tensor, pictures: Tensor) -> float:
    """The mean over pictures (N, 3, S, S), one after another."""
    pairs = zip(drawn, pictures, strict=True)
    return torch.stack([content(mine[None], true[None]) for mine, true in pairs]).mean().item()
