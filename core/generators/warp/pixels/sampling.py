# SPDX-License-Identifier: GPL-3.0-or-later
"""Read pixels at fractional positions, draw soft masks, lay one picture over another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....colour import decode_srgb, encode_srgb8, full_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]
    Array = NDArray[np.float32]

SOFT_EDGE = 0.006
"""Eye distances over which the mask of an opening is soft, see `polygon_mask`: lids and lips."""

_SUBPIXEL_BITS = 4
_NO_SECOND_MAP: Any = None  # both coordinates are in the first one; OpenCV's type stubs do not know of that
_OPAQUE_CHANNELS = 3
_INVISIBLE = 1e-4  # alpha of full scale: the least that is divided by


def sample(pixels: Pixels, positions: Array, *, kernel: int = cv2.INTER_CUBIC) -> Pixels:
    """Sampling of (H, W, C) uint8, uint16 or float32 pixels at (h, w, 2) positions; whole positions are exact.

    `kernel` is one of OpenCV's: cubic, or Lanczos, which keeps more of the finest detail and takes three times as long.
    Alpha is straight, so colours are weighted with it: an invisible pixel's colour must not bleed into an edge.
    """
    if pixels.shape[2] == _OPAQUE_CHANNELS or _is_opaque(pixels):
        return _read(pixels, positions, kernel)
    top = full_scale(pixels.dtype)
    alpha = pixels[..., 3:].astype(np.float32) / top
    weighted = np.concatenate([pixels[..., :3] * alpha, alpha], axis=2)
    moved = _read(weighted, positions, kernel)
    visible = np.clip(moved[..., 3:], 0, 1)
    colour = moved[..., :3] / np.maximum(visible, _INVISIBLE)
    return to_pixels(np.concatenate([colour, visible * top], axis=2), pixels.dtype)


def _read(pixels: Pixels, positions: Array, kernel: int) -> Pixels:
    """Floats beside a bright light would swing below zero, where whole numbers are cut off."""
    read = np.asarray(cv2.remap(pixels, positions, _NO_SECOND_MAP, kernel, borderMode=cv2.BORDER_REPLICATE))
    if np.issubdtype(pixels.dtype, np.integer):
        return read
    return np.maximum(read, np.minimum(read_at(pixels, positions), 0))


def _is_opaque(pixels: Pixels) -> bool:
    return bool((pixels[..., 3] == full_scale(pixels.dtype)).all())


def to_pixels(values: NDArray[np.floating[Any]], dtype: np.dtype[Any]) -> Pixels:
    """Values on the type's own scale as pixels: whole numbers are rounded and clipped, floats stay what they are."""
    if np.issubdtype(dtype, np.integer):
        values = np.clip(np.rint(values), 0, full_scale(dtype))
    return values.astype(dtype)


def to_8bit(pixels: Pixels) -> NDArray[np.uint8]:
    """A display-ready copy to look for things in; float pixels are encoded by the sRGB curve."""
    if pixels.dtype == np.uint8:
        return pixels
    if np.issubdtype(pixels.dtype, np.integer):
        return (pixels >> 8).astype(np.uint8)
    return encode_srgb8(pixels)


def from_8bit(values: NDArray[np.floating[Any]], dtype: np.dtype[Any]) -> Array:
    """Display values 0..255 (fractions allowed) on the scale of a pixel type: the way back from `to_8bit`."""
    shown = np.clip(values / 255, 0, 1)
    if not np.issubdtype(dtype, np.integer):
        shown = decode_srgb(shown)
    return (shown * full_scale(dtype)).astype(np.float32)


def read_at(picture: Pixels, positions: Array, *, cubic: bool = False, outside_zero: bool = False) -> Pixels:
    """Values of a picture or field (H, W[, C]) at (h, w, 2) pixel positions x, y; beyond the edge the edge goes on."""
    kind = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    border = cv2.BORDER_CONSTANT if outside_zero else cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(picture, positions, _NO_SECOND_MAP, kind, borderMode=border))


