# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain CSV of controls: a line of names, then a line for each frame; a column `time` tells the frame rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInputError
from ..controls import CONTROLS, ControlTrack
from .table import even_frames, read_evenly

if TYPE_CHECKING:
    from fractions import Fraction

    from .table import Table

_BY_NAME = {name.lower(): name for name in CONTROLS}
_TIMES = ("time", "timestamp", "seconds")
_OTHERS = ("frame", "frames")  # they tell no rate


def read(table: Table, fps: Fraction | None) -> tuple[ControlTrack, tuple[str, ...]]:
    """The controls, and what was left out. Raises BadInputError."""
    columns = {name: _BY_NAME[name.lower()] for name in table.names if name.lower() in _BY_NAME}
    if not columns:
        raise BadInputError(
            f"{table.path}: is no capture file: no column is named after a control (headYaw, jawOpen ...), "
            "and it is not from Live Link Face or OpenFace."
        )
    time = next((name for name in table.names if name.lower() in _TIMES), None)
    at = None
    if time is not None:
        fps, at = even_frames(table.numbers([time])[:, 0], fps, table, time)
    if fps is None:
        raise BadInputError(f"{table.path}: does not tell its frame rate; add a column time (seconds), or give --fps.")
    values = read_evenly(table.numbers(list(columns)), at).astype(np.float32)
    known = {*columns, *(name for name in table.names if name.lower() in (*_TIMES, *_OTHERS)), ""}
    told = [f"{table.path.name}: column {name!r} is no control: left out." for name in table.names if name not in known]
    if at is not None:
        told.append(f"{table.path.name}: its times are not even; read as {len(at)} frames at {float(fps):g} a second.")
    return ControlTrack(fps, {name: values[:, n] for n, name in enumerate(columns.values())}), tuple(told)


def text(controls: ControlTrack) -> str:
    """The file's text; values as short as 32 bits can be told apart."""
    lines = [",".join(["time", *controls.channels])]
    for frame in range(controls.frames):
        values = (np.format_float_positional(v[frame], trim="-") for v in controls.channels.values())
        lines.append(",".join([f"{float(frame / controls.fps):.9f}", *values]))
    return "\n".join(lines) + "\n"
