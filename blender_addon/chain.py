# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that run one after another and look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import GiocondaError
from .client import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Chain(Task):
    """Starts each task when the one before it is done; fails or is cancelled with the first that is."""

    def __init__(self, title: str, starts: Sequence[Callable[[], Task]]) -> None:
        """Start the first of them. Raises GiocondaError as that does."""
        self._waiting = list(starts)
        self.current = self._waiting.pop(0)()
        super().__init__(title, self.current.log)

    @property
    def touches_blender(self) -> bool:
        """Whether the current task does."""
        return self.current.touches_blender

    def poll_once(self) -> bool:
        """Move the current task on."""
        if self.state == "running" and self.current.poll_once():
            self.warnings += self.current.warnings
            if self.current.state == "done" and self._waiting:
                self._start_next()
            else:
                self.state, self.error, self.mend = self.current.state, self.current.error, self.current.mend
        self.message, self.factor, self.log = self.current.message, self.current.factor, self.current.log
        return self.state != "running"

    def _start_next(self) -> None:
        try:
            self.current = self._waiting.pop(0)()
        except GiocondaError as error:
            self.fail(str(error))

    def cancel(self) -> None:
        """Ask the current task to stop."""
        self.current.cancel()

    def kill(self) -> None:
        """Stop the current task now."""
        self.current.kill()
        if self.state == "running":
            self.state = "cancelled"
