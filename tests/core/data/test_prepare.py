# SPDX-License-Identifier: GPL-3.0-or-later
"""Footage becomes shards: who is who, what is kept and dropped, and why."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.data.prepare import Footage, names_of, prepare
from core.data.shards import Shards
from core.errors import BadInputError
from core.media.video import VideoWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]


def _movie(path: Path, frames: list[Picture]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = VideoWriter(path, Fraction(25), (frames[0].shape[1], frames[0].shape[0]), "")
    for frame in frames:
        writer.write(frame)
    writer.close()


def _moving(picture: Picture, frames: int = 20, step: float = 0.5) -> list[Picture]:
    """The picture drifts."""
    height, width = picture.shape[:2]
    shifts = [np.array([[1, 0, step * i], [0, 1, 0]], np.float32) for i in range(frames)]
    return [cv2.warpAffine(picture, shift, (width, height), borderMode=cv2.BORDER_REPLICATE) for shift in shifts]


@pytest.fixture(scope="module")
def footage(astronaut: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    head = np.ascontiguousarray(astronaut[:256, 96:352])
    _movie(folder / "dev" / "mp4" / "id01" / "video" / "00001.mp4", _moving(head))
    _movie(folder / "dev" / "mp4" / "id01" / "video" / "00002.mp4", _moving(head, 7))
    _movie(folder / "cut.mp4", [*_moving(head, 10), *_moving(np.roll(head, 90, axis=1), 10)])
    _movie(folder / "small.mp4", _moving(cv2.resize(head, (128, 128), interpolation=cv2.INTER_AREA)))
    _movie(folder / "two.mp4", _moving(np.concatenate([head, head], axis=1)))
    _movie(folder / "wall.mp4", [np.full((96, 96, 3), 128, np.uint8)] * 4)
    (folder / "damaged.mp4").write_bytes(b"this is no movie")
    (folder / "damaged.webm").write_bytes(b"is called the same")
    (folder / "notes.txt").write_text("not looked at")
    return folder


@pytest.fixture(scope="module")
def shards(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Shards:
    output = tmp_path_factory.mktemp("shards")
    return prepare(footage, output, Footage(frames=5, size=192, held_out=0.0), lambda _: None, workers=1)


def test_good_footage_is_kept(shards: Shards) -> None:
    assert shards.people() == ["id01"]
    assert shards.clips("id01") == ["video_00001"]
    clip = shards.clip("id01", "video_00001")
    assert len(clip) == 5
    assert clip.fps == Fraction(25, 5)  # frames 0, 5, 10, 14, 19
    box = clip.landmarks.max(axis=1) - clip.landmarks.min(axis=1)
    np.testing.assert_allclose(box.max(axis=1), 192 / 2, rtol=0.06)  # the fixed crop
    moves = np.diff(clip.landmarks.mean(axis=1), axis=0)
    assert (moves[:, 0] > 0.5).all()  # it drifts to the right in the crop, which stays where it is


def test_what_is_of_no_use_is_dropped_with_the_reason(shards: Shards) -> None:
    reasons = {each["file"]: each["why"] for each in shards.report["dropped"]}
    assert shards.report["kept"] == 1
    assert reasons["dev/mp4/id01/video/00002.mp4"].startswith("too short: 7 frames")
    assert reasons["cut.mp4"].startswith("a cut or jump: before frame")
    assert reasons["small.mp4"].startswith("too small")
    assert reasons["two.mp4"] == "several faces"
    assert reasons["wall.mp4"] == "no face"
    assert reasons["damaged.mp4"].startswith("unreadable: ")
    assert reasons["damaged.webm"] == "same name: damaged.mp4 is kept under it"
    assert len(reasons) == 7


def test_a_second_run_does_nothing_again(
    footage: Path, shards: Shards, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.data.prepare.make_clip", None)  # not to be called
    arguments = ["data", "prepare", str(footage), "-o", str(shards.folder), "--held-out", "0"]
    assert main([*arguments, "--frames", "5", "--size", "192"]) == 0
    told = capsys.readouterr().out
    assert "1 clips of 1 people (0 held out)" in told
    assert "1 dropped: several faces" in told
    assert told.splitlines()[-1] == f"Done: {shards.folder}"


def test_the_index_is_written_when_it_is_stopped_and_not_for_every_movie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        (tmp_path / f"{number}.mp4").write_bytes(b"")
    saved: list[int] = []

    def stop(event: dict[str, str]) -> None:
        if event["message"].startswith("5 of 9"):
            raise KeyboardInterrupt

    save = Shards.save
    monkeypatch.setattr("core.data.prepare.make_clip", lambda *_: "no face")
    monkeypatch.setattr(Shards, "save", lambda shards: (saved.append(1), save(shards)))
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, tmp_path / "shards", Footage(frames=5, size=192, held_out=0.0), stop, workers=1)
    assert len(Shards(tmp_path / "shards").report["dropped"]) == 5
    assert len(saved) == 1


def test_who_is_who() -> None:
    folder = Path("data")
    wanted = {
        "dev/mp4/id02/abc/00001.mp4": ("id02", "abc_00001"),
        "ann/monday/a.mov": ("ann", "monday_a"),
        "ann/b.mp4": ("ann", "b"),
        "bo lee.mp4": ("bo_lee", "a"),
    }
    assert {file: names_of(folder, folder / file) for file in wanted} == wanted


def test_a_folder_without_movies_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no movie"):
        prepare(tmp_path, tmp_path / "out", Footage(), lambda _: None)
    with pytest.raises(BadInputError, match="is no folder"):
        prepare(tmp_path / "none", tmp_path / "out", Footage(), lambda _: None)


def test_a_real_talker(shared: Path, tmp_path: Path) -> None:
    clip = shared / "data" / "clips" / "talk_b.mp4"
    if not clip.exists():
        pytest.skip(f"needs a clip that is not in the repository: {clip}")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "talk_b.mp4").symlink_to(clip)
    made = prepare(tmp_path / "clips", tmp_path / "shards", Footage(), lambda _: None)
    assert made.report == {"kept": 1, "dropped": []}
    landmarks = made.clip("talk_b", "a").landmarks
    mouths = np.linalg.norm(landmarks[:, 62] - landmarks[:, 66], axis=1)
    assert np.ptp(mouths) > 3  # pixels: the person talks
