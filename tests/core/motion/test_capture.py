# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls come back out of the landmarks that they made, whoever's face it is."""

from __future__ import annotations

import json
import tracemalloc
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.topology import EYES
from core.landmarks.track import LandmarkTrack
from core.motion.box_least_squares import solve_in_box
from core.motion.capture import capture_controls
from core.motion.controls import ControlTrack
from core.motion.expression import LID_FOLLOWS_DOWN, LID_FOLLOWS_UP
from core.motion.face_model import IRIS_DEPTH, fit_face, load_face_model
from core.motion.neutral_frame import find_neutral_frame, neutral_from_still
from core.motion.plan import plan_motion
from core.motion.pose import head_angles, head_rotation

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FPS = Fraction(25)
SIZE = (450, 260)  # her face is in the middle: what is drawn has no perspective, which would show beside it
FRAMES = 60


def _wave(start: int, length: int, height: float) -> NDArray[np.float32]:
    """A hump of one channel, 0 elsewhere."""
    values = np.zeros(FRAMES, np.float32)
    values[start : start + length] = height * np.sin(np.linspace(0, np.pi, length)) ** 2
    return values


@pytest.fixture(scope="module")
def asked() -> ControlTrack:
    """A talking, smiling face that turns, nods, blinks and winks with its right eye."""
    blink = _wave(12, 7, 1)
    return ControlTrack(
        FPS,
        {
            "jawOpen": _wave(2, 16, 0.7) + _wave(36, 14, 0.5),
            "mouthSmileLeft": _wave(20, 20, 0.8),
            "mouthSmileRight": _wave(20, 20, 0.8),
            "browInnerUp": _wave(8, 20, 0.9),
            "eyeBlinkLeft": blink,
            "eyeBlinkRight": blink + _wave(40, 9, 1),
            "headYaw": _wave(4, 24, 20) - _wave(30, 24, 18),
            "headPitch": _wave(14, 20, 10) - _wave(38, 18, 9),
            "headRoll": _wave(6, 30, 12),
        },
    )


def _track(face: NDArray[np.float32], controls: ControlTrack) -> LandmarkTrack:
    targets = plan_motion(face, controls)
    landmarks = np.stack([target.landmarks for target in targets]).astype(np.float32)
    return LandmarkTrack(landmarks, np.ones(landmarks.shape[:2], np.float32), controls.fps, SIZE)


def _check(asked: ControlTrack, found: ControlTrack, least: float, gains: tuple[float, float], degrees: float) -> None:
    for name, wanted in asked.channels.items():
        got = found.channels[name]
        assert np.corrcoef(wanted, got)[0, 1] > least, name
        gain = np.cov(wanted, got, bias=True)[0, 1] / wanted.var()
        assert gains[0] < gain < gains[1], (name, gain)
        if name.startswith("head"):
            assert np.abs(got - wanted).mean() < degrees, name


def test_controls_come_back(astronaut_landmarks: NDArray[np.float32], asked: ControlTrack) -> None:
    found = capture_controls(_track(astronaut_landmarks, asked), neutral_frame=0)
    assert found.fps == FPS
    assert found.frames == FRAMES
    _check(asked, found, 0.97, (0.8, 1.2), 1.5)
    wink = slice(40, 49)
    assert found.channels["eyeBlinkRight"][wink].max() > 0.95
    assert found.channels["eyeBlinkLeft"][wink].max() < 0.1


def test_the_drivers_face_does_not_leak(astronaut_landmarks: NDArray[np.float32], asked: ControlTrack) -> None:
    """Another person, of another size, does the same."""
    model = load_face_model()
    other = model.landmarks + 1.5 * model.identity[0] - 1.2 * model.identity[2]
    face = (other[:, :2] * [9, -9] + [225, 130]).astype(np.float32)
    first, second = (capture_controls(_track(of, asked), neutral_frame=0) for of in (astronaut_landmarks, face))
    for name in asked.channels:
        limit = 3 if name.startswith("head") else 0.25
        assert np.abs(first.channels[name] - second.channels[name]).max() < limit, name


