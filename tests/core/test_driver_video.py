# SPDX-License-Identifier: GPL-3.0-or-later
"""Ratio images show what changes on the skin, and not that head, camera or landmarks move."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.driver_video import DriverVideo
from core.errors import BadInputError
from core.generators.warp.fields.face_grid import COLUMNS, ROWS, indices, mean_points
from core.landmarks.track import LandmarkTrack
from core.media.video import VideoWriter
from core.motion.amounts import WHOLE, RegionAmounts
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

_FOLD = 0.75  # of the brightness is left in the painted fold
_SHIFT = np.array([7, -4])


def _folded(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], factor: float) -> NDArray[np.uint8]:
    """A soft dark line from the wing of the nose to beside the left corner of the mouth."""
    line = np.zeros(pixels.shape[:2], np.float32)
    start, end = landmarks[35] + [8, 0], landmarks[54] + [8, -4]
    cv2.line(line, tuple(np.rint(start).astype(int).tolist()), tuple(np.rint(end).astype(int).tolist()), (1.0,), 3)
    depth = np.clip(cv2.GaussianBlur(line, (0, 0), 1.5) * 1.5, 0, 1)
    return np.rint(pixels * (1 + (factor - 1) * depth[..., None])).astype(np.uint8)


@pytest.fixture
def movie(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32], tmp_path: Path
) -> tuple[Path, LandmarkTrack]:
    """She is still; then moved and under less light; then there is a fold too. Landmarks tremble by a pixel."""
    pixels = astronaut[:256, 96:352]
    landmarks = astronaut_landmarks - [96, 0]
    moved = np.roll(pixels, tuple(_SHIFT[::-1].tolist()), (0, 1))
    dim = np.rint(moved * 0.85).astype(np.uint8)
    fold = _folded(dim, landmarks + _SHIFT, _FOLD)
    frames = [pixels] * 3 + [dim] * 3 + [fold] * 3
    trembling = np.random.default_rng(4).uniform(-1, 1, (9, 68, 2))
    trembling[0] = 0
    track = (landmarks + np.repeat([[0, 0], _SHIFT, _SHIFT], 3, axis=0)[:, None] + trembling).astype(np.float32)
    writer = VideoWriter(tmp_path / "driver.mp4", Fraction(25), (256, 256), "")
    for frame in frames:
        writer.write(frame)
    writer.close()
    return tmp_path / "driver.mp4", LandmarkTrack(track, np.ones((9, 68), np.float32), Fraction(25), (256, 256))


def _shadings(movie: tuple[Path, LandmarkTrack], times: list[float]) -> NDArray[np.float32]:
    path, track = movie
    target = plan_motion(track.landmarks[0], track)[0]
    shadings = [seen.shading for seen in DriverVideo(path, track, 0).watch([target] * len(times), times)]
    return np.stack([shading for shading in shadings if shading is not None])


def _beside_mouth(shading: NDArray[Any]) -> NDArray[Any]:
    """Change of light about half-way from the wing of the nose to the corner of the mouth: (rows, columns)."""
    shape = (ROWS // 2, COLUMNS // 2)
    points = mean_points()
    column, row = np.rint(indices((points[35] + points[54]) / 2, shape)).astype(int)
    return shading[row - 3 : row + 4, column - 2 : column + 7, 0].astype(np.float64)


def test_a_fold_is_found_and_nothing_else(movie: tuple[Path, LandmarkTrack]) -> None:
    shading = _shadings(movie, list(range(9)))
    assert shading.shape == (9, ROWS // 2, COLUMNS // 2, 2)
    still, moved, folded = (np.abs(shading[i, ..., 0].astype(np.float64)) for i in (1, 4, 7))
    assert np.percentile(still, 99) < 0.03
    assert np.percentile(moved, 99) < 0.06  # though the light is less by 0.16 and the landmarks tremble
    assert _beside_mouth(shading[7]).min() < 0.6 * np.log(_FOLD)
    elsewhere = folded - moved
    elsewhere[:, COLUMNS // 4 :] = 0  # the other half of the face
    assert np.percentile(np.abs(elsewhere), 99) < 0.06


def test_eyes_brows_lips_and_what_is_no_face_are_not_sure(movie: tuple[Path, LandmarkTrack]) -> None:
    sure = _shadings(movie, [4])[0, ..., 1].astype(np.float64)
    points = mean_points()
    places = [points[36:42].mean(0), points[42:48].mean(0), points[19], points[24], points[62], [0, 1.35], [-0.95, 0]]
    for x, y in np.rint(indices(np.array(places), sure.shape)).astype(int):
        assert sure[y, x] < 0.05
    for x, y in np.rint(indices(np.array([[-0.4, 0.4], [0.4, 0.4]]), sure.shape)).astype(int):  # cheeks
        assert sure[y, x] > 0.9


def test_times_between_frames_are_read_between_them(movie: tuple[Path, LandmarkTrack]) -> None:
    every = _shadings(movie, list(range(9)))
    some = _shadings(movie, [5, 5.5, 6, 20])
    assert (some[0] == every[5]).all()
    np.testing.assert_allclose(some[1], (every[5] + every[6]) / 2, atol=1e-3)
    assert (some[2] == every[6]).all()
    assert (some[3] == every[8]).all()


def test_nothing_is_measured_in_frames_without_the_face(movie: tuple[Path, LandmarkTrack]) -> None:
    path, track = movie
    confidence = track.confidence.copy()
    confidence[3:6] = 0
    landmarks = track.landmarks.copy()
    landmarks[3:6] = landmarks[2]  # as "hold" gives them
    gap = replace(track, landmarks=landmarks, confidence=confidence)
    before, first, after = _shadings((path, gap), [2, 3, 6])
    alone = _shadings((path, replace(gap, landmarks=track.landmarks)), [3])[0]
    np.testing.assert_array_equal(first, alone)
    assert np.percentile(np.abs(before[..., 0]), 99) < 0.03
    assert _beside_mouth(after).min() < 0.6 * np.log(_FOLD)
    target = plan_motion(track.landmarks[0], track)[0]
    middle, ahead = DriverVideo(path, gap, 0).watch([target] * 2, [3, 6])
    assert middle.mouth is not None
    assert ahead.mouth is not None
    assert (middle.mouth != ahead.mouth).any()
    [nothing] = DriverVideo(path, replace(gap, confidence=0 * confidence), 0).watch([target], [4])
    assert nothing.shading is None
    assert nothing.mouth is None


def test_what_is_seen_counts_by_region(movie: tuple[Path, LandmarkTrack]) -> None:
    path, track = movie
    target = plan_motion(track.landmarks[0], track)[0]

    def seen(amounts: RegionAmounts) -> FaceTarget:
        [shown] = DriverVideo(path, track, 0).watch([target], [7], amounts)
        return shown

    whole, half, nothing = (
        seen(WHOLE),
        seen(RegionAmounts(brows=0, mouth=0.5, jaw=0.5)),
        seen(RegionAmounts(1, 0, 0, 0, 0)),
    )
    assert whole.shading is not None
    assert half.shading is not None
    np.testing.assert_allclose(_beside_mouth(half.shading), _beside_mouth(whole.shading) / 2, atol=1e-6)
    forehead = int(indices(mean_points()[19] - [0, 0.1], (ROWS // 2, COLUMNS // 2))[1])
    assert np.abs(whole.shading[:forehead]).max() > 0
    assert np.abs(half.shading[:forehead]).max() == 0
    assert nothing.shading is None
    assert nothing.mouth is not None
    assert nothing.mouth[..., 2].max() == 0


def test_movies_that_do_not_belong_to_the_track_are_refused(movie: tuple[Path, LandmarkTrack]) -> None:
    path, track = movie
    eight, ten = (
        LandmarkTrack(track.landmarks[rows], track.confidence[rows], track.fps, track.size)
        for rows in (np.arange(8), np.minimum(np.arange(10), 8))
    )
    other = replace(track, size=(256, 255))
    for wrong, neutral, words in (
        (eight, 0, "has more frames than the track, which has 8"),
        (ten, 0, "has 9 frames; the track has 10"),
        (ten, 9, "has no frame 9"),
        (other, 0, "256 x 256 pixels; the track belongs to 256 x 255"),
        (track, 9, "neutral frame 9 does not exist"),
    ):
        targets = plan_motion(track.landmarks[0], wrong)
        with pytest.raises(BadInputError, match=words):
            list(DriverVideo(path, wrong, neutral).watch(targets, range(wrong.frames)))
