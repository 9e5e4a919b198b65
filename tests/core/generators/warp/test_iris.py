# SPDX-License-Identifier: GPL-3.0-or-later
"""Irises are found where they are seen, in pictures where one eye alone does not tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.generators.warp.eyes.iris import find_irises
from core.generators.warp.seen_edges import SeenEdges
from core.landmarks.detect import create_detector
from core.landmarks.topology import EYES
from core.media.pictures import read_picture
from core.motion.face_model import FittedFace, fit_face

PORTRAITS = Path(__file__).parents[4] / "docs/gallery/portraits"
PUPILS = {"statue.jpg": ((291, 261), (427, 260)), "ada_lovelace.png": ((205, 327), (244, 331))}
PUPIL = 0.1  # its radius, of the eye's width


def _seen_face(pixels: np.ndarray, landmarks: np.ndarray) -> FittedFace:
    face = fit_face(landmarks)
    shifts = SeenEdges.find(pixels, face).follow(face.points[:, :2], tracked=False)
    return replace(face, points=face.points + np.pad(shifts, ((0, 0), (0, 1))))


@pytest.mark.parametrize("name", PUPILS)
def test_pupils_lie_within_the_irises(name: str) -> None:
    """Of a statue without whites; of a drawing whose far eye merges with the shade beside it."""
    pixels = np.ascontiguousarray(read_picture(PORTRAITS / name)[..., :3])
    face = _seen_face(pixels, create_detector("dlib").detect(pixels)[0].landmarks)
    for eye, pupil, (x, y, radius) in zip(EYES, PUPILS[name], find_irises(pixels, face), strict=True):
        width = np.linalg.norm(face.points[eye[3], :2] - face.points[eye[0], :2])
        assert np.hypot(x - pupil[0], y - pupil[1]) + PUPIL * width < radius < 0.27 * width


def test_both_kinds_of_pixels_and_sizes_give_the_same(astronaut: np.ndarray, astronaut_landmarks: np.ndarray) -> None:
    found = find_irises(astronaut, fit_face(astronaut_landmarks))
    assert np.abs(find_irises(astronaut.astype(np.uint16) * 257, fit_face(astronaut_landmarks)) - found).max() < 1e-6
    large = astronaut.repeat(4, axis=0).repeat(4, axis=1)
    again = find_irises(large, fit_face(4 * astronaut_landmarks + 1.5))
    again[:, :2] -= 1.5
    assert np.abs(again / 4 - found).max() < 1.5


def test_shut_eyes_and_eyes_at_the_edge_of_a_picture_have_some(astronaut_landmarks: np.ndarray) -> None:
    landmarks = astronaut_landmarks.copy()
    for eye in EYES:
        landmarks[list(eye), 1] = landmarks[eye[0], 1]
    for shift in (0, -landmarks[EYES[0][0]]):
        face = fit_face(landmarks + shift)
        found = find_irises(np.full((512, 512, 3), 90, np.uint8), face)
        for eye, (x, y, radius) in zip(EYES, found, strict=True):
            corner, width = face.points[eye[0], :2], np.linalg.norm(face.points[eye[3], :2] - face.points[eye[0], :2])
            assert 0 <= x - corner[0] <= width
            assert abs(y - corner[1]) < width / 2
            assert 0 < radius < width / 2
