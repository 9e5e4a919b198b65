# SPDX-License-Identifier: GPL-3.0-or-later
"""The few-shot generator and the person files that it draws from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.errors import BadInputError
from core.generators import create_generator
from core.generators.base import Portrait
from core.landmarks.detect import create_detector
from core.media.pictures import read_picture, to_rgb8
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

torch = pytest.importorskip("torch")

from core.generators.few_shot.checkpoint import save_checkpoint  # noqa: E402 - needs torch
from core.generators.few_shot.networks import NetworkPlan, build_networks  # noqa: E402
from core.generators.few_shot.person import Person, load_person, save_person  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.motion.target import FaceTarget

Crops = tuple[np.ndarray, np.ndarray]
PLAN = NetworkPlan(width=8, embedding=16, size=128, attention=False)


@pytest.fixture
def person(head_crops: Crops) -> Person:
    torch.manual_seed(0)
    networks = build_networks(PLAN).eval()
    style = networks.project(torch.randn(1, PLAN.embedding))[0].detach()
    return Person(networks, style, head_crops[0][1:], head_crops[1][1:], {"pictures": [{"file": "a.png"}]})


@pytest.fixture
def file(person: Person, tmp_path: Path) -> Path:
    save_person(tmp_path / "her.safetensors", person)
    return tmp_path / "her.safetensors"


@pytest.fixture(scope="module")
def targets(landmarks: NDArray[np.float32]) -> list[FaceTarget]:
    channels = {"headYaw": np.array([0.0, 15.0]), "jawOpen": np.array([0.0, 0.5])}
    return plan_motion(landmarks, ControlTrack(Fraction(25), channels))


def test_a_person_comes_back_from_its_file(person: Person, file: Path) -> None:
    back = load_person(file)
    np.testing.assert_array_equal(back.pictures, person.pictures)
    np.testing.assert_array_equal(back.landmarks, person.landmarks)
    assert (back.made_from, back.keeps_to_warp) == (person.made_from, False)
    torch.testing.assert_close(back.style, person.style)
    for mine, theirs in zip(back.networks.parameters(), person.networks.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)  # kept with half the bits


def test_files_that_are_no_person_are_told(person: Person, file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "cut.safetensors"
    broken.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(BadInputError, match=r"cut\.safetensors.*cut off"):
        load_person(broken)
    save_checkpoint(tmp_path / "networks.safetensors", person.networks, {})
    with pytest.raises(BadInputError, match="a file of networks; one of a person"):
        load_person(tmp_path / "networks.safetensors")
    for changes, told in (
        ({"landmarks": person.landmarks[1:]}, "do not go together"),
        ({"landmarks": np.full_like(person.landmarks, np.nan)}, "landmarks of its pictures are no numbers"),
        ({"style": person.style[1:]}, "its style"),
        ({"style": person.style * np.nan}, "its style"),
    ):
        save_person(tmp_path / "mixed.safetensors", replace(person, **changes))
        with pytest.raises(BadInputError, match=rf"mixed\.safetensors.*{told}"):
            load_person(tmp_path / "mixed.safetensors")
    with pytest.raises(BadInputError, match=r"nobody\.safetensors"):
        load_person(tmp_path / "nobody.safetensors")


def test_a_person_file_of_somebody_else_is_told(
    file: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], shared: Path
) -> None:
    einstein = read_picture(shared / "data/portraits/photo_einstein_375x500.jpg")
    (face,) = create_detector("dlib").detect(to_rgb8(einstein))
    told = list[str]()
    create_generator("few_shot", Portrait(pixels, landmarks), file, told.append)
    assert not told
    create_generator("few_shot", Portrait(einstein, face.landmarks), file, told.append)
    assert len(told) == 1
    assert f"{file}: seems to be of somebody else than the portrait" in told[0]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_still_face_gives_the_portrait_back(
    file: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], targets: list[FaceTarget], kind: type
) -> None:
    own = (pixels / 255).astype(kind) if kind is np.float32 else (pixels.astype(kind) * (np.iinfo(kind).max // 255))
    generator = create_generator("few_shot", Portrait(own, landmarks), file)
    drawn = generator.draw(targets[0])
    assert drawn.dtype == own.dtype
    np.testing.assert_array_equal(drawn, own)


def test_the_network_changes_the_head_and_nothing_far_from_it(
    person: Person, file: Path, astronaut: NDArray[np.uint8], landmarks: NDArray[np.float32], targets: list[FaceTarget]
) -> None:
    """What it draws is not used before it was trained; here it is made to paint all in one colour."""
    with torch.no_grad():
        person.networks.generator.out.bias.copy_(torch.tensor([9.0] * 16))  # white, and all of it the network's
    save_person(file, person)
    corner = np.array([96, 0], np.float32)
    at = landmarks + corner
    pose = targets[1].pose
    moved = replace(pose, pivot=pose.pivot + np.array([96, 0, 0]))
    target = replace(targets[1], landmarks=targets[1].landmarks + corner, pose=moved)
    portrait = Portrait(astronaut, at)
    warped, drawn = (
        create_generator("warp", portrait).draw(target),
        create_generator("few_shot", portrait, file).draw(target),
    )
    assert drawn.shape == astronaut.shape
    bridge, chin = target.landmarks[[27, 8]]
    nose, hair = (
        (slice(y - 5, y + 5), slice(x - 5, x + 5))
        for x, y in (target.landmarks[30].astype(int), (bridge - 0.7 * (chin - bridge)).astype(int))
    )
    assert drawn[hair].mean() > 240 > warped[hair].mean()
    assert np.abs(drawn[nose].astype(int) - warped[nose]).mean() < 25  # on the face a warp that is sure is kept
    np.testing.assert_array_equal(drawn[300:], warped[300:])


def test_a_person_that_keeps_to_the_warp_gets_the_warp(
    person: Person, file: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], targets: list[FaceTarget]
) -> None:
    save_person(file, replace(person, keeps_to_warp=True))
    portrait = Portrait(pixels, landmarks)
    drawn = create_generator("few_shot", portrait, file).draw(targets[1])
    np.testing.assert_array_equal(drawn, create_generator("warp", portrait).draw(targets[1]))


def test_untrained_networks_stay_near_the_warp(
    file: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], targets: list[FaceTarget]
) -> None:
    portrait = Portrait(pixels, landmarks)
    drawn = create_generator("few_shot", portrait, file).draw(targets[1]).astype(int)
    warped = create_generator("warp", portrait).draw(targets[1]).astype(int)
    assert 0 < np.abs(drawn - warped).mean() < 4  # other references fill what hers does not show


def test_a_job_draws_with_a_person(file: Path, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.__main__ import main

    controls = tmp_path / "c.json"
    controls.write_text('{"fps": [25, 1], "channels": {"headYaw": [0, 10]}}')
    frames = [portrait, "-o", tmp_path / "out", "--controls", controls, "--generator", "few_shot"]
    shipped = tmp_path / "hybrid.safetensors"
    monkeypatch.setattr("core.generators.few_shot.checkpoint.SHIPPED", shipped)
    save_checkpoint(shipped, load_person(file).networks, {})
    turned: list[NDArray[np.uint8]] = []
    for person in ([], ["--person", str(file)]):  # none: the portrait is all that is known
        assert main(["animate", *map(str, frames), *person]) == 0
        made = [cv2.imread(str(tmp_path / "out" / f"frame_00000{number}.png")) for number in (1, 2)]
        assert (made[0] == cv2.imread(str(portrait))).all()
        assert (made[1] != made[0]).any()
        turned.append(made[1])
    assert (turned[0] != turned[1]).any()


def test_footage_is_the_warps(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    from core.generators import create_footage_generator
    from core.motion.face_model import fit_face

    rest = Portrait(pixels, landmarks)
    with pytest.raises(BadInputError, match="for footage choose warp"):
        create_footage_generator("few_shot", rest, fit_face(landmarks), new_mouth=False, head_moves=False)
