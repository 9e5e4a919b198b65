# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's generator G: a landmark picture -> a picture of the person that a style describes."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import (
    AdaptiveInstanceNorm,
    AffineInstanceNorm,
    DownPath,
    ResidualBlock,
    SelfAttention,
    conv,
    share_out,
    spectral,
)

_MIDDLE = 4  # blocks at the lowest resolution


class PaperGenerator(nn.Module):
    """Four blocks down, four in the middle, four up; the person enters through adaptive norms only."""

    def __init__(self, width: int = 64, embedding: int = 512, *, attention: bool = True) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        self.encoder = DownPath([3, *widths], norm=AffineInstanceNorm, attention=attention)
        self.middle = nn.ModuleList(
            [ResidualBlock(widths[-1], widths[-1], norm=AdaptiveInstanceNorm) for _ in range(_MIDDLE)]
        )
        self.decoder = nn.ModuleList(
            [
                ResidualBlock(inputs, outputs, norm=AdaptiveInstanceNorm, up=True)
                for inputs, outputs in pairwise([widths[-1], *reversed(widths)])
            ]
        )
        self.attention = SelfAttention(widths[2]) if attention else nn.Identity()  # at a quarter of the size (64x64)
        self.norm = AdaptiveInstanceNorm(width)
        self.to_rgb = conv(width, 3)
        self.projection = spectral(nn.Linear(embedding, share_out(self)))  # P

    def project(self, embedding: Tensor) -> Tensor:
        """(N, E) -> (N, numbers), the style: shifts and scales of all adaptive norms."""
        return self.projection(embedding)

    def forward(self, landmark_pictures: Tensor, style: Tensor) -> Tensor:
        """(N, 3, S, S) and (N, numbers) -> (N, 3, S, S) in [-1, 1]."""
        features = self.encoder(landmark_pictures)[-1]
        for block in self.middle:
            features = block(features, style)
        for number, block in enumerate(self.decoder):
            features = block(features, style)
            if number == 1:
                features = self.attention(features)
        return torch.tanh(self.to_rgb(functional.relu(self.norm(features, style))))
