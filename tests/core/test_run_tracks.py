# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs whose landmarks or whose motion come from a landmark track."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.track import LandmarkTrack, save_track
from core.media.pictures import read_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Run = Callable[..., list[Event]]
    Files = Callable[[Path], list[str]]


def _track(
    points: NDArray[np.float32], fps: Fraction = Fraction(25), size: tuple[int, int] = (256, 256)
) -> LandmarkTrack:
    points = points.reshape(-1, 68, 2)
    return LandmarkTrack(points, np.ones(points.shape[:2], np.float32), fps, size)


@pytest.fixture
def landmarks_of(job: MakeJob, tmp_path: Path) -> Callable[[LandmarkTrack], Event]:
    """A job that takes the portrait's landmarks from a file."""

    def make(track: LandmarkTrack) -> Event:
        save_track(tmp_path / "landmarks.npz", track)
        data = job(2, headYaw=10)
        del data["portrait"]["landmarks"]
        data["portrait"]["landmarks_path"] = str(tmp_path / "landmarks.npz")
        return data

    return make


def test_landmarks_from_a_file(
    landmarks_of: Callable[[LandmarkTrack], Event],
    job: MakeJob,
    landmarks: NDArray[np.float32],
    tmp_path: Path,
    run: Run,
) -> None:
    run(landmarks_of(_track(landmarks)))
    given = (tmp_path / "out" / "frame_000002.png").read_bytes()
    run(job(2, headYaw=10))
    assert (tmp_path / "out" / "frame_000002.png").read_bytes() == given


def test_landmarks_from_a_smaller_copy_are_enlarged(
    landmarks_of: Callable[[LandmarkTrack], Event],
    job: MakeJob,
    landmarks: NDArray[np.float32],
    tmp_path: Path,
    run: Run,
) -> None:
    run(landmarks_of(_track((landmarks + 0.5) / 2 - 0.5, size=(128, 128))))
    enlarged = read_picture(tmp_path / "out" / "frame_000002.png").astype(int)
    run(job(2, headYaw=10))
    assert np.abs(enlarged - read_picture(tmp_path / "out" / "frame_000002.png")).max() <= 2


def test_landmarks_of_a_picture_of_another_shape(
    landmarks_of: Callable[[LandmarkTrack], Event], landmarks: NDArray[np.float32], run: Run
) -> None:
    with pytest.raises(BadInputError, match=r"landmarks\.npz: .* 256 x 200 pixels; .*\(256 x 256\)"):
        run(landmarks_of(_track(landmarks, size=(256, 200))))


@pytest.fixture
def tracked(job: MakeJob, tmp_path: Path) -> Callable[..., Event]:
    """tracked(track, motion="absolute"): a job that a landmark track drives."""

    def make(track: LandmarkTrack, ending: str = "npz", **options: object) -> Event:
        save_track(tmp_path / f"track.{ending}", track)
        return {**job(1), "driver": {"performance_path": str(tmp_path / f"track.{ending}"), **options}}

    return make


@pytest.fixture
def opening(landmarks: NDArray[np.float32]) -> LandmarkTrack:
    """Four frames in which chin and lower lip go down by up to 9 pixels."""
    moved = np.stack([landmarks] * 4)
    for number in range(4):
        moved[number, [6, 7, 8, 9, 10, 55, 56, 57, 58, 59, 65, 66, 67], 1] += 3 * number
    return _track(moved, Fraction(30000, 1001))


@pytest.mark.parametrize("ending", ["npz", "json"])
@pytest.mark.parametrize("motion", ["relative", "absolute"])
def test_a_track_drives_the_portrait(
    tracked: Callable[..., Event],
    opening: LandmarkTrack,
    tmp_path: Path,
    pixels: NDArray[np.uint8],
    ending: str,
    motion: str,
    run: Run,
    files: Files,
) -> None:
    events = run(tracked(opening, ending, motion=motion))
    assert events[-1] == {"event": "done", "frames": 4, "output": str(tmp_path / "out")}
    frames = [read_picture(tmp_path / "out" / name) for name in files(tmp_path / "out")]
    assert (frames[0] == pixels).all()
    changed = [float(np.abs(frame.astype(int) - pixels).mean()) for frame in frames]
    assert changed == sorted(changed)
    assert changed[-1] > 0.3


def test_both_forms_of_a_track_give_the_same_bytes(
    tracked: Callable[..., Event], opening: LandmarkTrack, tmp_path: Path, run: Run
) -> None:
    written: list[bytes] = []
    for ending in ("npz", "json"):
        run(tracked(opening, ending))
        written.append((tmp_path / "out" / "frame_000004.png").read_bytes())
    assert written[0] == written[1]


def test_a_track_is_read_at_the_rate_and_time_asked_for(
    tracked: Callable[..., Event], opening: LandmarkTrack, tmp_path: Path, run: Run, files: Files
) -> None:
    run(tracked(opening))
    whole = [(tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")]
    data = tracked(opening, fps=[15000, 1001], start=[1001, 30000])
    run({**data, "output": str(tmp_path / "half")})
    half = [(tmp_path / "half" / name).read_bytes() for name in files(tmp_path / "half")]
    assert half == [whole[1], whole[3]]
    run({**tracked(opening, frames=6), "output": str(tmp_path / "held")})
    assert files(tmp_path / "held")[-1] == "frame_000006.png"
    assert (tmp_path / "held" / "frame_000006.png").read_bytes() == whole[3]


@pytest.mark.parametrize("frame", [4, -1])
def test_a_neutral_frame_that_does_not_exist(
    tracked: Callable[..., Event], opening: LandmarkTrack, frame: int, run: Run
) -> None:
    with pytest.raises(BadInputError, match=f"neutral frame {frame} does not exist; the track has frames 0-3"):
        run(tracked(opening, neutral_frame=frame))


def test_a_track_of_another_size_is_told_where_its_points_are_wanted_as_they_stand(
    tracked: Callable[..., Event], opening: LandmarkTrack, run: Run
) -> None:
    other = LandmarkTrack(opening.landmarks, opening.confidence, opening.fps, (640, 480))
    told = [event["message"] for event in run(tracked(other, motion="absolute")) if event["event"] == "warning"]
    assert len(told) == 1
    assert "640 x 480" in told[0]
    assert "256 x 256" in told[0]
    assert not [event for event in run(tracked(other)) if event["event"] == "warning"]


@pytest.mark.parametrize("motion", ["relative", "absolute"])
def test_a_track_whose_points_make_no_face(
    tracked: Callable[..., Event], opening: LandmarkTrack, motion: str, run: Run
) -> None:
    """One place in one frame, or a track in shares of the picture instead of pixels."""
    opening.landmarks[2] = 7
    with pytest.raises(BadInputError, match=r"track\.npz: the points of frame 2 .* must be pixels"):
        run(tracked(opening, motion=motion))
    shares = LandmarkTrack(opening.landmarks / 256, opening.confidence, opening.fps, opening.size)
    with pytest.raises(BadInputError, match="the points of frame 0"):
        run(tracked(shares, motion=motion))


def test_a_track_that_is_no_track(job: MakeJob, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "bad.json"
    path.write_text(
        json.dumps({"landmarks": [[[0, 0]] * 67], "confidence": [[1] * 68], "fps": [25, 1], "size": [9, 9]})
    )
    with pytest.raises(BadInputError, match=r"bad\.json: landmarks has the shape"):
        run({**job(1), "driver": {"performance_path": str(path)}})
