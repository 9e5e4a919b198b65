# SPDX-License-Identifier: GPL-3.0-or-later
"""Portraits that move: movies and image sequences, their regions replaced, and frames that hold only what changed."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from core.errors import BadInputError
from core.footage_job import _seen
from core.landmarks.track import LandmarkTrack, save_track
from core.media.pictures import only_changes, read_picture
from core.media.video import VideoWriter
from core.motion.controls import CONTROLS, ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    Run = Callable[..., list[Event]]
    Cli = Callable[..., tuple[int, list[Event]]]
    Clip = tuple[Path, NDArray[np.float32]]

FRAMES = 4
_STEP = np.array([3, 2])  # pixels that the camera moves from frame to frame


@pytest.fixture
def clip(astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], tmp_path: Path) -> Clip:
    """A folder of pictures along which the astronaut moves, and her landmarks (F, 68, 2)."""
    folder = tmp_path / "clip"
    folder.mkdir()
    corners = [np.array([96, 0]) + number * _STEP for number in range(FRAMES)]
    for number, (x, y) in enumerate(corners):
        # 8, 9, 10, 11: by their letters 10 would come first.
        cv2.imwrite(str(folder / f"plate.{number + 8}.png"), astronaut[y : y + 256, x : x + 256, ::-1])
    track = np.stack([astronaut_landmarks - corner for corner in corners]).astype(np.float32)
    return folder, track


@pytest.fixture
def footage_job(clip: Clip, tmp_path: Path) -> Callable[..., Event]:
    """footage_job(jawOpen=0.5, only_changes=True): a job for the clip whose controls stay what they are."""

    def make(frames: int = FRAMES, portrait: Event | None = None, **values: Any) -> Event:
        controls = {name: [values.pop(name)] * frames for name in CONTROLS if name in values}
        return {
            "gioconda_job": 1,
            "portrait": {
                "path": str(clip[0]),
                "landmarks_path": str(_saved(tmp_path / "track.npz", clip[1])),
                **(portrait or {}),
            },
            "driver": {"controls": {"fps": [25, 1], "channels": controls or {"jawOpen": [0.0] * frames}}},
            "output": str(tmp_path / "out"),
            **values,
        }

    return make


def _saved(path: Path, landmarks: NDArray[np.float32]) -> Path:
    confidence = np.ones(landmarks.shape[:2], np.float32)
    save_track(path, LandmarkTrack(landmarks, confidence, Fraction(25), (256, 256)))
    return path


def _frames(folder: Path) -> list[NDArray[Any]]:
    return [read_picture(path) for path in sorted(folder.iterdir())]


def _plates(clip: Clip) -> list[NDArray[Any]]:
    return [read_picture(clip[0] / f"plate.{number + 8}.png") for number in range(FRAMES)]


def test_neutral_controls_give_back_every_frame(clip: Clip, footage_job: Callable[..., Event], run: Run) -> None:
    job = footage_job(frames=FRAMES + 1)
    run(job)
    drawn, plates = _frames(clip[0].parent / "out"), _plates(clip)
    for frame, plate in zip(drawn, [*plates, plates[-1]], strict=True):  # the last one is held
        np.testing.assert_array_equal(frame, plate)
    paths = [str(clip[0] / f"plate.{number}.png") for number in (10, 8)]
    landmarks = _saved(clip[0].parent / "two.npz", clip[1][[2, 0]])
    events = run(
        {**job, "portrait": {"paths": paths, "landmarks_path": str(landmarks), "first_frame": 1}, "frames": [1, 1]}
    )
    assert events[0]["message"] == f"Reading {clip[0].name}", "a number says little of a sequence"
    np.testing.assert_array_equal(read_picture(clip[0].parent / "out/frame_000001.png"), plates[0])


def test_only_what_moves_is_drawn_and_a_part_of_the_frames_is_the_same(
    clip: Clip, footage_job: Callable[..., Event], run: Run
) -> None:
    job = footage_job(eyeBlinkLeft=1.0)
    run(job)
    drawn = _frames(clip[0].parent / "out")
    for frame, plate, points in zip(drawn, _plates(clip), clip[1], strict=True):
        rows, columns = np.nonzero((frame != plate).any(axis=2))
        assert len(rows) > 50
        eye = points[42:48]
        reach = 0.8 * np.ptp(points[[36, 45], 0])
        assert np.abs(np.column_stack([columns, rows]) - eye.mean(0)).max() < reach
    run({**job, "frames": [3, 3], "output": str(clip[0].parent / "part")})
    np.testing.assert_array_equal(_frames(clip[0].parent / "part")[0], drawn[2])


def test_a_replaced_mouth_is_shut_again(clip: Clip, footage_job: Callable[..., Event], run: Run) -> None:
    # The source speaks: its mouth opens after the first frame.
    plates = _plates(clip)
    opened = [
        plan_motion(points, ControlTrack(Fraction(25), {"jawOpen": np.full(1, 0.5 * (n > 0), np.float32)}))[0].landmarks
        for n, points in enumerate(clip[1])
    ]
    run(footage_job(jawOpen=0.5, output=str(clip[0].parent / "spoken")))
    spoken = [plates[0], *_frames(clip[0].parent / "spoken")[1:]]
    for number, frame in enumerate(spoken):
        cv2.imwrite(str(clip[0] / f"plate.{number + 8}.png"), frame[..., ::-1])
    track = _saved(clip[0].parent / "opened.npz", np.stack(opened).astype(np.float32))
    job = footage_job(replace=["mouth"])
    job["portrait"] |= {"landmarks_path": str(track), "rest_frame": 0}
    run(job)
    for number, frame in enumerate(_frames(clip[0].parent / "out")):
        low, high = clip[1][number, 48:].min(0).astype(int), clip[1][number, [8, 54]].max(0).astype(int)
        box = slice(low[1], high[1]), slice(low[0], high[0])
        plate = plates[number][box].astype(float)
        if number:
            assert np.abs(frame[box] - plate).mean() < 0.4 * np.abs(spoken[number][box] - plate).mean()


def test_a_tracker_that_trembles_does_not_shake_what_is_drawn(
    clip: Clip, footage_job: Callable[..., Event], run: Run
) -> None:
    """The camera stands still: what is not drawn is as it was, and what is moves far less than the points."""
    plate = _plates(clip)[0]
    for number in range(FRAMES):
        cv2.imwrite(str(clip[0] / f"plate.{number + 8}.png"), plate[..., ::-1])
    trembling = np.random.default_rng(2).normal(0, 0.3, (FRAMES, 68, 2))
    track = _saved(clip[0].parent / "trembling.npz", (clip[1][0] + trembling).astype(np.float32))
    job = footage_job(replace=["mouth"], jawOpen=0.3)
    job["portrait"] |= {"landmarks_path": str(track)}
    run(job)
    drawn = np.stack(_frames(clip[0].parent / "out")).astype(float)
    assert (drawn[:, :, :20] == plate[:, :20]).all()
    noise = drawn.std(axis=0).mean(axis=2)
    mouth = noise[int(clip[1][0, 51, 1]) : int(clip[1][0, 57, 1]), int(clip[1][0, 48, 0]) : int(clip[1][0, 54, 0])]
    assert mouth.mean() < 6


def _over(source: NDArray[Any], laid: NDArray[Any]) -> NDArray[Any]:
    """A frame with straight alpha laid over an opaque source, as compositors do."""
    full = 1 if laid.dtype == np.float32 else np.iinfo(laid.dtype).max
    share = laid[..., 3:] / full
    shown = laid[..., :3] * share + source[..., :3] * (1 - share)
    return np.dstack([shown, np.full(shown.shape[:2], full)])[..., : source.shape[2]].astype(source.dtype)


@pytest.mark.parametrize("kind", ["rgb8", "rgba16", "exr"])
def test_only_changes_over_the_source_are_the_frame(astronaut: NDArray[np.uint8], kind: str) -> None:
    source = np.ascontiguousarray(astronaut[:64, :64])
    if kind == "rgba16":
        source = np.dstack([source, np.full((64, 64), 255, np.uint8)]).astype(np.uint16) * 257
    elif kind == "exr":
        source = (source / 255).astype(np.float32)
    frame = source.copy()
    frame[10:20, 30:40] = source[20:30, 30:40]
    laid = only_changes(source, frame)
    seen = laid[..., 3:] > 0
    same = (frame == source).all(axis=2)
    np.testing.assert_array_equal(seen[..., 0], ~same)
    np.testing.assert_array_equal(_over(source, laid), frame)
    if kind == "exr":
        assert not laid[same].any()  # colours without alpha would be added


@pytest.mark.parametrize("moving", [False, True])
def test_changes_of_a_cut_out_are_refused(
    clip: Clip, footage_job: Callable[..., Event], run: Run, *, moving: bool
) -> None:
    """Where the head left a pixel its old place would show through."""
    for number, plate in enumerate(_plates(clip)):
        alpha = np.full(plate.shape[:2], 255, np.uint8)
        alpha[:40] = 0
        cv2.imwrite(str(clip[0] / f"plate.{number + 8}.png"), np.dstack([plate[..., ::-1], alpha]))
    job = footage_job(headYaw=10.0, only_changes=True)
    if not moving:
        job["portrait"] = {"path": str(clip[0] / "plate.8.png"), "landmarks": clip[1][0].tolist()}
    with pytest.raises(BadInputError, match="is transparent in places"):
        run(job)


def test_changes_of_an_exr_have_an_alpha(
    clip: Clip, footage_job: Callable[..., Event], run: Run, tmp_path: Path
) -> None:
    pixels = (_plates(clip)[0] / 255).astype(np.float16)
    OpenEXR.File({}, {"RGB": pixels}).write(str(tmp_path / "plate.exr"))
    job = footage_job(frames=1, jawOpen=0.5, only_changes=True)
    job["portrait"] = {"path": str(tmp_path / "plate.exr"), "landmarks": clip[1][0].tolist()}
    run(job)
    run({**job, "only_changes": False, "output": str(tmp_path / "whole")})
    changes, whole = (read_picture(tmp_path / name / "frame_000001.exr") for name in ("out", "whole"))
    assert set(np.unique(changes[..., 3])) == {0, 1}
    np.testing.assert_array_equal(np.where(changes[..., 3:] > 0, changes[..., :3], pixels.astype(np.float32)), whole)


def test_two_faces_lie_over_each_other_and_follow_one_another(
    clip: Clip, footage_job: Callable[..., Event], run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    pair = np.hstack([_plates(clip)[0]] * 2)
    cv2.imwrite(str(folder / "1.png"), pair[..., ::-1])

    def job(output: str, face: int, source: Path, **values: float | bool) -> Event:
        points = clip[1][:1] + np.float32([256 * face, 0])
        track = LandmarkTrack(points, np.ones((1, 68), np.float32), Fraction(25), (512, 256))
        save_track(tmp_path / f"{face}.npz", track)
        portrait = {"path": str(source), "landmarks_path": str(tmp_path / f"{face}.npz")}
        return {**footage_job(frames=1, **values), "portrait": portrait, "output": str(tmp_path / output)}

    run(job("a", 0, folder, jawOpen=0.4, only_changes=True))
    run(job("b", 1, folder, browInnerUp=1.0, only_changes=True))
    run(job("first", 0, folder, jawOpen=0.4))
    run(job("then", 1, tmp_path / "first", browInnerUp=1.0))
    laid = pair
    for name in ("a", "b"):
        (changes,) = _frames(tmp_path / name)
        laid = np.where(changes[..., 3:] > 0, changes[..., :3], laid)
    np.testing.assert_array_equal(laid, _frames(tmp_path / "then")[0])
    assert (laid[:, :256] != pair[:, :256]).any()
    assert (laid[:, 256:] != pair[:, 256:]).any()


def test_a_movie_is_followed_and_its_mouth_replaced(clip: Clip, cli: Cli, tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "clip.mp4", Fraction(25), (256, 256), "")
    for plate in _plates(clip):
        writer.write(plate)
    writer.close()
    controls = tmp_path / "c.json"
    controls.write_text(json.dumps({"fps": [30, 1], "channels": {"mouthPucker": [0.0, 0.8]}}), encoding="utf-8")
    code, events = cli(
        "animate", tmp_path / "clip.mp4", "-o", tmp_path / "out", "--controls", controls, "--replace", "mouth",
        "--rest-frame", "0", "--only-changes",
    )  # fmt: skip
    assert code == 0
    assert [event["stage"] for event in events if event["event"] == "stage"] == ["read", "detect", "prepare", "draw"]
    (told,) = [event["message"] for event in events if event["event"] == "warning"]
    assert "25 frames a second, the driver 30" in told
    assert [event["frame"] for event in events if event["event"] == "frame"] == [1, 2]
    assert _frames(tmp_path / "out")[1].shape == (256, 256, 4)


def test_a_movie_is_followed_once_and_has_as_many_frames_as_its_track(
    clip: Clip, footage_job: Callable[..., Event], run: Run, tmp_path: Path
) -> None:
    writer = VideoWriter(tmp_path / "clip.mp4", Fraction(25), (256, 256), "")
    for plate in _plates(clip):
        writer.write(plate)
    writer.close()
    for source in (tmp_path / "clip.mp4", clip[0]):
        job = footage_job(eyeBlinkLeft=1.0, portrait={"path": str(source), "landmarks_path": None}, frames=2)
        first, again = run(job), run({**job, "frames": [2, 2]})
        assert ["from the cache" in event.get("message", "") for event in first].count(True) == 0
        assert ["from the cache" in event.get("message", "") for event in again].count(True) == 1
    for numbers, words in (([0, 1, 2], "has more frames than the track, which has 3"), ([0, 1, 2, 3, 3], "has 4 fra")):
        track = _saved(tmp_path / "other.npz", clip[1][numbers])
        portrait = {"path": str(tmp_path / "clip.mp4"), "landmarks_path": str(track)}
        with pytest.raises(BadInputError, match=words):
            run(footage_job(frames=len(numbers), portrait=portrait))


def test_frames_lie_as_the_files_of_a_sequence_do(clip: Clip, footage_job: Callable[..., Event], run: Run) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter clockwise makes it upright
    stored = [np.rot90(plate) for plate in _plates(clip)]
    for number, plate in enumerate(stored):
        Image.fromarray(plate).save(clip[0] / f"plate.{number + 8}.png", exif=turned)
    run(footage_job(portrait={"as_stored": True}))
    np.testing.assert_array_equal(_frames(clip[0].parent / "out"), stored)


def test_only_gaps_between_frames_with_the_face_are_filled(landmarks: NDArray[np.float32]) -> None:
    confidence = np.ones((9, 68), np.float32)
    confidence[[0, 4, 8]] = 0
    track = LandmarkTrack(np.repeat(landmarks[None], 9, 0), confidence, Fraction(25), (256, 256))
    np.testing.assert_array_equal(np.flatnonzero(~_seen(track)), [0, 8])


def test_frames_without_the_face_stay_as_they_are(clip: Clip, footage_job: Callable[..., Event], run: Run) -> None:
    folder, landmarks = clip
    more = 6
    for number in range(more):
        (folder / f"plate.{20 + number}.png").write_bytes((folder / "plate.8.png").read_bytes())
    track = np.concatenate([landmarks, np.repeat(landmarks[:1], more, axis=0)])
    confidence = np.repeat([1.0, 0.0], [FRAMES, more])[:, None].repeat(68, axis=1).astype(np.float32)
    save_track(folder.parent / "gap.npz", LandmarkTrack(track, confidence, Fraction(25), (256, 256)))
    job = footage_job(FRAMES + more, jawOpen=0.4)
    job["portrait"]["landmarks_path"] = str(folder.parent / "gap.npz")
    events = run({**job, "frames": [FRAMES, FRAMES + 1]})
    (told,) = [event["message"] for event in events if event["event"] == "warning"]
    assert f"no face is seen in the frames {FRAMES + 1}-{FRAMES + more}" in told
    drawn = _frames(folder.parent / "out")
    assert (drawn[0] != _plates(clip)[-1]).any()
    np.testing.assert_array_equal(drawn[1], _plates(clip)[0])


@pytest.mark.parametrize(
    ("change", "portrait", "words"),
    [
        ({"only_changes": True, "output": "changes.mp4"}, {}, "a movie cannot be transparent"),
        ({"replace": ["mouth"]}, {"path": "clip/plate.8.png"}, "has no motion to replace"),
        ({"replace": ["nose"]}, {}, "nose cannot be replaced"),
        ({}, {"landmarks": [[0, 0]] * 68}, "moves, so that landmarks"),
        ({}, {"head_mask_path": "clip/plate.8.png"}, "moves, so that landmarks or a head mask"),
        ({}, {"rest_frame": 4}, "the frame at rest 4 does not exist; it has 0-3"),
        ({}, {"first_frame": -1}, "first_frame is -1"),
        ({}, {"path": "empty"}, "no picture in this folder"),
        ({}, {"path": None, "paths": ["clip/plate.8.png"]}, "has 4 frames; the image sequence has 1"),
        ({}, {"paths": ["clip/plate.8.png"]}, "a path and the paths"),
        ({"driver": {"performance_path": "track.npz", "motion": "absolute"}}, {}, "only a track's relative motion"),
    ],
)
def test_footage_jobs_that_are_refused(
    clip: Clip,
    footage_job: Callable[..., Event],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    change: Event,
    portrait: Event,
    words: str,
) -> None:
    monkeypatch.chdir(clip[0].parent)
    (clip[0].parent / "empty").mkdir()
    with pytest.raises(BadInputError, match=words):
        run({**footage_job(portrait=portrait), **change})


def test_a_sequence_without_a_face_is_told_by_its_name(
    footage_job: Callable[..., Event], run: Run, tmp_path: Path
) -> None:
    paths = [tmp_path / "take/1.png", tmp_path / "take/2.png"]
    paths[0].parent.mkdir()
    for path in paths:
        cv2.imwrite(str(path), np.full((64, 64, 3), 99, np.uint8))
    portrait = {"path": None, "paths": [str(path) for path in paths], "landmarks_path": None}
    with pytest.raises(BadInputError, match=r"^take: no face is found in any of its 2 frames"):
        run(footage_job(2, portrait=portrait, jawOpen=0.4))


def test_pictures_of_a_sequence_are_alike(clip: Clip, footage_job: Callable[..., Event], run: Run) -> None:
    cv2.imwrite(str(clip[0] / "plate.9.png"), np.zeros((256, 256, 4), np.uint8))
    with pytest.raises(BadInputError, match=r"plate.9.png: is 256x256 pixels of 4 channels.*plate.8.png"):
        run(footage_job())
