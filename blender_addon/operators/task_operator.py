# SPDX-License-Identifier: GPL-3.0-or-later
"""What all operators share that run a task: a timer and ESC in the window, a plain wait in scripts."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import bpy

from ...core.errors import GiocondaError
from .. import portraits, strips
from ..session import redraw, session

if TYPE_CHECKING:
    from ..client import Task
    from ..session import Outcome, Subject

TIMER_SECONDS = 0.1
TOLD_SECONDS = 1.0  # between lines on the console


class TaskOperator:
    """Mixin: `begin` starts the task. invoke is asynchronous; execute, which background mode always gets, blocks."""

    def begin(self, context: bpy.types.Context) -> None:
        """Start a task by session.start (GiocondaError: why it cannot)."""
        raise NotImplementedError

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """One task at a time."""
        if session.current:
            cls.poll_message_set(f"{session.current.task.title}: wait for it or cancel it")
        return session.current is None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start, and let a timer look after it while Blender stays usable."""
        if not self._try_to_begin(context):
            return {"CANCELLED"}
        self._shown: object = None
        manager = context.window_manager
        # Windows such as the preferences' may be closed meanwhile.
        window = (context.screen.is_temporary and context.window.parent) or context.window
        with context.temp_override(window=window):
            self._timer = manager.event_timer_add(TIMER_SECONDS, window=window)
            manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what happened; everything but ESC goes on to Blender."""
        # While the animation plays, ESC means that.
        if event.type == "ESC" and event.value == "PRESS" and not context.screen.is_animation_playing:
            session.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        outcome = session.poll_once()
        if outcome is None and session.current is not None:
            self._show(context, session.current.task)
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._report(outcome) if outcome else {"CANCELLED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """The window was closed or another file opened."""
        session.abort()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start and wait until it is done."""
        if not self._try_to_begin(context):
            return {"CANCELLED"}
        manager = context.window_manager
        manager.progress_begin(0, 1000)
        try:
            return self._report(self._wait(manager))
        finally:
            session.abort()  # where the wait was interrupted
            manager.progress_end()

    def _wait(self, manager: bpy.types.WindowManager) -> Outcome:
        told, tell_at = "", 0.0
        while (outcome := session.poll_once()) is None:
            task = session.current.task
            manager.progress_update(int(1000 * (task.factor or 0)))
            if bpy.app.background and task.message != told and time.monotonic() > tell_at:
                told, tell_at = task.message, time.monotonic() + TOLD_SECONDS
                print(f"Gioconda: {told}", flush=True)  # noqa: T201 a script's user sees nothing else
            time.sleep(0.005)
        return outcome

    def _try_to_begin(self, context: bpy.types.Context) -> bool:
        if session.is_rendering():
            self.report({"ERROR"}, "Blender is rendering: try again when it is done.")
            return False
        session.about = self._subject(context)
        try:
            self.begin(context)
        except GiocondaError as error:
            self.report({"ERROR"}, session.refuse(error).message)
            return False
        return True

    def _subject(self, context: bpy.types.Context) -> Subject | None:
        """The strip that the operator is for, which gets its id here; those of the worker have no `strip_name`."""
        name = getattr(self, "strip_name", None)
        if name is None:
            return None
        scene = strips.edited_scene(context)
        with suppress(GiocondaError):  # no portrait: `begin` says why
            portraits.prepare(scene, portraits.portrait_strip(scene, name))
        return portraits.subject(scene, name)

    def _report(self, outcome: Outcome) -> set[str]:
        for warning in outcome.warnings:
            self.report({"WARNING"}, warning)
        self.report({"ERROR"} if outcome.state == "failed" else {"INFO"}, outcome.message)
        return {"FINISHED"} if outcome.state == "done" else {"CANCELLED"}

    def _show(self, context: bpy.types.Context, task: Task) -> None:
        """Show how far the task is, where that has changed: drawing takes time from the worker."""
        if self._shown != (shown := (task.message, task.factor)):
            self._shown = shown
            context.workspace.status_text_set(f"{task.message} (ESC cancels)")
            redraw()

    def _leave(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.workspace.status_text_set(None)
        redraw()
