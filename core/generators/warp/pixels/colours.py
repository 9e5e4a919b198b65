# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of single pixels: from a picture and back, and over each other. They have four channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....compiled import Number, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .read import Colour


@compiled
def four(flat: NDArray[Any], at: Number, channels: int) -> Colour:
    """A pixel's colour; alpha is 0 where it has none."""
    red, green, blue = np.float32(flat[at]), np.float32(flat[at + np.uint64(1)]), np.float32(flat[at + np.uint64(2)])
    return red, green, blue, np.float32(flat[at + np.uint64(3)]) if channels == 4 else np.float32(0)


@compiled
def store(flat: NDArray[Any], at: Number, channels: int, colour: Colour, top: Number) -> None:
    """Write a pixel; see `compose.draw` for `top`."""
    flat[at] = _stored(colour[0], top)
    flat[at + np.uint64(1)] = _stored(colour[1], top)
    flat[at + np.uint64(2)] = _stored(colour[2], top)
    if channels == 4:
        flat[at + np.uint64(3)] = _stored(colour[3], top)


@compiled
def _stored(value: Number, top: Number) -> Number:
    """What is stored of a value: whole numbers are rounded and cut off."""
    if top == 0:
        return value
    return np.float32(min(max(np.int32(value + np.float32(0.5)), np.int32(0)), np.int32(top)))


@compiled
def straight(colour: Colour, top: Number) -> Colour:
    """A colour that alpha was multiplied into, without it; see `compose.draw` for `top`."""
    full = top if top > 0 else np.float32(1)
    alpha = min(max(colour[3] / full, np.float32(0)), np.float32(1))
    seen = np.float32(1) / max(alpha, np.float32(1e-4))
    return colour[0] * seen, colour[1] * seen, colour[2] * seen, alpha * full


@compiled
def over(behind: Colour, colour: Colour, share: Number) -> Colour:
    """A share of a colour over what is behind it."""
    return changed(behind, behind, colour, share)


@compiled
def changed(colour: Colour, before: Colour, after: Colour, share: Number) -> Colour:
    """A colour, changed by a share of what one colour differs from another."""
    return (
        colour[0] + (after[0] - before[0]) * share,
        colour[1] + (after[1] - before[1]) * share,
        colour[2] + (after[2] - before[2]) * share,
        colour[3] + (after[3] - before[3]) * share,
    )


@compiled
def laid_on(behind: Colour, colour: Colour, share: Number) -> Colour:
    """A share of a colour over what is behind it, where alpha is not multiplied in: what is fainter counts less."""
    alpha = behind[3] + (colour[3] - behind[3]) * share
    if alpha > 0:
        share *= colour[3] / alpha
    red, green, blue, _ = over(behind, colour, share)
    return red, green, blue, alpha