def test_frames_that_equal_the_neutral_one_are_exactly_neutral(astronaut_landmarks: NDArray[np.float32]) -> None:
    face = astronaut_landmarks
    still = LandmarkTrack(np.repeat(face[None], 9, 0), np.ones((9, 68), np.float32), FPS, SIZE)
    found = capture_controls(still)
    assert found.frames == 9
    assert all(not values.any() for values in found.channels.values())
    assert all(np.array_equal(target.landmarks, face) for target in plan_motion(face, found))


def test_the_neutral_frame_is_found_and_can_be_chosen(
    astronaut_landmarks: NDArray[np.float32], asked: ControlTrack
) -> None:
    track = _track(astronaut_landmarks, asked)
    neutral = find_neutral_frame(track)
    assert all(abs(values[neutral]) < (3 if name[:4] == "head" else 0.1) for name, values in asked.channels.items())
    chosen = capture_controls(track, neutral_frame=16)  # she turns and blinks in it: what she does counts from there
    assert abs(chosen.channels["headYaw"][0]) > 10
    for frame in (-1, FRAMES):
        with pytest.raises(BadInputError, match="does not exist; the track has 0-59"):
            capture_controls(track, neutral_frame=frame)


def test_another_still_of_the_driver_is_its_neutral_face(
    astronaut_landmarks: NDArray[np.float32], asked: ControlTrack
) -> None:
    """A track that never rests, and the face at rest in a smaller picture, turned and tilted."""
    track = _track(astronaut_landmarks, asked)
    busy = LandmarkTrack(track.landmarks[6:50], track.confidence[6:50], FPS, SIZE)
    pose = ControlTrack(FPS, {"headYaw": np.array([9], np.float32), "headRoll": np.array([-8], np.float32)})
    still = 0.6 * _track(astronaut_landmarks, pose).landmarks[0] + 30
    found = capture_controls(busy, 0, still=still)
    for name in ("jawOpen", "browInnerUp", "mouthSmileLeft"):
        assert np.abs(found.channels[name] - asked.channels[name][6:50]).max() < 0.25, name
    moved = plan_motion(astronaut_landmarks, busy, relative_to=neutral_from_still(still, busy, 0))
    shift = moved[0].landmarks - astronaut_landmarks
    assert np.abs(shift[27:31]).max() < 3  # the head stays where it is
    assert shift[57, 1] > 5  # the mouth is open in the track's first frame


def test_eyes_that_look_straight_ahead_are_the_neutral_frame() -> None:
    """Where the track tells of them: the calmest frame looks aside."""
    face = (load_face_model().landmarks[:, :2] * [9, -9] + [225, 130]).astype(np.float32)
    jaw = np.array([0, 0, 0.04, 0.5], np.float32)
    track = _track(face, ControlTrack(FPS, {"jawOpen": jaw}))
    middles = np.stack([track.landmarks[:, [eye[0], eye[3]]].mean(1) for eye in EYES], axis=1)
    width = np.linalg.norm(face[39] - face[36])
    aside = np.array([0.12, 0.13, 0, 0])[:, None, None] * width * np.array([1, 0])
    looking = LandmarkTrack(track.landmarks, track.confidence, FPS, SIZE, (middles + aside).astype(np.float32))
    assert find_neutral_frame(track) == 0
    assert find_neutral_frame(looking) == 2


def test_shut_lips_are_the_neutral_frame_even_of_a_turned_head_with_hanging_lids() -> None:
    """A talker whose lips are shut in one frame only, and a little apart in one that rests otherwise."""
    jaw = np.array([0.5, 0, 0.4, 0.6, 0.13, 0.5, 0.7, 0.4], np.float32)
    shut = np.arange(len(jaw)) == 1
    lids = np.where(shut, np.float32(0.13), np.float32(0))
    head = {"headYaw": np.float32(5) * shut, "headPitch": np.float32(-7) * shut}
    face = (load_face_model().landmarks[:, :2] * [9, -9] + [225, 130]).astype(np.float32)
    track = _track(face, ControlTrack(FPS, {"jawOpen": jaw, "eyeBlinkLeft": lids, "eyeBlinkRight": lids, **head}))
    assert find_neutral_frame(track) == 1


def test_a_frame_without_a_face_is_not_the_neutral_one(astronaut_landmarks: NDArray[np.float32]) -> None:
    track = _track(astronaut_landmarks, ControlTrack(FPS, {"jawOpen": np.linspace(0, 1, 5, dtype=np.float32)}))
    track.confidence[0] = 0
    assert find_neutral_frame(track) == 1


