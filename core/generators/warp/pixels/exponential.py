# SPDX-License-Identifier: GPL-3.0-or-later
"""The exponential function and the logarithm of all loops: the library's are called for one number at a time."""

from __future__ import annotations

import numpy as np

from ....compiled import Number, compiled

_TWO_THIRDS = np.int32(np.float32(2 / 3).view(np.int32))
_LOG_2, _PER_LOG_2, _HALF = np.float32(np.log(2)), np.float32(1 / np.log(2)), np.float32(0.5)
_LOG = np.array(  # log(1 + x) / x as a polynomial, for x from -1/3 to 1/3 off by 5e-8 at most (Chebyshev)
    [1, -0.4999993, 0.33333158, -0.25008026, 0.20012426, -0.16412799, 0.13980709, -0.15403156, 0.14087328], np.float32
)
_EXP = np.array([1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720], np.float32)  # a Taylor series, within half of log 2


@compiled
def log(value: Number) -> Number:
    """The logarithm of a float32, to its last digits."""
    bits = np.float32(value).view(np.int32)
    exponent = np.int32(np.int32(bits - _TWO_THIRDS) >> 23)
    rest = np.int32(bits - np.int32(exponent << 23)).view(np.float32) - np.float32(1)  # -1/3 to 1/3
    series = _LOG[8]
    for k in range(7, -1, -1):
        series = series * rest + _LOG[k]
    return series * rest + np.float32(exponent) * _LOG_2


@compiled
def exp(value: Number) -> Number:
    """The exponential function of a float32 between -80 and 80, to its last digits; of 0 exactly 1."""
    exponent = np.int32(np.floor(value * _PER_LOG_2 + _HALF))
    rest = value - np.float32(exponent) * _LOG_2
    series = _EXP[6]
    for k in range(5, -1, -1):
        series = series * rest + _EXP[k]
    return series * np.int32((exponent + 127) << 23).view(np.float32)
