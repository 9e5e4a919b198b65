# SPDX-License-Identifier: GPL-3.0-or-later
"""How well networks draw people whom they never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pytorch_msssim import ssim

from .episodes import read_episodes

if TYPE_CHECKING:
    from torch import Tensor

    from ..generators.few_shot.networks import Networks
    from .distributed import Processes
    from .episodes import EpisodeReader, Episodes

_SURENESS = 10.0  # a warp that is surer by 0.1 gets e times the share


@torch.no_grad()
def measure(
    networks: Networks, reader: EpisodeReader, episodes: int, batch: int, processes: Processes
) -> dict[str, float]:
    """Means over that many episodes, `batch` at a time: L1 (pictures from 0 to 1) and SSIM against the truth.

    With warps the same of the merged warp alone, which is what the hybrid has to beat.
    """
    mine = range(processes.rank, episodes, processes.count)
    numbers = [mine[start : start + batch] for start in range(0, len(mine), batch)]
    names = ["l1", "ssim", *(["warp_l1", "warp_ssim"] if reader.has_warps else [])]
    sums = torch.zeros(1 + len(names), device=processes.device)
    for each in read_episodes(reader, numbers, processes.device):
        drawn, _ = networks(each.references, each.reference_lines, each.inputs)
        pictures = [drawn.picture.float(), *([merged_warp(each)] if reader.has_warps else [])]
        scores = torch.stack([score for picture in pictures for score in _against(each.truth, picture)])
        sums += torch.cat([torch.full((1,), scores.shape[1]), scores.cpu().sum(dim=1)]).to(sums)
    count, *totals = processes.mean(sums).tolist()
    return {name: total / count for name, total in zip(names, totals, strict=True)}


def merged_warp(episodes: Episodes) -> Tensor:
    """(N, 3, S, S): the warps alone, each pixel mostly from the one that is surest there."""
    shares = (_SURENESS * episodes.confidences).softmax(dim=1)
    return (shares * episodes.warps).sum(dim=1)


def _against(truth: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) twice: L1 and SSIM."""
    truth, picture = (truth + 1) / 2, (picture + 1) / 2
    return (picture - truth).abs().mean(dim=(1, 2, 3)), ssim(picture, truth, data_range=1, size_average=False)
