# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks are trained for: Zakharov et al. (2019), section 3.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from .perceptual import VGG19, VGGFACE, OfflinePerceptual, VggPerceptual

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class LossWeights:
    """Those of the paper's first version.

    Its second version has 0.15 and 0.025 for the VGG terms; implementations of that one have 10 for the match.
    """

    vgg19: float = 1e-2
    vggface: float = 2e-3
    offline: float = 10.0  # ours: the perceptual loss that stands in for both
    adversarial: float = 1.0
    features: float = 10.0
    match: float = 80.0


class ContentLoss(nn.Module):
    """How far a drawn picture is from the true one, weighted: by the VGG networks whose files are given, or offline."""

    def __init__(self, weights: LossWeights, vgg19: Path | None = None, vggface: Path | None = None) -> None:
        super().__init__()
        self.parts = nn.ModuleList()
        self.weights: list[float] = []
        for vgg, path, weight in ((VGG19, vgg19, weights.vgg19), (VGGFACE, vggface, weights.vggface)):
            if path is not None:
                self.parts.append(VggPerceptual(vgg, path))
                self.weights.append(weight)
        if not self.weights:
            self.parts.append(OfflinePerceptual())
            self.weights.append(weights.offline)

    def forward(self, drawn: Tensor, target: Tensor) -> Tensor:
        """(N, 3, S, S) twice -> one number; no gradient reaches the target."""
        pairs = zip(self.parts, self.weights, strict=True)
        return torch.stack([weight * part(drawn, target) for part, weight in pairs]).sum()


def adversarial(drawn_scores: Tensor) -> Tensor:
    """What the generator wants: scores (N,) of drawn pictures that are high."""
    return -drawn_scores.mean()


def discriminator_hinge(real_scores: Tensor, drawn_scores: Tensor) -> Tensor:
    """What the discriminator wants, a hinge: scores (N,) above 1 for real pictures, below -1 for drawn ones."""
    return functional.relu(1 - real_scores).mean() + functional.relu(1 + drawn_scores).mean()


def feature_matching(drawn_features: Sequence[Tensor], real_features: Sequence[Tensor]) -> Tensor:
    """L1 between what the discriminator's blocks give, a mean over the blocks; no gradient reaches the real ones."""
    pairs = zip(drawn_features, real_features, strict=True)
    return torch.stack([functional.l1_loss(drawn, real.detach()) for drawn, real in pairs]).mean()


def embedding_match(embedding: Tensor, columns: Tensor) -> Tensor:
    """L1 between people's embeddings and their columns of the discriminator, (N, E) twice.

    The gradient reaches both, as the paper's L_MCH(phi, W) says. Whoever clears the discriminator's gradients between
    the generator's step and its own lets the columns learn from the hinge only, as if they were detached here.
    """
    return functional.l1_loss(embedding, columns)


@dataclass(frozen=True)
class Judged:
    """What the discriminator says of drawn pictures and of the real ones in their place."""

    drawn_scores: Tensor  # (N,)
    drawn_features: Sequence[Tensor]
    real_features: Sequence[Tensor]


def generator_losses(judged: Judged, weights: LossWeights) -> dict[str, Tensor]:
    """What the discriminator wants of the generator: the weighted terms by name, without the match."""
    return {
        "adversarial": weights.adversarial * adversarial(judged.drawn_scores),
        "features": weights.features * feature_matching(judged.drawn_features, judged.real_features),
    }
