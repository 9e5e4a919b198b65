# SPDX-License-Identifier: GPL-3.0-or-later
"""The background behind the person, and the person's own colours at the soft edge between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..pixels.sampling import full_scale, smooth_step, to_8bit, to_pixels
from .exemplars import find_pieces, grown
from .quilt import copy_pieces, even_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_WORK_SIDE = 256  # pixels: what is smooth is filled in on a copy of this size
_GROWN = 1  # reduced pixels around the mask that are not trusted either
_ROUNDS = 40
_HALO = 3  # reduced pixels beside that which show no pure background
_BORDER, _SLOPE = 1.5, 12.0  # reduced pixels: so far beside it a filling is compared, and so far inside it corrected
_CALM = 1.0  # reduced pixels, over which that is averaged
_SOLID = 0.99  # coverage of pixels that show the person alone
_DOUBT = 0.04  # how much a colour beside the edge counts against what stands behind the measured one
_WISPS = 0.015  # of the longer side: so far beyond the mask single hairs are looked for
_NOISE, _TRACE = 4e-3, 0.04  # squared difference of colours (0..1) that says nothing; the least share of a hair
_DIFFERENT, _AROUND = 2.0, 8.0  # a hair's colour differs so many times the background's spread, within reduced pixels
_BESIDE, _LEAST = 1, 1 / 255  # pixels beside the mask are hidden by the person, if hardly


def fill_behind(pixels: NDArray[Any], mask: Array) -> NDArray[Any]:
    """The picture (H, W, C) without the person that `mask` (H, W) covers; exactly the picture where mask is 0.

    What was hidden is made of pieces of what is seen, chosen on a small copy and copied at full size.
    """
    small = _reduce(pixels)
    covered = mask > 0
    hidden = np.asarray(cv2.resize(covered.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)) > 0
    hidden = grown(hidden, _GROWN)
    # The same for all kinds of pixels, or each would have a background of its own.
    shown = to_pixels(_reduce(to_8bit(np.ascontiguousarray(pixels[..., :3]))), np.dtype(np.uint8))
    places = find_pieces(shown, hidden, grown(hidden, _HALO))
    if places is not None:
        around = grown(covered, round(_BORDER * _cell(mask.shape)))
        filled = copy_pieces(pixels, places, even_out(small, places, hidden), around)
        return _joined(pixels, filled, covered, around)
    # Hardly anything is seen.
    smooth = membrane(small, np.where(hidden, np.float32(1e-3), np.float32(1)))
    large = np.asarray(cv2.resize(smooth, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.where(covered[..., None], to_pixels(large.reshape(pixels.shape), pixels.dtype), pixels)


def _joined(
    pixels: NDArray[Any], filled: NDArray[Any], hidden: NDArray[np.bool_], around: NDArray[np.bool_]
) -> NDArray[Any]:
    """What is `hidden` (H, W) of a picture (H, W, C) as it is `filled` in, without a step to what is seen.

    What is seen of the area `around` it tells how far the filling is wrong there. That is taken off inside as well,
    less and less inwards, or the steps would draw an outline of the person.
    """
    beside = around & ~hidden
    wrong = np.zeros(pixels.shape, np.float32)
    wrong[beside] = filled[beside].astype(np.float32) - pixels[beside]
    wrong, known = _reduce(wrong), _reduce(beside.astype(np.float32)[..., None])
    told = (known[..., 0] > 0).astype(np.float32)
    # A single hair that nobody has found is not spread.
    wrong, known = (np.asarray(cv2.GaussianBlur(part, (0, 0), _CALM)).reshape(part.shape) for part in (wrong, known))
    wrong = membrane(wrong / np.maximum(known, np.float32(1e-6)), told)
    wrong = np.asarray(cv2.resize(wrong, hidden.shape[::-1], interpolation=cv2.INTER_LINEAR)).reshape(pixels.shape)
    inside = np.asarray(cv2.distanceTransform(hidden.view(np.uint8), cv2.DIST_L2, 5), np.float32)
    reach = _SLOPE * _cell(hidden.shape)
    near = hidden & (inside < reach)
    out = filled.copy()
    out[beside] = pixels[beside]
    out[near] = to_pixels(filled[near] - smooth_step(1 - inside[near] / reach)[:, None] * wrong[near], pixels.dtype)
    return out


def foreground(pixels: NDArray[Any], plate: NDArray[Any], coverage: Array, own: Array) -> NDArray[Any]:
    """The person's own colours (H, W, C): the background's share is taken out where coverage (H, W) is soft.

    A pixel is coverage x person + (1 - coverage) x plate (Porter and Duff, 1984), solved for the person. The less of
    the person there is in a pixel, the more its colour is what `colours_beside` says, `own` (H, W, C).
    """
    person = pixels.copy()
    soft = (coverage > 0) & (coverage < 1)
    share = coverage[soft][:, None]
    missing = pixels[soft] - share * own[soft] - (1 - share) * plate[soft]
    person[soft] = to_pixels(np.maximum(own[soft] + share * missing / (share**2 + _DOUBT), 0), pixels.dtype)
    return person


def colours_beside(pixels: NDArray[Any], mask: Array) -> Array:
    """(H, W, C): the colours of the person where mask (H, W) is 1, spread from there all over the picture."""
    small = _reduce(pixels)
    size = small.shape[1::-1]
    known = (np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA)) > _SOLID).astype(np.float32)
    spread = membrane(small, known) if known.any() else small
    large = cv2.resize(spread, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32).reshape(pixels.shape)


def with_wisps(pixels: NDArray[Any], mask: Array, own: Array) -> Array:
    """The mask (H, W), and close beside it what looks like the person and not like the background: single hairs.

    Their share is how far a colour lies on the way from the background's mean to the person's. It has to be more than
    the background differs in itself. Right beside the mask, and in doubt, the least of it counts, so that nothing of
    the person stays behind.
    """
    distance = np.asarray(cv2.distanceTransform((mask <= 0).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    reach = max(_BESIDE, _WISPS * max(mask.shape))
    near = (mask < 1) & (distance < reach)
    behind, variance = (part[near] for part in surroundings(pixels, distance >= reach))
    top = np.float32(full_scale(pixels.dtype))
    way = own[near] / top - behind
    length = (way * way).sum(1) + _NOISE
    share = ((pixels[near] / top - behind) * way).sum(1) / length
    doubt = np.maximum(_TRACE, _DIFFERENT * np.sqrt(variance / length))
    hidden = (distance[near] <= _BESIDE) | (share > doubt / 2)
    share = np.clip(share, 0, 1) * smooth_step(share / doubt - 1) * (1 - (distance[near] / reach) ** 2)
    out = mask.copy()
    out[near] = np.maximum(mask[near], np.maximum(share, np.float32(_LEAST) * hidden))
    return out


def surroundings(pixels: NDArray[Any], known: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Near every pixel the mean (H, W, C) of the colours (0..1) that are known, and their variance (H, W)."""
    small = _reduce(pixels) / np.float32(full_scale(pixels.dtype))
    size, large = small.shape[1::-1], pixels.shape[1::-1]
    weight = np.asarray(cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA))[..., None]
    weight = weight + np.float32(1e-6)
    mean, square, total = (
        np.asarray(cv2.GaussianBlur(some * weight, (0, 0), _AROUND)).reshape(*size[::-1], -1)
        for some in (small, (small * small).sum(2, keepdims=True), np.ones_like(weight))
    )
    mean = mean / total
    variance = np.maximum(square / total - (mean * mean).sum(2, keepdims=True), 0)
    mean, variance = (
        np.asarray(cv2.resize(some, large, interpolation=cv2.INTER_LINEAR), np.float32) for some in (mean, variance)
    )
    return mean.reshape(pixels.shape), variance