def test_gaze_by_irises_in_a_turning_head(astronaut_landmarks: NDArray[np.float32]) -> None:
    """A blink hides the irises: what the tracker says meanwhile is not believed."""
    blink = _wave(20, 9, 1)
    yaw, pitch = _wave(2, 50, 22), _wave(25, 30, -12)
    head = ControlTrack(FPS, {"headYaw": _wave(0, 55, 15), "eyeBlinkLeft": blink, "eyeBlinkRight": blink})
    face = fit_face(astronaut_landmarks)
    targets = plan_motion(astronaut_landmarks, head)
    iris = np.zeros((FRAMES, 2, 2), np.float32)
    for eye, (x, y, z, radius) in enumerate(load_face_model().eyes):
        turning = IRIS_DEPTH * radius
        rest = face.from_model(np.array([x, y, z + turning]))
        for frame, target in enumerate(targets):
            across, up = np.sin(np.radians([yaw[frame], pitch[frame]])) * turning
            back = turning - np.sqrt(turning**2 - across**2 - up**2)
            iris[frame, eye] = target.pose.apply(rest + face.scale * np.array([across, -up, -back]))
    iris[23:26] += 30
    track = _track(astronaut_landmarks, head)
    seen = LandmarkTrack(track.landmarks, track.confidence, FPS, SIZE, iris)
    found = capture_controls(seen, neutral_frame=0)
    assert np.abs(found.channels["gazeYaw"] - yaw).max() < 5
    assert np.abs(found.channels["gazePitch"] - pitch).max() < 5
    assert found.channels["eyeBlinkLeft"][45:].max() < 0.1  # lids that follow the gaze do not blink


@pytest.mark.parametrize(("person", "distance"), [(0, 80), (1, 110), (2, 100)])
def test_gaze_of_people_before_a_camera(person: int, distance: float) -> None:
    """Faces and cameras that capture does not know, in perspective; heads turn by 20 degrees, lids follow the gaze."""
    model, chance = load_face_model(), np.random.default_rng(person)
    own = np.tensordot(chance.normal(0, 1, len(model.identity)), model.identity, 1)
    phase = np.linspace(0, 2 * np.pi, FRAMES)
    heads = np.stack([20 * np.sin(phase), 10 * np.sin(2 * phase), 10 * np.sin(3 * phase)], axis=1)
    asked = np.stack([25 * np.sin(2.5 * phase), 12 * np.sin(3.5 * phase)], axis=1)

    def seen(points: Array, head: Array) -> Array:
        turned = points * [1, -1, 1] @ head_rotation(*head).T
        return np.asarray(900 * turned[:, :2] / (distance - turned[:, 2:]) + np.array(SIZE) / 2, np.float64)

    landmarks, iris = [], []
    for head, (yaw, pitch) in zip(heads, np.radians(asked), strict=True):
        way = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
        follow = "eyeLookUp" if pitch > 0 else "eyeLookDown"
        lids = model.expressions[f"{follow}Left"] + model.expressions[f"{follow}Right"]
        strength = np.degrees(abs(pitch)) * (LID_FOLLOWS_UP if pitch > 0 else LID_FOLLOWS_DOWN)
        landmarks.append(seen(model.landmarks + own + strength * lids, head))
        centres = [
            eye[:3] + own[list(lid)].mean(0) + IRIS_DEPTH * eye[3] * way
            for eye, lid in zip(model.eyes, EYES, strict=True)
        ]
        iris.append(seen(np.array(centres), head))
    confidence = np.ones((FRAMES, 68), np.float32)
    track = LandmarkTrack(np.array(landmarks, np.float32), confidence, FPS, SIZE, np.array(iris, np.float32))
    found = capture_controls(track, neutral_frame=0).channels
    wrong = np.abs(np.stack([found["gazeYaw"], found["gazePitch"]], axis=1) - asked)
    assert wrong.mean(axis=0).max() < 4
    assert np.quantile(wrong, 0.9) < 8


