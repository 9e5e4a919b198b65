# SPDX-License-Identifier: GPL-3.0-or-later
"""Job files: everything that a job is, and what is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core import version
from core.drivers import PerformanceDriver, PresetDriver, SoundDriver
from core.errors import BadInputError
from core.job import Job, PortraitSource, clamp_controls, frame_range, job_from_dict, load_job
from core.landmarks import ModelFiles
from core.motion.amounts import RegionAmounts
from core.motion.controls import ControlTrack
from core.speech.amounts import Amounts

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROLS = {"fps": [25, 1], "channels": {"jawOpen": [0, 0.5, 1]}}


def _data(**changes: Any) -> dict[str, Any]:
    return {
        "gioconda_job": 1,
        "portrait": {"path": "portrait.png"},
        "driver": {"controls": CONTROLS},
        "output": "out",
        **changes,
    }


def test_a_job_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    track = PerformanceDriver(tmp_path / "track.npz", False, 3, Fraction(24000, 1001), Fraction(1, 3), 12)
    files = (tmp_path / "Mona Lisa ü.png", None, tmp_path / "l.npz")
    source = PortraitSource(*files, "face-alignment", 2, True, tmp_path / "mask.png", first_frame=3, rest_frame=0)
    jobs = [
        Job(
            source,
            track,
            tmp_path / "movie.mp4",
            (5, 9),
            "few_shot",
            tmp_path / "her.safetensors",
            ModelFiles(tmp_path / "models", allow_download=True),
            0.25,
            1,
        ),
        Job(PortraitSource(tmp_path / "p.png"), PerformanceDriver(tmp_path / "t.json"), tmp_path / "out"),
        Job(
            PortraitSource(tmp_path / "1.png", paths=(tmp_path / "1.png", tmp_path / "2.png")),
            PerformanceDriver(tmp_path / "t.json"),
            tmp_path / "out",
            replace=("mouth", "brows"),
            only_changes=True,
        ),
    ]
    for number, job in enumerate(jobs):
        path = tmp_path / "deep" / f"{number}.json"
        job.save(path)
        assert load_job(path) == job
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"0.json", "1.json", "2.json"}


def test_voices_presets_amounts_and_keys_are_kept(tmp_path: Path) -> None:
    speech = Amounts(0.1, 0.2, 0.3, 0)
    drivers = [
        SoundDriver(tmp_path / "v.wav", Fraction(25), text="Mary had a little lamb", amounts=speech),
        SoundDriver(tmp_path / "v.wav", Fraction(30000, 1001), Fraction(-1, 2), 40, text_path=tmp_path / "words.txt"),
        PresetDriver("nod", Fraction(24), Fraction(1), 20, 0.5, loop=True),
        PerformanceDriver(
            tmp_path / "m.mp4",
            neutral_frame=None,
            detector="face-alignment",
            face_index=1,
            missing="hold",
            counted_from=10,
        ),
        PerformanceDriver(tmp_path / "m.mp4", neutral=tmp_path / "still.jpg"),
    ]
    keys = ControlTrack(Fraction(25), {"jawOpen": np.zeros(20, np.float32)})
    for driver in drivers:
        job = Job(
            PortraitSource(tmp_path / "p.png"), driver, tmp_path, amounts=RegionAmounts(head=0, jaw=0.5), keys=keys
        )
        job.save(tmp_path / "job.json")
        again = load_job(tmp_path / "job.json")
        assert (again.driver, again.amounts) == (driver, job.amounts)
        assert again.keys is not None
        assert np.array_equal(again.keys.channels["jawOpen"], keys.channels["jawOpen"])


def test_controls_and_landmarks_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(2).uniform(0, 1, 9).astype(np.float32)
    points = np.random.default_rng(3).uniform(0, 500, (68, 2)).tolist()
    job = Job(
        PortraitSource(tmp_path / "p.png", points),
        ControlTrack(Fraction(30000, 1001), {"jawOpen": values}),
        tmp_path / "out",
    )
    job.save(tmp_path / "job.json")
    again = load_job(tmp_path / "job.json")
    assert isinstance(again.driver, ControlTrack)
    assert again.driver.fps == Fraction(30000, 1001)
    assert (again.driver.channels["jawOpen"] == values).all()
    assert again.portrait.landmarks == points


def test_a_job_file_tells_its_format_and_its_version(tmp_path: Path) -> None:
    job_from_dict(_data(), tmp_path).save(tmp_path / "job.json")
    data = json.loads((tmp_path / "job.json").read_text(encoding="utf-8"))
    assert data["gioconda_job"] == 1
    assert data["version"] == version()


def test_paths_are_relative_to_the_job_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shot 1"
    folder.mkdir()
    (folder / "controls.json").write_text(json.dumps(CONTROLS))
    data = _data(
        portrait={"path": "pictures/p.png", "landmarks_path": "l.npz", "head_mask_path": "m.png"},
        driver={"performance_path": "../t.npz", "video_path": "../v.mp4"},
        output="frames",
        models="models",
    )
    (folder / "track.json").write_text(json.dumps(data))
    (folder / "keys.json").write_text(
        json.dumps(_data(driver={"controls_path": "controls.json"}, output=str(tmp_path / "x")))
    )
    monkeypatch.chdir(tmp_path)
    job = load_job(Path("shot 1/track.json"))
    assert job.portrait.path == folder / "pictures/p.png"
    assert job.portrait.landmarks_path == folder / "l.npz"
    assert job.portrait.head_mask_path == folder / "m.png"
    assert isinstance(job.driver, PerformanceDriver)
    assert (job.driver.path, job.driver.video) == (folder / "../t.npz", folder / "../v.mp4")
    assert job_from_dict(json.loads(json.dumps(job.to_dict())), tmp_path) == job
    assert (job.output, job.models) == (folder / "frames", ModelFiles(folder / "models"))
    keyed = load_job(Path("shot 1/keys.json"))
    assert isinstance(keyed.driver, ControlTrack)
    assert keyed.driver.frames == 3
    assert keyed.output == tmp_path / "x"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    job = job_from_dict(_data(driver={"performance_path": "t.npz"}), tmp_path)
    assert job == Job(
        PortraitSource(tmp_path / "portrait.png"), PerformanceDriver(tmp_path / "t.npz"), tmp_path / "out"
    )
    assert not job.models.allow_download


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"generater": "warp"}, "generater is unknown; known are .*generator"),
        ({"portrait": {"path": "p.png", "face": 1}}, "portrait: face is unknown; known are .*face_index"),
        ({"driver": {"controls": CONTROLS, "speed": 2}}, "driver: speed is unknown"),
        ({"gioconda_job": 2}, "is a job of format 2; this version reads 1"),
        ({"gioconda_job": None}, "is a job of format None"),
        ({"gioconda_job": "1"}, "is a job of format '1'"),
        ({"portrait": None}, "portrait: an object with named values is wanted"),
        ({"portrait": "p.png"}, "portrait: an object with named values is wanted"),
        ({"portrait": {}}, "'path' is missing"),
        ({"portrait": {"path": "p.png", "face_index": "largest"}}, "wrong kind"),
        ({"portrait": {"path": "p.png", "face_index": float("inf")}}, "wrong kind"),
        ({"portrait": {"path": "p.png", "landmarks_path": 3}}, "wrong kind"),
        ({"driver": []}, "driver: an object with named values is wanted"),
        ({"driver": {}}, "one of controls, controls_path, performance_path"),
        (
            {"driver": {"controls": CONTROLS, "performance_path": "t.npz"}},
            "one of controls, controls_path, performance_path",
        ),
        (
            {"driver": {"controls": {"fps": [25, 1], "channels": {"jawOpen": [0], "headYaw": [0, 1]}}}},
            "differ in length",
        ),
        ({"driver": {"controls_path": "nowhere.json"}}, r"nowhere\.json"),
        ({"driver": {"performance_path": "t.npz", "motion": "wild"}}, "motion is 'wild'; choose relative or absolute"),
        ({"driver": {"performance_path": "t.npz", "fps": [0, 1]}}, "fps and frames must be above 0"),
        ({"driver": {"performance_path": "t.npz", "fps": [25, 0]}}, "wrong kind"),
        ({"driver": {"performance_path": "t.npz", "fps": [29.97, 1]}}, "wrong kind"),
        ({"driver": {"performance_path": "t.npz", "fps": 25}}, "wrong kind"),
        ({"driver": {"performance_path": "t.npz", "frames": 0}}, "fps and frames must be above 0"),
        ({"driver": {"performance_path": "t.npz", "neutral_frame": "first"}}, "wrong kind"),
        ({"driver": {"performance_path": "t.mp4", "missing": "guess"}}, "choose interpolate or hold"),
        ({"driver": {"performance_path": "t.npz", "scale": 2}}, "scale is unknown; known are"),
        ({"driver": {"sound_path": "v.wav"}}, "fps is missing"),
        ({"driver": {"sound_path": "v.wav", "fps": [25, 1], "text": "a", "text_path": "t.txt"}}, "not both"),
        ({"driver": {"sound_path": "v.wav", "fps": [25, 1], "speech": {"head": 2}}}, "amounts from 0 to 1"),
        ({"driver": {"preset": "nod"}}, "fps is missing"),
        ({"amounts": {"nose": 1}}, "known are head"),
        ({"amounts": {"head": 1.5}}, "a number from 0 to 1"),
        ({"keys": {"fps": [25, 1]}}, "expected"),
        ({"frames": [1]}, "wrong kind"),
        ({"frames": [1, 2, 3]}, "wrong kind"),
        ({"frames": ["first", "last"]}, "wrong kind"),
        ({"frames": 5}, "wrong kind"),
        ({"models": 7}, "wrong kind"),
        ({"allow_download": "false"}, "wrong kind"),
        ({"allow_download": 1}, "wrong kind"),
        ({"driver": {"preset": "nod", "fps": [25, 1], "loop": "yes"}}, "wrong kind"),
        ({"portrait": {"path": "p.png", "as_stored": "no"}}, "wrong kind"),
        ({"creases": 1.01}, "creases: 1.01 is not from 0 to 1"),
        ({"creases": None}, "wrong kind .creases: "),
        ({"neutralise": -0.1}, "-0.1 is not from 0 to 1"),
        ({"neutralise": float("nan")}, "nan is not from 0 to 1"),
        ({"neutralise": "much"}, "wrong kind"),
    ],
)
def test_jobs_that_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        job_from_dict(_data(**change), tmp_path)


@pytest.mark.parametrize("key", ["portrait", "driver", "output"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    data = _data()
    del data[key]
    with pytest.raises(BadInputError, match=f"'{key}' is missing"):
        job_from_dict(data, tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"null", b'"job"', bytes(range(128, 256))])
def test_files_that_are_no_job(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no_job.json"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"no_job\.json"):
        load_job(path)


def test_a_job_file_that_does_not_exist_or_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.json"):
        load_job(tmp_path / "nowhere.json")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInputError, match="cannot be written"):
        job_from_dict(_data(), tmp_path).save(tmp_path / "file" / "job.json")


def test_controls_are_clamped_and_told(tmp_path: Path) -> None:
    controls = {"fps": [25, 1], "channels": {"headYaw": [90, 0], "smile": [1, 1]}}
    job, told = clamp_controls(job_from_dict(_data(driver={"controls": controls}), tmp_path))
    assert isinstance(job.driver, ControlTrack)
    assert job.driver.channels["headYaw"].tolist() == [45, 0]
    assert [line.split(":")[0] for line in told] == ["Control headYaw", "Unknown control 'smile'"]
    tracked = job_from_dict(_data(driver={"performance_path": "t.npz"}), tmp_path)
    assert clamp_controls(tracked) == (tracked, [])


@pytest.fixture
def asking(tmp_path: Path) -> Callable[[list[int] | None], Job]:
    """asking([2, 3]): a job of those frames."""
    return lambda frames: job_from_dict(_data(frames=frames), tmp_path)


def test_frames_are_counted_from_1_and_the_last_is_in(asking: Callable[[list[int] | None], Job]) -> None:
    assert list(frame_range(asking(None), 3)) == [0, 1, 2]
    assert list(frame_range(asking([2, 3]), 3)) == [1, 2]
    assert list(frame_range(asking([1, 1]), 3)) == [0]


@pytest.mark.parametrize("frames", [[0, 2], [1, 4], [3, 2], [4, 4], [-1, 1]])
def test_frames_that_the_driver_does_not_have(asking: Callable[[list[int] | None], Job], frames: list[int]) -> None:
    with pytest.raises(BadInputError, match=f"Frames {frames[0]}-{frames[1]} were asked for; the driver has .*1-3"):
        frame_range(asking(frames), 3)
