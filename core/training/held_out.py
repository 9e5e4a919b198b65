# SPDX-License-Identifier: GPL-3.0-or-later
"""How well networks draw people whom they never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pytorch_msssim import ssim

from ..generators.few_shot.hybrid import TRUST
from .episodes import read_episodes

if TYPE_CHECKING:
    from torch import Tensor

    from ..generators.few_shot.networks import Drawn, Networks
    from .distributed import Processes
    from .episodes import EpisodeReader, Episodes


@torch.no_grad()
def draw(networks: Networks, episodes: Episodes) -> Drawn:
    """The frames of the episodes."""
    drawn, _ = networks(episodes.references, episodes.reference_lines, episodes.inputs)
    return drawn


@torch.no_grad()
def measure(
    networks: Networks, reader: EpisodeReader, episodes: int, batch: int, processes: Processes
) -> dict[str, float]:
    """Means over that many episodes, `batch` at a time: L1 (pictures from 0 to 1) and SSIM against the truth.

    With warps the same of the merged warp alone, which is what the hybrid has to beat.
    """
    mine = range(processes.rank, episodes, processes.count)
    numbers = [[*mine[start : start + batch]] for start in range(0, len(mine), batch)]
    names = ["episodes", "l1", "ssim", *(["warp_l1", "warp_ssim"] if reader.has_warps else [])]
    sums = dict.fromkeys(names, 0.0)
    for each in read_episodes(reader, numbers, processes.device):
        scores = _against(each.truth, draw(networks, each).picture)
        if reader.has_warps:
            scores += _against(each.truth, merged_warp(each))
        for name, score in zip(sums, (torch.ones(len(each.truth)), *scores), strict=True):
            sums[name] += score.sum().item()
    means = processes.mean(sums)
    count = means.pop("episodes")
    return {name: value / count for name, value in means.items()}


def merged_warp(episodes: Episodes) -> Tensor:
    """(N, 3, S, S): the warps alone, shared out as the hybrid does at the start: by their confidence."""
    shares = (TRUST * episodes.confidences).softmax(dim=1)
    return (shares * episodes.warps).sum(dim=1)


def _against(truth: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) twice: L1 and SSIM."""
    truth, picture = (truth + 1) / 2, (picture + 1) / 2
    return (picture - truth).abs().mean(dim=(1, 2, 3)), ssim(picture, truth, data_range=1, size_average=False)
