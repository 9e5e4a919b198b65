# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told while networks are trained: events, and files of TensorBoard."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch.utils.tensorboard import SummaryWriter

from ..files import cannot_write
from .pictures import grid

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from ..events import OnEvent
    from ..generators.few_shot.networks import Drawn
    from .episodes import Episodes


class Board:
    """Tells numbers and pictures of a step; of several processes only the first one writes them (BadInputError)."""

    def __init__(self, run: Path, steps: range, tell: OnEvent, *, is_first: bool = True) -> None:
        """`steps`: those that follow; what was written of them before a state was gone back to is forgotten."""
        self._folder = run / "tensorboard"
        with self._writing():
            self._writer = SummaryWriter(str(self._folder), purge_step=steps.start + 1) if is_first else None
        self._tell, self._last = tell, steps.stop
        self._lap = (steps.start, time.perf_counter())

    def values(self, step: int, of: str, values: Mapping[str, float]) -> None:
        """Numbers by name, `of` train or held_out."""
        named = {f"{of}/{name}": value for name, value in values.items()}
        self._tell({"event": "step", "step": step, "total": self._last, "values": named})
        if self._writer:
            with self._writing():
                for name, value in named.items():
                    self._writer.add_scalar(name, value, step)
                self._writer.flush()

    def pictures(self, step: int, of: str, episodes: Episodes, drawn: Drawn) -> None:
        """What was drawn, beside what it was drawn from."""
        if self._writer:
            with self._writing():
                self._writer.add_image(of, grid(episodes, drawn), step)
                self._writer.flush()

    def close(self) -> None:
        """Nothing more is told."""
        if self._writer:
            with self._writing():
                self._writer.close()

    def seconds(self, step: int) -> float:
        """How long a step took, all told, since this was asked last."""
        before, then = self._lap
        self._lap = (step, time.perf_counter())
        return (self._lap[1] - then) / (step - before)

    @contextmanager
    def _writing(self) -> Generator[None]:
        """What the writer raises, which keeps errors of its thread for the next call, as BadInputError."""
        try:
            yield
        except OSError as error:
            raise cannot_write(self._folder / "TensorBoard's file", error) from error
