# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network drew of the head, small, put into the whole frame without losing the frame's own detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...colour import decode_srgb, encode_srgb, full_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .crop import HeadCrop

    Array = NDArray[np.float32]

_FADES = 0.06  # of the crop's side: towards its border the frame stays as it is


def put_into(frame: NDArray[Any], crop: HeadCrop, drawn: Array, warped: Array, trust: Array) -> NDArray[Any]:
    """The frame (H, W, C) with the change from `warped` to `drawn` (S, S, 3; display values 0..1) inside its crop.

    `trust` (S, S) 0..1 says how far the network kept the warp. There the frame keeps what is finer than the network's
    pixels; elsewhere that is taken off, because it belongs to a wrong picture. Where nothing was changed and trust
    is 1 the frame keeps its very values. Scene-linear light is changed as it is displayed, and what is brighter
    than white stays so.
    """
    area = crop.area(frame.shape)
    part = frame[area][..., :3]
    white = full_scale(frame.dtype)
    shown = part / np.float32(white) if white > 1 else encode_srgb(part)
    size = len(drawn)
    coarse = crop.place(crop.read(shown_whole(frame, area, shown), size), area)
    inside = crop.place(_fading(size), area)[..., None]
    kept = crop.place(trust, area)[..., None]
    change = crop.place(drawn - warped, area) - (1 - kept) * (shown - coarse)
    wanted = np.clip(shown + inside * change, 0, 1)
    out = frame.copy()
    if white > 1:
        moved = np.rint(white * wanted) - np.rint(white * shown)
    else:
        moved = decode_srgb(wanted) - decode_srgb(shown)
    out[area][..., :3] = np.where(np.abs(inside * change) > 0, part + moved, part).astype(frame.dtype)
    return out
