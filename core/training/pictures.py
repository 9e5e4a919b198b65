# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person looks at while networks are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from ..generators.few_shot.networks import Drawn
    from .episodes import Episodes

_ROWS = 4
_REFERENCES = 4


def grid(episodes: Episodes, drawn: Drawn) -> Tensor:
    """(3, H, W) uint8: a row for each episode: references, landmark picture, warps, result, mask, truth."""
    columns = [*episodes.references[:, :_REFERENCES].unbind(1), episodes.lines, *episodes.warps.unbind(1)]
    columns.append(drawn.picture)
    if drawn.mask is not None:
        columns.append(2 * drawn.mask.expand_as(drawn.picture) - 1)
    columns.append(episodes.truth)
    rows = torch.cat([column[:_ROWS].float() for column in columns], dim=-1)
    pixels = torch.cat(rows.unbind(0), dim=-2)
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().cpu()
