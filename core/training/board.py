# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told while networks are trained: events, and TensorBoard's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.utils.tensorboard import SummaryWriter

from .pictures import grid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..events import OnEvent
    from ..generators.few_shot.networks import Drawn
    from .episodes import Episodes

class Board:
    """Tells values and pictures of a step."""

    def __init__(self, run: Path, first: int, last: int, tell: OnEvent) -> None:
        """`first`: what was told of later steps, before a state was gone back to, is forgotten."""
        self._writer = SummaryWriter(str(run / "tensorboard"), purge_step=first + 1)
        self._last, self._tell = last, tell

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by names such as train/content."""
        self._tell({"event": "step", "step": step, "total": self._last, "values": dict(values)})
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def pictures(self, step: int, name: str, episodes: Episodes, drawn: Drawn) -> None:
        """What was drawn, beside what it was drawn from."""
        self._writer.add_image(name, grid(episodes, drawn), step)

    def close(self) -> None:
        """Write what is not written yet."""
        self._writer.close()
