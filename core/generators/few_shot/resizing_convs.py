# SPDX-License-Identifier: GPL-3.0-or-later
"""3x3 convolutions beside a doubling or a halving, both in one: the same numbers for 4/9 of the work.

For drawing only: the weights are folded once, and learn nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_PLACES_TAPS = torch.tensor([[[1.0, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]])
"""(2, 2, 3): which of three taps read the first and the second of the two pixels that a half of a pixel sees."""
_AVERAGED = torch.tensor([[0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 0.5]])
"""(4, 3): how much of three taps reads each of the four pixels that the mean of two neighbours sees."""


class _FoldedConv(nn.Module):
    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)


class DoublingConv(_FoldedConv):
    """Each pixel to 2x2 of it, then a convolution: three neighbours are two pixels, seen from each of four places."""

    def __init__(self, conv: nn.Conv2d) -> None:
        taps = _PLACES_TAPS.to(conv.weight)
        weight = torch.einsum("aky,blx,oiyx->aboikl", taps, taps, conv.weight.detach()).flatten(0, 2)
        super().__init__(weight, None if conv.bias is None else conv.bias.detach().repeat(4))

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2 H, 2 W)."""
        places = functional.conv2d(features, self.weight, self.bias, padding=1)
        count, channels, height, width = places.shape
        layout = torch.contiguous_format if places.is_contiguous() else torch.channels_last
        shape = count, channels // 4, 2 * height - 2, 2 * width - 2
        doubled = torch.empty(shape, dtype=places.dtype, device=places.device, memory_format=layout)
        each = zip(((0, 0), (0, 1), (1, 0), (1, 1)), places.chunk(4, dim=1), strict=True)
        for (row, column), place in each:
            doubled[:, :, row::2, column::2] = place[:, :, row : row + height - 1, column : column + width - 1]
        return doubled


class HalvingConv(_FoldedConv):
    """A convolution, then the mean of each 2x2: one of 4x4 at every second pixel."""

    def __init__(self, conv: nn.Conv2d) -> None:
        taps = _AVERAGED.to(conv.weight)
        weight = torch.einsum("ky,lx,oiyx->oikl", taps, taps, conv.weight.detach())
        super().__init__(weight, None if conv.bias is None else conv.bias.detach())

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / 2, W / 2); H and W are even."""
        return functional.conv2d(features, self.weight, self.bias, stride=2, padding=1)
