# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network drew of the head, small, put into the whole frame without losing the frame's own detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...colour import decode_srgb, encode_srgb, full_scale
from .crop import HeadCrop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_FADES = 0.06  # of the crop's side: towards its border the frame stays as it is


def put_into(frame: NDArray[Any], crop: HeadCrop, warped: Array, drawn: Array, trust: Array) -> NDArray[Any]:
    """The frame (H, W, C) with the change from `warped` to `drawn` (S, S, 3; display values 0..1) inside its crop.

    `trust` (S, S) 0..1 says how far the network kept the warp. There the frame keeps what is finer than the network's
    pixels; elsewhere that is taken off, because it belongs to a wrong picture. Where nothing was changed and trust
    is 1 the frame keeps its very values. Scene-linear light is changed as it is displayed, and what is brighter
    than white stays so.
    """
    area, white = crop.area(*frame.shape[:2]), full_scale(frame.dtype)
    is_light = white == 1
    part = frame[area][..., :3].astype(np.float32)
    # What is no number must not spread over the whole of a network's pixel.
    shown = encode_srgb(np.nan_to_num(part)) if is_light else part / np.float32(white)
    kept = crop.enlarge(trust, area)[..., None].clip(0, 1)
    change = crop.enlarge(drawn - warped, area) - (1 - kept) * (shown - _coarse(shown, crop, area, len(drawn)))
    change *= crop.enlarge(_fading(len(drawn)), area)[..., None]
    wanted = np.clip(shown + change, 0, 1)
    out = frame.copy()
    if is_light:
        out[area][..., :3] = part + (decode_srgb(wanted) - decode_srgb(shown))
    else:
        out[area][..., :3] = np.rint(white * wanted)
    return out


def _coarse(shown: Array, crop: HeadCrop, area: tuple[slice, slice], size: int) -> Array:
    """What a network with pictures of `size` pixels sees of an area of the crop, as large as the area."""
    within = HeadCrop(crop.left - area[1].start, crop.top - area[0].start, crop.side)
    return within.enlarge(within.read(shown, size), (slice(0, shown.shape[0]), slice(0, shown.shape[1])))


def _fading(size: int) -> Array:
    """(size, size) 1 inside, 0 at the border."""
    edge = np.clip(np.minimum(np.arange(size), size - 1 - np.arange(size)) / (_FADES * size), 0, 1)
    return np.minimum.outer(edge, edge).astype(np.float32)
