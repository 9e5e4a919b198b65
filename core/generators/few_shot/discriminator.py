# SPDX-License-Identifier: GPL-3.0-or-later
"""The projection discriminator D: is this a picture of this person, with these landmarks? (Miyato & Koyama 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import DownPath, ResidualBlock, embedding_channels, spectral

COLUMNS = "columns."
"""How the names of their weights begin."""


class PersonColumns(nn.Module):
    """W: one learned vector for each person (the paper: each clip) of the training set."""

    def __init__(self, people: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(people, size))
        if people:  # none: for tuning to a new person, who has a vector of their own
            spectral(self)

    def forward(self, people: Tensor) -> Tensor:
        """(N,) whole numbers -> (N, size)."""
        return functional.embedding(people, self.weight)


class Discriminator(nn.Module):
    """The score is V . (W_i + w0) + b: V sees the picture, W_i is the person's column, w0 is common to all."""

    def __init__(
        self, width: int = 64, people: int = 0, embedding: int = 512, most: int = 512, *, attention: bool = True
    ) -> None:
        super().__init__()
        self.down = DownPath(embedding_channels(width, embedding, most), attention=attention)
        self.last = ResidualBlock(embedding, embedding)
        self.realism = spectral(nn.Linear(embedding, 1))  # w0 and b
        self.columns = PersonColumns(people, embedding)

    def forward(
        self, pictures: Tensor, landmark_pictures: Tensor, person_columns: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """(N, 3, S, S) twice and (N, E) of `self.columns` -> scores (N,) and what each of the 7 blocks gave."""
        features = self.down(torch.cat([pictures, landmark_pictures], dim=1))
        features.append(self.last(features[-1]))
        seen = functional.relu(features[-1]).sum(dim=(2, 3))  # V
        return self.realism(seen).squeeze(1) + (seen * person_columns).sum(dim=1), features

    def common_state(self) -> dict[str, Tensor]:
        """What is common to all people: the state without their columns."""
        return {name: tensor for name, tensor in self.state_dict().items() if not name.startswith(COLUMNS)}
