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
_MIRRORED = 0.09  # of the copy's side: so far behind the edge the surroundings go on, mirrored
_FINE = 2.5  # reduced pixels: what is finer than this is texture, and taken from the mirror everywhere
_TEXTURED = 0.2  # and so far their texture
_SOME, _USUAL = 50, 0.9  # of the pixels: enough to say how strong a texture is; stronger is cut
_LEAST = 0.25  # of coverage: below, the person's colour is a guess


def fill_behind(pixels: NDArray[Any], mask: Array) -> NDArray[Any]:
    """The picture (H, W, C) without the person that `mask` (H, W) covers; exactly the picture where mask is 0.

    Near the edge the surroundings are mirrored at it, which continues texture and what runs up to it; farther in
    they turn into a smooth membrane that has their fine texture.
    """
    height, width = mask.shape
    zoom = min(1.0, _WORK_SIDE / max(height, width))
    size = (max(2, round(width * zoom)), max(2, round(height * zoom)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32).reshape(*size[::-1], -1)
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
    near = outside * smooth_step(1 - distance / (_MIRRORED * max(size)))
    inner = membrane(small, 1 - hidden.astype(np.float32))
    smooth = inner + (coarse - inner) * near[..., None]
    # The texture at full size: what the mirror has beyond its coarse copy.
    large = (width, height)
    full_way = np.asarray(cv2.resize(way, large, interpolation=cv2.INTER_LINEAR)) / np.float32(zoom)
    texture = read_at(pixels, _places(mask.shape) + full_way).reshape(pixels.shape).astype(np.float32)
    texture -= np.asarray(cv2.resize(coarse, large, interpolation=cv2.INTER_LINEAR)).reshape(pixels.shape)
    fine = outside * smooth_step(1 - distance / (_TEXTURED * max(size)))
    texture *= np.asarray(cv2.resize(fine, large, interpolation=cv2.INTER_LINEAR))[..., None]
    # Where the mirror images of two edges meet there is a step; texture is less than that.
    most = float(np.quantile(np.abs(texture[mask > 0][::_SOME]), _USUAL))
    texture = np.clip(texture, -most, most)
    filled = np.asarray(cv2.resize(smooth, large, interpolation=cv2.INTER_CUBIC)).reshape(pixels.shape) + texture
    return np.where((mask > 0)[..., None], to_pixels(filled, pixels.dtype), pixels)


def foreground(pixels: NDArray[Any], plate: NDArray[Any], mask: Array) -> NDArray[Any]:
    """The person's own colours: the background's share is taken out where mask (H, W) is soft.

    A pixel is mask x person + (1 - mask) x plate (Porter and Duff, 1984), solved for the person.
    """
    person = pixels.copy()
    soft = (mask > 0) & (mask < 1)
    share = mask[soft][:, None]
    behind = plate[soft].astype(np.float32)
    own = behind + (pixels[soft].astype(np.float32) - behind) / np.maximum(share, _LEAST)
    person[soft] = to_pixels(np.clip(own, 0, np.maximum(full_scale(pixels.dtype), own * 0)), pixels.dtype)
    return person


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
