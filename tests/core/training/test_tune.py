# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning one person."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core.__main__ import main  # noqa: E402 - needs torch
from core.errors import BadInputError  # noqa: E402
from core.generators.few_shot.checkpoint import Checkpoint, load_checkpoint, save_checkpoint  # noqa: E402
from core.generators.few_shot.networks import Drawn, Inputs, NetworkPlan, build_networks  # noqa: E402
from core.generators.few_shot.person import load_person  # noqa: E402
from core.training import MOST_PICTURES  # noqa: E402
from core.training import tune as tuning  # noqa: E402
from core.training.finetune import PersonFrames  # noqa: E402
from core.training.losses import ContentLoss, LossWeights  # noqa: E402
from core.training.pictures_of_person import KnownPicture, read_pictures  # noqa: E402
from core.training.tune import TunePlan, tune  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Crops = tuple[np.ndarray, np.ndarray]
CONTENT = ContentLoss(LossWeights())
PLAN = NetworkPlan(width=8, embedding=16, size=128, attention=False)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "start.safetensors", build_networks(PLAN), {"steps": 0})
    return tmp_path / "start.safetensors"


@pytest.fixture(scope="module")
def known(head_crops: Crops) -> list[KnownPicture]:
    return [
        KnownPicture(picture, points, "her.png", i, "")
        for i, (picture, points) in enumerate(zip(*head_crops, strict=True))
    ]


