# SPDX-License-Identifier: GPL-3.0-or-later
"""The grid of a head ends where nothing of the person moves any more."""

from __future__ import annotations

import numpy as np

from core.generators.warp.fields.face_field import FaceField
from core.generators.warp.surface.head import Head
from core.motion.face_model import fit_face, load_face_model
from core.motion.pose import Pose, head_rotation

_SCALE, _MIDDLE = 10.0, np.array([200.0, 220.0])  # pixels in a centimetre; where the model's origin is


def test_the_chest_stays_when_the_face_moves() -> None:
    face = fit_face(load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE)
    head = Head(face, np.ones((480, 400), np.float32))
    moved = face.points[:, :2].copy()
    moved[5:12] += [30, 20]
    assert head.grid.whole[0].stop < 480
    # The field's edge goes on below it.
    assert not FaceField(head, moved).base[-1].any()


def test_what_hangs_from_a_tilted_head_bends_and_does_not_tear() -> None:
    face = fit_face(load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE)
    head = Head(face, np.ones((480, 400), np.float32))
    pose = Pose(head_rotation(0, 0, 25), face.pivot)
    surface = np.full((head.fine.rows, head.fine.columns), pose.pivot[2], np.float32)
    look = head.seen_by(pose, surface, np.zeros((*surface.shape, 2), np.float32))
    chin, distance = face.points[8, :2], face.eye_distance
    down = np.arange(chin[1] - 1.5 * distance, chin[1] + distance)
    for aside in (0.8, 1.1, 1.4, 1.7):
        seen = np.dstack([np.full(len(down), chin[0] + aside * distance), down]).astype(np.float32)
        way, _ = head.ways(look, seen)
        assert np.abs(np.diff((seen + way)[0], axis=0)).max() < 4, aside


def test_a_brow_that_comes_down_on_the_corner_of_an_eye_tears_nothing() -> None:
    landmarks = load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE
    distance = np.linalg.norm(landmarks[45] - landmarks[36])
    landmarks[17:22] += landmarks[39] - [0, 0.17 * distance] - landmarks[21]
    face = fit_face(landmarks)
    head = Head(face, np.ones((480, 400), np.float32))
    for gap in np.linspace(0.03, 0.07, 21) * distance:
        moved = face.points[:, :2].copy()
        moved[39, 1] -= 0.04 * distance
        moved[17:22] += moved[39] - [0, gap] - moved[21]
        asked = np.linalg.norm(moved - face.points[:, :2], axis=1).max()
        assert np.linalg.norm(FaceField(head, moved).base, axis=2).max() < 2.2 * asked
