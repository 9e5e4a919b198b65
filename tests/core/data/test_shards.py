# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards: what is written is read again, and what is no shard is told."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.data.clips import Clip, NewClip, write_clip, write_warps
from core.data.shards import Shards
from core.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SIZE = 32


def _pictures(count: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Smooth ones, that JPEG keeps."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    return [cv2.resize(each, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for each in small]


def _clip(frames: int = 3, seed: int = 0) -> NewClip:
    landmarks = np.random.default_rng(seed).uniform(0, SIZE, (frames, 68, 2)).astype(np.float32)
    return NewClip(_pictures(frames, seed), landmarks, Fraction(30000, 1001), {"seed": seed})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "people" / "ann" / "a.npz"
    write_clip(written, _clip())
    return written


def test_a_clip_comes_back(path: Path) -> None:
    clip, wanted = Clip(path), _clip()
    assert len(clip) == 3
    assert clip.fps == Fraction(30000, 1001)
    assert clip.source == {"seed": 0}
    assert not clip.has_warps
    assert clip.warp_references.shape == (3, 0)
    assert clip.landmark_picture(1).shape == (SIZE, SIZE, 3)
    assert clip.landmark_picture(1).any()
    np.testing.assert_array_equal(clip.landmarks, wanted.landmarks)
    for frame, picture in enumerate(wanted.pictures):
        assert np.abs(clip.picture(frame).astype(int) - picture).mean() < 3  # and so red is red


def test_the_same_clip_is_the_same_file(path: Path) -> None:
    first = path.read_bytes()
    write_clip(path, _clip())
    assert path.read_bytes() == first


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_is_told_and_nothing_else(tmp_path: Path, full_disk: Callable[[Path], None]) -> None:
    full_disk(tmp_path / "a.npz")
    with pytest.raises(BadInputError, match=r"The disk is full: a\.npz cannot be written to"):
        write_clip(tmp_path / "a.npz", _clip())
    assert not [*tmp_path.iterdir()]


def test_warps_are_added_and_replaced(path: Path) -> None:
    before = Clip(path).picture(1)
    for seed in (5, 6):
        warps, masks = _pictures(6, seed), [each[..., 0] for each in _pictures(6, seed + 10)]
        references = np.array([[0, 1], [0, 2], [1, 2]])
        write_warps(path, references, warps, masks)
        clip = Clip(path)
        assert clip.has_warps
        np.testing.assert_array_equal(clip.warp_references, references)
        np.testing.assert_array_equal(clip.picture(1), before)
        assert np.abs(clip.warp(1, 1).astype(int) - warps[3]).mean() < 3
        assert clip.confidence(2, 0).shape == (SIZE, SIZE)
        assert np.abs(clip.confidence(2, 0).astype(int) - masks[4]).mean() < 3


def test_what_is_no_clip_is_told(path: Path) -> None:
    data = path.read_bytes()
    with pytest.raises(BadInputError, match="no such clip"):
        Clip(path.with_name("other.npz"))
    foreign = path.with_name("foreign.npz")
    packed_otherwise = bytearray(data)
    packed_otherwise[data.index(b"PK\x01\x02") + 10] = 99  # the first array's method
    for content in (
        *(data[: len(data) // 2], data[:-30], b"", b"\x89PNG", pickle.dumps({"version": 1})),
        packed_otherwise,
    ):
        foreign.write_bytes(content)
        with pytest.raises(BadInputError, match=r"foreign\.npz: is no clip"):
            Clip(foreign)
    np.savez(foreign, version=np.int64(1), pictures=np.zeros(3, np.uint8))
    with pytest.raises(BadInputError, match="is no clip"):
        Clip(foreign)


def test_pickled_arrays_are_not_opened(path: Path) -> None:
    np.savez(path, version=np.array([{"a": 1}], object))
    with pytest.raises(BadInputError, match="is no clip"):
        Clip(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("landmarks", np.full((3, 68, 2), np.nan, np.float32)),
        ("landmarks", np.zeros((2, 68, 2), np.float32)),
        ("picture_ends", np.array([5, 3, 9])),
        ("picture_ends", np.zeros(0, np.int64)),
        ("fps", np.array([25, 0])),
        ("source", np.frombuffer(b"{", np.uint8)),
    ],
)
def test_wrong_arrays_are_told(path: Path, name: str, value: NDArray[np.generic]) -> None:
    with np.load(path) as arrays:
        found = dict(arrays)
    np.savez(path, **(found | {name: value}))
    with pytest.raises(BadInputError, match="is no clip"):
        Clip(path)


def test_other_versions_are_told(path: Path, tmp_path: Path) -> None:
    with np.load(path) as arrays:
        found = dict(arrays)
    np.savez(path, **(found | {"version": np.int64(2)}))
    with pytest.raises(BadInputError, match="has version 2; this program reads version 1"):
        Clip(path)
    (tmp_path / "shards.json").write_text(json.dumps({"version": 7}))
    with pytest.raises(BadInputError, match="has version 7"):
        Shards(tmp_path)


def test_shards_are_gone_on_with(tmp_path: Path) -> None:
    made: list[int] = []

    def make(seed: int) -> NewClip:
        made.append(seed)
        return _clip(seed=seed)

    for _ in range(2):
        shards = Shards.create(tmp_path, SIZE)
        for seed, person in enumerate(["bo", "ann"]):
            shards.add(person, "train" if seed else "held_out", "a", {"seed": seed}, lambda seed=seed: make(seed))
        shards.drop("bad.mp4", "no face")
        shards.save()
    assert made == [0, 1]  # nothing twice
    shards = Shards(tmp_path)
    assert shards.people() == ["ann", "bo"]
    assert shards.people("held_out") == ["bo"]
    assert shards.split("ann") == "train"
    assert shards.clips("ann") == ["a"]
    assert shards.clip("bo", "a").source == {"seed": 0}
    assert shards.report == {"kept": 2, "dropped": [{"file": "bad.mp4", "why": "no face"}]}

    path = tmp_path / "people" / "ann" / "a.npz"
    path.write_bytes(path.read_bytes()[:-100])  # as a computer that was switched off leaves it
    assert shards.add("ann", "train", "a", {"seed": 1}, lambda: make(1))
    assert shards.add("bo", "held_out", "a", {"seed": 8}, lambda: make(8))  # another source is another clip
    assert made == [0, 1, 1, 8]


def test_what_are_no_shards_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds no shards"):
        Shards(tmp_path)
    index = tmp_path / "shards.json"
    good = {"version": 1, "size": 32, "people": {}, "report": {"kept": 0, "dropped": []}}
    climbing = {"../../x": {"split": "train", "clips": []}}
    wrong_split = {"ann": {"split": "test", "clips": []}}
    for content in (
        "",
        "[]",
        "{}",
        '{"version": 1}',
        *(json.dumps(good | {"people": p}) for p in (climbing, wrong_split)),
    ):
        index.write_text(content)
        with pytest.raises(BadInputError, match=r"shards\.json: is no index of shards"):
            Shards(tmp_path)
    index.write_text(json.dumps(good))
    with pytest.raises(BadInputError, match="32 pixels; 256 are asked for"):
        Shards.create(tmp_path)
