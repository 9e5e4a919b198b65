# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver is measured against."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.driver_motion import motion_as_controls, read_motion
from core.drivers import PerformanceDriver
from core.landmarks.track import LandmarkTrack, save_track
from core.motion.amounts import WHOLE
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
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
        motion = read_motion(driver, None, lambda _: None)
        assert motion.found is not None
        controls, _ = motion_as_controls(driver, motion, WHOLE, None)
        opened.append(float(controls.channels["jawOpen"][0]))
        [first, *_] = plan_motion(landmarks, motion.content, relative_to=motion.found.neutral)
        opened.append(float(first.landmarks[57, 1] - landmarks[57, 1]))
    assert opened[:2] == [0, 0]
    assert opened[2] == pytest.approx(0.3, abs=0.1)
    assert opened[3] == pytest.approx(points[0, 57, 1] - landmarks[57, 1], abs=1)
