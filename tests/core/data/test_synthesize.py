# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up people: the same seed is the same people, landmarks are where the face is, and movements are smooth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch")

from core.__main__ import main  # noqa: E402
from core.data.acting import act  # noqa: E402
from core.data.shards import Shards  # noqa: E402
from core.data.splits import split_of  # noqa: E402
from core.data.synthesize import People, render_clip, synthesize  # noqa: E402
from core.errors import BadInputError  # noqa: E402
from core.landmarks.detect import create_detector  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from core.data.clips import Clip

SIZE, FRAMES = 128, 4


@pytest.fixture(scope="module")
def pack(shared: Path) -> Path:
    path = shared / "data" / "ict_light.npz"
    if not path.exists():
        pytest.skip(f"needs a pack of the face model, which is not in the repository: {path}")
    return path


@pytest.fixture(scope="module")
def shards(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("shards")
    arguments = ["data", "synthesize", "--face-model", str(pack), "-o", str(folder), "--people", "2"]
    assert main([*arguments, "--frames", str(FRAMES), "--size", str(SIZE), "--seed", "4"]) == 0
    return Shards(folder)


def _clips(shards: Shards) -> list[Clip]:
    return [shards.clip(person, name) for person in shards.people() for name in shards.clips(person)]


def test_people_are_made_as_asked(shards: Shards) -> None:
    clips = _clips(shards)
    assert [len(clip) for clip in clips] == [FRAMES, FRAMES]
    assert shards.report == {"kept": 2, "dropped": []}
    assert [shards.split(person) for person in shards.people()] == [split_of(p, 0.1) for p in shards.people()]
    colours = [clip.picture(0).reshape(-1, 3).mean(0) for clip in clips]
    assert np.abs(colours[0] - colours[1]).max() > 5  # they are not the same one


def test_the_face_is_where_the_landmarks_are(shards: Shards) -> None:
    """A detector that was trained on photographs finds them there, in most frames."""
    detector = create_detector("dlib")
    inner = slice(27, 68)  # nose, eyes, mouth: the jaw's points follow another convention
    errors: list[float] = []
    for clip in _clips(shards):
        for frame in range(FRAMES):
            landmarks = clip.landmarks[frame]
            assert (landmarks > 0).all()
            assert (landmarks < SIZE).all()
            picture = np.kron(clip.picture(frame), np.ones((3, 3, 1), np.uint8))
            apart = float(np.linalg.norm(landmarks[36] - landmarks[45]))
            for face in detector.detect(picture)[:1]:
                found = (face.landmarks + 0.5) / 3 - 0.5
                errors.append(float(np.linalg.norm(found[inner] - landmarks[inner], axis=1).mean()) / apart)
    assert len(errors) >= FRAMES
    assert np.median(errors) < 0.08  # of the distance of the eyes


def test_the_same_seed_gives_the_same_bytes_and_nothing_is_made_twice(
    pack: Path, shards: Shards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(1, FRAMES, seed=4, size=SIZE)
    again = synthesize(pack, tmp_path, people, lambda _: None)
    first, second = _clips(shards)[0].path, _clips(again)[0].path
    assert first.read_bytes() == second.read_bytes()

    monkeypatch.setattr("core.data.synthesize.render_clip", None)  # not to be called
    times = second.stat().st_mtime_ns
    assert synthesize(pack, tmp_path, people, lambda _: None).people() == again.people()
    assert second.stat().st_mtime_ns == times


def test_pictures_show_head_shirt_and_backdrop(pack: Path) -> None:
    """Neighbouring frames differ in the head, not in the corners of the backdrop, but for the grain."""
    clip = render_clip(pack, {"seed": 1, "person": 0, "frames": 6, "size": SIZE})
    pictures = np.array(clip.pictures).astype(float)
    change = np.abs(pictures - pictures[0]).mean(axis=(0, 3))
    assert change[: SIZE // 8, : SIZE // 8].mean() < 6
    assert change[SIZE // 3 : 2 * SIZE // 3, SIZE // 3 : 2 * SIZE // 3].mean() > 6


def test_acting_is_smooth_and_within_bounds() -> None:
    names = {
        name: number
        for number, name in enumerate(["jawOpen", "eyeBlink_L", "eyeBlink_R", "mouthSmile_L", "mouthSmile_R"])
    }
    poses = act(np.random.default_rng(0), 400, names)
    weights = np.array([pose.weights for pose in poses])
    assert 0 <= weights.min() <= weights.max() <= 1
    assert (weights.max(0) > 0.4).all()  # everything is seen at some time
    heads = np.array([pose.head for pose in poses])
    assert (np.abs(heads) <= [30, 20, 20]).all()
    assert np.abs(np.diff(heads, axis=0)).max() < 12  # degrees in a sixth of a second


def test_bad_input_is_told(tmp_path: Path) -> None:
    pack = tmp_path / "pack.npz"
    with pytest.raises(BadInputError, match="there is no such face model"):
        synthesize(pack, tmp_path / "a", People(1, 2), lambda _: None)
    np.savez_compressed(pack, neutral=np.random.default_rng(0).integers(9, size=3000))
    lacking = pack.read_bytes()
    packed = lacking.index(b"neutral.npy") + len("neutral.npy") + 20  # after the archive's words about it
    for content in (b"no pack", lacking, lacking[:packed] + 9 * b"\xff" + lacking[packed + 9 :]):
        pack.write_bytes(content)
        with pytest.raises(BadInputError, match="is no pack of the face model"):
            synthesize(pack, tmp_path / "a", People(1, 2), lambda _: None)
    for people in (People(0, 2), People(1, 1), People(1, 2, held_out=1), People(1, 2, seed=-1)):
        with pytest.raises(BadInputError, match="are needed"):
            synthesize(pack, tmp_path / "a", people, lambda _: None)
    if not torch.cuda.is_available():
        with pytest.raises(BadInputError, match="no CUDA"):
            synthesize(pack, tmp_path / "a", People(1, 2), lambda _: None, "cuda")
    assert not (tmp_path / "a").exists()
