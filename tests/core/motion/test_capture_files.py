# SPDX-License-Identifier: GPL-3.0-or-later
"""Capture files: every form is read, written and read again; what is wrong is told with its line and column."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.errors import BadInputError
from core.landmarks.track import LandmarkTrack, save_track
from core.motion.capture_files import read_capture, write_controls
from core.motion.controls import CONTROLS, ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NTSC = [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)]
SHAPES = [name for name in CONTROLS if not name.startswith(("head", "gaze"))]
HEADER = ",".join(["Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in SHAPES), "HeadYaw"])


def _controls(fps: Fraction, frames: int, *names: str) -> ControlTrack:
    """Every channel its own steady rise."""
    return ControlTrack(
        fps, {name: np.linspace(0, 0.9 - 0.01 * n, frames, dtype=np.float32) for n, name in enumerate(names)}
    )


def _content(path: Path, fps: Fraction | None = None) -> ControlTrack:
    content = read_capture(path, fps).content
    assert isinstance(content, ControlTrack)
    return content


def _live_link(path: Path, *timecodes: str, yaw: float = 0.0) -> Path:
    rows = [",".join([code, "61", *["0.25"] * len(SHAPES), str(yaw)]) for code in timecodes]
    path.write_text("\n".join([HEADER, *rows]))
    return path


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(60), *NTSC])
@pytest.mark.parametrize("name", ["c.json", "c.csv", "live_link.csv"])
def test_what_is_written_is_read_again(tmp_path: Path, fps: Fraction, name: str) -> None:
    """Rates are exact: over ten minutes not a frame is lost."""
    frames = 10 * 60 * 30 if name == "c.csv" else 130
    controls = _controls(fps, frames, "jawOpen", "mouthSmileLeft", "headYaw", "headRoll", "eyeLookInLeft")
    write_controls(tmp_path / name, controls, as_live_link=name == "live_link.csv")
    again = _content(tmp_path / name)
    assert (again.fps, again.frames) == (fps, frames)
    for channel, values in controls.channels.items():
        assert np.allclose(again.channels[channel], values, atol=1e-5 if "live" in name else 0), channel


def test_gaze_goes_to_live_link_as_looks_that_move_the_eyes_alike(
    tmp_path: Path, astronaut_landmarks: NDArray[np.float32]
) -> None:
    gaze = ControlTrack(
        Fraction(30), {"gazeYaw": np.array([0, 20, -12], np.float32), "gazePitch": np.array([0, -9, 14], np.float32)}
    )
    write_controls(tmp_path / "c.csv", gaze, as_live_link=True)
    again = read_capture(tmp_path / "c.csv", Fraction(30)).content
    assert isinstance(again, ControlTrack)
    first, second = (plan_motion(astronaut_landmarks, controls) for controls in (gaze, again))
    assert all(np.allclose(a.gaze, b.gaze, atol=1e-4) for a, b in zip(first, second, strict=True))
    eye_yaw = [line.split(",")[-6] for line in (tmp_path / "c.csv").read_text().splitlines()]
    assert eye_yaw[0] == "LeftEyeYaw"
    assert float(eye_yaw[2]) == pytest.approx(np.radians(20), abs=1e-6)


@pytest.mark.parametrize(
    ("timecodes", "fps"),
    [
        ([f"14:03:{52 + i // 60}:{i % 60:02}.207" for i in range(125)], Fraction(60)),
        ([f"14:03:{52 + i // 30}:{i % 30:02}.9" for i in range(95)], Fraction(30)),
        ([f"{'23:59:59' if i < 24 else '00:00:00'}:{i % 24:02}" for i in range(40)], Fraction(24)),
        ([f"00:00:{i * 1001 // 60000:02}:{i * 1001 / 1000 % 60:06.3f}" for i in range(150)], Fraction(60000, 1001)),
        (["14:03:52:10.1", "14:03:52:11.1"], Fraction(60)),
        ([f"01:00:59;{28 + i}" if i < 2 else f"01:01:00;{i:02}" for i in range(6)], Fraction(30000, 1001)),
    ],
)
def test_timecodes_tell_the_rate(tmp_path: Path, timecodes: list[str], fps: Fraction) -> None:
    controls = _content(_live_link(tmp_path / "c.csv", *timecodes, yaw=0.5))
    assert (controls.fps, controls.frames) == (fps, len(timecodes))
    assert controls.channels["headYaw"] == pytest.approx(np.degrees(0.5))
    assert controls.channels["jawOpen"] == pytest.approx(0.25)


def test_a_rate_that_is_stated_corrects_the_timecode(tmp_path: Path) -> None:
    path = _live_link(tmp_path / "c.csv", *(f"0:00:{i // 60:02}:{i % 60:02}" for i in range(2000)))
    controls = _content(path, NTSC[2])
    assert (controls.fps, controls.frames) == (NTSC[2], 2000)


def test_frames_that_live_link_left_out_are_filled_in(tmp_path: Path) -> None:
    path = _live_link(tmp_path / "c.csv", *(f"0:00:{i // 30:02}:{i % 30:02}" for i in range(70) if i not in (8, 9)))
    lines = path.read_text().splitlines()
    lines[3] = "0:00:00:02,0"  # the app saw no face
    lines[6] = lines[6].replace("0.25", "0.75")
    path.write_text("\n".join(lines))
    capture = read_capture(path)
    assert isinstance(capture.content, ControlTrack)
    assert capture.content.frames == 70
    assert capture.content.channels["jawOpen"][[1, 2, 5, 8, 10]] == pytest.approx([0.25, 0.25, 0.75, 0.25, 0.25])
    assert "1 lines without a face" in capture.told[0]


def test_a_plain_table_of_another_program(tmp_path: Path) -> None:
    """Capital letters, semicolons, a byte order mark, columns of its own, milliseconds, a frame that is missing."""
    path = tmp_path / "c.csv"
    rows = [f"{i};{i / 29.97:.3f};{i / 100};{i};x" for i in range(60) if i != 30]
    path.write_text("\n".join(["frame;Timestamp;JawOpen;headYaw;note", *rows]), encoding="utf-8-sig")
    capture = read_capture(path)
    assert isinstance(capture.content, ControlTrack)
    assert (capture.content.fps, capture.content.frames) == (NTSC[1], 60)
    assert capture.content.channels["jawOpen"] == pytest.approx(np.arange(60) / 100, abs=1e-3)
    assert list(capture.content.channels) == ["jawOpen", "headYaw"]
    assert "'note' is no control" in capture.told[0]
    assert "not even" in capture.told[1]


def test_a_table_without_times_needs_a_rate(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("frame,jawOpen\n1,0\n2,0.5\n")
    with pytest.raises(BadInputError, match=r"c\.csv: does not tell its frame rate; add a column time .*--fps"):
        read_capture(path)
    assert _content(path, NTSC[0]).fps == NTSC[0]


def test_another_rate_is_read_at_the_one_that_is_stated(tmp_path: Path) -> None:
    write_controls(tmp_path / "c.json", _controls(Fraction(50), 100, "jawOpen"))
    controls = _content(tmp_path / "c.json", Fraction(25))
    assert (controls.fps, controls.frames) == (25, 50)
    assert controls.channels["jawOpen"] == pytest.approx(np.linspace(0, 0.9, 100)[::2])


def _openface(path: Path, landmarks: NDArray[np.float32], success: list[int], faces: int = 1) -> Path:
    names = [f"{axis}_{n}" for axis in "xy" for n in range(68)]
    lines = [
        ", ".join(["frame", "face_id", "timestamp", "confidence", "success", "gaze_angle_x", "gaze_angle_y", *names])
    ]
    for i, points in enumerate(landmarks):
        for face in range(faces):
            head = [i + 1, face, f"{i / 30:.3f}", 0.98 if success[i] else 0, success[i], 0.1 * i, 0.05]
            cells = (points + 100 * face).T.ravel() if success[i] else np.zeros(136)
            lines.append(", ".join(map(str, [*head, *cells])))
    path.write_text("\n".join(lines))
    return path


def test_openface(tmp_path: Path, astronaut_landmarks: NDArray[np.float32]) -> None:
    moved = astronaut_landmarks + np.arange(6, dtype=np.float32)[:, None, None]
    path = _openface(tmp_path / "c.csv", moved, [1, 1, 0, 1, 1, 1], faces=2)
    capture = read_capture(path, face=1)
    track = capture.content
    assert isinstance(track, LandmarkTrack)
    assert (track.fps, track.frames) == (30, 6)
    assert np.allclose(track.landmarks, moved + 100, atol=1e-3)  # the one without success lies between its neighbours
    assert track.confidence[:, 0] == pytest.approx([0.98, 0.98, 0, 0.98, 0.98, 0.98])
    assert capture.looks is not None
    assert capture.looks[1] == pytest.approx(np.degrees([0.1, -0.05]))
    assert "1 frames without success" in capture.told[0]
    assert capture.controls(neutral_frame=0).channels["gazeYaw"][1] == pytest.approx(np.degrees(0.1), abs=3)
    slower = capture.at_rate(Fraction(15))
    assert slower.looks is not None
    assert slower.looks == pytest.approx(capture.looks[::2])
    assert slower.controls(neutral_frame=0).frames == 3
    with pytest.raises(BadInputError, match="face 2 does not exist; it has 0-1"):
        read_capture(path, face=2)


def test_landmark_tracks(tmp_path: Path, astronaut_landmarks: NDArray[np.float32]) -> None:
    still = LandmarkTrack(astronaut_landmarks[None], np.ones((1, 68), np.float32), Fraction(25), (512, 512))
    for name in ("t.npz", "t.json"):
        save_track(tmp_path / name, still)
        content = read_capture(tmp_path / name).content
        assert isinstance(content, LandmarkTrack)
        assert np.array_equal(content.landmarks, still.landmarks)


GOOD = "time,jawOpen\n0,0\n0.04,0.5\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("time,jawOpen\n", "has no frames"),
        ("name,height\nAnna,170\n", "is no capture file: no column is named after a control"),
        ("%PDF-1.4", "has no frames"),
        ("time,jawOpen,jawOpen\n0,0,0\n", "has two columns jawOpen"),
        ("time,jawOpen\n0,0\n0.04,NaN\n", "line 3, column jawOpen: 'NaN' is not a number that can be used"),
        ("time,jawOpen\n0,0\n\n0.04,inf\n", "line 4, column jawOpen: 'inf' is not a number"),
        ("time,jawOpen\n0,wide\n0.04,0\n", "line 2, column jawOpen: 'wide' is not a number"),
        ("time,jawOpen\n0,0\n0.04\n", "line 3, column jawOpen: is empty"),
        ("time,jawOpen\n0,0\n,1\n", "line 3, column time: is empty"),
        ("time,jawOpen\n0.04,0\n0.04,1\n", "line 3, column time: is not later than the line before"),
        ("time,jawOpen\n0,0\n0.04,0\n1e9,1\n", "line 4, column time: is too late"),
        ("time,jawOpen\n0,0\n", "a single frame does not tell its rate"),
        (
            "Timecode,BlendShapeCount,EyeBlinkLeft\n0:0:0:1,61,0\n",
            "from Live Link Face, but lacks the columns EyeBlinkRight",
        ),
        (f"{HEADER}\n0:0:0:1,0\n", "holds no face"),
        (f"{HEADER}\nnoon,61{',0' * 53}\n", "line 2, column Timecode: 'noon' is no timecode"),
        (f"{HEADER}\n0:0:0:99,61{',0' * 53}\n", "line 2, column Timecode: '0:0:0:99' has more than 60 frames"),
        (f"{HEADER}\n0:0:0:1,61{',0' * 52},NaN\n", "line 2, column HeadYaw: 'NaN' is not a number"),
        ("frame,timestamp,confidence,success,pose_Rx\n1,0,1,1,0\n", "from OpenFace, but lacks 136 columns"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"c\.csv: ") as error:
        read_capture(path)
    assert words in str(error.value)


def test_marks_become_landmarks(tmp_path: Path, astronaut_landmarks: NDArray[np.float32]) -> None:
    places = {str(point): [astronaut_landmarks[point].tolist(), None] for point in (30, 36, 45, 48, 54)}
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"fps": [25, 1], "size": [512, 512], "marks": places}))
    track = read_capture(path).content
    assert isinstance(track, LandmarkTrack)
    np.testing.assert_allclose(track.landmarks[:, 30], astronaut_landmarks[[30, 30]], atol=1e-3)


def test_openface_that_never_saw_a_face(tmp_path: Path, astronaut_landmarks: NDArray[np.float32]) -> None:
    path = _openface(tmp_path / "c.csv", np.stack([astronaut_landmarks] * 2), [0, 0])
    with pytest.raises(BadInputError, match="no success in any frame"):
        read_capture(path)


@pytest.mark.parametrize("name", ["c.csv", "c.json", "c.npz"])
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(BadInputError, match=name):
        read_capture(path)
    path.write_bytes(np.random.default_rng(1).bytes(200))
    with pytest.raises(BadInputError, match=name):
        read_capture(path)


def test_other_endings(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"c\.txt: is no capture file; those end in \.json, \.npz, \.csv"):
        read_capture(tmp_path / "c.txt")
    with pytest.raises(BadInputError, match=r"c\.txt: controls are written to a file ending in"):
        write_controls(tmp_path / "c.txt", _controls(Fraction(25), 2, "jawOpen"))
