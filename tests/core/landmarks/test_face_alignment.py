# SPDX-License-Identifier: GPL-3.0-or-later
"""The face-alignment detector with files of the real architecture and size, but random numbers in them.

They go the whole way that the real ones go: found by name, checked by hash, loaded by the package's own code.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError, MissingError
from core.landmarks import CACHED, ModelFiles
from core.landmarks.detect import create_detector
from core.landmarks.weights import FACES, POINTS_2D, POINTS_3D, Weights

OPTIONAL = "the face-alignment detector needs core/requirements-torch.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
module = pytest.importorskip("core.landmarks.face_alignment_detector", reason=OPTIONAL)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.landmarks.face_alignment_detector import FaceAlignmentDetector

SIZE = 120  # so small that the coarsest layer of the face detector is a single cell: it sees one face


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _known(weights: Weights, folder: Path) -> Weights:
    return replace(weights, sha256=_sha256(folder / weights.name))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights. The face detector's last layers see one face, as large as the picture, in any picture."""
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)  # on a busy machine threads that wait for one another take ten times as long
    torch.manual_seed(5)
    faces = s3fd()
    with torch.no_grad():
        for name, layer in faces.named_children():
            if "_mbox_" in name:
                layer.weight.zero_()
                layer.bias.zero_()
            if name.endswith("_conf"):
                layer.bias[-1] = -9
        faces.conv7_2_mbox_conf.bias[-1] = 9
        faces.conv7_2_mbox_loc.bias[2:] = 5 * np.log(SIZE / 512)  # its boxes are 512 pixels wide without
    torch.save(faces.state_dict(), folder / FACES.name)
    torch.save(FAN(4).state_dict(), folder / POINTS_2D.name)
    (folder / POINTS_3D.name).hardlink_to(folder / POINTS_2D.name)
    return folder


@pytest.fixture(scope="module", params=[POINTS_2D, POINTS_3D], ids=["2D", "3D"])
def detector(request: pytest.FixtureRequest, models: Path) -> FaceAlignmentDetector:
    points, faces = _known(request.param, models), _known(FACES, models)
    return module.FaceAlignmentDetector(ModelFiles(models), points, faces)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def test_the_real_files_load_and_give_a_face(detector: FaceAlignmentDetector, picture: NDArray[np.uint8]) -> None:
    (face,) = detector.detect(picture)
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    assert np.isfinite(face.landmarks).all()
    assert face.confidence.shape == (68,)
    assert face.confidence.min() >= 0
    assert face.confidence.max() <= 1
    (quick,) = detector.detect(picture, thorough=False)
    assert quick.landmarks.shape == (68, 2)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        (512, (150, 150, 350, 380)),
        (512, (200, 200, 240, 250)),
        (1500, (300, 200, 1200, 1100)),
        (300, (-20, -10, 150, 190)),
    ],
)
def test_points_come_back_in_the_pictures_pixels(
    detector: FaceAlignmentDetector, monkeypatch: pytest.MonkeyPatch, size: int, box: tuple[float, ...]
) -> None:
    """In place of the network one that sees light: a spot in the picture must be found where it is."""

    class SeesLight(torch.nn.Module):
        def forward(self, crops: Any) -> Any:
            return torch.nn.functional.avg_pool2d(crops[:, :1], 4).expand(-1, 68, -1, -1).clone()

    monkeypatch.setattr(detector._aligner, "face_alignment_net", SeesLight())
    monkeypatch.setattr(detector._aligner, "flip_input", False)
    corner, extent = np.array(box[:2]), np.array(box[2:]) - box[:2]
    network_pixel = extent.mean() / 125  # a box is 125 pixels in the square that the networks see
    y, x = np.mgrid[:size, :size]
    for share in ((0.3, 0.4), (0.6, 0.7), (0.75, 0.35)):
        spot = corner + extent * share
        light = 250 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * (4 * network_pixel) ** 2))
        face = detector._face(np.repeat(light[..., None], 3, axis=2).astype(np.uint8), np.array(box, float))
        assert np.abs(face.landmarks - spot).max() < 2 * network_pixel


def test_missing_files_are_named_with_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    with pytest.raises(MissingError) as told:
        create_detector("face-alignment-3d", ModelFiles(tmp_path))
    for word in (FACES.name, POINTS_3D.name, str(tmp_path), "--allow-download"):
        assert word in str(told.value)
    with pytest.raises(MissingError) as told:
        create_detector("face-alignment")
    assert POINTS_2D.name in str(told.value)
    assert str(tmp_path / "cache/hub/checkpoints") in str(told.value)


def test_the_cache_of_torch_is_used(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    checkpoints = tmp_path / "hub/checkpoints"
    checkpoints.mkdir(parents=True)
    for weights in (FACES, POINTS_2D):
        (checkpoints / weights.name).hardlink_to(models / weights.name)
    points, faces = _known(POINTS_2D, models), _known(FACES, models)
    assert module.FaceAlignmentDetector(CACHED, points, faces)


def test_files_that_are_not_the_published_ones_are_refused(models: Path) -> None:
    """What `create_detector` really asks for: the random numbers of these tests are not it."""
    with pytest.raises(BadInputError, match="sha256"):
        create_detector("face-alignment", ModelFiles(models))


class _Program:
    """Runs when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("bad", [FACES, POINTS_2D], ids=["faces", "points"])
@pytest.mark.parametrize("is_known", [False, True])
def test_a_program_in_a_file_never_runs(models: Path, tmp_path: Path, bad: Weights, *, is_known: bool) -> None:
    """Neither where the hash is wrong nor, were it ever right, in the loading."""
    for weights in (FACES, POINTS_2D):
        if weights is not bad:
            (tmp_path / weights.name).hardlink_to(models / weights.name)
    mark = tmp_path / "ran"
    (tmp_path / bad.name).write_bytes(pickle.dumps(_Program(mark), protocol=2))
    points, faces = (
        replace(weights, sha256=_sha256((tmp_path if is_known else models) / weights.name))
        for weights in (POINTS_2D, FACES)
    )
    with pytest.raises(BadInputError) as told:
        module.FaceAlignmentDetector(ModelFiles(tmp_path), points, faces)
    assert bad.name in str(told.value)
    assert not mark.exists()


def test_a_file_of_another_network_is_told(models: Path, tmp_path: Path) -> None:
    (tmp_path / FACES.name).hardlink_to(models / POINTS_2D.name)
    (tmp_path / POINTS_2D.name).hardlink_to(models / FACES.name)
    with pytest.raises(BadInputError, match="cannot be loaded") as told:
        module.FaceAlignmentDetector(ModelFiles(tmp_path), _known(POINTS_2D, tmp_path), _known(FACES, tmp_path))
    assert FACES.name in str(told.value)
