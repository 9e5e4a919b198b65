# SPDX-License-Identifier: GPL-3.0-or-later
"""All that changes while networks are trained, kept in files from which training goes on to the step.

Random numbers are no part of it: what a step draws depends on the seed and the step alone.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import BadInputError, GiocondaError
from ..generators.few_shot.checkpoint import load_checkpoint, read_tensors, save_checkpoint, write_tensors
from ..generators.few_shot.networks import build_discriminator, build_networks
from .optimiser import adam

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import nn
    from torch.optim import Optimizer

    from ..events import OnEvent
    from .config import TrainingConfig

NETWORKS = "networks.safetensors"
"""The file of the moving average and the discriminator: what is used and tuned, whatever training does next."""

_KIND = "training state"
_KEPT = 2  # states: a power cut may damage the last one


class NotFiniteError(GiocondaError):
    """A loss or a weight became no number: training cannot go on from there."""

    kind = "not_finite"


class TrainingState:
    """The networks that are trained, their moving average, the discriminator, and the optimisers of both."""

    def __init__(
        self,
        config: TrainingConfig,
        clips: Sequence[tuple[str, str]],
        device: torch.device,
        vgg: Sequence[str],
        start: Path | None = None,
    ) -> None:
        """Begin a training. `clips`: person and clip of each column of W; `vgg`: what the content loss sees with.

        `start`: a checkpoint to begin with. Raises BadInputError: it cannot be read, or has another plan.
        """
        torch.manual_seed(config.seed)
        rates = config.optimiser
        self.networks = build_networks(config.network).to(device)
        self.discriminator = build_discriminator(config.network, len(clips)).to(device)
        if start:
            self._begin_with(start)
        self.average = copy.deepcopy(self.networks).requires_grad_(requires_grad=False).eval()
        self.generator_optimiser = adam(self.networks.parameters(), rates.generator_rate)
        self.discriminator_optimiser = adam(self.discriminator.parameters(), rates.discriminator_rate)
        self.step = 0
        self.measured: dict[str, float] = {}  # the last measures of those who are held out
        self._config = config
        people = hashlib.sha256(json.dumps(clips).encode()).hexdigest()
        begun_with = hashlib.sha256(start.read_bytes()).hexdigest() if start else None
        self._identity = {**config.identity(), "vgg": list(vgg), "people": people, "start": begun_with}

    @torch.no_grad()
    def finish_step(self) -> None:
        """Count the step and move the average to the networks: faster at first, else it would stay with their start."""
        kept = min(self._config.optimiser.average, (1 + self.step) / (10 + self.step))
        for own, new in zip(self.average.parameters(), self.networks.parameters(), strict=True):
            own.lerp_(new, 1 - kept)
        for own, new in zip(self.average.buffers(), self.networks.buffers(), strict=True):
            own.copy_(new)  # the directions of spectral norm
        self.step += 1

    def save(self, run: Path) -> None:
        """Write the state, delete those before the last ones, and write the networks for use, with what was measured.

        Raises BadInputError: it cannot be written; NotFiniteError: it is not worth it, and the files stay as they are.
        """
        tensors = dict(self._tensors())
        self.check_finite(tensors, run)
        path = run / f"state_{self.step:08}.safetensors"
        told = {"step": self.step, "identity": self._identity, "measured": self.measured}
        write_tensors(path, tensors, _KIND, told)
        for old in saved_states(run)[:-_KEPT]:
            old.unlink(missing_ok=True)
        made_from = {"step": self.step, **self._identity, "held_out": self.measured}
        has_learned = self.step > self._config.optimiser.discriminator_from
        save_checkpoint(run / NETWORKS, self.average, made_from, self.discriminator if has_learned else None)

    def resume(self, run: Path, tell: OnEvent) -> None:
        """Go on from the last state in the folder that is whole, if there is one.

        Raises BadInputError: it belongs to a training with another configuration or other data, or none is whole.
        """
        saved = saved_states(run)
        for path in reversed(saved):
            try:
                tensors, told = read_tensors(path, _KIND)
            except BadInputError as error:
                tell({"event": "warning", "message": f"{error} What was saved before it is used."})
                continue
            self._check(path, told["identity"])
            self._load(tensors)
            self.step, self.measured = told["step"], told.get("measured", {})
            return
        if saved:  # beginning anew would replace the networks that were made from them
            names = ", ".join(path.name for path in saved)
            raise BadInputError(
                f"{run}: no state of the training in it can be read ({names}). Bring back a whole one, or choose "
                "another folder (-o) to begin anew."
            )

    def check_finite(self, values: Mapping[str, float | Tensor], run: Path) -> None:
        """Raises NotFiniteError, which names the last good state in the folder."""
        wrong = [name for name, value in values.items() if not bool(torch.as_tensor(value).isfinite().all())]
        if wrong:
            saved = saved_states(run)
            raise NotFiniteError(
                f"Training stopped after step {self.step}: {wrong[0]} is no number. "
                + (f"The last good state is {saved[-1]}. " if saved else "No state was saved before. ")
                + "Lower rates (optimiser in the configuration) or float32 (run.precision) may help; training may go "
                "on with others."
            )

    def _begin_with(self, path: Path) -> None:
        begun = load_checkpoint(path)
        if begun.networks.plan != self.networks.plan:
            raise BadInputError(f"{path}: holds {begun.networks.plan}; the configuration wants {self.networks.plan}.")
        self.networks.load_state_dict(begun.networks.state_dict())
        if begun.discriminator:
            known = {**self.discriminator.state_dict(), **begun.discriminator.common_state()}
            self.discriminator.load_state_dict(known)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for part, module in self._modules():
            yield from ((f"{part}/{name}", tensor) for name, tensor in module.state_dict().items())
        for part, optimiser in self._optimisers():
            for number, moments in optimiser.state_dict()["state"].items():
                yield from ((f"{part}/{number}/{name}", tensor) for name, tensor in moments.items())

    def _load(self, tensors: Mapping[str, Tensor]) -> None:
        parts = defaultdict[str, dict[str, Tensor]](dict)
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        for part, module in self._modules():
            module.load_state_dict(parts[part])
        for part, optimiser in self._optimisers():
            state = defaultdict[int, dict[str, Tensor]](dict)
            for name, tensor in parts[part].items():
                number, _, moment = name.partition("/")
                state[int(number)][moment] = tensor.clone()  # what was read stays a part of its file
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})  # rates are the configuration's

    def _modules(self) -> list[tuple[str, nn.Module]]:
        return [("networks", self.networks), ("average", self.average), ("discriminator", self.discriminator)]

    def _optimisers(self) -> list[tuple[str, Optimizer]]:
        return [("generator_adam", self.generator_optimiser), ("discriminator_adam", self.discriminator_optimiser)]

    def _check(self, path: Path, identity: Mapping[str, Any]) -> None:
        other = [name for name, value in self._identity.items() if identity.get(name) != value]
        if other:
            raise BadInputError(
                f"{path}: belongs to a training with another {' and another '.join(other)}. Choose another folder "
                "(-o), or what it was begun with (--config, --data)."
            )


def saved_states(run: Path) -> list[Path]:
    """The files of states in a folder, the last one last."""
    return sorted(run.glob("state_*.safetensors"))
