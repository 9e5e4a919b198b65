# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a method by one name, whichever it is: the paper's generator or the hybrid one.

Pictures are float32 (N, 3, S, S), RGB in [-1, 1]; N, 3 and S x S are a batch, its channels and its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import BadInputError
from .blocks import bake
from .discriminator import Discriminator
from .embedder import Embedder
from .generator import PaperGenerator
from .hybrid import HybridGenerator

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("paper", "hybrid")


@dataclass(frozen=True)
class NetworkPlan:
    """All that decides what the networks look like; stands in every checkpoint. The paper: 64, 512, 256."""

    kind: str = "hybrid"
    width: int = 32  # channels at the highest resolution
    embedding: int = 256  # numbers of a person's vector
    size: int = 256  # pixels of a picture's side
    attention: bool = True

    def __post_init__(self) -> None:
        """Raises BadInputError for networks that cannot be built."""
        if self.kind not in KINDS:
            raise BadInputError(f"Unknown kind of networks {self.kind!r}: choose one of {', '.join(KINDS)}.")
        for name, step in (("width", 4), ("embedding", 1), ("size", 64)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < step or value % step:
                raise BadInputError(f"The networks' {name} must be a multiple of {step}, not {value!r}.")


@dataclass(frozen=True)
class Inputs:
    """What a frame is drawn from, apart from who is drawn."""

    landmark_pictures: Tensor  # (N, 3, S, S)
    warps: Tensor | None = None  # (N, R, 3, S, S): R references of the person, warped to the frame
    confidences: Tensor | None = None  # (N, R, 1, S, S): 1 where a warp shows the reference 1:1, 0 where it invents
    precise: Tensor | None = None  # (N, 1, S, S): 1 where the hybrid keeps the warps, such as on mouth and eyes

    def picked(self, numbers: Tensor) -> Inputs:
        """Some of the N, (n,) whole numbers."""
        warps, confidences, precise = (
            None if part is None else part[numbers] for part in (self.warps, self.confidences, self.precise)
        )
        return Inputs(self.landmark_pictures[numbers], warps, confidences, precise)


@dataclass(frozen=True)
class Drawn:
    """A frame that was drawn."""

    picture: Tensor  # (N, 3, S, S)
    mask: Tensor | None  # (N, 1, S, S): how much of a pixel is the network's; None: it drew all
    trust: Tensor | None = None  # (N, 1, S, S): how much of a pixel is the first warp's
    shift: Tensor | None = None  # (N, 2, S, S): by how much the warps were moved before, see `Blend`


class Networks(nn.Module):
    """Embedder and generator. The discriminator, which only training needs, is `build_discriminator`'s."""

    def __init__(self, plan: NetworkPlan) -> None:
        super().__init__()
        self.plan = plan
        width, most = plan.width, 8 * plan.width
        if plan.kind == "paper":
            self.embedder = Embedder(width, plan.embedding, most, attention=plan.attention)
            self.generator = PaperGenerator(width, plan.embedding, attention=plan.attention)
        else:
            self.embedder = Embedder(width // 2, plan.embedding, most // 2, attention=plan.attention)
            self.generator = HybridGenerator(width, plan.embedding)

    def bake(self) -> None:
        """Make them ready to draw, and no longer to learn: see `bake`."""
        bake(self)
        if self.plan.kind == "hybrid":  # a tenth faster; the paper's generator is not, and has norms of 256x256 pixels
            self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - it takes this alone

    def embed(self, pictures: Tensor, landmark_pictures: Tensor) -> Tensor:
        """K pictures of each person, (N, K, 3, S, S) twice -> (N, E)."""
        each = self.embedder(pictures.flatten(0, 1), landmark_pictures.flatten(0, 1))
        return each.unflatten(0, pictures.shape[:2]).mean(dim=1)

    def project(self, embedding: Tensor) -> Tensor:
        """(N, E) -> the style (N, numbers)."""
        return self.generator.project(embedding)

    def draw_styled(self, inputs: Inputs, style: Tensor) -> Drawn:
        """The frames (N, ...) of people whose style (N, numbers) is known."""
        if isinstance(self.generator, PaperGenerator):
            return Drawn(self.generator(inputs.landmark_pictures, style), None)
        if inputs.warps is None or inputs.confidences is None or inputs.precise is None:
            raise ValueError("The hybrid generator needs warps, their confidences and precise places.")
        blend = self.generator(inputs.warps, inputs.confidences, inputs.landmark_pictures, inputs.precise, style)
        return Drawn(blend.picture, blend.mask, (1 - blend.mask) * blend.shares[:, :1], blend.shift)

    def draw(self, inputs: Inputs, embedding: Tensor) -> Drawn:
        """The frames (N, ...) of people (N, E)."""
        return self.draw_styled(inputs, self.project(embedding))

    def forward(self, pictures: Tensor, landmark_pictures: Tensor, inputs: Inputs) -> tuple[Drawn, Tensor]:
        """`embed` the references, `draw` the frames: all of a training step in one call, as DDP wants it."""
        embedding = self.embed(pictures, landmark_pictures)
        return self.draw(inputs, embedding), embedding


def best_device() -> torch.device:
    """What networks are fastest on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def build_networks(plan: NetworkPlan) -> Networks:
    """Untrained networks; their weights follow from torch's seed."""
    return Networks(plan)


def build_discriminator(plan: NetworkPlan, people: int) -> Discriminator:
    """An untrained discriminator that goes with the networks; `people` 0: for tuning to a new person."""
    return Discriminator(plan.width, people, plan.embedding, 8 * plan.width, attention=plan.attention)


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """(..., H, W, C) uint8 -> (..., C, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(np.moveaxis(pixels, -1, -3).astype(np.float32) / 127.5 - 1)


def to_pixels(pictures: Tensor) -> NDArray[np.uint8]:
    """(..., C, H, W) in [-1, 1] -> (..., H, W, C) uint8."""
    levels = ((pictures.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.movedim(-3, -1).cpu(), np.uint8)