def test_gaze_told_as_directions_in_the_room(astronaut_landmarks: NDArray[np.float32]) -> None:
    head = ControlTrack(FPS, {"headYaw": _wave(0, 55, 20)})
    ahead = np.zeros((FRAMES, 2)) + 4  # eyes that stay on one place while the head turns
    found = capture_controls(_track(astronaut_landmarks, head), neutral_frame=0, looks=ahead)
    assert np.allclose(found.channels["gazeYaw"], -found.channels["headYaw"], atol=1e-4)


@pytest.mark.parametrize("clip", ["synth_o", "synth_p"])
@pytest.mark.parametrize("points", ["lm_exact", "lm"])
def test_rendered_drivers_with_known_controls(shared: Path, clip: str, points: str) -> None:
    """Exact landmarks, and mediapipe's, which show only half of a raised brow."""
    folder = shared / "eval/synth" / clip
    truth = json.loads((folder / "controls.json").read_text("utf-8"))["channels"]
    with np.load(folder / f"{points}.npz") as data:
        landmarks = data["asked"].astype(np.float32)
    track = LandmarkTrack(landmarks, np.ones(landmarks.shape[:2], np.float32), FPS, (320, 320))
    names = [
        "jawOpen",
        "eyeBlinkLeft",
        "eyeBlinkRight",
        "mouthSmileLeft",
        "mouthSmileRight",
        "headYaw",
        "headPitch",
        "headRoll",
    ]
    if points == "lm_exact":
        names.append("browInnerUp")
    asked = ControlTrack(FPS, {name: np.array(truth[name], np.float32) for name in names})
    _check(asked, capture_controls(track, neutral_frame=0), 0.9, (0.7, 1.3), 3)


@pytest.mark.parametrize("clip", ["synth_o", "synth_p"])
def test_a_portrait_driven_by_itself_does_what_it_did(shared: Path, clip: str) -> None:
    """Within 1 % of the eye distance, for a tracker's points too, whose trembling is taken out."""
    with np.load(shared / "eval/synth" / clip / "lm.npz") as data:
        landmarks = data["asked"].astype(np.float32)
    track = LandmarkTrack(landmarks, np.ones(landmarks.shape[:2], np.float32), FPS, (320, 320))
    moved = np.stack([target.landmarks for target in plan_motion(landmarks[0], track, relative_to=landmarks[0])])
    eye_distance = np.linalg.norm(landmarks[0, 36] - landmarks[0, 45])
    missed = np.linalg.norm(moved - landmarks, axis=-1) / eye_distance
    assert missed.mean() < 0.005
    assert np.quantile(missed, 0.95) < 0.01


def test_a_long_clip_takes_hardly_more_than_its_landmarks(
    astronaut_landmarks: NDArray[np.float32], asked: ControlTrack
) -> None:
    """What is fitted takes 15 KB a frame if all frames are held at once, which is 800 MB for half an hour."""
    once = _track(astronaut_landmarks, asked).landmarks

    def peak(times: int) -> int:
        landmarks = np.concatenate([once] * times)
        long = LandmarkTrack(landmarks, np.ones(landmarks.shape[:2], np.float32), FPS, SIZE)
        tracemalloc.start()
        capture_controls(long, 0)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    peak(1)  # loads the face model
    assert (peak(12) - peak(6)) / (6 * FRAMES) < 8000


def test_head_angles_undo_head_rotation() -> None:
    assert head_angles(head_rotation(24, -13, 9)) == pytest.approx((24, -13, 9))


def test_least_squares_in_a_box() -> None:
    """What is inside the box has no gradient left, what is at a bound would like to leave it."""
    random = np.random.default_rng(2)
    basis = random.normal(size=(7, 20, 5))
    normal = np.einsum("fnk,fnl->fkl", basis, basis)
    wanted = np.einsum("fnk,fn->fk", basis, random.normal(size=(7, 20)) * 3)
    low, high = np.array([0, 0, 0, 0, -np.inf]), np.array([1, 1, 0.2, 1, np.inf])
    x = solve_in_box(normal, wanted, low, high, np.zeros((7, 5)))
    gradient = np.einsum("fkl,fl->fk", normal, x) - wanted
    inside = (x > low) & (x < high)
    assert np.abs(gradient[inside]).max() < 1e-2
    assert (gradient[x == low] >= 0).all()
    assert (gradient[x == high] <= 0).all()
    assert inside.any()
    assert (x == low).any()
    assert (x == high).any()
