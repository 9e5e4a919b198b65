# SPDX-License-Identifier: GPL-3.0-or-later
"""The one task that runs at a time, how it ended for each strip, and when strips must be left alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import bpy
from bpy.app import handlers

from ..core.errors import GiocondaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .client import Task


Subject = tuple[int, str]
"""The strip that a task is for: its scene's `session_uid`, and its id, which outlasts a new name. Before it has an id:
its name."""


class Outcome(NamedTuple):
    """How a task ended."""

    state: str  # done, cancelled or failed
    message: str
    mend: str = ""  # what would help: WORKER, TORCH, MODELS or LOG
    folder: Path | None = None  # of the frames, or of the log
    warnings: tuple[str, ...] = ()


class Running(NamedTuple):
    """A task and what to do in Blender when it is done: `apply` returns the message for the user."""

    task: Task
    apply: Callable[[], str]
    folder: Path | None
    scratch: Path | None  # a folder that nobody needs afterwards


class Session:
    """The task that runs, and how the last one of each strip ended."""

    def __init__(self) -> None:
        self.current: Running | None = None
        self.about: Subject | None = None  # the strip of the current task or the last one; None: the worker's own
        self.outcomes: dict[Subject | None, Outcome] = {}

    def start(
        self, task: Task, apply: Callable[[], str], folder: Path | None = None, *, scratch: Path | None = None
    ) -> None:
        """Make a started task the current one, for the strip that `about` says."""
        self.current = Running(task, apply, folder, scratch)
        self._forget()

    def poll_once(self) -> Outcome | None:
        """Move the task on, without waiting; its outcome once it has ended and could be applied."""
        if self.current is None:
            return None
        task = self.current.task
        if (task.touches_blender and self.is_rendering()) or not task.poll_once() or self.is_rendering():
            return None
        running, self.current = self.current, None
        try:
            return self._keep(_apply(running) if running.task.state == "done" else _not_done(running))
        finally:
            _tidy(running)

    def _forget(self) -> None:
        """What is known of the strip is old now; after the worker's own task, so is what is known of any."""
        old = [about for about in self.outcomes if self.about is None or about in (None, self.about)]
        for about in old:
            del self.outcomes[about]

    def _keep(self, outcome: Outcome) -> Outcome:
        self.outcomes[self.about] = outcome
        return outcome

    def outcome_of(self, about: Subject | None) -> Outcome | None:
        """How the last task for a strip ended, or the worker's own since then."""
        return self.outcomes.get(about) or self.outcomes.get(None)

    @staticmethod
    def is_rendering() -> bool:
        """Whether Blender renders beside its windows: strips must be left alone. All else waits for a render to end.

        Its handlers do not tell: a movie that cannot be written has a beginning and no end.
        """
        return not bpy.app.background and bpy.app.is_job_running("RENDER")  # without windows 5.0.0 crashes at it

    def refuse(self, error: GiocondaError) -> Outcome:
        """Remember why the task that `about` says could not even start."""
        self._forget()
        return self._keep(Outcome("failed", str(error), _mend(error)))

    def cancel(self) -> None:
        """Ask the task to stop."""
        if self.current:
            self.current.task.cancel()

    def abort(self) -> None:
        """Stop the task at once and forget it."""
        if self.current:
            running, self.current = self.current, None
            running.task.kill()
            self._keep(Outcome("cancelled", f"{running.task.title}: cancelled", "", running.folder))
            _tidy(running)


session = Session()


def _apply(running: Running) -> Outcome:
    warnings = tuple(running.task.warnings)
    try:
        return Outcome("done", running.apply(), "", running.folder, warnings)
    except GiocondaError as error:
        return Outcome("failed", str(error), _mend(error), running.folder, warnings)


def _tidy(running: Running) -> None:
    if running.scratch:
        shutil.rmtree(running.scratch, ignore_errors=True)


def _mend(error: GiocondaError) -> str:
    return "WORKER" if error.kind == "missing" else ""


def _not_done(running: Running) -> Outcome:
    task = running.task
    if task.state == "cancelled":
        return Outcome("cancelled", f"{task.title}: cancelled", "", running.folder)
    message = f"{task.error}\nLog: {task.log}" if task.mend == "LOG" else task.error
    return Outcome("failed", message, task.mend, running.folder)


@handlers.persistent
def _file_changes(*_: object) -> None:
    session.abort()
    session.outcomes.clear()


def register() -> None:
    """Listen to loads."""
    handlers.load_pre.append(_file_changes)


def unregister() -> None:
    """Stop listening, and what runs."""
    session.abort()
    handlers.load_pre.remove(_file_changes)


def redraw() -> None:
    """Let the sequencers' sidebars and the preferences show the progress; no picture is drawn again for it."""
    shown = {"SEQUENCE_EDITOR": "UI", "PREFERENCES": "WINDOW"}
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if region.type == shown.get(area.type):
                    region.tag_redraw()