def _tune(known: list[KnownPicture], start: Checkpoint, iterations: int) -> tuple[Any, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    return tune(known, start, events.append, TunePlan(iterations, 1000)), events


def test_held_out_pictures_are_drawn_better_than_before_and_than_by_the_warp(
    known: list[KnownPicture], checkpoint: Path
) -> None:
    person, events = _tune(known, load_checkpoint(checkpoint), 40)
    measured = person.made_from
    assert measured["held_out"] < measured["untuned"]
    assert measured["held_out"] < measured["warp"]
    assert not person.keeps_to_warp
    assert measured["iterations"] > 0
    assert len(person.pictures) == len(known)  # those held out too serve as references later
    steps = [event for event in events if event["event"] == "step"]
    assert steps[-1]["preview"].shape == (128, 3 * 128, 3)


def test_where_the_network_only_harms_the_warp_is_kept(
    known: list[KnownPicture], checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = load_checkpoint(checkpoint)
    with torch.no_grad():
        start.networks.generator.out.bias.copy_(torch.tensor([9.0] * 16))  # paints all white, and is sure of it
    monkeypatch.setattr(tuning, "_MEASURE_EVERY", 1)
    person, events = _tune(known, start, 2)
    assert person.keeps_to_warp
    assert any("the warp is kept" in event.get("message", "") for event in events)


def test_a_held_out_loss_that_is_no_number_is_no_better_one(
    known: list[KnownPicture], checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    black = Inputs(*(torch.zeros(1, *shape, 128, 128) for shape in ((3,), (3, 3), (3, 1), (1,))))
    monkeypatch.setattr(tuning, "_inputs", lambda *_: black)  # without the time that warps take
    monkeypatch.setattr(tuning, "_MEASURE_EVERY", 1)
    monkeypatch.setattr(tuning, "_measure", lambda _tuner, held, _content: (float("nan"), held.pictures))
    person, events = _tune(known, load_checkpoint(checkpoint), 6)
    assert person.keeps_to_warp
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2, 3, 4]


def test_held_out_pictures_are_measured_one_after_another() -> None:
    """Else they would need more memory than tuning, which makes its batch smaller."""
    sizes: list[int] = []

    class Halves:
        def draw_styled(self, inputs: Inputs, _style: torch.Tensor) -> Drawn:
            sizes.append(len(inputs.landmark_pictures))
            return Drawn(inputs.landmark_pictures / 2, None)

    pictures = torch.rand(3, 3, 64, 64)
    held = PersonFrames(pictures, Inputs(pictures))
    loss, drawn = tuning._measure(SimpleNamespace(style=torch.zeros(1, 4), networks=Halves()), held, CONTENT)
    assert sizes == [1, 1, 1]
    torch.testing.assert_close(drawn, pictures / 2)
    assert loss == pytest.approx(CONTENT(pictures / 2, pictures).item(), rel=1e-4)


@pytest.mark.parametrize("minutes", ["nan", "inf", "-1", "0", "long"])
def test_a_time_that_is_none_is_refused(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tune", "her.png", "-o", "her.safetensors", "--minutes", minutes])
    assert "a number of minutes above 0" in capsys.readouterr().err


def test_a_folder_in_the_file_s_place_is_told_before_the_work(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", str(folder), "-o", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert f"{tmp_path.name} cannot be written to {tmp_path.parent} (Is a directory)" in told.err
    assert not told.out


def test_the_start_is_not_changed_and_the_same_comes_out_twice(known: list[KnownPicture], checkpoint: Path) -> None:
    start = load_checkpoint(checkpoint)
    before = {name: value.clone() for name, value in start.networks.state_dict().items()}
    one, other = (_tune(known, start, 20)[0] for _ in range(2))
    for name, value in start.networks.state_dict().items():
        assert torch.equal(value, before[name])
    for mine, theirs in zip(one.networks.parameters(), other.networks.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_two_pictures_are_taken_as_they_are(known: list[KnownPicture], checkpoint: Path) -> None:
    person, events = _tune(known[:2], load_checkpoint(checkpoint), 20)
    assert person.made_from["iterations"] == 0
    assert "Too few pictures" in events[-1]["message"]


@pytest.fixture
def folder(pixels: NDArray[np.uint8], tmp_path: Path) -> Path:
    """Three pictures of her, and a wall."""
    made = tmp_path / "pictures"
    made.mkdir()
    for number in range(3):
        turn = cv2.getRotationMatrix2D((128, 128), 6 * (number - 1), 1)
        turned = cv2.warpAffine(pixels, turn, (256, 256), borderMode=cv2.BORDER_REPLICATE)
        cv2.imwrite(str(made / f"{number}.png"), turned[..., ::-1])
    cv2.imwrite(str(made / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    return made


def test_a_folder_of_pictures_becomes_a_person_file(folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "her.safetensors"
    command = ["tune", str(folder), "-o", str(output), "--checkpoint", str(checkpoint), "--minutes", "0.02"]
    assert main(command) == 0
    person = load_person(output)
    assert person.pictures.shape == (3, 128, 128, 3)
    assert [each["file"] for each in person.made_from["pictures"]] == ["0.png", "1.png", "2.png"]


def test_pictures_without_a_face_and_tiny_heads_are_left_out_and_told(folder: Path) -> None:
    events: list[dict[str, Any]] = []
    found = read_pictures([folder], 128, events.append)
    told = [event["message"] for event in events if event["event"] == "warning"]
    assert len(found) == 3
    assert len(told) == 1
    assert told[0] == "Left out: wall.png: no face found."
    (folder / "only").mkdir()
    (folder / "wall.png").rename(folder / "only" / "wall.png")
    with pytest.raises(BadInputError, match="No picture shows a face"):
        read_pictures([folder / "only"], 128, events.append)


def test_damaged_files_are_left_out_and_told_unless_there_is_nothing_else(folder: Path) -> None:
    damaged, movie, events = folder / "1.png", folder / "movie.mp4", list[dict[str, Any]]()
    damaged.write_bytes(damaged.read_bytes()[:5000])
    movie.write_bytes(b"no movie")
    found = read_pictures([folder, movie], 128, events.append)
    told = [event["message"] for event in events if event["event"] == "warning"]
    assert [one.file for one in found] == ["0.png", "2.png"]
    assert "Left out: " in told[0]
    assert "1.png: is not a picture, or is damaged" in told[0]
    assert "movie.mp4: cannot be read as a movie" in told[-1]
    with pytest.raises(BadInputError, match=r"1\.png: is not a picture, or is damaged"):
        read_pictures([damaged], 128, events.append)


def test_somebody_else_among_the_pictures_is_told_with_the_distance(folder: Path, shared: Path) -> None:
    events: list[dict[str, Any]] = []
    stranger = shared / "data/portraits/photo_einstein_375x500.jpg"
    read_pictures([folder, stranger], 128, events.append)
    told = [event["message"] for event in events if "one person" in event["message"]]
    assert len(told) == 1
    assert "einstein" in told[0]
    assert "0.png" not in told[0]


def test_of_many_pictures_some_are_chosen_evenly(folder: Path) -> None:
    from core.training.pictures_of_person import _evenly

    first = folder / "0.png"
    many = [first.with_name(f"copy{number:03}.png") for number in range(70)]
    for path in many:
        path.write_bytes(first.read_bytes())
    chosen = [path for path, _, _ in _evenly(many, print)]
    assert len(chosen) == MOST_PICTURES
    assert (chosen[0], chosen[-1]) == (many[0], many[-1])
