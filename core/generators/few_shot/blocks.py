# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks are built of: residual blocks, adaptive instance normalisation, self-attention.

Zakharov et al., "Few-Shot Adversarial Learning of Realistic Neural Talking Head Models" (2019), section 3; the blocks
are those of BigGAN (Brock et al. 2019), the attention is that of SAGAN (Zhang et al. 2019).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from .resizing_convs import DoublingConv, HalvingConv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Norm = Callable[[int], nn.Module]

_Module = TypeVar("_Module", bound=nn.Module)

_QUERIES = 128  # at a time: on a CPU what so many see of all places stays in its cache
EPSILON = 1e-4  # of the spectral norm and of instance normalisation


def spectral(module: _Module) -> _Module:
    """The module with its weight divided by its largest singular value (Miyato et al. 2018)."""
    spectral_norm(module, eps=EPSILON)
    return module


def bake(network: nn.Module) -> None:
    """Compute once what follows from the weights alone: the network is then ready to draw, and no longer to learn."""
    for part in network.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")  # keeps the divided weights
    for part in network.modules():
        if isinstance(part, ResidualBlock):
            part.fold()


def conv(inputs: int, outputs: int, size: int = 3, *, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the picture's size, with spectral norm."""
    return spectral(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias))


def _instance_norm(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """(N, C, H, W) with a scale and a shift (N, C) -> the same.

    To torch it is a batch norm of one picture with N C channels, which is computed in one go. Channels last, it adds up
    all pixels of a channel one by one: 128x128 of them are still exact to 1e-5.
    """
    together = features.reshape(1, -1, *features.shape[2:])
    weight, bias = scale.float().flatten(), shift.float().flatten()
    return functional.batch_norm(together, None, None, weight, bias, training=True, eps=EPSILON).view_as(features)


class AffineInstanceNorm(nn.Module):
    """Instance normalisation with a learned shift and scale."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        return _instance_norm(features, *(each.expand(len(features), -1) for each in (self.weight, self.bias)))


class AdaptiveInstanceNorm(nn.Module):
    """Instance normalisation whose shift and scale come from a style.

    A style (N, numbers) holds the numbers of all such layers of a network; `share_out` gives each its own part.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.start = 0  # of its part: the shifts, then the scales (as they are: nothing is added to them)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        shift, scale = style[:, self.start : self.start + 2 * self.channels].chunk(2, dim=1)
        return _instance_norm(features, scale, shift)


def adaptive_norms(network: nn.Module) -> list[AdaptiveInstanceNorm]:
    """Those of a network, in the order of its modules."""
    return [module for module in network.modules() if isinstance(module, AdaptiveInstanceNorm)]


def share_out(network: nn.Module) -> int:
    """Give every AdaptiveInstanceNorm of a network its own part of a style; gives how many numbers a style has."""
    end = 0
    for norm in adaptive_norms(network):
        norm.start = end
        end += 2 * norm.channels
    return end


class SelfAttention(nn.Module):
    """Every place looks at all others; what it sees is added through a gate that starts at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = conv(channels, channels // 8, 1, bias=False)
        self.key = conv(channels, channels // 8, 1, bias=False)
        self.value = conv(channels, channels, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        query, key, value = (part(features).flatten(2).mT for part in (self.query, self.key, self.value))
        seen = _attended(query.contiguous(), key, value.contiguous())
        return features + self.gate * seen.mT.reshape(features.shape)


class ResidualBlock(nn.Module):
    """norm, ReLU, (double the size), 3x3, norm, ReLU, 3x3, (halve it), beside a skip of 1x1.

    The `first` block of a network takes a picture: its first norm and ReLU are left out.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        norm: Norm | None = None,
        up: bool = False,
        down: bool = False,
        first: bool = False,
    ) -> None:
        super().__init__()
        self._up, self._down, self._first = up, down, first
        bias = norm is None
        self.norm1 = None if norm is None or first else norm(inputs)
        self.conv1 = conv(inputs, outputs, bias=bias)
        self.norm2 = None if norm is None else norm(outputs)
        self.conv2 = conv(outputs, outputs, bias=bias)
        same = inputs == outputs and not (up or down)
        self.skip = nn.Identity() if same else conv(inputs, outputs, 1, bias=bias)

    def fold(self) -> None:
        """Take doubling and halving into the 3x3 convolution beside them; see `bake`."""
        if self._up and isinstance(self.conv1, nn.Conv2d):
            self.conv1 = DoublingConv(self.conv1)
        if self._down and isinstance(self.conv2, nn.Conv2d):
            self.conv2 = HalvingConv(self.conv2)

    def forward(self, features: Tensor, style: Tensor | None = None) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W'); the style is for adaptive norms."""
        inner = features if self._first else _activated(self.norm1, features, style)
        inner = self.conv1(_doubled(inner) if self._up and isinstance(self.conv1, nn.Conv2d) else inner)
        inner = self.conv2(_activated(self.norm2, inner, style))
        # A 1x1 convolution gives the same before doubling and after halving, for a quarter of the work.
        skipped = self.skip(functional.avg_pool2d(features, 2) if self._down else features)
        inner = functional.avg_pool2d(inner, 2) if self._down and isinstance(self.conv2, nn.Conv2d) else inner
        return inner + (_doubled(skipped) if self._up else skipped)


class DownPath(nn.Module):
    """Residual blocks that halve the picture one after another, with self-attention after the third (256: 32x32)."""

    def __init__(self, channels: Sequence[int], *, norm: Norm | None = None, attention: bool = True) -> None:
        super().__init__()
        blocks: list[nn.Module] = [
            ResidualBlock(inputs, outputs, norm=norm, down=True, first=number == 0)
            for number, (inputs, outputs) in enumerate(pairwise(channels))
        ]
        if attention:
            blocks[2] = nn.Sequential(blocks[2], SelfAttention(channels[3]))
        self.blocks = nn.ModuleList(blocks)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(N, channels[0], S, S) -> what each block gives; the last one (N, channels[-1], S', S')."""
        given = [pictures]
        for block in self.blocks:
            given.append(block(given[-1]))
        return given[1:]


def embedding_channels(width: int, size: int, most: int) -> list[int]:
    """Channels of the six blocks (256: 4x4) that make a vector of `size` of a picture and its landmark picture."""
    return [6, *(min(width * 2**halvings, most) for halvings in range(5)), size]


def _attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(N, places, C) the values (N, places, C), weighed by how queries meet keys (N, places, E)."""
    if query.is_cuda:
        return functional.scaled_dot_product_attention(query, key, value, scale=1.0)
    parts = (torch.softmax(part @ key.mT, dim=2) @ value for part in torch.split(query, _QUERIES, dim=1))
    return torch.cat(list(parts), dim=1)


def _activated(norm: nn.Module | None, features: Tensor, style: Tensor | None) -> Tensor:
    """ReLU of the normalised features, in place where there is a norm, which made new ones."""
    if norm is None:
        return functional.relu(features)
    return functional.relu_(norm(features, style) if isinstance(norm, AdaptiveInstanceNorm) else norm(features))


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")
