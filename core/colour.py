# SPDX-License-Identifier: GPL-3.0-or-later
"""What pixel values mean: the value of white; scene-linear light and display values (sRGB, IEC 61966-2-1)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@cache
def full_scale(dtype: np.dtype[Any]) -> float:
    """The value of white: 255, 65535, or 1 for scene-linear float pixels (which may be brighter)."""
    return float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0


def encode_srgb8(light: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Display values 0..255 of scene-linear light; brighter than 1 is white, what is no number is black."""
    with np.errstate(over="ignore"):  # what is too bright for a half is white
        return _shown()[light.astype(np.float16).view(np.uint16)]


@cache
def _shown() -> NDArray[np.uint8]:
    """(65536,) the display value of every half: its 11 bits are more than 8 display bits need."""
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    linear = np.nan_to_num(halves).clip(0, 1)
    return np.rint(255 * encode_srgb(linear)).astype(np.uint8)


def encode_srgb(light: NDArray[np.floating[Any]]) -> Array:
    """Display values 0..1 of scene-linear light; brighter than 1 is white."""
    linear = light.clip(0, 1).astype(np.float32)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode_srgb(shown: NDArray[np.floating[Any]]) -> Array:
    """Scene-linear light of display values 0..1: the way back from `encode_srgb`."""
    values = shown.clip(0, 1).astype(np.float32)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