def spread(values: Array, channels: int) -> Array:
    """(h, w) values for every channel (h, w, channels); numpy's own broadcasting is slow over so short an axis."""
    return np.asarray(cv2.merge([values] * channels), np.float32).reshape(*values.shape, channels)


def smooth_step(x: float | NDArray[np.floating[Any]]) -> Array:
    """0 below 0, 1 above 1, a cubic between."""
    t = np.minimum(np.maximum(x, 0), 1).astype(np.float32)  # on few numbers faster than `np.clip`
    return t * t * (3 - 2 * t)


def ramp(values: float | NDArray[np.floating[Any]], start: float, end: float) -> Array:
    """0 up to `start`, 1 from `end` on, a cubic between."""
    return smooth_step((values - start) / (end - start))


def mirrored(values: NDArray[np.floating[Any]], length: float) -> Array:
    """Values from 0 to a length, those beyond it mirrored at either end."""
    return np.asarray(length * (1 - np.abs(1 - values / length % 2)), np.float32)


def with_alpha_in(pixels: Pixels) -> Array:
    """(h, w, 4) of (h, w, 3 or 4) pixels, on their own scale: what is invisible must not bleed into an edge."""
    four = np.zeros((*pixels.shape[:2], 4), np.float32)
    four[..., : pixels.shape[2]] = pixels
    if pixels.shape[2] == four.shape[2]:
        four[..., :3] *= four[..., 3:] / np.float32(full_scale(pixels.dtype))
    return four


def premultiplied(pixels: Pixels) -> Pixels:
    """The pixels (h, w, 3 or 4) with alpha multiplied in, 16 bits or floats; themselves where all are opaque."""
    if pixels.shape[2] == _OPAQUE_CHANNELS or _is_opaque(pixels):
        return pixels
    kind = np.dtype(np.uint16 if np.issubdtype(pixels.dtype, np.integer) else np.float32)
    scale = np.float32(full_scale(kind) / full_scale(pixels.dtype))
    return to_pixels(with_alpha_in(pixels) * scale, kind)


def straight(pixels: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """The way back from `premultiplied`, to pixels of the type that it was given."""
    if pixels.shape[2] == _OPAQUE_CHANNELS or (pixels.dtype == dtype and _is_opaque(pixels)):
        return pixels
    top = np.float32(full_scale(pixels.dtype))
    alpha = pixels[..., 3:] / top
    colour = pixels[..., :3] / np.maximum(alpha, np.float32(_INVISIBLE)) / top
    return to_pixels(np.concatenate([colour, alpha], axis=2) * np.float32(full_scale(dtype)), dtype)


def polygon_mask(
    outline: NDArray[np.floating[Any]], corner: tuple[int, int], shape: tuple[int, ...], soft: float
) -> Array:
    """Coverage 0..1 of a closed outline (N, 2) on the (h, w) window at `corner` (x, y); `soft` pixels of edge."""
    mask = np.zeros(shape, np.uint8)
    corners = np.round((outline - corner) * 2**_SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    coverage = mask.astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(coverage, (0, 0), soft), np.float32) if soft > 0.3 else coverage


def blend(under: Pixels, over: Pixels, coverage: Array) -> Pixels:
    """Lay `over` on `under` (same shape and type) where coverage (h, w) is 1; exact at 0 and 1."""
    return _mix(under, over, spread(coverage, under.shape[2]))


def lay_on(under: Pixels, over: Pixels, coverage: Array) -> Pixels:
    """Like `blend`, but by straight alpha: the colour of what is fainter counts less."""
    share = spread(coverage, under.shape[2])
    if under.shape[2] > _OPAQUE_CHANNELS:
        faint, alpha = under[..., 3], over[..., 3].astype(np.float32)
        share[..., :3] *= (alpha / np.maximum(faint + (alpha - faint) * coverage, _INVISIBLE))[..., None]
    return _mix(under, over, share)


def _mix(under: Pixels, over: Pixels, share: Array) -> Pixels:
    return to_pixels(under + (over.astype(np.float32) - under) * share, under.dtype)
