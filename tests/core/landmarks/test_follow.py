# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of a picture and of a movie, found by the real detector."""

from __future__ import annotations

import os
import weakref
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.detect import create_detector
from core.landmarks.follow import FaceChoice, cached_track, person_of, track_picture, track_video
from core.landmarks.track import LandmarkTrack
from core.landmarks.track_cache import cached, content_key
from core.media.pictures import read_picture, to_rgb8
from core.media.video import VideoWriter
from core.packages import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.landmarks.detect import Face, FaceDetector

NTSC = Fraction(30000, 1001)
STEP = 3  # pixels a frame
EINSTEIN = "photo_einstein_375x500.jpg"
LOST = 2  # frame of the movie in which the face is hidden


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return create_detector("dlib")


def _save(path: Path, frames: Sequence[NDArray[np.uint8]]) -> Path:
    writer = VideoWriter(path, NTSC, (frames[0].shape[1], frames[0].shape[0]), "")
    for frame in frames:
        writer.write(frame)
    writer.close()
    return path


@pytest.fixture(scope="module")
def pair(astronaut: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(256, 512, 3): the head, and at the right a smaller copy of it."""
    small = cv2.resize(astronaut[:256, 96:352], (220, 220), interpolation=cv2.INTER_AREA)
    right = np.zeros((256, 256, 3), np.uint8)
    right[:220, :220] = small
    return np.hstack([pixels, right])


def test_the_picked_face_of_a_picture(
    pair: NDArray[np.uint8], landmarks: NDArray[np.float32], detector: FaceDetector, tmp_path: Path
) -> None:
    path = tmp_path / "pair.png"
    cv2.imwrite(str(path), pair[..., ::-1])
    events: list[dict[str, Any]] = []
    track = track_picture(path, detector, 0, events.append)
    assert track.landmarks.shape == (1, 68, 2)
    assert (track.size, track.frames) == ((512, 256), 1)
    assert np.abs(track.landmarks[0] - landmarks).max() < 2
    assert track.confidence.min() > 0
    assert [event["event"] for event in events] == ["stage"]
    second = track_picture(path, detector, 1, events.append)
    assert np.abs(second.landmarks[0] - (landmarks * (220 / 256) + [256, 0])).max() < 4
    for index in (2, -1):
        with pytest.raises(BadInputError, match=rf"pair\.png: face {index} does not exist; 2 faces are found"):
            track_picture(path, detector, index, events.append)


def test_a_picture_without_a_face(detector: FaceDetector, tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    cv2.imwrite(str(path), np.full((80, 80, 3), 90, np.uint8))
    with pytest.raises(BadInputError, match=r"empty\.png: no face found"):
        track_picture(path, detector, 0, lambda _: None)


@pytest.fixture(scope="module")
def movie(pixels: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The head moves to the right by STEP a frame; in frame LOST nothing is to be seen."""
    frames = [np.roll(pixels, STEP * number, axis=1) for number in range(5)]
    frames[LOST] = np.full_like(pixels, 120)
    return _save(tmp_path_factory.mktemp("movie") / "shifted.mp4", frames)


def test_a_face_is_followed_and_gaps_are_filled(
    movie: Path, landmarks: NDArray[np.float32], detector: FaceDetector
) -> None:
    events: list[dict[str, Any]] = []
    track = track_video(movie, detector, 0, events.append)
    assert (track.fps, track.size, track.frames) == (NTSC, (256, 256), 5)
    assert track.landmarks.dtype == np.float32
    assert not track.confidence[LOST].any()
    assert (np.delete(track.confidence, LOST, axis=0) > 0).all()
    for number, found in enumerate(track.landmarks):
        moved = np.array([STEP * number, 0])
        assert np.abs(found - landmarks - moved).mean() < 1, f"frame {number}"
    middle = (track.landmarks[LOST - 1] + track.landmarks[LOST + 1]) / 2
    np.testing.assert_allclose(track.landmarks[LOST], middle, atol=1e-3)
    told = [event for event in events if event["event"] == "frame"]
    assert [event["done"] for event in told] == [1, 2, 3, 4, 5]


def test_gaps_at_the_ends_hold_the_nearest_frame(
    pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path
) -> None:
    nothing = np.full_like(pixels, 120)
    track = track_video(_save(tmp_path / "m.mp4", [nothing, pixels, nothing]), detector, 0, lambda _: None)
    assert (track.landmarks == track.landmarks[1]).all()
    assert track.confidence.any(axis=1).tolist() == [False, True, False]


def test_the_picked_face_is_kept(
    pair: NDArray[np.uint8], landmarks: NDArray[np.float32], detector: FaceDetector, tmp_path: Path
) -> None:
    """Also where it is the only one, and where it has become the largest."""
    alone = pair.copy()
    alone[:, :256] = 120
    swapped = pair.copy()
    swapped[:, :256] = 0
    swapped[:180, :180] = cv2.resize(pair[:, :256], (180, 180), interpolation=cv2.INTER_AREA)
    path = _save(tmp_path / "pair.mp4", [pair, alone, swapped])
    right = landmarks * (220 / 256) + [256, 0]
    track = track_video(path, detector, 1, lambda _: None)
    assert np.abs(track.landmarks - right).mean(axis=(1, 2)).max() < 2
    assert track.confidence.all()


@pytest.mark.parametrize("index", [1, -1])
def test_a_movie_without_the_face_that_is_asked_for(movie: Path, detector: FaceDetector, index: int) -> None:
    with pytest.raises(BadInputError, match=rf"shifted\.mp4: .*face {index}"):
        track_video(movie, detector, index, lambda _: None)


def test_a_movie_without_any_face(pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path) -> None:
    path = _save(tmp_path / "empty.mp4", [np.full_like(pixels[:64, :64], 90)] * 2)
    with pytest.raises(BadInputError, match=r"empty\.mp4: .*no face"):
        track_video(path, detector, 0, lambda _: None)


class _Watched:
    """The real detector; remembers which frames it was asked to search thoroughly, and the frames, but keeps none."""

    def __init__(self, detector: FaceDetector) -> None:
        self.detector = detector
        self.thorough: list[bool] = []
        self.frames: list[weakref.ref[NDArray[np.uint8]]] = []

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        self.thorough.append(thorough)
        self.frames.append(weakref.ref(rgb8))
        return self.detector.detect(rgb8, thorough=thorough)

    def follow(self, rgb8: NDArray[np.uint8], last: Face, *, check: bool) -> Face | None:
        self.frames.append(weakref.ref(rgb8))
        return self.detector.follow(rgb8, last, check=check)


def test_long_gaps_are_searched_thoroughly_now_and_then_only(
    pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path
) -> None:
    path = _save(tmp_path / "empty.mp4", [np.full_like(pixels[:48, :48], 90)] * 22)
    watched = _Watched(detector)
    with pytest.raises(BadInputError, match="in any of its 22 frames"):
        track_video(path, watched, 0, lambda _: None)
    assert watched.thorough == [True] * 11 + [False] * 9 + [True, False]


def test_a_face_that_is_followed_is_not_searched_again_and_no_frame_is_kept(
    pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], detector: FaceDetector, tmp_path: Path
) -> None:
    path = _save(tmp_path / "m.mp4", [np.roll(pixels, 2 * number, axis=0) for number in range(8)])
    watched = _Watched(detector)
    alive: list[int] = []
    events: list[dict[str, Any]] = []

    def tell(event: dict[str, Any]) -> None:
        events.append(event)
        alive.append(len({id(frame()) for frame in watched.frames if frame() is not None}))

    track = track_video(path, watched, 0, tell)
    assert watched.thorough == [True]
    assert max(alive) <= 2
    assert {event["total"] for event in events} == {8}
    for number in range(8):
        assert np.abs(track.landmarks[number] - landmarks - np.array([0, 2 * number])).mean() < 1.5
    assert np.array_equal(track.landmarks, track_video(path, detector, 0, lambda _: None).landmarks)