def _cell(shape: tuple[int, ...]) -> float:
    """Pixels of a reduced pixel's side."""
    return max(1.0, max(shape) / _WORK_SIDE)


def _reduce(pixels: NDArray[Any]) -> Array:
    """A copy (h, w, C) to fill in what is smooth, on the pixels' own scale."""
    height, width = pixels.shape[:2]
    zoom = 1 / _cell(pixels.shape[:2])
    size = (max(2, round(width * zoom)), max(2, round(height * zoom)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    return small.reshape(*size[::-1], -1)


def membrane(values: Array, known: Array) -> Array:
    """(h, w, C) values, those that are not known (0) as smooth as can be: pushed down a pyramid and pulled up again."""
    held, free = values * known[..., None], np.repeat(1 - known[..., None], values.shape[2], axis=2)
    if min(known.shape) <= 2:
        return held + held.sum((0, 1)) / max(float(known.sum()), 1e-6) * free
    weighted = np.asarray(cv2.pyrDown(held)).reshape(-(-known.shape[0] // 2), -1, values.shape[2])
    weight = np.asarray(cv2.pyrDown(known))
    below = membrane(weighted / np.maximum(weight, 1e-6)[..., None], (weight > 0.1).astype(np.float32))
    guess = np.asarray(cv2.resize(below, known.shape[::-1], interpolation=cv2.INTER_LINEAR)).reshape(values.shape)
    for _ in range(_ROUNDS if max(known.shape) <= _WORK_SIDE else 0):
        guess = np.asarray(cv2.blur(held + guess * free, (3, 3))).reshape(values.shape)
    return held + guess * free
