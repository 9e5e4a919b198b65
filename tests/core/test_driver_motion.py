# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver is measured against."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.driver_motion import motion_as_controls, read_motion
from core.drivers import PerformanceDriver, PresetDriver
from core.errors import BadInputError, CancelledError
from core.events import until_cancelled
from core.job import job_from_dict
from core.landmarks.track import LandmarkTrack, save_track
from core.media.video import VideoWriter
from core.motion.amounts import WHOLE, RegionAmounts
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion
from core.motion.preset import load_preset
from core.run import run_job, write_performance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def test_the_face_at_rest_may_be_in_another_file(landmarks: NDArray[np.float32], tmp_path: Path) -> None:
    """A driver that never shuts its mouth, told by a picture of it that is half as large."""
    jaw = np.linspace(0.3, 0.6, 6, dtype=np.float32)
    targets = plan_motion(landmarks, ControlTrack(Fraction(25), {"jawOpen": jaw}))
    points = np.stack([target.landmarks for target in targets]).astype(np.float32)
    confidence = np.ones(points.shape[:2], np.float32)
    save_track(tmp_path / "track.npz", LandmarkTrack(points, confidence, Fraction(25), (256, 256)))
    save_track(tmp_path / "still.json", LandmarkTrack(landmarks[None] / 2, confidence[:1], Fraction(25), (128, 128)))
    opened: list[float] = []
    for still in (None, tmp_path / "still.json"):
        driver = PerformanceDriver(tmp_path / "track.npz", neutral=still)
        motion = read_motion(driver, lambda _: None)
        assert motion.found is not None
        controls, _ = motion_as_controls(driver, motion, WHOLE, None)
        opened.append(float(controls.channels["jawOpen"][0]))
        [first, *_] = plan_motion(landmarks, motion.content, relative_to=motion.found.neutral)
        opened.append(float(first.landmarks[57, 1] - landmarks[57, 1]))
    assert opened[:2] == [0, 0]
    assert opened[2] == pytest.approx(0.3, abs=0.1)
    assert opened[3] == pytest.approx(points[0, 57, 1] - landmarks[57, 1], abs=1)


def test_a_driver_is_cancelled_while_it_is_followed(
    pixels: NDArray[np.uint8], job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    writer = VideoWriter(tmp_path / "driver.mp4", Fraction(25), (256, 256), "")
    for _ in range(8):
        writer.write(pixels)
    writer.close()
    told: list[dict[str, Any]] = []

    def is_cancelled() -> bool:
        return any("frame 2" in event.get("message", "") for event in told)

    driven = job_from_dict({**job(1), "driver": {"performance_path": str(tmp_path / "driver.mp4")}}, tmp_path)
    with pytest.raises(CancelledError):
        run_job(driven, told.append, is_cancelled)
    assert told[-1]["message"].endswith("frame 2")
    told.clear()
    heard = until_cancelled(told.append, is_cancelled)
    with pytest.raises(CancelledError):
        write_performance(driven.driver, WHOLE, None, tmp_path / "c.json", heard)
    assert told[-1]["message"].endswith("frame 2")
    assert not (tmp_path / "c.json").exists()


def test_a_neutral_frame_shows_the_face(landmarks: NDArray[np.float32], tmp_path: Path) -> None:
    confidence = np.ones((3, 68), np.float32)
    confidence[0] = 0
    track = LandmarkTrack(np.repeat(landmarks[None], 3, 0), confidence, Fraction(25), (256, 256))
    save_track(tmp_path / "t.npz", track)
    with pytest.raises(BadInputError, match="no face is seen in the neutral frame 0"):
        read_motion(PerformanceDriver(tmp_path / "t.npz"), lambda _: None)
    motion = read_motion(PerformanceDriver(tmp_path / "t.npz", neutral_frame=None), lambda _: None)
    assert motion.found is not None
    assert motion.found.neutral_frame in (1, 2)


def test_irises_turn_the_eyes_of_a_portrait_that_follows_landmarks(
    landmarks: NDArray[np.float32], tmp_path: Path
) -> None:
    middles = np.stack([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
    aside = np.zeros((8, 2, 2), np.float32)
    aside[:, :, 0] = np.linspace(0, 0.08 * np.linalg.norm(middles[1] - middles[0]), 8)[:, None]
    points, confidence = np.repeat(landmarks[None], 8, 0), np.ones((8, 68), np.float32)
    track = LandmarkTrack(points, confidence, Fraction(25), (256, 256), middles.astype(np.float32) + aside)
    save_track(tmp_path / "track.npz", track)
    driver = PerformanceDriver(tmp_path / "track.npz", fps=Fraction(50), frames=15)
    motion = read_motion(driver, lambda _: None)
    assert motion.gaze is not None
    assert motion.found is not None
    yaw = motion.gaze.channels["gazeYaw"]
    assert (len(yaw), yaw[0]) == (15, 0)
    assert 6 < yaw[-1] < 40
    keys = ControlTrack(Fraction(50), {"gazePitch": np.full(15, -10, np.float32)})
    plain, looking, half, keyed = (
        plan_motion(landmarks, motion.content, relative_to=motion.found.neutral, **{"gaze": motion.gaze, **options})[-1]
        for options in ({"gaze": None}, {}, {"amounts": RegionAmounts(eyes=0.5)}, {"keys": keys})
    )
    assert np.degrees(looking.gaze) == pytest.approx(np.array([[yaw[-1], 0]] * 2), abs=1e-3)
    assert half.gaze == pytest.approx(looking.gaze / 2)
    assert np.degrees(keyed.gaze) == pytest.approx(np.array([[yaw[-1], -10]] * 2), abs=1e-3)
    assert np.array_equal(looking.landmarks, plain.landmarks), "the track's lids show already where it looks"
    assert np.abs(keyed.landmarks - plain.landmarks).max() > 0.5, "what is keyed moves them"


def test_a_preset_starts_later_and_loops() -> None:
    nod = load_preset("nod", Fraction(25)).channels["headPitch"]
    once = PresetDriver("nod", Fraction(25), start=Fraction(-1), frames=100)
    played = read_motion(once, lambda _: None).content
    assert isinstance(played, ControlTrack)
    assert np.array_equal(played.channels["headPitch"][25 : 25 + len(nod)], nod)
    again = read_motion(PresetDriver("nod", Fraction(25), frames=100, loop=True), lambda _: None).content
    assert isinstance(again, ControlTrack)
    assert np.array_equal(again.channels["headPitch"][len(nod) : 2 * len(nod)], nod)


def test_controls_of_points_as_they_stand_are_refused(landmarks: NDArray[np.float32], tmp_path: Path) -> None:
    save_track(
        tmp_path / "t.npz", LandmarkTrack(landmarks[None], np.ones((1, 68), np.float32), Fraction(25), (256, 256))
    )
    driver = PerformanceDriver(tmp_path / "t.npz", relative=False)
    motion = read_motion(driver, lambda _: None)
    with pytest.raises(
        BadInputError, match=r"^t\.npz: points that are wanted as they stand \(absolute\) have no controls"
    ):
        motion_as_controls(driver, motion, WHOLE, None)
