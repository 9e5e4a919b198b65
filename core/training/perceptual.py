# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a drawn picture is from the true one, as a person sees it.

With weights of VGG19 or VGGFace that the user has: `VggPerceptual`, as in the paper. Without them `OfflinePerceptual`.
Pictures are (N, 3, S, S), RGB in [-1, 1]; no gradient reaches the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise, repeat
from typing import TYPE_CHECKING

import torch
from pytorch_msssim import ssim
from torch import Tensor, nn
from torch.nn import functional

from ..errors import BadInputError
from ..generators.few_shot.checkpoint import read_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCALES = 5
_WINDOW = 11  # pixels of the window of SSIM


class OfflinePerceptual(nn.Module):
    """L1 + (1 - SSIM) + L1 of details, the last two as means over scales that halve: no trained network is needed.

    MS-SSIM (Wang et al. 2003) would multiply the scales: where one of them is 0, as at the start of a training, that
    product has no gradient. Details are what a Laplacian pyramid holds (Burt & Adelson 1983).
    """

    def forward(self, drawn: Tensor, target: Tensor) -> Tensor:
        """Two batches of pictures -> one number."""
        drawn, target = (drawn.float() + 1) / 2, (target.detach().float() + 1) / 2
        pixels = 2 * functional.l1_loss(drawn, target)
        structure: list[Tensor] = []
        details: list[Tensor] = []
        for _ in range(_SCALES):
            if drawn.shape[-1] < _WINDOW:
                break
            structure.append(1 - ssim(drawn, target, data_range=1.0, win_size=_WINDOW))
            smaller, smaller_target = functional.avg_pool2d(drawn, 2), functional.avg_pool2d(target, 2)
            coarse = functional.interpolate(smaller - smaller_target, size=drawn.shape[-2:], mode="bilinear")
            details.append(2 * (drawn - target - coarse).abs().mean())
            drawn, target = smaller, smaller_target
        return pixels + torch.stack(structure).mean() + torch.stack(details).mean()


@dataclass(frozen=True)
class Vgg:
    """A network of Simonyan & Zisserman (2015) up to its fifth stage, as Caffe has it."""

    name: str
    convolutions: tuple[int, ...]  # of each stage; of the fifth only the first one is needed
    mean: tuple[float, float, float]  # of its training pictures, RGB 0..255


VGG19 = Vgg("VGG19", (2, 2, 4, 4, 1), (123.68, 116.779, 103.939))
VGGFACE = Vgg("VGGFace", (2, 2, 3, 3, 1), (129.19, 104.76, 93.59))  # VGG16, trained to tell people apart
_CHANNELS = (64, 128, 256, 512, 512)  # of the stages


class VggPerceptual(nn.Module):
    """L1 between what the first ReLU of each of five stages gives, added up.

    The networks are those of Caffe: they see BGR from 0 to 255 minus the mean. Weights for other inputs, such as those
    of torchvision, give numbers of another size, and the paper's weights of the losses do not fit them.

    The file is safetensors; its names are those of torchvision (`features.0.weight`) or Caffe (`conv1_1.weight`). Of a
    file of torch: `python -c "import torch, safetensors.torch as s; s.save_file(torch.load('vgg19.pth',
    weights_only=True), 'vgg19.safetensors')"`. Raises BadInputError.
    """

    mean: Tensor

    def __init__(self, vgg: Vgg, path: Path) -> None:
        super().__init__()
        widths = [channels for each in zip(_CHANNELS, vgg.convolutions, strict=True) for channels in repeat(*each)]
        self.layers = nn.ModuleList([nn.Conv2d(*pair, 3, padding=1) for pair in pairwise([3, *widths])])
        self._starts = set(accumulate(vgg.convolutions[:-1], initial=0))  # the first layers of the stages
        tensors, _ = read_safetensors(path)
        for layer, names in zip(self.layers, _layer_names(vgg), strict=True):
            _fill(layer, tensors, names, vgg, path)
        self.register_buffer("mean", torch.tensor(vgg.mean[::-1]).reshape(3, 1, 1), persistent=False)
        self.requires_grad_(requires_grad=False)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """What the first ReLU of each stage gives."""
        given: list[Tensor] = []
        seen = (pictures.flip(1) + 1) * 127.5 - self.mean
        for number, layer in enumerate(self.layers):
            first = number in self._starts
            seen = functional.relu(layer(functional.max_pool2d(seen, 2) if first and number else seen))
            if first:
                given.append(seen)
        return given

    def forward(self, drawn: Tensor, target: Tensor) -> Tensor:
        """Two batches of pictures -> one number."""
        with torch.no_grad():
            wanted = self.features(target)
        pairs = zip(self.features(drawn), wanted, strict=True)
        return torch.stack([functional.l1_loss(mine, theirs) for mine, theirs in pairs]).sum()


def _layer_names(vgg: Vgg) -> Iterator[tuple[str, str]]:
    """What torchvision and Caffe call the convolutions, one after another."""
    index = 0
    for stage, count in enumerate(vgg.convolutions, 1):
        for number in range(1, count + 1):
            yield f"features.{index}", f"conv{stage}_{number}"
            index += 2  # the convolution and its ReLU
        index += 1  # pooling


def _fill(layer: nn.Module, tensors: dict[str, Tensor], names: tuple[str, str], vgg: Vgg, path: Path) -> None:
    name = next((each for each in names if f"{each}.weight" in tensors), names[0])
    state = {part: tensors.get(f"{name}.{part}") for part in ("weight", "bias")}
    for part, wanted in layer.state_dict().items():
        found = state[part]
        if found is None or found.shape != wanted.shape:
            told = "is missing" if found is None else f"has the shape {tuple(found.shape)}"
            raise BadInputError(f"{path}: these are no weights of {vgg.name}: {name}.{part} {told}.")
    layer.load_state_dict({part: tensor for part, tensor in state.items() if tensor is not None})
