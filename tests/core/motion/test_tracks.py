# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks are steadied and their lids made to meet, and nothing else happens to them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.landmarks.topology import LID_PAIRS
from core.landmarks.track import LandmarkTrack
from core.motion.capture import capture_controls
from core.motion.controls import ControlTrack
from core.motion.lid_calibration import close_lids, lid_openings
from core.motion.plan import plan_motion
from core.motion.pose import head_angles
from core.motion.smoothing import smooth_track

if TYPE_CHECKING:
    from numpy.typing import NDArray

FPS = Fraction(25)
BLINK = [1, 0.8, 0.45, 0.2, 0.2, 0.35, 0.6, 0.85, 1]  # of the open eye, as a tracker reports a blink


def _track(face: NDArray[np.float32], openings: list[float], noise: float = 0) -> NDArray[np.float32]:
    """(F, 68, 2): the face with its lids at a share of their distance; noise in pixels."""
    track = np.repeat(face[None], len(openings), axis=0)
    for upper, lower in LID_PAIRS:
        for frame, share in enumerate(openings):
            track[frame, upper] = track[frame, lower] + np.float32(share) * (face[upper] - face[lower])
    return track + np.random.default_rng(4).normal(0, noise, track.shape).astype(np.float32)


def _closed(face: NDArray[np.float32], openings: list[float]) -> NDArray[np.float64]:
    """(F, 2) openings after calibration, as shares of the face's own."""
    track = _track(face, openings)
    return lid_openings(close_lids(track, FPS, face)) / lid_openings(face[None])


