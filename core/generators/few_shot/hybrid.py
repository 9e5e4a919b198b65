# SPDX-License-Identifier: GPL-3.0-or-later
"""The hybrid generator: the warp's frames of several references -> the frame, mended where the warp cannot know.

The warp brings the detail, a small network says which reference shows a place best, and another one, which is styled
for the person, moves what lies wrong and draws what none of them shows: so does the bi-layer model (Zakharov et al.
2020) with its texture.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import AdaptiveInstanceNorm, ResidualBlock, adaptive_norms, conv, share_out, spectral

TRUST = 10.0
"""At the start a reference that is surer by 0.1 gets e times the share."""
_MENDED = -4.0  # at the start 2 % of every pixel: enough for gradients, too little to be seen
_FARTHEST = 0.05  # of half the side: what lies wrong is moved by up to 6 of 256 pixels
_READS = 7  # channels of a warp, its confidence and the landmark picture


class Blend(NamedTuple):
    """A frame and what it was made of; all tensors (N, channels, S, S)."""

    picture: Tensor  # 3 channels in [-1, 1]
    mask: Tensor  # 1: how much of a pixel is the correction
    correction: Tensor  # 3 in [-1, 1]
    shares: Tensor  # R, sum 1: how much of a pixel's warp comes from each reference
    shift: Tensor  # 2: how far to the right and down a pixel of the warps is read, in halves of the side


class ReferenceShares(nn.Module):
    """How much each reference gives to each pixel: the order of the references does not matter.

    Each is judged by the same network, which also sees the mean of what it found in all of them.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = conv(_READS * 16, width)  # at a quarter of the size
        self.compare = conv(2 * width, width)
        self.judge = nn.Conv2d(width, 1, 3, padding=1)  # starts at 0, which a spectral norm would divide by
        nn.init.zeros_(self.judge.weight)
        nn.init.zeros_(self.judge.bias)  # pyright: ignore[reportArgumentType] - it has one
        self.trust = nn.Parameter(torch.tensor([TRUST]))

    def forward(self, reads: Tensor, landmark_pictures: Tensor) -> Tensor:
        """Warps with their confidence (N, R, 4, S, S), and (N, 3, S, S) -> (N, R, S, S)."""
        every = reads.shape[:2]
        each, poses = convolved(self.look, reads.flatten(0, 1), landmark_pictures, fraction=4)
        looks = functional.relu(each.reshape(*every, *each.shape[1:]) + poses[:, None])
        own, mean = convolved(self.compare, looks.flatten(0, 1), looks.mean(dim=1))
        compared = functional.relu(own.reshape(*every, *own.shape[1:]) + mean[:, None])
        judged = self.judge(compared.flatten(0, 1)).contiguous()
        judged = functional.interpolate(judged, scale_factor=4, mode="bilinear", align_corners=False)
        confidences = reads[:, :, 3]
        return (judged.reshape(confidences.shape) + self.trust * confidences).softmax(dim=1)


