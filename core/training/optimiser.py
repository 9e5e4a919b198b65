# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimiser of training and of fine-tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn


def adam(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Adam:
    """Adam with the settings of the paper's authors."""
    return torch.optim.Adam(parameters, rate, betas=(0.0, 0.999), eps=1e-5)
