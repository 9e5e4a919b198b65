# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of people who were not learned from."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from core.__main__ import main
from core.data.clips import NewClip
from core.data.shards import Shards
from core.errors import BadInputError
from core.generators.few_shot.checkpoint import load_checkpoint, save_checkpoint
from core.generators.few_shot.networks import NetworkPlan, build_discriminator, build_networks
from core.landmarks.detect import create_detector
from core.training.evaluate import Table, evaluate
from core.training.finetune import FineTuning
from core.training.methods import FeedForward, FineTuned, Still, WarpAlone
from core.training.metrics import (
    Shown,
    frechet_distance,
    identity_similarity,
    look_at,
    pose_error,
    structural_similarity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.landmarks.detect import FaceDetector
    from core.training.evaluate import Row

Crops = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return create_detector("dlib")


@pytest.fixture(scope="module")
def people(head_crops: Crops, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Her, and her mirror image, who are held out."""
    pictures, landmarks = head_crops
    folder = tmp_path_factory.mktemp("people")
    shards = Shards.create(folder, 128)
    for name, own in (("her", pictures), ("other", pictures[:3])):
        shards.add(
            name, "held_out", "clip", {}, lambda own=own: NewClip(list(own), landmarks[: len(own)], Fraction(25), {})
        )
    shards.save()
    return folder


def test_a_true_frame_is_without_fault(head_crops: Crops, detector: FaceDetector) -> None:
    picture, landmarks = head_crops[0][0], head_crops[1][0]
    shown = look_at(picture, landmarks, detector)
    assert pose_error(shown, shown) == 0
    assert identity_similarity(shown, shown) == pytest.approx(1)
    assert structural_similarity(picture, picture) == pytest.approx(1)


def test_a_turned_head_has_an_error_of_pose_and_a_blurred_one_of_structure(
    head_crops: Crops, detector: FaceDetector
) -> None:
    pictures, landmarks = head_crops
    true, other = (look_at(pictures[i], landmarks[i], detector) for i in (1, 2))
    assert pose_error(other, true) > 5
    assert structural_similarity(cv2.GaussianBlur(pictures[1], (0, 0), 3), pictures[1]) < 0.95


def test_the_frechet_distance_of_normal_distributions() -> None:
    random = np.random.default_rng(0)
    points = np.zeros((68, 2), np.float32)

    def draw(middle: float, spread: float) -> list[Shown]:
        return [Shown(points, row) for row in random.normal(middle, spread, (20000, 3))]

    assert frechet_distance(draw(0, 1), draw(0, 1)) == pytest.approx(0, abs=5)
    wanted = 3 * (0.5**2 + (2 - 1) ** 2) * 1000  # of each of three numbers: the means' distance and the spreads'
    assert frechet_distance(draw(0, 1), draw(0.5, 2)) == pytest.approx(wanted, rel=0.03)


def test_the_warp_is_better_than_a_still_and_rows_stand_for_all_counts(people: Path, detector: FaceDetector) -> None:
    told: list[dict[str, object]] = []
    methods = {"still": Still(), "warp": WarpAlone()}
    rows = evaluate(Shards(people), methods, detector, told.append, counts=(1, 4, 9))
    assert [(row.method, row.pictures) for row in rows] == [("still", 1), ("warp", 1), ("still", 4), ("warp", 4)]
    assert any("9 known pictures" in str(each["message"]) for each in told)
    assert any("other (not more than 4 frames)" in str(each["message"]) for each in told)
    assert {(row.people, row.frames, row.failed) for row in rows} == {(1, 2, 0)}
    for still, warp in (rows[:2], rows[2:]):
        assert warp.pose < 0.6 * still.pose
        assert warp.ssim > still.ssim


def test_a_perfect_method_has_a_perfect_row_and_no_face_has_none(people: Path, detector: FaceDetector) -> None:
    class Perfect:
        made_of = ""

        def learn(self, _pictures: Sequence[np.ndarray], _landmarks: np.ndarray) -> object:
            def draw(wanted: np.ndarray) -> np.ndarray:
                return clip.picture(int(np.abs(clip.landmarks - wanted).sum((1, 2)).argmin()))

            return draw

    class Wall:
        made_of = ""

        def learn(self, pictures: Sequence[np.ndarray], _landmarks: np.ndarray) -> object:
            return lambda _wanted: np.full_like(pictures[0], 90)

    clip = Shards(people).clip("her", "clip")
    methods = {"perfect": Perfect(), "wall": Wall()}
    row, wall = evaluate(Shards(people), methods, detector, lambda _event: None, counts=(4,))
    assert (wall.pose, wall.failed, wall.frames) == (100, 2, 2)
    assert (row.pose, row.ssim, row.identity) == (0, pytest.approx(1), pytest.approx(1))
    assert row.frechet == pytest.approx(0, abs=1e-3)


def test_nobody_with_enough_frames_is_an_error(people: Path, detector: FaceDetector) -> None:
    for counts, told in (((50,), "more than 50 frames"), ((5,), "two frames with a face are needed")):
        with pytest.raises(BadInputError, match=told):
            evaluate(Shards(people), {"still": Still()}, detector, lambda _event: None, counts)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """The paper's networks, untrained and tiny."""
    plan = NetworkPlan("paper", width=8, embedding=16, size=64, attention=False)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    save_checkpoint(tmp_path / "paper.safetensors", build_networks(plan), {}, build_discriminator(plan, 0))
    return tmp_path / "paper.safetensors"


def test_the_papers_networks_are_fine_tuned_to_the_person(paper: Path, head_crops: Crops) -> None:
    start = load_checkpoint(paper)
    pictures, landmarks = list(head_crops[0][:2, ::2, ::2]), head_crops[1][:2] / 2
    before = FeedForward(start.networks).learn(pictures, landmarks)(landmarks[0])
    tuned = FineTuned(start, print, FineTuning(iterations=24, batch=1, generator_rate=1e-2)).learn(pictures, landmarks)
    true = pictures[0].astype(float)
    assert np.abs(tuned(landmarks[0]) - true).mean() < 0.9 * np.abs(before - true).mean()
    after = FeedForward(start.networks).learn(pictures, landmarks)(landmarks[0])
    np.testing.assert_array_equal(after, before)  # the next person begins with the same


def test_fine_tuning_ends_when_its_time_is_over(paper: Path, head_crops: Crops) -> None:
    start, events = load_checkpoint(paper), list[object]()
    pictures, landmarks = list(head_crops[0][:2, ::2, ::2]), head_crops[1][:2] / 2
    brief = FineTuned(start, events.append, FineTuning(iterations=10_000, batch=1), seconds=0)
    brief.learn(pictures, landmarks)
    assert events == []  # it would tell every twentieth iteration
    assert brief.made_of != FineTuned(start, print, FineTuning(iterations=10_000, batch=1)).made_of


def test_the_hybrid_is_shown_as_it_is_used(head_crops: Crops) -> None:
    """Put into the warp's frame, which stays as it is at the crop's border."""
    networks = build_networks(NetworkPlan("hybrid", width=8, embedding=16, size=64, attention=False)).eval()
    pictures, landmarks = list(head_crops[0][:1, ::2, ::2]), head_crops[1][:2] / 2
    methods = WarpAlone(), FeedForward(networks)
    warped, drawn = (method.learn(pictures, landmarks[:1])(landmarks[1]) for method in methods)
    np.testing.assert_array_equal(drawn[0], warped[0])
    assert (drawn != warped)[16:48, 16:48].any()  # untrained networks make each pixel grey by 2 %


def test_the_command_writes_the_table(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "table.json"
    command = ["evaluate", "few-shot", "--data", str(people), "-o", str(output), "--known", "4", "1", "--people", "1"]
    for _ in range(2):
        assert main(command) == 0
        rows = json.loads(output.read_text())
        assert [(row["method"], row["pictures"], row["people"]) for row in rows] == [
            *(("still", 1, 1), ("warp", 1, 1), ("still", 4, 1), ("warp", 4, 1))
        ]
    told = capsys.readouterr()
    assert "warp, 4 known pictures: person 1 of 1" in told.out
    assert told.out.count("as measured before") == 4
    assert "frechet" in told.out
    assert "no rows of the hybrid" in told.err


def test_a_table_that_was_stopped_is_gone_on_with(people: Path, detector: FaceDetector, tmp_path: Path) -> None:
    class Counted(Still):
        learned = 0
        stops_at = 2

        def learn(self, pictures: Sequence[np.ndarray], landmarks: np.ndarray) -> object:
            self.learned += 1
            if self.learned == self.stops_at:
                raise KeyboardInterrupt
            return super().learn(pictures, landmarks)

    def rows(method: Counted, counts: Sequence[int] = (1, 4)) -> list[Row]:
        methods = {"counted": method}
        return evaluate(Shards(people), methods, detector, lambda _event: None, counts, table=Table(path))

    path = tmp_path / "table.json"
    first, second, other = Counted(), Counted(), Counted()
    with pytest.raises(KeyboardInterrupt):
        rows(first)
    assert [row["pictures"] for row in json.loads(path.read_text())] == [1]
    both = rows(second)
    assert ([row.pictures for row in both], second.learned) == ([1, 4], 1)  # the first one is not measured again
    other.made_of, other.stops_at = "other networks", 9
    again = rows(other)
    assert other.learned == 2
    assert again == both
    written = [(row["digest"], row["pictures"]) for row in json.loads(path.read_text())]
    assert [pictures for _, pictures in written] == [1, 4, 1, 4]  # what was asked for first, nothing is lost
    assert len(dict(written)) == 4


def test_a_file_that_is_no_table_is_not_replaced(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "table.json"
    for text in ('{"fps": [25, 1]}', "[1]", "no JSON"):
        output.write_text(text)
        assert main(["evaluate", "few-shot", "--data", str(people), "-o", str(output)]) == 2
        assert "this is no table" in capsys.readouterr().err
        assert output.read_text() == text


def test_what_would_fail_later_is_told_before_the_work(
    people: Path, paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.training.evaluate.evaluate", lambda *_: pytest.fail("it began"))
    command = ["evaluate", "few-shot", "--data", str(people), "-o"]
    output = str(tmp_path / "table.json")
    for options, told in (
        ([str(paper / "table.json")], "cannot be written"),
        ([output, "--checkpoint", str(paper)], "of the kind paper"),
        ([output, "--minutes", "1"], "--minutes: goes with --tune"),
        ([output, "--paper", str(paper)], "pictures of 64 pixels"),
    ):
        assert main([*command, *options]) == 2
        assert told in capsys.readouterr().err
