# SPDX-License-Identifier: GPL-3.0-or-later
"""The cubic kernel of all loops: cubic convolution (Keys 1981), with OpenCV's parameter."""

from __future__ import annotations

import numpy as np

from ....compiled import Number, compiled

Four = tuple[Number, Number, Number, Number]

_A, _ONE, _TWO, _THREE = (np.float32(number) for number in (-0.75, 1, 2, 3))  # exact: the result is as wide as `t`


@compiled
def cubic(t: Number) -> Four:
    """The weights of the four values around a place that is the share `t` of the way from the second to the third."""
    s = _ONE - t
    first, last = _A * t * s * s, _A * s * t * t
    second = ((_A + _TWO) * t - (_A + _THREE)) * t * t + _ONE
    return first, second, _ONE - first - second - last, last
