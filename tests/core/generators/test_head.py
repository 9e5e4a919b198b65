# SPDX-License-Identifier: GPL-3.0-or-later
"""The grid of a head ends where nothing of the person moves any more."""

from __future__ import annotations

import numpy as np

from core.generators.warp.face_field import FaceField
from core.generators.warp.head import Head
from core.motion.face_model import fit_face, load_face_model

_SCALE, _MIDDLE = 10.0, np.array([200.0, 220.0])  # pixels in a centimetre; where the model's origin is


def test_the_chest_stays_when_the_face_moves() -> None:
    face = fit_face(load_face_model().landmarks[:, :2] * [_SCALE, -_SCALE] + _MIDDLE)
    head = Head(face, np.ones((480, 400), np.float32))
    moved = face.points[:, :2].copy()
    moved[5:12] += [30, 20]
    assert head.grid.whole[0].stop < 480
    # The field's edge goes on below it.
    assert not FaceField(head, moved).base[-1].any()
