# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of somebody -> a person file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..files import check_file_writable
from ..generators.few_shot.checkpoint import load_checkpoint
from ..generators.few_shot.person import save_person
from ..media.pictures import write_png
from .pictures_of_person import read_pictures
from .tune import TunePlan, tune

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..events import Event, OnEvent


def learn_person(
    pictures: Sequence[Path], output: Path, on_event: OnEvent, checkpoint: Path | None = None, *, minutes: float = 4.0
) -> None:
    """Learn a person and write the file; a preview beside it shows held-out pictures as they get better.

    `checkpoint`: trained networks to start from, by default those that ship. Raises BadInputError.
    """
    start = load_checkpoint(checkpoint)
    check_file_writable(output)
    known = read_pictures(pictures, start.networks.plan.size, on_event)
    preview = output.with_suffix(".preview.png")

    def tell(event: Event) -> None:
        pixels = event.pop("preview", None)
        if pixels is not None:
            write_png(preview, pixels, {})
            event["path"] = str(preview)
        on_event(event)

    person = tune(known, start, tell, TunePlan(seconds=60 * minutes))
    save_person(output, person)
    on_event({"event": "done", "frames": None, "output": str(output)})
