# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tune trained networks to one person: Zakharov et al. (2019), section 3.3.

The embedder and the projection P serve once: the style that they give, P e, becomes free numbers, trained together with
the generator. The person's column of the discriminator becomes a free vector, which starts at what the embedder says:
the match loss of the training before has made columns and embeddings alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..errors import BadInputError
from ..generators.few_shot.discriminator import COLUMNS
from .losses import Judged, LossWeights, discriminator_hinge, generator_losses
from .memory import is_out_of_memory
from .optimiser import adam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..events import OnEvent
    from ..generators.few_shot.discriminator import Discriminator
    from ..generators.few_shot.networks import Inputs, Networks
    from .losses import ContentLoss


@dataclass(frozen=True)
class FineTuning:
    """How it is done. Iterations are counted, not passes over the pictures: too many spoil the person's expressions."""

    iterations: int = 200  # the paper's authors, later: 125 for one picture, 230 for thirty
    batch: int = 4
    generator_rate: float = 5e-5
    discriminator_rate: float = 2e-4
    discriminator_steps: int = 2  # for each of the generator
    seed: int = 0


@dataclass(frozen=True)
class PersonFrames:
    """T pictures of one person, and what each of them is drawn from."""

    pictures: Tensor  # (T, 3, S, S)
    inputs: Inputs  # the same T

    def picked(self, numbers: Tensor) -> PersonFrames:
        """Some of them, (n,) whole numbers."""
        return PersonFrames(self.pictures[numbers], self.inputs.picked(numbers))


class FineTuner:
    """Trains the generator and the `style` (1, numbers) in place.

    Without a discriminator only the content loss is there.
    """

    def __init__(
        self,
        networks: Networks,
        discriminator: Discriminator | None,
        frames: PersonFrames,
        content: ContentLoss,
        weights: LossWeights,
        tuning: FineTuning,
        tell: OnEvent,
    ) -> None:
        self.networks = networks
        self._frames, self._content, self._weights, self._tuning, self._tell = frames, content, weights, tuning, tell
        embedding = _embed(networks, frames)
        self.style = nn.Parameter(networks.project(embedding).detach())
        self._trained = [self.style, *_parameters_except(networks.generator, "projection.")]
        self._optimiser = adam(self._trained, tuning.generator_rate)
        self._adversary = None if discriminator is None else _Adversary(discriminator, embedding, tuning)
        self._random = torch.Generator().manual_seed(tuning.seed)
        self._batch = min(tuning.batch, len(frames.pictures))
        self._good = self.snapshot()

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of all that a frame is drawn with: the generator's state, and the style."""
        state = {**self.networks.generator.state_dict(), "style": self.style}
        return {name: tensor.detach().clone() for name, tensor in state.items()}

    @torch.no_grad()
    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Go back to a snapshot."""
        state = dict(snapshot)
        self.style.copy_(state.pop("style"))
        self.networks.generator.load_state_dict(state)

    def iterations(self) -> Iterator[dict[str, float]]:
        """One iteration after another; gives its losses by name, before its step. Stop when you like.

        A loss that is no number ends it, with a warning; the generator is then as it last was with one that is.
        Where memory is short the batch is halved, with a warning. Raises BadInputError when it cannot be.
        """
        for number in range(self._tuning.iterations):
            self.networks.generator.train()
            losses = self._fitting()
            self.networks.generator.eval()
            if losses is None:
                self.restore(self._good)
                message = f"Tuning stopped after {number} iterations: the loss is no number. What was good is kept."
                self._tell({"event": "warning", "message": message})
                return
            yield losses

    def _fitting(self) -> dict[str, float] | None:
        """An iteration with as many pictures as fit in memory; None: a loss is no number."""
        while True:
            try:
                return self._iteration()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if self._batch == 1:
                    raise BadInputError("There is not enough memory to tune with one picture at a time.") from error
            self._batch //= 2
            self._optimiser.zero_grad()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            message = f"Memory is short: tuning goes on with {self._batch} pictures at a time."
            self._tell({"event": "warning", "message": message})

    def _iteration(self) -> dict[str, float] | None:
        chosen = torch.randperm(len(self._frames.pictures), generator=self._random)[: self._batch]
        frames = self._frames.picked(chosen.to(self._frames.pictures.device))
        drawn = self.networks.draw_styled(frames.inputs, self.style.expand(self._batch, -1)).picture
        losses = {"content": self._content(drawn, frames.pictures)}
        if self._adversary:
            losses |= generator_losses(self._adversary.judge(drawn, frames), self._weights)
        total = torch.stack(list(losses.values())).sum()
        if not total.isfinite():
            return None
        self._good = self.snapshot()
        self._optimiser.zero_grad()
        total.backward(inputs=self._trained)
        if not nn.utils.get_total_norm([each.grad for each in self._trained if each.grad is not None]).isfinite():
            return None
        self._optimiser.step()
        if self._adversary:
            losses["discriminator"] = self._adversary.learn(drawn.detach(), frames)
        values = {name: loss.item() for name, loss in losses.items()}
        return values if all(map(isfinite, values.values())) else None


class _Adversary:
    """The discriminator of one person, trained along.

    The paper's free vector is w' = w0 + e. Here w0 is held and e is free, which is the same.
    """

    def __init__(self, discriminator: Discriminator, embedding: Tensor, tuning: FineTuning) -> None:
        self._discriminator = discriminator.train()
        self._steps = tuning.discriminator_steps
        self._column = nn.Parameter(embedding.clone())
        self._trained = [self._column, *_parameters_except(discriminator, COLUMNS, "realism.parametrizations.")]
        self._optimiser = adam(self._trained, tuning.discriminator_rate)

    def judge(self, drawn: Tensor, frames: PersonFrames) -> Judged:
        """What it says of drawn pictures (n, 3, S, S)."""
        with torch.no_grad():
            _, real_features = self._look(frames.pictures, frames)
        scores, features = self._look(drawn, frames)
        return Judged(scores, features, real_features)

    def learn(self, drawn: Tensor, frames: PersonFrames) -> Tensor:
        """Learn to tell drawn pictures from real ones; gives the last loss."""
        loss = drawn.new_zeros(())
        for _ in range(self._steps):
            real_scores, _ = self._look(frames.pictures, frames)
            drawn_scores, _ = self._look(drawn, frames)
            loss = discriminator_hinge(real_scores, drawn_scores)
            self._optimiser.zero_grad()
            loss.backward(inputs=self._trained)
            self._optimiser.step()
        return loss.detach()

    def _look(self, pictures: Tensor, frames: PersonFrames) -> tuple[Tensor, list[Tensor]]:
        columns = self._column.expand(len(pictures), -1)
        return self._discriminator(pictures, frames.inputs.landmark_pictures, columns)


@torch.no_grad()
def _embed(networks: Networks, frames: PersonFrames) -> Tensor:
    """The mean of the frames' embeddings (1, E), one after another: memory need not hold all."""
    networks.eval()
    pairs = zip(frames.pictures, frames.inputs.landmark_pictures, strict=True)
    return torch.cat([networks.embed(picture[None, None], lines[None, None]) for picture, lines in pairs]).mean(0)[None]


def _parameters_except(network: nn.Module, *starts: str) -> list[nn.Parameter]:
    return [each for name, each in network.named_parameters() if not name.startswith(starts)]
