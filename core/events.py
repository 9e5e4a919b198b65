# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job tells while it runs, as plain dicts, and how an error becomes one.

The key `event` is one of stage, warning, faces, frame, step, done, cancelled, error, and the worker's ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import CancelledError, GiocondaError
from .packages import missing_package

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = dict[str, Any]
    OnEvent = Callable[[Event], None]


def report(action: Callable[[], None], on_event: OnEvent) -> int:
    """Run an action; what goes wrong by somebody's input, environment or wish becomes an event and an exit code."""
    try:
        action()
    except CancelledError as error:
        on_event({"event": "cancelled", "frames": error.args[0]})
        return error.exit_code
    except GiocondaError as error:
        on_event(_failure(error))
        return error.exit_code
    except ImportError as error:
        missing = missing_package(error)
        on_event(_failure(missing))
        return missing.exit_code
    return 0


def until_cancelled(on_event: OnEvent, is_cancelled: Callable[[], bool]) -> OnEvent:
    """Tell events; what tells the first one after somebody cancelled is stopped there, by CancelledError."""

    def tell(event: Event) -> None:
        if is_cancelled():
            raise CancelledError(0)
        on_event(event)

    return tell


def _failure(error: GiocondaError) -> Event:
    return {"event": "error", "kind": error.kind, "message": str(error), "package": getattr(error, "package", None)}
