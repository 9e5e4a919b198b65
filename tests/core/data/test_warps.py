# SPDX-License-Identifier: GPL-3.0-or-later
"""Warps that are stored with clips."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from core.__main__ import main
from core.data.clips import NewClip
from core.data.shards import Shards
from core.data.warps import add_warps

if TYPE_CHECKING:
    from pathlib import Path

Crops = tuple[np.ndarray, np.ndarray]


def _shards(folder: Path, crops: Crops) -> Shards:
    shards = Shards.create(folder, 128)
    shards.add("her", "train", "clip", {}, lambda: NewClip(list(crops[0]), crops[1], Fraction(25), {}))
    shards.save()
    return shards


def test_every_frame_is_warped_from_others_that_come_near_it(head_crops: Crops, tmp_path: Path) -> None:
    shards, told = _shards(tmp_path, head_crops), []
    add_warps(shards, told.append)
    clip = shards.clip("her", "clip")
    assert clip.warp_references.shape == (len(clip), 3)
    assert (clip.warp_references != np.arange(len(clip))[:, None]).all()
    for frame in range(len(clip)):
        own = clip.picture(frame).astype(int)
        warp, reference = clip.warp(frame, 0), clip.picture(int(clip.warp_references[frame, 0]))
        assert np.abs(warp - own).mean() < 0.8 * np.abs(reference - own).mean()
        assert clip.confidence(frame, 0).mean() > 100
    assert told[-1]["event"] == "stage"


def test_what_is_there_is_not_made_again_and_always_the_same_is_made(head_crops: Crops, tmp_path: Path) -> None:
    one, other = (_shards(tmp_path / name, head_crops) for name in ("one", "other"))
    for shards in (one, other):
        add_warps(shards, lambda _event: None)
    files = [shards.clip("her", "clip").path for shards in (one, other)]
    assert files[0].read_bytes() == files[1].read_bytes()
    written = files[0].stat().st_mtime_ns
    add_warps(one, lambda _event: None)
    assert files[0].stat().st_mtime_ns == written


def test_the_command_adds_them(head_crops: Crops, tmp_path: Path) -> None:
    assert main(["data", "warp", str(tmp_path)]) == 2  # there are no shards
    shards = _shards(tmp_path, (head_crops[0][:2], head_crops[1][:2]))
    assert main(["data", "warp", str(tmp_path)]) == 0
    assert shards.clip("her", "clip").has_warps
