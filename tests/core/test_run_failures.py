# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that cannot be done or are stopped: what is told, and what stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.errors import BadInputError, CancelledError
from core.job import job_from_dict
from core.media.pictures import read_picture
from core.run import run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Run = Callable[..., list[Event]]
    Files = Callable[[Path], list[str]]


@pytest.mark.parametrize("index", [1, -1])
def test_a_face_that_does_not_exist(job: MakeJob, portrait: Path, index: int, run: Run) -> None:
    data = job(1)
    data["portrait"] = {"path": str(portrait), "face_index": index}
    with pytest.raises(BadInputError, match=f"portrait.png: face {index} does not exist; 1 face is found"):
        run(data)


def test_a_portrait_without_a_face(job: MakeJob, portrait: Path, run: Run) -> None:
    cv2.imwrite(str(portrait), np.full((64, 64, 3), 90, np.uint8))
    data = job(1)
    data["portrait"] = {"path": str(portrait)}
    with pytest.raises(BadInputError, match=r"portrait\.png: no face found"):
        run(data)


@pytest.mark.parametrize("content", [None, b"", b"no picture", bytes(range(256)) * 20])
def test_a_portrait_that_cannot_be_read(job: MakeJob, portrait: Path, content: bytes | None, run: Run) -> None:
    portrait.unlink()
    if content is not None:
        portrait.write_bytes(content)
    with pytest.raises(BadInputError, match=r"portrait\.png: (there is no such file|is not a picture)"):
        run(job(1))


def _moved(landmarks: NDArray[np.float32], x: float, y: float) -> list[list[float]]:
    return (landmarks + np.array([x, y], np.float32)).tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda points: points[:67].tolist(), r"the shape \(67, 2\)"),
        (lambda points: points.ravel().tolist(), r"the shape \(136,\)"),
        (lambda points: [["a", "b"]] * len(points), "not 68 pairs of numbers"),
        (lambda points: (points * np.nan).tolist(), "68 pairs of numbers"),
        (lambda points: [[10**400, 0]] * len(points), "not 68 pairs of numbers"),
        (lambda points: (points * 0).tolist(), "in one place"),
        (lambda points: (points * 0 + 100).tolist(), "in one place"),
        (lambda points: (points * [1, 0] + [0, 90]).tolist(), "in one place"),
        (lambda points: _moved(points, 300, 0), "outside"),
        (lambda points: _moved(points, -110, 0), "outside"),
        (lambda points: _moved(points, 0, -115), "outside"),
        (lambda points: _moved(points, 0, 125), "outside"),
    ],
)
def test_landmarks_that_are_no_face_of_the_picture(
    job: MakeJob, landmarks: NDArray[np.float32], change: Callable[[NDArray[np.float32]], Any], words: str, run: Run
) -> None:
    data = job(1, headYaw=10)
    data["portrait"]["landmarks"] = change(landmarks)
    with pytest.raises(BadInputError, match=words):
        run(data)


def test_a_found_face_whose_eyes_are_cut_off(job: MakeJob, portrait: Path, pixels: NDArray[np.uint8], run: Run) -> None:
    cv2.imwrite(str(portrait), pixels[110:, :, ::-1])  # the detector finds it all the same
    data = job(2, headYaw=10)
    data["portrait"] = {"path": str(portrait)}
    with pytest.raises(BadInputError, match=r"portrait\.png: .*eyes or mouth lie outside"):
        run(data)


@pytest.mark.parametrize("output", ["file/out", "file/deeper/out", "file", "file/movie.mp4", "folder.mp4"])
def test_outputs_that_cannot_be_made(job: MakeJob, tmp_path: Path, output: str, run: Run, files: Files) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.mp4" / "inside").mkdir(parents=True)
    with pytest.raises(BadInputError, match=r"cannot be written to .*\. Choose another output"):
        run(job(1, output=output))
    assert files(tmp_path) == ["file", "folder.mp4", "portrait.png"]
    assert files(tmp_path / "folder.mp4") == ["inside"]


@pytest.mark.parametrize("output", ["out", "movie.mp4"])
def test_a_disk_that_gets_full_in_mid_job(
    job: MakeJob, tmp_path: Path, output: str, run: Run, files: Files, full_disk: Callable[[Path], None]
) -> None:
    (tmp_path / "out").mkdir()
    full_disk(tmp_path / ("movie.mp4" if output == "movie.mp4" else "out/frame_000003.png"))
    with pytest.raises(BadInputError, match=r"The disk is full: .* cannot be written to"):
        run(job(8, output=output, headYaw=20))
    finished = files(tmp_path / "out")
    assert finished[:2] == ([] if output == "movie.mp4" else ["frame_000001.png", "frame_000002.png"])
    for name in finished:
        assert read_picture(tmp_path / "out" / name).shape == (256, 256, 3)
    assert files(tmp_path) == ["out", "portrait.png"]


def test_an_unknown_generator_and_an_unknown_detector(job: MakeJob, portrait: Path, run: Run) -> None:
    with pytest.raises(BadInputError, match="magic"):
        run({**job(1), "generator": "magic"})
    data = job(1)
    data["portrait"] = {"path": str(portrait), "detector": "eyes"}
    with pytest.raises(BadInputError, match="no detector 'eyes'; choose one of dlib, face-alignment"):
        run(data)


def test_cancelling_keeps_finished_frames(job: MakeJob, tmp_path: Path, files: Files) -> None:
    events: list[Event] = []
    data = job_from_dict(job(30, headYaw=20), Path.cwd())
    done = lambda: sum(event["event"] == "frame" for event in events)  # noqa: E731
    with pytest.raises(CancelledError) as told:
        run_job(data, events.append, lambda: done() >= 3)
    assert told.value.args == (3,)
    names = files(tmp_path / "out")
    assert {"frame_000001.png", "frame_000002.png", "frame_000003.png"} <= set(names)
    assert len(names) < 10
    for name in names:
        assert read_picture(tmp_path / "out" / name).shape == (256, 256, 3)


def test_a_cancelled_movie_leaves_nothing(job: MakeJob, tmp_path: Path, files: Files) -> None:
    events: list[Event] = []
    data = job_from_dict(job(30, output="movie.mp4", headYaw=20), Path.cwd())
    with pytest.raises(CancelledError):
        run_job(data, events.append, lambda: events[-1:] != [] and events[-1]["event"] == "frame")
    assert files(tmp_path) == ["portrait.png"]


def test_cancelling_before_anything_is_drawn(job: MakeJob, tmp_path: Path, run: Run) -> None:
    with pytest.raises(CancelledError):
        run(job(3), lambda: True)
    assert not list(tmp_path.glob("out/*"))