class HybridGenerator(nn.Module):
    """A small U-Net at half of the size; adaptive norms on its way up bring in the person."""

    def __init__(self, width: int = 32, embedding: int = 256) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        self.shares = ReferenceShares(width // 2)
        self.stem = conv(_READS * 4, width)
        self.down = nn.ModuleList([ResidualBlock(inputs, outputs) for inputs, outputs in pairwise(widths)])
        self.middle = ResidualBlock(widths[-1], widths[-1], norm=AdaptiveInstanceNorm)
        self.up = nn.ModuleList(
            [
                ResidualBlock(inputs, outputs, norm=AdaptiveInstanceNorm, up=True)
                for inputs, outputs in pairwise(reversed(widths))
            ]
        )
        self.norm = AdaptiveInstanceNorm(width)
        self.out = nn.Conv2d(2 * width, 16, 3, padding=1)  # starts at 0, which a spectral norm would divide by
        self.move = nn.Conv2d(2 * width, 2, 3, padding=1)  # at a quarter of the size: neighbours move together
        self.projection = spectral(nn.Linear(embedding, share_out(self)))
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        """Styles that change nothing, no shift, no correction, and a mask that trusts the warp."""
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)  # pyright: ignore[reportArgumentType] - it has one
        bias = torch.zeros(4, 4)  # after pixel_shuffle: three channels of colour, one of the mask
        bias[3] = _MENDED
        self.out.bias.copy_(bias.flatten())  # pyright: ignore[reportOptionalMemberAccess] - it has one
        nn.init.zeros_(self.projection.bias)
        for norm in adaptive_norms(self):
            self.projection.bias[norm.start + norm.channels : norm.start + 2 * norm.channels] = 1

    def project(self, embedding: Tensor) -> Tensor:
        """(N, E) -> (N, numbers), the style: shifts and scales of all adaptive norms."""
        return self.projection(embedding)

    def forward(
        self, warps: Tensor, confidences: Tensor, landmark_pictures: Tensor, precise: Tensor, style: Tensor
    ) -> Blend:
        """(N, R, 3, S, S), (N, R, 1, S, S), (N, 3, S, S), (N, 1, S, S) and (N, numbers); S is a multiple of 16.

        Where `precise` is 1 the warp is kept. On mouth and eyes landmarks tell it to the pixel how far they are open,
        and the mean of what may lie there, which a loss of content teaches, is half shut and has a grey veil for teeth.
        """
        reads = torch.cat([warps, confidences], dim=2)
        shares = self.shares(reads, landmark_pictures)
        merged = (shares[:, :, None] * reads).sum(dim=1)
        [stem] = convolved(self.stem, torch.cat([merged, landmark_pictures], dim=1), fraction=2)
        levels = [stem]
        for block in self.down:
            levels.append(block(functional.avg_pool2d(levels[-1], 2)))  # halved first: a quarter of the work
        features = self.middle(levels.pop(), style)
        for block in self.up:
            features = block(features, style) + levels.pop()
        features = torch.cat([functional.relu(self.norm(features, style)), stem], dim=1)
        # Where few channels are left torch is faster with whole pictures one after another, as memory has them.
        shift = _FARTHEST * torch.tanh(self.move(functional.avg_pool2d(features, 2)).contiguous())
        shift = shift.nan_to_num()  # a place that is no number would be read, and its gradient written, anywhere
        shift = (1 - precise) * functional.interpolate(shift, scale_factor=4, mode="bilinear", align_corners=False)
        drawn = functional.pixel_shuffle(self.out(features).contiguous(), 2)
        correction, mask = torch.tanh(drawn[:, :3]), (1 - precise) * torch.sigmoid(drawn[:, 3:])
        return Blend(mask * correction + (1 - mask) * moved(merged[:, :3], shift), mask, correction, shares, shift)


def convolved(layer: nn.Conv2d, *parts: Tensor, fraction: int = 1) -> list[Tensor]:
    """What an odd convolution, padded by 1, makes of each part (N, C_i, H, W) of the channels that it reads.

    Their sum, each (N, outputs, H / fraction, W / fraction), is what it makes of all.

    So what is the same for all references is convolved once. With a `fraction` the layer reads `pixel_unshuffle` of the
    parts, by so many pixels: that is a larger convolution with a stride, which moves no pixels about before.
    """
    weights = functional.pixel_shuffle(layer.weight, fraction).split_with_sizes([part.shape[1] for part in parts], 1)
    biases = [layer.bias, *[None] * (len(parts) - 1)]
    return [
        functional.conv2d(part.contiguous(memory_format=torch.channels_last), weight, bias, fraction, fraction)
        for part, weight, bias in zip(parts, weights, biases, strict=True)
    ]


def moved(pictures: Tensor, shift: Tensor) -> Tensor:
    """(N, C, S, S) pictures, each pixel read where a `Blend`'s shift (N, 2, S, S) says; the edge goes on outside."""
    size = pictures.shape[-1]
    centres = (torch.arange(size, device=shift.device, dtype=shift.dtype) + 0.5) * (2 / size) - 1
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    places = torch.stack([columns, rows], dim=-1) + shift.movedim(1, -1)
    return functional.grid_sample(pictures, places.to(pictures.dtype), padding_mode="border", align_corners=False)
