# SPDX-License-Identifier: GPL-3.0-or-later
"""Scene-linear light and display values: the sRGB curve (IEC 61966-2-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


def encode_srgb(light: NDArray[np.floating[Any]]) -> Array:
    """Display values 0..1 of scene-linear light; brighter than 1 is white, what is no number is black."""
    linear = np.nan_to_num(light).clip(0, 1).astype(np.float32)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode_srgb(shown: NDArray[np.floating[Any]]) -> Array:
    """Scene-linear light of display values 0..1: the way back."""
    values = shown.clip(0, 1).astype(np.float32)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
