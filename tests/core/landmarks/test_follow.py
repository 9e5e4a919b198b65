# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of a picture and of a movie, found by the real detector."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.detect import create_detector
from core.landmarks.follow import track_picture, track_video
from core.media.video import VideoWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.landmarks.detect import Face, FaceDetector

NTSC = Fraction(30000, 1001)
STEP = 3  # pixels a frame
LOST = 2  # frame of the movie in which the face is hidden


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return create_detector("dlib", None, allow_download=False)


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
    """The real detector; keeps which frames it was asked to search thoroughly."""

    def __init__(self, detector: FaceDetector) -> None:
        self.detector = detector
        self.thorough: list[bool] = []

    def detect(self, rgb8: NDArray[np.uint8], *, thorough: bool = True) -> list[Face]:
        self.thorough.append(thorough)
        return self.detector.detect(rgb8, thorough=thorough)


def test_long_gaps_are_searched_thoroughly_now_and_then_only(
    pixels: NDArray[np.uint8], detector: FaceDetector, tmp_path: Path
) -> None:
    path = _save(tmp_path / "empty.mp4", [np.full_like(pixels[:48, :48], 90)] * 22)
    watched = _Watched(detector)
    with pytest.raises(BadInputError, match="in any of its 22 frames"):
        track_video(path, watched, 0, lambda _: None)
    assert watched.thorough == [True] * 11 + [False] * 9 + [True, False]
