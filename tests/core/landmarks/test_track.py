# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmark tracks: files of them, what is refused, and reading them at another rate."""

from __future__ import annotations

import io
import json
import os
import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.track import LandmarkTrack, at_size, load_track, save_track, track_from_mapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMES = 4


@pytest.fixture
def track() -> LandmarkTrack:
    random = np.random.default_rng(5)
    return LandmarkTrack(
        random.uniform(0, 500, (FRAMES, 68, 2)).astype(np.float32),
        random.uniform(0, 1, (FRAMES, 68)).astype(np.float32),
        Fraction(30000, 1001),
        (640, 480),
        random.uniform(0, 500, (FRAMES, 2, 2)).astype(np.float32),
    )


@pytest.fixture
def mapping(track: LandmarkTrack) -> dict[str, Any]:
    return {"landmarks": track.landmarks, "confidence": track.confidence, "fps": [25, 1], "size": [640, 480]}


@pytest.mark.parametrize("ending", ["npz", "json"])
@pytest.mark.parametrize("with_iris", [True, False])
def test_files_give_back_the_very_same_numbers(
    track: LandmarkTrack, tmp_path: Path, ending: str, *, with_iris: bool
) -> None:
    path = tmp_path / f"deep folder é/track.{ending}"
    if not with_iris:
        track = replace(track, iris=None)
    save_track(path, track)
    again = load_track(path)
    assert again.landmarks.dtype == np.float32
    assert (again.landmarks == track.landmarks).all()
    assert (again.confidence == track.confidence).all()
    assert (again.fps, again.size, again.frames) == (Fraction(30000, 1001), (640, 480), FRAMES)
    if with_iris:
        assert again.iris is not None
        assert (again.iris == track.iris).all()
    else:
        assert again.iris is None
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_files_are_as_documented(track: LandmarkTrack, tmp_path: Path) -> None:
    save_track(tmp_path / "track.npz", track)
    with np.load(tmp_path / "track.npz", allow_pickle=False) as arrays:
        kinds = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    assert kinds == {
        "landmarks": ("float32", (FRAMES, 68, 2)),
        "confidence": ("float32", (FRAMES, 68)),
        "fps": ("int64", (2,)),
        "size": ("int64", (2,)),
        "iris": ("float32", (FRAMES, 2, 2)),
    }
    save_track(tmp_path / "track.json", track)
    lists = json.loads((tmp_path / "track.json").read_text())
    assert lists["fps"] == [30000, 1001]
    assert lists["landmarks"] == track.landmarks.tolist()


