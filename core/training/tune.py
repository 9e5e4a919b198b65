# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn one person: the hybrid generator, adapted to a few pictures so far as it draws held-out ones of them better."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..generators.few_shot.few_shot import inputs_of
from ..generators.few_shot.landmark_picture import draw_landmarks
from ..generators.few_shot.networks import Inputs, to_pixels, to_tensor
from ..generators.few_shot.person import Person
from ..generators.few_shot.references import References
from .losses import ContentLoss, LossWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from ..events import OnEvent
    from ..generators.few_shot.checkpoint import Checkpoint
    from ..generators.few_shot.networks import Networks
    from .pictures_of_person import KnownPicture

_LEAST = 3  # pictures: one is held out, two are left to draw one from the other
_HELD_OUT = 4  # every so manieth picture is not learned from, but measured on
_RATE = 2e-4  # of Adam
_BATCH = 2
_MEASURE_EVERY = 20  # steps
_PATIENCE = 4  # measurements without a better one, then it ends
_DRAWN_FROM = 2  # ways in which each picture is drawn from others


@dataclass(frozen=True)
class TunePlan:
    """How long it may take."""

    steps: int = 400
    seconds: float = 240.0


@dataclass(frozen=True)
class _Sample:
    """A picture to be drawn from others; batches of one."""

    inputs: Inputs
    truth: Tensor  # (1, 3, S, S)


def tune(
    known: Sequence[KnownPicture], checkpoint: Checkpoint, on_event: OnEvent, plan: TunePlan | None = None
) -> Person:
    """Learn a person from 1 to 32 pictures.

    Every fourth picture is held out: the networks that draw those best are kept, be it the warp alone. With fewer than
    three pictures nothing is tuned. Tells stages, steps and previews: {"event": "preview", "pixels": ...}.
    """
    plan = plan or TunePlan()
    networks = checkpoint.networks
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = copy.deepcopy(networks).to(device)
    pictures, landmarks = np.stack([one.picture for one in known]), np.stack([one.landmarks for one in known])
    size = networks.plan.size
    drawn = np.stack([draw_landmarks(points, size) for points in landmarks])
    with torch.no_grad():
        embedding = networks.embed(to_tensor(pictures)[None].to(device), to_tensor(drawn)[None].to(device))
        style = networks.project(embedding)
    told: dict[str, Any] = {"pictures": [one.to_dict() for one in known], "checkpoint": checkpoint.made_from}
    if len(known) < _LEAST:
        on_event({"event": "warning", "message": f"{len(known)} pictures: too few to tune; taken as they are."})
        return Person(networks, style[0].cpu(), pictures, landmarks, told | {"steps": 0})
    tuner = _Tuner(networks, style, References(pictures, landmarks), pictures, landmarks, device, on_event)
    return tuner.run(plan, told)


class _Tuner:
    def __init__(
        self,
        networks: Networks,
        style: Tensor,
        references: References,
        pictures: NDArray[np.uint8],
        landmarks: NDArray[np.float32],
        device: torch.device,
        on_event: OnEvent,
    ) -> None:
        self._networks, self._device, self._tell = networks, device, on_event
        self._style = torch.nn.Parameter(style.clone())
        self._references, self._pictures, self._landmarks = references, pictures, landmarks
        self._content = ContentLoss(LossWeights())
        held = list(range(_HELD_OUT - 1, len(pictures), _HELD_OUT)) or [len(pictures) - 1]
        learned = [number for number in range(len(pictures)) if number not in held]
        random = np.random.default_rng(0)
        total = len(held) + _DRAWN_FROM * len(learned)
        self._tell({"event": "stage", "stage": "warp", "message": f"Warping {total} times to the known pictures"})
        self._held = [self._sample(number, learned, random) for number in held]
        self._learned = [self._sample(number, learned, random) for _ in range(_DRAWN_FROM) for number in learned]
        self._random = random

    def _sample(self, number: int, among: Sequence[int], random: np.random.Generator) -> _Sample:
        main, *others = random.permutation([other for other in among if other != number]).tolist()
        target = self._references.target(main, self._landmarks[number])
        warps = self._references.warps(target, main, others)
        truth = to_tensor(self._pictures[number])[None].to(self._device)
        return _Sample(inputs_of(warps, target, self._device), truth)

    def run(self, plan: TunePlan, told: dict[str, Any]) -> Person:
        parameters = [*self._networks.generator.parameters(), self._style]
        optimiser = torch.optim.Adam(parameters, _RATE)
        warp, best = self._measure_warp(), self._measure()
        first, kept, kept_at, bad = best, self._state(), 0, 0
        end, step = time.monotonic() + plan.seconds, 0
        while step < plan.steps and bad < _PATIENCE and time.monotonic() < end:
            step += 1
            chosen = self._random.choice(len(self._learned), min(_BATCH, len(self._learned)), replace=False)
            losses = [self._loss(self._learned[number]) for number in chosen]
            loss = torch.stack(losses).mean()
            if not math.isfinite(loss.item()):
                self._tell({"event": "warning", "message": f"Step {step} gave no number: the best state before it is kept."})
                break
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % _MEASURE_EVERY == 0:
                now = self._measure()
                bad = 0 if now < best else bad + 1
                if now < best:
                    best, kept, kept_at = now, self._state(), step
                message = f"Step {step}: held-out pictures {now:.4f} (best {best:.4f}, warp alone {warp:.4f})"
                self._tell({"event": "stage", "stage": "tune", "message": message, "preview": self._preview()})
        self._networks.load_state_dict(kept[0])
        told |= {"steps": kept_at, "held_out": {"warp": warp, "untuned": first, "tuned": best}}
        if best >= warp:
            message = "The network draws held-out pictures no better than the warp alone, so this person keeps to the warp."
            self._tell({"event": "warning", "message": message})
        return Person(self._networks.cpu(), kept[1][0].cpu(), self._pictures, self._landmarks, told, best >= warp)

    def _state(self) -> tuple[dict[str, Tensor], Tensor]:
        state = {name: value.detach().clone() for name, value in self._networks.state_dict().items()}
        return state, self._style.detach().clone()

    def _loss(self, sample: _Sample) -> Tensor:
        return self._content(self._networks.draw_styled(sample.inputs, self._style).picture, sample.truth)

    @torch.no_grad()
    def _measure(self) -> float:
        return float(np.mean([self._loss(sample).item() for sample in self._held]))

    @torch.no_grad()
    def _measure_warp(self) -> float:
        losses = [self._content(sample.inputs.warps[:, 0], sample.truth).item() for sample in self._held]
        return float(np.mean(losses))

    @torch.no_grad()
    def _preview(self) -> NDArray[np.uint8]:
        """(S, 3 S, 3): a held-out picture, its warp, and as it is drawn."""
        sample = self._held[0]
        drawn = self._networks.draw_styled(sample.inputs, self._style).picture
        return np.concatenate([*to_pixels(torch.cat([sample.truth, sample.inputs.warps[:, 0], drawn]))], axis=1)
