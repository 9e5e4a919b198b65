# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads beside the caller's, two at least: compiled loops and OpenCV leave Python free."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

HELPERS = min(max((os.cpu_count() or 1) - 1, 2), 6)  # what comes one after the other leaves no work for more
THREADS = ThreadPoolExecutor(HELPERS, "warp")