def test_the_same_track_gives_the_same_bytes(track: LandmarkTrack, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_track(tmp_path / name, track)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def _with_bad_number(shape: tuple[int, ...], value: float) -> NDArray[np.float32]:
    values = np.zeros(shape, np.float32)
    values[2].flat[0] = value
    return values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"landmarks": np.zeros((FRAMES, 67, 2))}, r"landmarks has the shape \(4, 67, 2\); \('frames', 68, 2\)"),
        ({"landmarks": np.zeros((FRAMES, 68, 3))}, "landmarks has the shape"),
        ({"landmarks": np.zeros((68, 2))}, "landmarks has the shape"),
        ({"landmarks": 3.0}, "landmarks has the shape"),
        ({"confidence": np.zeros((FRAMES - 1, 68))}, "confidence has the shape"),
        ({"confidence": np.zeros(FRAMES)}, "confidence has the shape"),
        ({"iris": np.zeros((FRAMES, 2))}, "iris has the shape"),
        ({"landmarks": np.zeros((0, 68, 2)), "confidence": np.zeros((0, 68))}, "no frames"),
        ({"landmarks": _with_bad_number((FRAMES, 68, 2), np.nan)}, "landmarks is not a number in frame 2"),
        ({"landmarks": _with_bad_number((FRAMES, 68, 2), np.inf)}, "landmarks is not a number in frame 2"),
        ({"confidence": _with_bad_number((FRAMES, 68), np.nan)}, "confidence is not a number in frame 2"),
        ({"iris": _with_bad_number((FRAMES, 2, 2), np.nan)}, "iris is not a number in frame 2"),
        ({"landmarks": [[["a", "b"]] * 68] * FRAMES}, "not a number"),
        ({"landmarks": [[[10**400, 0]] * 68] * FRAMES}, "not a number"),
        ({"landmarks": [[[1, 2]] * 68, [[1, 2]] * 67]}, "not a number"),
        ({"fps": [0, 1]}, r"fps must be two whole numbers above 0, \[25, 1\]; it is \[0, 1\]"),
        ({"fps": [25, 0]}, "fps must be"),
        ({"fps": [-25, -1]}, "fps must be"),
        ({"fps": [29.97, 1]}, "fps must be"),
        ({"fps": 25}, "fps must be"),
        ({"fps": [10**30, 1]}, "fps must be"),
        ({"fps": ["25", "1"]}, "fps must be"),
        ({"size": [0, 480]}, "size must be two whole numbers above 0"),
        ({"size": [640]}, "size must be"),
    ],
)
def test_values_that_are_no_track(mapping: dict[str, Any], change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=f"The track: .*{words}"):
        track_from_mapping({**mapping, **change}, "The track")


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_a_key_that_is_missing_is_named(mapping: dict[str, Any], tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"track.{ending}"
    del mapping["confidence"], mapping["size"]
    if ending == "json":
        path.write_text(json.dumps({**mapping, "landmarks": mapping["landmarks"].tolist()}))
    else:
        np.savez(path, **mapping)
    with pytest.raises(BadInputError, match="without confidence, size"):
        load_track(path)


class _Bomb:
    """Unpickling it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("kind", ["raw", "npy", "npz"])
@pytest.mark.parametrize("ending", ["npz", "json"])
def test_pickled_content_is_refused_and_never_run(
    mapping: dict[str, Any], tmp_path: Path, kind: str, ending: str
) -> None:
    mark, path, buffer = tmp_path / "it ran", tmp_path / f"track.{ending}", io.BytesIO()
    bomb = np.array([_Bomb(mark)], dtype=object)
    if kind == "raw":
        pickle.dump(_Bomb(mark), buffer)
    elif kind == "npy":
        np.save(buffer, bomb, allow_pickle=True)
    else:
        np.savez(buffer, **{**mapping, "landmarks": bomb})
    path.write_bytes(buffer.getvalue())
    told = "landmark track" if ending == "json" or kind == "npz" else "it is no .npz, or it is cut off"
    with pytest.raises(BadInputError, match=f"cannot be read as a .*{told}"):
        load_track(path)
    assert not mark.exists()

    buffer.seek(0)  # the bomb is a real one
    loaded: Any = pickle.load(buffer) if kind == "raw" else np.load(buffer, allow_pickle=True)  # noqa: S301
    if kind == "npz":
        assert loaded["landmarks"] is not None
    assert mark.exists()


def test_files_that_are_no_track(track: LandmarkTrack, tmp_path: Path) -> None:
    whole = tmp_path / "whole.npz"
    save_track(whole, track)
    contents = {
        "random.npz": np.random.default_rng(1).bytes(500),
        "random.json": np.random.default_rng(1).bytes(500),
        "truncated.npz": whole.read_bytes()[:-300],
        "damaged.npz": _damaged(whole.read_bytes()),
        "empty.npz": b"",
        "empty.json": b"",
        "list.json": b"[1, 2]",
        "number.json": b"1",
        "text.json": b'"landmarks"',
        "deep.json": b"[" * 100_000,
        "single.npz": _npy(track.landmarks),
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(BadInputError, match=name):
            load_track(path)
    for path in (tmp_path / "missing.npz", tmp_path, tmp_path / "with\0zero.npz"):
        with pytest.raises(BadInputError):
            load_track(path)


def _damaged(npz: bytes) -> bytes:
    """With bytes in the middle of the compressed landmarks changed."""
    return npz[:400] + bytes(byte ^ 0xFF for byte in npz[400:420]) + npz[420:]


def _npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_reading_at_the_tracks_own_rate_changes_nothing(track: LandmarkTrack) -> None:
    again = track.resample(track.fps, FRAMES)
    assert (again.landmarks == track.landmarks).all()
    assert (again.confidence == track.confidence).all()
    assert (again.iris == track.iris).all()  # pyright: ignore[reportAttributeAccessIssue]


def test_reading_at_another_rate_is_linear_in_time(track: LandmarkTrack) -> None:
    again = track.resample(2 * track.fps, 2 * FRAMES)
    assert again.fps == Fraction(60000, 1001)
    assert again.frames == 2 * FRAMES
    assert (again.landmarks[::2] == track.landmarks).all()
    middle = (track.landmarks[:-1] + track.landmarks[1:]) / 2
    np.testing.assert_allclose(again.landmarks[1:-1:2], middle, rtol=1e-6)


def test_reading_from_a_time_on_and_beyond_the_ends(track: LandmarkTrack) -> None:
    later = track.resample(track.fps, FRAMES, 2 / track.fps)
    assert (later.landmarks == track.landmarks[[2, 3, 3, 3]]).all()
    sooner = track.resample(track.fps, FRAMES, -2 / track.fps)
    assert (sooner.landmarks == track.landmarks[[0, 0, 0, 1]]).all()


def test_exact_rates_do_not_drift(track: LandmarkTrack) -> None:
    hour = replace(track, landmarks=np.arange(108_000, dtype=np.float32)[:, None, None] * np.ones((1, 68, 2), "f"))
    last = hour.resample(track.fps, 1, 107_999 / track.fps)
    assert last.landmarks[0, 0, 0] == 107_999


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)])
@pytest.mark.parametrize("timeline", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_ten_minutes_end_on_the_right_frame(track: LandmarkTrack, rate: Fraction, timeline: Fraction) -> None:
    frames = round(600 * rate)
    numbers = np.arange(frames, dtype=np.float32)[:, None, None] * np.ones((1, 68, 2), np.float32)
    long = replace(track, landmarks=numbers, confidence=numbers[..., 0], fps=rate, iris=None)
    asked = round(frames / rate * timeline)
    last = long.resample(timeline, asked).landmarks[-1, 0, 0]
    assert last == pytest.approx(min(float((asked - 1) / timeline * rate), frames - 1), abs=0.01)


def test_frames_in_which_nothing_is_found(track: LandmarkTrack) -> None:
    confidence = np.zeros((6, 68), np.float32)
    confidence[[1, 4]] = 0.5
    landmarks = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 68, 2), np.float32)
    gaps = replace(track, landmarks=landmarks, confidence=confidence, iris=landmarks[:, :2])
    assert gaps.unseen() == [(0, 0), (2, 3), (5, 5)]
    held = gaps.holding()
    assert held.landmarks[:, 0, 0].tolist() == [1, 1, 1, 1, 4, 4]
    assert held.iris is not None
    assert held.iris[:, 0, 0].tolist() == [1, 1, 1, 1, 4, 4]
    assert held.unseen() == gaps.unseen()
    assert replace(gaps, confidence=confidence + 1).unseen() == []


def test_a_track_of_a_smaller_copy_is_enlarged_with_its_irises(track: LandmarkTrack) -> None:
    whole = at_size(replace(track, iris=track.landmarks[:, 36:38]), (1280, 960), Path("t.npz"))
    assert whole.size == (1280, 960)
    np.testing.assert_allclose(whole.landmarks, 2 * track.landmarks + 0.5, rtol=1e-6)
    np.testing.assert_array_equal(whole.iris, whole.landmarks[:, 36:38])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("fps", "frames"), [(Fraction(0), 3), (Fraction(-25), 3), (Fraction(25), 0)])
def test_no_time_or_no_frames_cannot_be_read(track: LandmarkTrack, fps: Fraction, frames: int) -> None:
    with pytest.raises(BadInputError):
        track.resample(fps, frames)
