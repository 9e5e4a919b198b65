# SPDX-License-Identifier: GPL-3.0-or-later
"""A blink closes fast and opens slowly, at every frame rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.motion.blink import blink_curve


@pytest.mark.parametrize("fps", [Fraction(12), Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(120)])
def test_a_blink_closes_fully_and_opens_slower_than_it_closes(fps: Fraction) -> None:
    curve = blink_curve(fps)
    assert (curve[0], curve.max(), curve[-1]) == (0, 1, 0)
    shut = np.flatnonzero(curve == 1)
    assert (np.diff(curve[: shut[0] + 1]) > 0).all()
    assert (np.diff(curve[shut[-1] :]) < 0).sum() >= len(curve) - shut[-1] - 2  # the last may be 0 already
    closing, opening = shut[0] / fps, (len(curve) - 1 - shut[-1]) / fps
    assert 0.09 < closing < 0.2
    assert opening > 1.3 * closing
