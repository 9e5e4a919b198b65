# SPDX-License-Identifier: GPL-3.0-or-later
"""The background behind the person, and the person's own colours at the soft edge between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .sampling import full_scale, read_at, smooth_step, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_WORK_SIDE = 256  # pixels: what is smooth is filled in on a copy of this size
_TOUCHED = 0.02  # a mask above this has something of the person
_GROWN = 2  # reduced pixels around the mask that are not trusted either
_ROUNDS = 40
_CONTINUED = 0.09  # of the copy's side: so far behind the edge lines and borders go on
_FINE = 1.0  # reduced pixels: what is finer than this is texture, and mirrored at the edge
_LOOK = 2  # reduced pixels around one that say how it goes on
_TEXTURED = 0.2  # and so far their texture
_SOME, _USUAL = 50, 0.9  # of the pixels: enough to say how strong a texture is; stronger is cut
_SOLID = 0.99  # coverage of pixels that show the person alone
_DOUBT = 0.04  # how much a colour beside the edge counts against what stands behind the measured one
_WISPS = 0.015  # of the longer side: so far beyond the mask single hairs are looked for
_NOISE, _TRACE = 4e-3, 0.04  # squared difference of colours (0..1) that says nothing; the least share of a hair
_DIFFERENT, _AROUND = 2.0, 8.0  # a hair's colour differs so many times the background's spread, within reduced pixels
_BESIDE, _LEAST = 1, 1 / 255  # pixels beside the mask are hidden by the person, if hardly


def fill_behind(pixels: NDArray[Any], mask: Array) -> NDArray[Any]:
    """The picture (H, W, C) without the person that `mask` (H, W) covers; exactly the picture where mask is 0.

    Near the edge what runs up to it goes on; farther in it turns into a smooth membrane. Both have the fine texture
    of the surroundings, mirrored at the edge.
    """
    small = _reduce(pixels)
    size = small.shape[1::-1]
    touched = np.asarray(cv2.resize((mask > _TOUCHED).astype(np.float32), size, interpolation=cv2.INTER_AREA))
    hidden = np.asarray(cv2.dilate((touched > 0).astype(np.uint8), np.ones((2 * _GROWN + 1,) * 2, np.uint8)), np.uint8)
    if not hidden.any():
        return pixels.copy()
    if hidden.all():
        return np.full_like(pixels, to_pixels(small.mean((0, 1)), pixels.dtype))
    distance, way = _mirror(hidden)
    places = _places(size[::-1])
    mirrored = read_at(small, places + way).reshape(small.shape)
    outside = 1 - read_at(hidden.astype(np.float32), places + way)
    coarse = np.asarray(cv2.GaussianBlur(mirrored, (0, 0), _FINE), np.float32).reshape(small.shape)
    near = outside * smooth_step(1 - distance / (_CONTINUED * max(size)))
    inner = membrane(small, 1 - hidden.astype(np.float32))
    smooth = inner + (_continued(small, hidden) - inner) * near[..., None]
    # The texture at full size: what the mirror has beyond its coarse copy.
    large = mask.shape[::-1]
    zoom = np.float32(max(size) / max(large))
    full_way = np.asarray(cv2.resize(way, large, interpolation=cv2.INTER_LINEAR)) / zoom
    texture = read_at(pixels, _places(mask.shape) + full_way, cubic=True).reshape(pixels.shape).astype(np.float32)
    texture -= np.asarray(cv2.resize(coarse, large, interpolation=cv2.INTER_LINEAR)).reshape(pixels.shape)
    fine = outside * smooth_step(1 - distance / (_TEXTURED * max(size)))
    texture *= np.asarray(cv2.resize(fine, large, interpolation=cv2.INTER_LINEAR))[..., None]
    # Where the mirror images of two edges meet there is a step; texture is less than that.
    most = float(np.quantile(np.abs(texture[mask > 0][::_SOME]), _USUAL))
    texture = np.clip(texture, -most, most)
    filled = np.asarray(cv2.resize(smooth, large, interpolation=cv2.INTER_CUBIC)).reshape(pixels.shape) + texture
    return np.where((mask > 0)[..., None], to_pixels(filled, pixels.dtype), pixels)


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
    behind, variance = (part[near] for part in _surroundings(pixels, distance >= reach))
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


def _surroundings(pixels: NDArray[Any], known: NDArray[np.bool_]) -> tuple[Array, Array]:
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


def _reduce(pixels: NDArray[Any]) -> Array:
    """A copy (h, w, C) to fill in what is smooth, on the pixels' own scale."""
    height, width = pixels.shape[:2]
    zoom = min(1.0, _WORK_SIDE / max(height, width))
    size = (max(2, round(width * zoom)), max(2, round(height * zoom)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    return small.reshape(*size[::-1], -1)


def _continued(small: Array, hidden: NDArray[np.uint8]) -> Array:
    """(h, w, C): edges go on into what is hidden in the direction in which they reach it (Bertalmio et al. 2001)."""
    planes = [cv2.inpaint(plane, hidden, _LOOK, cv2.INPAINT_NS) for plane in np.moveaxis(small, 2, 0).copy()]
    return np.stack(planes, axis=2).astype(np.float32, copy=False)


def _mirror(hidden: NDArray[np.uint8]) -> tuple[Array, Array]:
    """Of every hidden cell: how far the edge is, and the way (h, w, 2) to its mirror image at the edge."""
    distance, places = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.asarray(places, np.intp)
    rows, columns = np.nonzero(hidden == 0)
    nearest = np.zeros((len(rows) + 1, 2), np.float32)
    nearest[labels[rows, columns]] = np.column_stack([columns, rows])
    to_edge = nearest[labels] - _places(hidden.shape)
    # The nearest place of an edge jumps from cell to cell; the mirror image should not.
    to_edge = np.asarray(cv2.GaussianBlur(to_edge, (0, 0), 3), np.float32)
    return np.asarray(distance, np.float32), 2 * to_edge * hidden[..., None]


def membrane(values: Array, known: Array) -> Array:
    """(h, w, C) values, those that are not known (0) as smooth as can be: pushed down a pyramid and pulled up again."""
    if min(known.shape) <= 2:
        mean = (values * known[..., None]).sum((0, 1)) / max(float(known.sum()), 1e-6)
        return values * known[..., None] + mean * (1 - known[..., None])
    weighted = np.asarray(cv2.pyrDown(values * known[..., None])).reshape(-(-known.shape[0] // 2), -1, values.shape[2])
    weight = np.asarray(cv2.pyrDown(known))
    below = membrane(weighted / np.maximum(weight, 1e-6)[..., None], (weight > 0.1).astype(np.float32))
    size = known.shape[::-1]
    guess = np.asarray(cv2.resize(below, size, interpolation=cv2.INTER_LINEAR)).reshape(values.shape)
    for _ in range(_ROUNDS if max(size) <= _WORK_SIDE else 0):
        guess = values * known[..., None] + guess * (1 - known[..., None])
        guess = np.asarray(cv2.blur(guess, (3, 3))).reshape(values.shape)
    return values * known[..., None] + guess * (1 - known[..., None])


def _places(shape: tuple[int, ...]) -> Array:
    """(h, w, 2) x, y of every pixel."""
    return np.dstack(np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32)))
