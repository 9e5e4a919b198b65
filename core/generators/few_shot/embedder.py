# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedder E: who is in a picture, whatever they do."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import DownPath, embedding_channels


class Embedder(nn.Module):
    """A picture and its landmark picture -> a vector of `size` numbers; the mean over pictures is the person's.

    `width` channels after the first block, at `most` so many later.
    """

    def __init__(self, width: int = 64, size: int = 512, most: int = 512, *, attention: bool = True) -> None:
        super().__init__()
        self.down = DownPath(embedding_channels(width, size, most), attention=attention)

    def forward(self, pictures: Tensor, landmark_pictures: Tensor) -> Tensor:
        """(N, 3, S, S) twice -> (N, size)."""
        features = self.down(torch.cat([pictures, landmark_pictures], dim=1))[-1]
        return functional.relu(features).sum(dim=(2, 3))
