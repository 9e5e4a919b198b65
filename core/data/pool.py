# SPDX-License-Identifier: GPL-3.0-or-later
"""Work for all cores: many clips, each by itself."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_Result = TypeVar("_Result")


def in_order(
    function: Callable[..., _Result], calls: Sequence[tuple[Any, ...]], *, workers: int | None = None
) -> Iterator[_Result]:
    """What a function gives for each of the calls' arguments, in their order; by default one process a core works.

    No more calls are begun ahead than keep the processes busy. What the function raises is raised here.
    """
    count = min(workers or os.cpu_count() or 1, len(calls))
    if count <= 1:
        for arguments in calls:
            yield function(*arguments)
        return
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _end_with_parent) as pool:
        running: deque[Future[_Result]] = deque()
        try:
            for arguments in calls:
                running.append(pool.submit(function, *arguments))
                if len(running) > 2 * count:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for each in running:
                each.cancel()


def _end_with_parent() -> None:
    """A process that was killed cannot end its pool: its processes would work on, and then wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - this runs in processes of the pool

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
