# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warp generator makes of a clip's frames, stored with the clip: the hybrid generator learns to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from ..generators.few_shot.references import WARPS, References
from .clips import Clip, write_warps
from .pool import in_order

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import OnEvent
    from .shards import Shards

_MOST_KNOWN = 8  # pictures of a person that frames are made from: as many as an episode of the paper's has


def add_warps(shards: Shards, on_event: OnEvent) -> None:
    """Warp the frames of every clip that has no warps yet. Raises BadInputError."""
    names = [(person, name) for person in shards.people() for name in shards.clips(person)]
    wanted: dict[str, Path] = {}
    for person, name in names:
        clip = shards.clip(person, name)  # not kept: a clip holds its pictures
        if not clip.has_warps and len(clip) > 1:
            wanted[f"{person}/{name}"] = clip.path
    warped = in_order(_warp_clip, [(path, crc32(told.encode())) for told, path in wanted.items()])
    for done, (told, _) in enumerate(zip(wanted, warped, strict=True), 1):
        on_event({"event": "stage", "stage": "warp", "message": f"Warped {told} ({done} of {len(wanted)})"})


def _warp_clip(path: Path, seed: int) -> None:
    """Every frame from one to _MOST_KNOWN others: few and many pictures of a person are learned from alike."""
    clip = Clip(path)
    random = np.random.default_rng(seed)
    known = random.permutation(len(clip))[:_MOST_KNOWN]
    references = References([clip.picture(frame) for frame in known], clip.landmarks[known])
    numbers = np.empty((len(clip), WARPS), np.int64)
    pictures: list[NDArray[np.uint8]] = []
    confidences: list[NDArray[np.uint8]] = []
    for frame in range(len(clip)):
        offered = random.permutation(np.flatnonzero(known != frame))
        main, *others = offered[: random.integers(1, len(offered) + 1)].tolist()
        warps = references.warps(references.target(main, clip.landmarks[frame]), main, others)
        numbers[frame] = [known[warp.reference] for warp in warps]
        pictures += [warp.picture for warp in warps]
        confidences += [np.rint(255 * warp.confidence).astype(np.uint8) for warp in warps]
    write_warps(clip.path, numbers, pictures, confidences)