@pytest.fixture
def face(astronaut_landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    return astronaut_landmarks


def test_a_track_at_rest_comes_back_bit_for_bit(face: NDArray[np.float32]) -> None:
    still = np.repeat(face[None], 12, axis=0)
    assert np.array_equal(smooth_track(still, FPS), still)
    short = _track(face, [1, 0.5, 1], noise=1)
    assert np.array_equal(smooth_track(short, FPS), short)


def test_trembling_is_taken_out_and_a_blink_keeps_its_depth(face: NDArray[np.float32]) -> None:
    openings = [1.0] * 20 + BLINK + [1.0] * 20
    clean, noisy = _track(face, openings), _track(face, openings, noise=0.2)
    smooth = smooth_track(noisy, FPS)

    def jerk(track: NDArray[np.float32]) -> float:
        return float(np.linalg.norm(np.diff(track, 3, axis=0), axis=-1)[:16].mean())

    assert jerk(smooth) < 0.8 * jerk(noisy)
    lost = lid_openings(smooth).min(0) - lid_openings(noisy).min(0)
    assert (np.abs(lost) < 0.05 * np.ptp(lid_openings(clean), axis=0)).all()
    late = [np.argmin(lid_openings(track).mean(1)) for track in (smooth, noisy)]
    assert late[0] == late[1]


def test_jitter_falls_by_half_and_a_blink_of_three_frames_keeps_its_depth(face: NDArray[np.float32]) -> None:
    """In a head that sways, with jitter of 0.5 % of the eye distance; at 24 frames a second, too, and at 60."""
    eye_distance = float(np.linalg.norm(face[36] - face[45]))
    openings = [1.0] * 30 + [0.5, 0.0, 0.5] + [1.0] * 40
    lids = [point for pair in LID_PAIRS for point in pair]
    for fps in (FPS, Fraction(24000, 1001), Fraction(60)):
        sway = 0.1 * eye_distance * np.sin(3 * np.arange(len(openings)) / float(fps))[:, None, None]
        clean = _track(face, openings) + sway.astype(np.float32)
        noisy = clean + np.random.default_rng(5).normal(0, 0.005 * eye_distance, clean.shape).astype(np.float32)
        smooth = smooth_track(noisy, fps)
        jitter = [np.delete(np.diff(track - clean, axis=0), lids, axis=1).std() for track in (smooth, noisy)]
        assert jitter[0] < 0.5 * jitter[1]
        depth = [lid_openings(track).mean(1)[:50] for track in (smooth_track(clean, fps), clean, smooth, noisy)]
        deep = [float(np.median(of) - of.min()) for of in depth]
        assert deep[0] > 0.98 * deep[1]
        assert deep[2] > 0.9 * deep[3]
        assert [int(np.argmin(of)) for of in depth] == [31] * 4
        backwards = smooth_track(noisy[::-1].copy(), fps)[::-1]
        assert np.abs(smooth - backwards).max() < 1e-4  # no delay: time has no direction


def test_frames_far_apart_are_left_as_they_are(face: NDArray[np.float32]) -> None:
    noisy = _track(face, [1.0] * 20, noise=1)
    assert np.array_equal(smooth_track(noisy, Fraction(6)), noisy)


def test_lids_that_a_tracker_leaves_apart_meet(face: NDArray[np.float32]) -> None:
    shares = _closed(face, [1.0] * 10 + BLINK + [1.0] * 10)
    assert shares.min() < 0.02
    assert np.allclose(shares[:10], 1, atol=1e-5)


def test_a_blink_that_the_tracker_ends_higher_than_others_closes_too(face: NDArray[np.float32]) -> None:
    shallow = [1, 0.8, 0.5, 0.38, 0.4, 0.7, 1]
    shares = _closed(face, [1.0] * 10 + BLINK + [1.0] * 10 + shallow + [1.0] * 10)
    assert shares[10:19].min() < 0.02
    assert shares[29:36].min() < 0.02


def test_one_eye_that_winks_leaves_the_other_open(face: NDArray[np.float32]) -> None:
    both = _track(face, [1.0] * 10 + BLINK + [1.0] * 10)
    both[:, 42:48] = face[42:48]
    shares = lid_openings(close_lids(both, FPS, face)) / lid_openings(face[None])
    assert shares[:, 0].min() < 0.02
    assert np.allclose(shares[:, 1], 1, atol=1e-5)


def test_lids_that_meet_in_the_track_stay_as_they_are(face: NDArray[np.float32]) -> None:
    openings = [1.0] * 10 + [1, 0.5, 0, 0, 0.3, 0.7, 1] + [1.0] * 10
    assert np.abs(_closed(face, openings) - np.array(openings)[:, None]).max() < 0.01


def test_a_squint_that_lasts_is_no_closed_eye_and_wide_eyes_stay_wide(face: NDArray[np.float32]) -> None:
    shares = _closed(face, [1.0] * 20 + [0.45] * 30 + [1.3] * 5)
    assert shares[20:50].min() > 0.3
    assert np.allclose(shares[50:], 1.3, atol=1e-5)


def test_lids_that_look_down_for_long_stay_half_open(face: NDArray[np.float32]) -> None:
    """A tracker whose blinks end high, at 0.38 of the open eye, sees half open lids as they are."""
    blink, down = [1, 0.7, 0.38, 0.4, 0.7, 1], [0.52] * 40
    shares = _closed(face, [1.0] * 20 + blink + [1.0] * 10 + down + [1.0] * 30)
    assert shares[20:26].min() < 0.02
    assert shares[36:76].min() > 0.4 * 0.52
    shut = [0.28] * 20  # what is narrower for long tells how narrow a shut eye is
    shares = _closed(face, [1.0] * 20 + blink + [1.0] * 10 + down + shut + [1.0] * 100)
    assert shares[20:26].min() < 0.02
    assert shares[36:76].min() > 0.6 * 0.52
    assert shares[76:96].max() < 0.02


def test_one_eye_is_screwed_up_half_and_then_winks(face: NDArray[np.float32]) -> None:
    """For long it stays narrow beside an open one; a short wink is shut even where a third of the eye is left."""
    blink, half, wink = [1, 0.7, 0.25, 0.27, 0.7, 1], [0.42] * 40, [0.8, 0.38, 0.36, 0.38, 0.8]
    openings = [1.0] * 20 + blink + [1.0] * 10 + half + [1.0] * 20 + wink + [1.0] * 10
    track = _track(face, openings)
    track[26:, 42:48] = face[42:48]
    shares = (lid_openings(close_lids(track, FPS, face)) / lid_openings(face[None]))[:, 0]
    assert shares[36:76].min() > 0.2
    assert shares[36:76].max() < 0.3
    assert shares[96:101].min() < 0.02


@pytest.mark.parametrize("motion", ["relative", "absolute"])
def test_the_neutral_frame_of_a_trembling_track_is_exactly_neutral(face: NDArray[np.float32], motion: str) -> None:
    points = _track(face, [1.0] * 10 + BLINK + [1.0] * 10, noise=0.3)
    points[3] = face
    track = LandmarkTrack(points, np.ones(points.shape[:2], np.float32), FPS, (512, 512))
    targets = plan_motion(face, track, relative_to=face if motion == "relative" else None)
    assert np.array_equal(targets[3].landmarks, face.astype(np.float64))
    assert targets[3].pose.is_identity()
    shut = min(targets, key=lambda target: lid_openings(target.landmarks[None]).mean()).landmarks
    assert lid_openings(shut[None]).max() < 0.06 * lid_openings(face[None]).min()


def test_a_head_turns_as_far_while_the_camera_comes_nearer(face: NDArray[np.float32]) -> None:
    """What is taken for a head of the same size makes points do what the pose does not, and tears a mouth open."""
    share = np.clip(np.arange(75) / 50, 0, 1).astype(np.float32)
    asked = {"headYaw": -12 * share, "headPitch": -8 * share, "headRoll": -12 * share, "headZoom": 1 + 0.18 * share}
    points = np.stack([target.landmarks for target in plan_motion(face, ControlTrack(FPS, asked))])
    track = LandmarkTrack(points.astype(np.float32), np.ones(points.shape[:2], np.float32), FPS, (450, 260))
    moved = plan_motion(face, track, relative_to=face)[60]
    assert head_angles(moved.pose.rotation) == pytest.approx((-12, -8, -12), abs=0.5)
    assert moved.pose.scale == pytest.approx(1.18, abs=0.01)
    found = capture_controls(track, 0).channels
    assert found["headPitch"][60] == pytest.approx(-8, abs=1)
    assert found["headZoom"][60] > 1.12
