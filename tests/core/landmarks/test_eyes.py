# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids and irises that the detector finds, and what becomes of them, against what was rendered and painted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.generators.warp.eyes.iris import find_irises
from core.landmarks.detect import create_detector
from core.motion.face_model import fit_face
from core.motion.lid_calibration import lid_openings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from core.landmarks.detect import Face

    Event = dict[str, Any]


def _followed(pixels: NDArray[np.uint8]) -> Face:
    detector = create_detector("dlib")
    (face,) = detector.detect(pixels)
    followed = detector.follow(pixels, face, check=False)
    assert followed is not None
    return followed


def test_a_wink_is_one_eye_only(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    """The astronaut's right eye is painted over with skin and a line of lashes."""
    middle, across = landmarks[36:42].mean(axis=0), landmarks[39] - landmarks[36]
    x, y = np.rint(middle).astype(int).tolist()
    size = float(np.linalg.norm(across))
    skin = np.median(pixels[y + round(0.6 * size) : y + round(0.8 * size), x - 4 : x + 5], axis=(0, 1))
    lid = np.zeros(pixels.shape[:2], np.float32)
    cv2.ellipse(lid, (x, y), (round(0.6 * size), round(0.35 * size)), 0, 0, 360, (1,), -1)
    lid = cv2.GaussianBlur(lid, (0, 0), 1)[..., None]
    painted = (pixels * (1 - lid) + skin * lid).astype(np.uint8)
    line = np.rint([landmarks[36], middle + np.array([0, 0.12 * size]), landmarks[39]]).astype(np.int32)
    cv2.polylines(painted, [line], False, (60, 40, 35), 1, cv2.LINE_AA)
    openings = [lid_openings(_followed(picture).landmarks[None])[0] for picture in (pixels, painted)]
    assert openings[1][0] < 0.25 * openings[0][0]
    assert openings[1][1] > 0.9 * openings[0][1]


def test_irises_are_where_the_portraits_own_are(pixels: NDArray[np.uint8]) -> None:
    """Also of the mirrored picture, whose left eye was the right one."""
    for picture in (pixels, np.ascontiguousarray(pixels[:, ::-1])):
        face = _followed(picture)
        assert face.iris is not None
        wanted = find_irises(picture, fit_face(face.landmarks))[:, :2]
        widths = np.linalg.norm(face.landmarks[[39, 45]] - face.landmarks[[36, 42]], axis=1)
        assert (np.linalg.norm(face.iris - wanted, axis=1) < 0.1 * widths).all()


@pytest.mark.parametrize("clip", ["synth_o", "synth_p"])
def test_controls_of_rendered_heads_come_back(
    clip: str, shared: Path, tmp_path: Path, cli: Callable[..., tuple[int, list[Event]]]
) -> None:
    """Heads of another renderer, which nothing was trained with; they look straight ahead."""
    folder = shared / "eval/synth" / clip
    if not folder.exists():
        pytest.skip(f"needs rendered heads with known controls, which are not in the repository: {folder}")
    path = tmp_path / "controls.json"
    code, _ = cli("capture", folder / "gt.mp4", "--neutral-frame", 0, "-o", path)
    assert code == 0
    truth, found = (
        {name: np.array(values) for name, values in json.loads(each.read_text())["channels"].items()}
        for each in (folder / "controls.json", path)
    )
    smiles, turns = ("mouthSmileLeft", "mouthSmileRight"), ("headYaw", "headPitch", "headRoll")
    for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", *smiles, *turns):
        assert np.corrcoef(truth[name], found[name])[0, 1] > 0.9, name
        gain = np.cov(truth[name], found[name], bias=True)[0, 1] / truth[name].var()
        assert 0.7 < gain < 1.3, (name, gain)
    for name in turns:
        assert np.abs(found[name] - truth[name]).mean() < 3, name
    for name in ("gazeYaw", "gazePitch"):
        assert np.abs(found[name]).mean() < 5, name