def test_points_of_a_background_are_no_face(pixels: NDArray[np.uint8], detector: FaceDetector) -> None:
    """The predictor finds points everywhere."""
    (face,) = detector.detect(pixels)
    for away in (120, -120):
        assert detector.follow(np.roll(pixels, away, axis=1), face, check=True) is None
    assert detector.follow(np.full_like(pixels, 90), face, check=False) is None
    outside = replace(face, landmarks=face.landmarks + 5000)
    assert detector.follow(pixels, outside, check=False) is None


@pytest.fixture(scope="module")
def two(detector: FaceDetector, shared: Path) -> Callable[[int], NDArray[np.uint8]]:
    """two(place): the astronaut's head, so far from the left; before it Einstein's, as far from the right."""
    heads: list[NDArray[np.uint8]] = []
    for name in ("astronaut.png", EINSTEIN):
        picture = to_rgb8(read_picture(shared / "data/portraits" / name))
        x, y, width, height = detector.detect(picture)[0].box
        middle, half = np.array([x + width / 2, y + 0.4 * height]), 0.85 * max(width, height)
        (left, top), (right, bottom) = np.maximum(middle - half, 0).astype(int), (middle + half).astype(int)
        heads.append(np.asarray(cv2.resize(picture[top:bottom, left:right], (120, 120)), np.uint8))

    def draw(place: int) -> NDArray[np.uint8]:
        frame = np.full((140, 440, 3), 110, np.uint8)
        frame[10:130, place : place + 120] = heads[0]
        frame[10:130, 320 - place : 440 - place] = heads[1]
        return frame

    return draw


