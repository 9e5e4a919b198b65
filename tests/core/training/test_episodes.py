# SPDX-License-Identifier: GPL-3.0-or-later
"""Episodes: what is in them, and that their numbers decide it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.data.shards import Shards
from core.errors import BadInputError

torch = pytest.importorskip("torch", reason="training needs core/requirements-torch.txt")
from core.training.config import EpisodePlan  # noqa: E402 - needs torch
from core.training.episodes import EpisodeReader, read_episodes  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.training.episodes import Episodes

PLAN = EpisodePlan(references=3, warps=2, batch=2, recolouring=0)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def reader(shards: Path) -> EpisodeReader:
    return EpisodeReader(Shards(shards), "train", PLAN, seed=1)


def _are_same(some: Episodes, others: Episodes) -> bool:
    return all(torch.equal(*pair) for pair in zip(some, others, strict=True))


def _find(picture: torch.Tensor, clip: list[np.ndarray]) -> int:
    """Which frame of a clip a picture (3, S, S) is."""
    (found,) = [number for number, frame in enumerate(clip) if np.array_equal(picture.permute(1, 2, 0), frame)]
    return found


def test_the_number_decides_what_is_in_it(reader: EpisodeReader, shards: Path) -> None:
    again = EpisodeReader(Shards(shards), "train", PLAN, seed=1)
    assert _are_same(reader[7], again[7])
    assert not _are_same(reader[7], reader[8])
    assert not _are_same(reader[7], EpisodeReader(Shards(shards), "train", PLAN, seed=2)[7])


def test_workers_change_nothing(reader: EpisodeReader) -> None:
    numbers = [[4, 5], [6, 7]]
    alone, helped = (list(read_episodes(reader, numbers, CPU, workers)) for workers in (0, 2))
    assert all(_are_same(*pair) for pair in zip(alone, helped, strict=True))


def test_the_target_is_none_of_the_references(reader: EpisodeReader, shards: Path) -> None:
    columns = set[int]()
    for number in range(12):
        episode = reader[number]
        column = int(episode.columns)
        columns.add(column)
        clip = Shards(shards).clip(*reader.clips[column])
        frames = [clip.picture(frame) for frame in range(len(clip))]
        target = _find(episode.truth[0], frames)
        references = [_find(picture, frames) for picture in episode.references[0]]
        assert len({target, *references}) == 1 + PLAN.references
        warped = [_find(picture, [clip.warp(target, warp) for warp in range(2)]) for picture in episode.warps[0]]
        seen_in = clip.warp_references[target, warped].tolist()
        assert references[: len(seen_in)] == seen_in, "the frames that the warps were made from are known first"
        assert np.array_equal(episode.lines[0].permute(1, 2, 0), clip.landmark_picture(target))
        assert np.array_equal(episode.confidences[0, 0, 0], clip.confidence(target, warped[0]))
    assert columns == {0, 1, 2}


def test_a_step_has_equally_many_warps_and_steps_differ(reader: EpisodeReader) -> None:
    counts = [[reader[number].warps.shape[1] for number in (2 * step, 2 * step + 1)] for step in range(12)]
    assert all(one == other for one, other in counts)
    assert {one for one, _ in counts} == {1, 2}


def test_pictures_reach_from_minus_one_to_one(reader: EpisodeReader) -> None:
    (episodes,) = read_episodes(reader, [[0, 1]], CPU)
    assert episodes.references.shape == (2, 3, 3, 64, 64)
    assert episodes.truth.dtype == torch.float32
    assert episodes.lines.amin() == -1
    assert episodes.references.abs().amax() <= 1
    assert 0 < episodes.confidences.amin() <= episodes.confidences.amax() <= 1
    assert episodes.inputs.warps is episodes.warps


def test_all_pictures_of_an_episode_change_their_colours_alike(reader: EpisodeReader, shards: Path) -> None:
    plan = replace(PLAN, recolouring=0.3)
    recoloured = EpisodeReader(Shards(shards), "train", plan, seed=1)
    greys = 0
    for number in range(16):
        plain, other = reader[number], recoloured[number]
        assert torch.equal(plain.lines, other.lines)
        if (other.truth[:, 0] == other.truth[:, 2]).all():
            greys += 1
            continue
        for channel in range(3):
            before, after = (
                torch.cat([each.truth[:, channel].flatten(), each.references[:, :, channel].flatten()])
                for each in (plain, other)
            )
            pairs = torch.stack([before, after]).unique(dim=1)
            assert pairs.shape[1] == len(before.unique()), "a level becomes the same one everywhere"
            assert not torch.equal(before, after)
    assert 0 < greys < 8
    held_out, known = (EpisodeReader(Shards(shards), "held_out", each, seed=1)[0] for each in (PLAN, plan))
    assert _are_same(held_out, known)


def test_who_is_held_out_is_measured_in_turn_with_all_warps(make_shards: Callable[..., Path]) -> None:
    shards = Shards(make_shards(people=1, held_out=3))
    reader = EpisodeReader(shards, "held_out", PLAN, seed=1)
    assert [int(reader[number].columns) for number in range(6)] == [0, 1, 2, 0, 1, 2]
    assert all(reader[number].warps.shape[1] == 2 for number in range(6))


def test_the_paper_s_network_needs_no_warps(make_shards: Callable[..., Path]) -> None:
    shards = Shards(make_shards(warps=0))
    (episodes,) = read_episodes(EpisodeReader(shards, "train", EpisodePlan(8, 0, 2, 0), seed=1), [[0, 1]], CPU)
    assert episodes.references.shape[1] == 8, "of a short clip frames are seen twice"
    assert episodes.inputs.warps is None


def test_missing_warps_are_told(make_shards: Callable[..., Path]) -> None:
    reader = EpisodeReader(Shards(make_shards(warps=1)), "train", PLAN, seed=1)
    with pytest.raises(BadInputError, match=r"clip\.npz: has 1 warps a frame; 2 are asked for"):
        reader[0]
