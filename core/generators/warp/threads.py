# SPDX-License-Identifier: GPL-3.0-or-later
"""Two threads beside the caller's: compiled loops and OpenCV leave Python free."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

THREADS = ThreadPoolExecutor(2, "warp")
