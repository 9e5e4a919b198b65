# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of meta-learning: the embedder and the generator learn, then the discriminator, once it has joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .losses import ContentLoss, Judged, discriminator_hinge, embedding_match, generator_losses

if TYPE_CHECKING:
    from ..generators.few_shot.discriminator import Discriminator
    from ..generators.few_shot.networks import Drawn
    from .config import TrainingConfig
    from .distributed import Processes
    from .episodes import Episodes
    from .state import TrainingState


class Learner:
    """Takes the networks of a state further."""

    def __init__(
        self, config: TrainingConfig, state: TrainingState, content: ContentLoss, processes: Processes
    ) -> None:
        wanted, kind = config.run.precision, processes.device.type
        self.precision = ("bfloat16" if kind == "cuda" else "float32") if wanted == "auto" else wanted
        self._mixed = torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bfloat16")
        self._config, self._state, self._content = config, state, content
        self._judge = Judging(state.discriminator)
        self._draw = processes.averaging(state.networks)
        self._judge_averaging = processes.averaging(self._judge)

    def step(self, episodes: Episodes) -> tuple[dict[str, Tensor], Drawn]:
        """Learn from these episodes: the losses by name, and what was drawn before."""
        state = self._state
        torch.manual_seed(self._config.seed + state.step)  # so that a resumed training has the same random numbers
        has_joined = state.step >= self._config.optimiser.discriminator_from
        losses, drawn = self._generator_losses(episodes, judged=has_joined)
        state.generator_optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        state.generator_optimiser.step()
        for _ in range(self._config.optimiser.discriminator_steps if has_joined else 0):
            losses["discriminator"] = self._discriminator_loss(episodes, drawn)
            state.discriminator_optimiser.zero_grad()
            losses["discriminator"].backward()
            state.discriminator_optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}, drawn

    def _generator_losses(self, episodes: Episodes, *, judged: bool) -> tuple[dict[str, Tensor], Drawn]:
        """All but what is drawn and judged is computed in float32."""
        with self._mixed:
            drawn, embedding = self._draw(episodes.references, episodes.reference_lines, episodes.inputs)
        losses = {"content": self._content(drawn.picture.float(), episodes.truth)}
        if judged:
            losses |= self._judged_losses(episodes, drawn, embedding.float())
        return losses, drawn

    def _judged_losses(self, episodes: Episodes, drawn: Drawn, embedding: Tensor) -> dict[str, Tensor]:
        """What the discriminator makes the generator and the embedder learn."""
        discriminator, weights = self._state.discriminator, self._config.losses
        discriminator.requires_grad_(requires_grad=False)  # it only judges
        with self._mixed:
            scores, features = self._judge(drawn.picture, episodes.lines, episodes.columns)
            with torch.no_grad():
                _, real_features = self._judge(episodes.truth, episodes.lines, episodes.columns)
        losses = generator_losses(Judged(scores, features, real_features), weights)
        losses["match"] = weights.match * embedding_match(embedding, discriminator.columns(episodes.columns))
        discriminator.requires_grad_(requires_grad=True)
        return losses

    def _discriminator_loss(self, episodes: Episodes, drawn: Drawn) -> Tensor:
        """Real and drawn pictures go through it together: once a step, as DDP wants it."""
        with self._mixed:
            scores, _ = self._judge_averaging(
                torch.cat([episodes.truth, drawn.picture.detach()]),
                episodes.lines.repeat(2, 1, 1, 1),
                episodes.columns.repeat(2),
            )
        return discriminator_hinge(*scores.chunk(2))


class Judging(nn.Module):
    """The discriminator with its columns: what DDP wraps. Clips go in by their numbers (N,), float32 comes out."""

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, pictures: Tensor, lines: Tensor, clips: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores (N,), and what each block gave."""
        scores, features = self.discriminator(pictures, lines, self.discriminator.columns(clips))
        return scores.float(), [each.float() for each in features]
