# SPDX-License-Identifier: GPL-3.0-or-later
"""All that changes while networks are trained, kept in files from which training goes on to the step.

Random numbers are no part of it: what a step draws depends on the seed and the step alone.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import BadInputError
from ..files import replacing

from ..generators.few_shot.networks import build_discriminator, build_networks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from torch import Tensor, nn
    from torch.optim import Optimizer

    from ..events import OnEvent
    from .config import TrainingConfig

VERSION = 1
_FORMAT = "gioconda-training-state"
_KEPT = 2  # the last one may be what a full disk or a power cut left


class NotFiniteError(BadInputError):
    """Training has left what numbers can tell."""


class TrainingState:
    """The networks that are trained, their moving average, the discriminator, and where the optimisers are."""

    def __init__(self, config: TrainingConfig, clips: Sequence[tuple[str, str]], device: torch.device) -> None:
        """Begin a training. `clips`: person and clip for each column of W."""
        torch.manual_seed(config.seed)
        plan, rates = config.network, config.optimiser
        self.networks = build_networks(plan).to(device)
        self.discriminator = build_discriminator(plan, len(clips)).to(device)
        self.average = copy.deepcopy(self.networks).requires_grad_(False).eval()
        self.generator_optimiser = _adam(self.networks, rates.generator_rate)
        self.discriminator_optimiser = _adam(self.discriminator, rates.discriminator_rate)
        self.step = 0
        self._most_kept = rates.average
        self._identity = {**config.identity(), "data": hashlib.sha256(json.dumps(clips).encode()).hexdigest()}

    @torch.no_grad()
    def finish_step(self) -> None:
        """Move the average towards the networks, and count. It follows the first steps faster, else it would keep
        what the networks began with."""
        kept = min(self._most_kept, (1 + self.step) / (10 + self.step))
        for own, new in zip(self.average.parameters(), self.networks.parameters(), strict=True):
            own.lerp_(new, 1 - kept)
        for own, new in zip(self.average.buffers(), self.networks.buffers(), strict=True):
            own.copy_(new)  # spectral norm's directions
        self.step += 1

    def save(self, run: Path) -> None:
        """Write it, and delete all but the last ones. Raises BadInputError; NotFiniteError, and nothing is written."""
        tensors = {name: tensor.contiguous() for name, tensor in self._tensors()}
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise NotFiniteError(f"Step {self.step} left weights that are no numbers.")
        told = {"format": _FORMAT, "version": str(VERSION), "step": str(self.step), **_as_texts(self._identity)}
        with replacing(run / f"state_{self.step:08}.safetensors") as temporary:
            save_file(tensors, temporary, told)
        for path in kept_states(run)[:-_KEPT]:
            path.unlink(missing_ok=True)

    def resume(self, run: Path, tell: OnEvent) -> None:
        """Go on from the last state that is whole, if there is one. Raises BadInputError: of another training."""
        for path in reversed(kept_states(run)):
            try:
                told, tensors = _read(path)
            except BadInputError as error:
                tell({"event": "warning", "message": f"{error} The state before it is used."})
                continue
            self._check_identity(path, told)
            self._load(tensors)
            self.step = int(told["step"])
            tell({"event": "stage", "stage": "resume", "message": f"Going on from {path.name}"})
            return

    def _parts(self) -> dict[str, nn.Module]:
        return {"networks": self.networks, "average": self.average, "discriminator": self.discriminator}

    def _optimisers(self) -> dict[str, Optimizer]:
        return {"generator_adam": self.generator_optimiser, "discriminator_adam": self.discriminator_optimiser}

    def _tensors(self) -> Iterable[tuple[str, Tensor]]:
        for part, module in self._parts().items():
            for name, tensor in module.state_dict().items():
                yield f"{part}.{name}", tensor
        for part, optimiser in self._optimisers().items():
            for number, moments in optimiser.state_dict()["state"].items():
                for name, tensor in moments.items():
                    yield f"{part}.{number}.{name}", tensor

    def _load(self, tensors: dict[str, Tensor]) -> None:
        found: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            found.setdefault(part, {})[rest] = tensor
        for part, module in self._parts().items():
            module.load_state_dict(found[part])
        for part, optimiser in self._optimisers().items():
            moments: dict[int, dict[str, Tensor]] = {}
            for name, tensor in found.get(part, {}).items():
                number, _, moment = name.partition(".")
                moments.setdefault(int(number), {})[moment] = tensor
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})  # its rates are the configuration's

    def _check_identity(self, path: Path, told: dict[str, str]) -> None:
        other = [name for name, text in _as_texts(self._identity).items() if told.get(name) != text]
        if other:
            raise BadInputError(
                f"{path}: belongs to a training with another {', '.join(other)}. Choose another folder (-o), or go on "
                "with the configuration and the data that it was begun with."
            )


def kept_states(run: Path) -> list[Path]:
    """The files of states in a folder, the last one last."""
    return sorted(run.glob("state_*.safetensors"))


def _adam(module: nn.Module, rate: float) -> Optimizer:
    return torch.optim.Adam(module.parameters(), rate, betas=(0.0, 0.999), eps=1e-5)


def _as_texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, sort_keys=True) for name, value in values.items()}


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (OSError, SafetensorError) as error:
        raise BadInputError(f"{path}: cannot be read ({error}).") from error
    if told.get("format") != _FORMAT or told.get("version") != str(VERSION):
        raise BadInputError(f"{path}: is no training state of this version.")
    return told, tensors