def test_one_that_passes_behind_another_is_found_again(
    two: Callable[[int], NDArray[np.uint8]], detector: FaceDetector, tmp_path: Path
) -> None:
    places = np.linspace(10, 310, 9).astype(int)
    path = _save(tmp_path / "crossing.mp4", [two(place) for place in places])
    track = track_video(path, detector, 0, lambda _: None)
    ((first, last),) = track.unseen()
    assert 2 <= first <= 4 <= last <= 6
    assert np.abs(track.landmarks[:, 27:, 0].mean(1) - places - 60).max() < 10


def test_the_person_of_a_picture_is_followed(
    two: Callable[[int], NDArray[np.uint8]], detector: FaceDetector, shared: Path, tmp_path: Path
) -> None:
    path = _save(tmp_path / "two.mp4", [two(0)])
    for name, middle in (("astronaut.png", 60), (EINSTEIN, 380)):
        person = person_of(shared / "data/portraits" / name, detector)
        track = track_video(path, detector, 0, lambda _: None, person)
        assert abs(float(track.landmarks[0, 27:, 0].mean()) - middle) < 10
    stranger = person_of(shared / "data/portraits/grace_hopper.jpg", detector)
    with pytest.raises(BadInputError, match=r"two\.mp4: nobody like the person of the picture is found"):
        track_video(path, detector, 0, lambda _: None, stranger)


