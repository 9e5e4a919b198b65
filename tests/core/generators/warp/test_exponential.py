# SPDX-License-Identifier: GPL-3.0-or-later
"""The loops' own exponential function and logarithm are the true ones, to a float's last digits."""

from __future__ import annotations

import numpy as np

from core.generators.warp.pixels.exponential import exp, log


def test_the_exponential_function() -> None:
    values = np.linspace(-80, 80, 4001, dtype=np.float32)
    got = np.array([exp(value) for value in values])
    np.testing.assert_allclose(got, np.exp(values.astype(np.float64)), rtol=1e-5)
    near = np.linspace(-2.5, 2.5, 2001, dtype=np.float32)
    np.testing.assert_allclose([exp(value) for value in near], np.exp(near.astype(np.float64)), rtol=4e-7)
    assert exp(np.float32(0)) == 1


def test_the_logarithm() -> None:
    values = np.geomspace(1e-12, 1e6, 4001).astype(np.float32)
    got = np.array([log(value) for value in values])
    np.testing.assert_allclose(got, np.log(values.astype(np.float64)), rtol=2e-7, atol=1e-7)
    assert log(np.float32(1)) == 0
