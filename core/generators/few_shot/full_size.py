# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network drew of the head, small, put into the whole frame without losing the frame's own detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ...colour import decode_srgb, encode_srgb, full_scale
from ..warp.pixels.sampling import sample
from .crop import HeadCrop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_FADES = 0.06  # of the crop's side: towards its border the frame stays as it is
_TEXTURE = 2.0  # pixels of the network: a standard deviation that grain does not get through
_SAME = 0.08  # of white: what is changed by more is taken for another thing
_STAYS = 1 / 64  # pixels: OpenCV reads at multiples of a 32nd


class Kept(NamedTuple):
    """What a network kept of the warp that it was shown."""

    trust: Array  # (S, S) 0..1: how much of a pixel is the warp's
    shift: Array  # (S, S, 2): how far to the right and down the warp was read, in pixels
    detail: Array  # (S, S) 0..1: how far no more than a tone may change

    @classmethod
    def nothing(cls, size: int) -> Kept:
        """All was drawn anew."""
        zeros = np.zeros((size, size), np.float32)
        return cls(zeros, np.zeros((size, size, 2), np.float32), zeros)


def put_into(frame: NDArray[Any], crop: HeadCrop, warped: Array, drawn: Array, kept: Kept) -> NDArray[Any]:
    """The frame (H, W, C) with the change from `warped` to `drawn` (S, S, 3; display values 0..1) inside its crop.

    The frame is moved as the warp was. Where the warp was trusted, and where only a tone was changed, the frame keeps
    what is finer than the network's pixels; elsewhere that is taken off, because it belongs to a wrong picture. Where
    nothing was moved and changed and trust is 1 the frame keeps its very values. Scene-linear light is changed as it
    is displayed, and what is brighter than white stays so.
    """
    area, white, size = crop.area(*frame.shape[:2]), full_scale(frame.dtype), len(drawn)
    fading = crop.enlarge(_fading(size), area)[..., None]
    out = frame.copy()
    out[area] = _moved(frame[area], fading * crop.enlarge(kept.shift, area) * np.float32(crop.side / size))
    part = out[area][..., :3].astype(np.float32)
    # What is no number must not spread over the whole of a network's pixel.
    shown = encode_srgb(np.nan_to_num(part)) if white == 1 else part / np.float32(white)
    was = sample(warped, _places(warped) + kept.shift, kernel=cv2.INTER_LINEAR)  # as the network read it
    change, lost = _without_texture(drawn - was, kept)
    lost = crop.enlarge(lost, area)[..., None].clip(0, 1)
    change = crop.enlarge(change, area) - lost * (shown - _coarse(shown, crop, area, size))
    wanted = np.clip(shown + fading * change, 0, 1)
    if white == 1:
        out[area][..., :3] = part + (decode_srgb(wanted) - decode_srgb(shown))
    else:
        out[area][..., :3] = np.rint(white * wanted)
    return out


def _without_texture(change: Array, kept: Kept) -> tuple[Array, Array]:
    """A change (S, S, 3), and how much (S, S) 0..1 of the frame's fine detail it replaces.

    What is nearly as bright as before is another tone of the same thing: it keeps its grain and its brush strokes,
    which a network does not draw.
    """
    tone = cv2.GaussianBlur(change, (0, 0), _TEXTURE)
    share = np.minimum(np.abs(tone).max(axis=2) / _SAME, 1) * (1 - kept.detail)
    return share[..., None] * change + (1 - share[..., None]) * tone, share * (1 - kept.trust)


def _moved(part: NDArray[Any], shift: Array) -> NDArray[Any]:
    """Pixels (h, w, C), each read from a place that is `shift` (h, w, 2) away."""
    stays = np.abs(shift).max(axis=2, keepdims=True) < _STAYS  # to the bit; so does what is no number there
    return np.where(stays, part, sample(np.nan_to_num(part), _places(part) + shift))


def _places(part: NDArray[Any]) -> Array:
    """(h, w, 2): x and y of each pixel of (h, w, C)."""
    rows, columns = np.indices(part.shape[:2], np.float32)
    return np.stack([columns, rows], axis=-1)


def _coarse(shown: Array, crop: HeadCrop, area: tuple[slice, slice], size: int) -> Array:
    """What a network with pictures of `size` pixels sees of an area of the crop, as large as the area."""
    within = HeadCrop(crop.left - area[1].start, crop.top - area[0].start, crop.side)
    return within.enlarge(within.read(shown, size), (slice(0, shown.shape[0]), slice(0, shown.shape[1])))


def _fading(size: int) -> Array:
    """(size, size) 1 inside, 0 at the border."""
    edge = np.clip(np.minimum(np.arange(size), size - 1 - np.arange(size)) / (_FADES * size), 0, 1)
    return np.minimum.outer(edge, edge).astype(np.float32)