def test_a_movie_is_tracked_once(
    movie: Path, tmp_path: Path, track_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[dict[str, Any]] = []
    first = cached_track(movie, FaceChoice(), events.append)
    told = [event["event"] for event in events]
    assert (told.count("frame"), told[-1]) == (5, "warning")
    assert "not seen in the frames 2 (counted from 0); they are interpolated" in events[-1]["message"]
    copy = tmp_path / "another name.mp4"
    copy.write_bytes(movie.read_bytes())
    events.clear()
    again = cached_track(copy, FaceChoice(), events.append)
    assert [event["event"] for event in events] == ["stage", "warning"]
    assert np.array_equal(again.landmarks, first.landmarks)
    held = cached_track(copy, FaceChoice(missing="hold"), events.append, counted_from=10)
    assert "not seen in the frames 12 (counted from 10); they are held" in events[-1]["message"]
    assert np.array_equal(held.landmarks[LOST], held.landmarks[LOST - 1])
    assert len(list(track_cache.iterdir())) == 1
    key = content_key([movie], "dlib 0")
    assert key == content_key([copy], "dlib 0") != content_key([copy], "dlib 1")
    monkeypatch.setattr("core.landmarks.track_cache.versions", lambda: {**versions(), "dlib-bin": "0"})
    assert content_key([movie], "dlib 0") != key


def _still(value: float) -> LandmarkTrack:
    return LandmarkTrack(np.full((9, 68, 2), value, np.float32), np.ones((9, 68), np.float32), NTSC, (9, 9))


def test_the_cache_forgets_what_was_not_used_for_long(track_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        cached(f"key{number}", lambda number=number: _still(number), lambda _: None)
        os.utime(track_cache / f"key{number}.npz", (number, number))
    size = (track_cache / "key0.npz").stat().st_size
    monkeypatch.setattr("core.landmarks.track_cache._MOST", round(2.5 * size))
    assert cached("key0", lambda: _still(5), lambda _: None).landmarks.max() == 0  # used now
    cached("key3", lambda: _still(3), lambda _: None)
    assert sorted(path.name for path in track_cache.iterdir()) == ["key0.npz", "key3.npz"]


def test_a_cache_that_is_damaged_or_cannot_be_written_is_done_without(track_cache: Path) -> None:
    cached("key", lambda: _still(1), lambda _: None)
    (track_cache / "key.npz").write_bytes(b"damaged")
    assert cached("key", lambda: _still(2), lambda _: None).landmarks.max() == 2
    assert cached("key", lambda: _still(3), lambda _: None).landmarks.max() == 2
    (track_cache / "key.npz").unlink()
    track_cache.rmdir()
    track_cache.write_text("in the way")
    assert cached("key", lambda: _still(4), lambda _: None).landmarks.max() == 4


def test_what_is_wrong_with_a_movie_or_a_choice(movie: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    data = bytearray(movie.read_bytes())
    start = data.index(b"mdat") + 4
    data[start + 200 : start + 3000] = np.random.default_rng(2).bytes(2800)
    damaged.write_bytes(data)
    (tmp_path / "empty.mp4").write_bytes(b"")
    cases = [
        (damaged, FaceChoice(), r"damaged\.mp4: is damaged"),
        (tmp_path / "empty.mp4", FaceChoice(), r"empty\.mp4: cannot be read as a movie"),
        (tmp_path / "nowhere.mp4", FaceChoice(), r"nowhere\.mp4: cannot be read"),
        (movie, FaceChoice(missing="drop"), "can be interpolate or hold; not 'drop'"),
        (movie, FaceChoice(like=tmp_path / "nobody.png"), r"nobody\.png"),
    ]
    for path, choice, told in cases:
        with pytest.raises(BadInputError, match=told):
            cached_track(path, choice, lambda _: None)


def test_a_variable_frame_rate_is_told(pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path) -> None:
    path = tmp_path / "uneven.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for moment in (0, 1, 4, 5):  # tenths of a second
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = moment, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    events: list[dict[str, Any]] = []
    track_video(path, detector, 0, events.append)
    assert "uneven.mp4: its frames are not evenly spaced" in events[0]["message"]
    assert events[-1]["done"] == events[-1]["total"]


def test_damage_that_the_decoder_passes_over_is_told(
    pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path
) -> None:
    path = _save(tmp_path / "garbled.mp4", [pixels] + [np.roll(pixels, STEP * n, 1) for n in range(4)])
    with av.open(str(path)) as container:
        packet = list(container.demux(video=0))[1]  # in the order in which they are decoded
    content = bytearray(path.read_bytes())
    middle = packet.pos + packet.size // 2
    content[middle : middle + 20] = np.random.default_rng(0).bytes(20)
    path.write_bytes(content)
    events: list[dict[str, Any]] = []
    track_video(path, detector, 0, events.append)
    assert events[-1]["event"] == "warning"
    assert "garbled.mp4: is damaged; " in events[-1]["message"]
    assert "are not as they were filmed" in events[-1]["message"]
