# SPDX-License-Identifier: GPL-3.0-or-later
"""What drives is scaled by region, and what is keyed is added to it, whichever kind of driver it is."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.topology import JAW, LEFT_BROW, LID_PAIRS, LIP_PAIRS, RIGHT_BROW
from core.landmarks.track import LandmarkTrack
from core.motion.amounts import RegionAmounts, amounts_from_dict
from core.motion.controls import CONTROLS, ControlTrack
from core.motion.face_model import load_face_model
from core.motion.plan import plan_motion
from core.motion.pose import head_angles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FPS = Fraction(25)
NOTHING = RegionAmounts(0, 0, 0, 0, 0)


def _controls(**values: float) -> ControlTrack:
    return ControlTrack(FPS, {name: np.array([0, value], np.float32) for name, value in values.items()})


@pytest.fixture
def face(astronaut_landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    return astronaut_landmarks


@pytest.fixture
def driver() -> NDArray[np.float32]:
    """Somebody else."""
    model = load_face_model()
    other = model.landmarks + 1.5 * model.identity[0] - 1.2 * model.identity[2]
    return (other[:, :2] * [9, -9] + [225, 130]).astype(np.float32)


@pytest.fixture
def track(driver: NDArray[np.float32]) -> LandmarkTrack:
    """At rest, then turned, with a shut right eye, raised brows, an open mouth that smiles."""
    controls = _controls(headYaw=14, headZoom=1.1, eyeBlinkRight=1, browInnerUp=1, jawOpen=0.6, mouthSmileLeft=0.8)
    points = np.stack([target.landmarks for target in plan_motion(driver, controls)]).astype(np.float32)
    return LandmarkTrack(points, np.ones((2, 68), np.float32), FPS, (512, 512))


def test_amounts_of_controls() -> None:
    track = ControlTrack(FPS, {name: np.array([control.maximum], np.float32) for name, control in CONTROLS.items()})
    half = RegionAmounts(head=0.5, jaw=0).scale(track).channels
    assert half["headYaw"] == 22.5
    assert half["headZoom"] == 1.125
    assert {name for name, values in half.items() if not values} == {"jawOpen", "jawLeft", "jawRight", "jawForward"}
    assert half["mouthClose"] == half["browInnerUp"] == half["eyeBlinkLeft"] == 1


def test_amounts_as_json() -> None:
    amounts = RegionAmounts(head=0.25, jaw=0)
    assert amounts_from_dict(amounts.to_dict()) == amounts
    assert amounts_from_dict({}) == RegionAmounts()
    for bad in ({"nose": 1}, {"head": 1.1}, {"head": float("nan")}, {"head": "much"}, {"head": None}, [1], 3):
        with pytest.raises(BadInputError, match="the job"):
            amounts_from_dict(bad, "the job")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("relative", [True, False])
def test_nothing_of_a_track_is_the_portrait_itself(
    face: NDArray[np.float32], driver: NDArray[np.float32], track: LandmarkTrack, *, relative: bool
) -> None:
    targets = plan_motion(
        face, track, relative_to=driver if relative else None, amounts=NOTHING, keys=_controls(jawOpen=0)
    )
    for target in targets:
        assert np.array_equal(target.landmarks, face.astype(np.float64))
        assert target.pose.is_identity()


def test_amounts_of_a_track_by_region(
    face: NDArray[np.float32], driver: NDArray[np.float32], track: LandmarkTrack
) -> None:
    """Each amount takes its own region away and leaves the others as they are."""

    def moved(amounts: RegionAmounts) -> tuple[Array, float]:
        target = plan_motion(face, track, relative_to=driver, amounts=amounts)[1]
        offsets = target.pose.unapply(target.landmarks, np.zeros(68)) - target.pose.unapply(face, np.zeros(68))
        return offsets, head_angles(target.pose.rotation)[0]

    still = RegionAmounts(head=0)
    whole, yaw = moved(still)
    assert yaw == 0
    assert moved(RegionAmounts(head=0.5))[1] == pytest.approx(7, abs=1)
    regions = {"brows": [*RIGHT_BROW, *LEFT_BROW], "eyes": list(range(36, 48)), "jaw": list(JAW)}
    for name, points in regions.items():
        without, _ = moved(RegionAmounts(**{"head": 0, name: 0}))
        assert np.abs(whole[points]).max() > 1
        assert np.abs(without[points]).max() < 1e-9
        others = np.setdiff1d(np.arange(48), points)
        assert np.allclose(without[others], whole[others])
    shut, _ = moved(RegionAmounts(head=0, jaw=0))
    smile, _ = moved(RegionAmounts(head=0, mouth=0))
    assert np.abs(shut[66, 1]) < 0.4 * whole[66, 1]  # a smile without the jaw
    assert shut[54, 1] < -1
    assert smile[66, 1] > 0.6 * whole[66, 1]  # an open jaw without the smile
    assert smile[54, 1] > shut[54, 1] + 1


def test_keys_are_added_to_controls(face: NDArray[np.float32]) -> None:
    keyed = plan_motion(face, _controls(jawOpen=0.8, headYaw=10), keys=_controls(jawOpen=0.5, headYaw=5, headZoom=1))
    asked = plan_motion(face, _controls(jawOpen=1, headYaw=15))
    assert np.abs(keyed[1].landmarks - asked[1].landmarks).max() < 1e-6


def test_keys_are_added_to_a_track(
    face: NDArray[np.float32], driver: NDArray[np.float32], track: LandmarkTrack
) -> None:
    keys = _controls(
        headYaw=5, headPitch=6, eyeBlinkLeft=1, eyeWideRight=1, mouthSmileRight=0.7, gazeYaw=12, tongueOut=0.5
    )
    bare = plan_motion(face, track, relative_to=driver)[1]
    target = plan_motion(face, track, relative_to=driver, keys=keys)[1]
    yaw, pitch, _ = np.subtract(head_angles(target.pose.rotation), head_angles(bare.pose.rotation))
    assert (yaw, pitch) == pytest.approx((5, 6))
    assert np.degrees(target.gaze[0, 0]) == pytest.approx(12)
    assert target.tongue == 0.5
    gaps = [np.linalg.norm(target.landmarks[upper] - target.landmarks[lower]) for upper, lower in LID_PAIRS]
    assert max(gaps) < 0.03 * np.linalg.norm(face[36] - face[45])  # shut by the track, and by a key
    smiling = plan_motion(face, track, relative_to=driver, keys=_controls(mouthSmileRight=0.7))[1].landmarks
    assert smiling[48, 1] < bare.landmarks[48, 1] - 1
    keyed = plan_motion(face, track, relative_to=driver, keys=_controls(mouthClose=1))[1].landmarks
    assert all(abs(keyed[lower, 1] - keyed[upper, 1]) < 1 for upper, lower in LIP_PAIRS)


def test_keys_as_long_as_the_driver(face: NDArray[np.float32], track: LandmarkTrack) -> None:
    keys = ControlTrack(FPS, {"jawOpen": np.zeros(3, np.float32)})
    for driver in (track, _controls(jawOpen=1)):
        with pytest.raises(BadInputError, match="keys have 3 frames, the driver has 2"):
            plan_motion(face, driver, keys=keys)


def test_brows_that_rise_together_go_all_the_way(face: NDArray[np.float32]) -> None:
    """As far as shapes raise them together; held to one of them, inner ends stay low and a surprised face is angry."""
    surprised = plan_motion(face, _controls(browInnerUp=1, browOuterUpLeft=1, browOuterUpRight=1))
    points = np.stack([target.landmarks for target in surprised]).astype(np.float32)
    again = plan_motion(face, LandmarkTrack(points, np.ones((2, 68), np.float32), FPS, (512, 512)), relative_to=face)
    missed = np.linalg.norm(again[1].landmarks - points[1], axis=1) / np.linalg.norm(face[36] - face[45])
    assert missed.max() < 0.01


def test_a_tracker_that_fails_does_not_tear_the_face(
    face: NDArray[np.float32], driver: NDArray[np.float32], track: LandmarkTrack
) -> None:
    """Points that jump away are held within what a face can do; a head that turns away stays one that is seen."""
    wild = track.landmarks.copy()
    wild[1, [19, 24, 51, 57]] += np.float32([60, -80])
    wild[1, [37, 38, 43, 44], 1] -= 30
    lost = LandmarkTrack(wild, track.confidence, FPS, track.size)
    still = RegionAmounts(head=0)
    target = plan_motion(face, lost, relative_to=driver, amounts=still)[1]
    scale = np.linalg.norm(face[36] - face[45]) / 9  # pixels per cm
    moved = np.linalg.norm(target.landmarks - face, axis=1) / scale
    assert moved[[19, 24]].max() < 2
    assert moved[[51, 57]].max() < 8
    gaps = [np.linalg.norm(of[37] - of[41]) / scale for of in (target.landmarks, face)]
    assert gaps[0] < gaps[1] + 1
    far = plan_motion(driver, _controls(headYaw=36, headX=0.25, headZoom=1.25))[1].landmarks.astype(np.float32)
    far[:, 0] += 80
    gone = LandmarkTrack(np.stack([driver, far]), track.confidence, FPS, track.size)
    pose = plan_motion(face, gone, relative_to=driver)[1].pose
    assert head_angles(pose.rotation)[0] < 36
    assert pose.move[0] < 0.26 * np.ptp(face[:, 1])
    assert pose.scale <= 1.25
