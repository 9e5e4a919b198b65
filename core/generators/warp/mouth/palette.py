# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours, sharpness and grain of a mouth's inside that belong to one portrait."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYES, INNER_LIP, OUTER_LIP
from ..pixels.sampling import to_8bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace

    Array = NDArray[np.float32]

_EYE_WHITE = 85, 95  # percentiles of an eye's brightness: between them it is white and no glint
_TEETH_SEEN = 0.6  # an open mouth this bright against the skin shows teeth
_TOOTH_CHROMA = 0.5, 0.7  # of the skin's, at least and at most
_FACING = 0.35  # of the light comes from everywhere: a side that is turned away is not black
_CRIMSON = (0.0, 0.45, 0.2)  # less red, green and blue, for lips of full saturation
_THROAT = 0.6  # of the gum's brightness
_TINT = 0.6  # light that lips and gums have thrown about: their tint to this power
_TOOTH_TINT = 2.0  # light that teeth have thrown about: their own tint to this power
_GRAIN_COARSE = 0.03  # eye distances: what is wider than this is shading, not grain
_GRAIN_TILE = 64
_SEED = 7
_CHEEKS = [*range(31, 36), 48, 3, 13, 54]  # landmarks: in their hull lies skin
_REBLUR = 1.0  # pixels
_EDGE = 0.4  # of the strongest gradient
_SHARPEST = 60  # percentile of the edges' sharpness that the mouth gets


class Palette:
    """Display colours 0..1 of teeth, gum and tongue."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, *, open_mouth: bool) -> None:
        """Look at the portrait's skin, lips, edges and grain; with an `open_mouth` at its teeth, too."""
        points = face.points[:, :2]
        margin = 0.3 * face.eye_distance
        around = points[[*EYES[0], *EYES[1], *range(48, 68), 31, 35, 3, 13]]
        size = np.array(pixels.shape[1::-1])
        low = np.clip(np.floor(around.min(0) - margin), 0, size - 2).astype(int)
        high = np.maximum(np.ceil(around.max(0) + margin).astype(int), low + 2)
        crop = to_8bit(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0], :3]))
        points = points - low
        skin = _colours_in(crop, points[_CHEEKS])
        lip = np.median(_colours_in(crop, points[list(OUTER_LIP)]), axis=0)
        bright = np.percentile(skin, 85, axis=0)
        # Teeth are as bright as lit skin or the white of the eyes, and of the skin's colour as far as that white is: a
        # painting's varnish tinges both. Its own ones tell better.
        white = max((_white(_colours_in(crop, points[list(eye)])) for eye in EYES), key=np.mean)
        share = np.clip(_saturation(white) / max(_saturation(bright), 0.02), *_TOOTH_CHROMA)
        chroma = bright / max(float(bright.mean()), 0.02) - 1
        self.tooth = np.clip(max(bright.mean(), white.mean()) * (1 + share * chroma), 0, 1).astype(np.float32)
        self.shows_teeth = False
        if open_mouth:
            own = np.percentile(_colours_in(crop, points[list(INNER_LIP)]), 80, axis=0)
            self.shows_teeth = bool(own.mean() > _TEETH_SEEN * bright.mean())
            if self.shows_teeth:
                self.tooth = own.astype(np.float32)
        tint = _tint(lip)
        self.tint = (tint**_TINT).astype(np.float32)
        self._tooth_tint = (_tint(self.tooth) ** _TOOTH_TINT).astype(np.float32)
        # Inside they are more crimson than lips, as far as the picture has colours.
        redder = 1 - (1 - tint.min()) * np.array(_CRIMSON)
        self.gum = (lip * redder).astype(np.float32)
        self.throat = (_THROAT * self.gum).astype(np.float32)
        self._skin = float(np.median(skin))
        luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        self.blur = _edge_blur(luma, points[list(OUTER_LIP)], face.eye_distance)
        self._grain = _grain(crop.astype(np.float32) / 255, points, face.eye_distance)

    def lit(self, gain: float) -> Palette:
        """The same colours in light that makes the skin brighter by a factor."""
        other = copy(self)
        other.tooth, other.gum, other.throat = (
            np.minimum(gain * colour, np.float32(1)) for colour in (self.tooth, self.gum, self.throat)
        )
        return other

    def tinted(self, light: Array, *, teeth: bool = False) -> Array:
        """Factors (..., 3) of `light` (...): the less comes in straight, the redder what lips and gums throw about.

        Rows of `teeth` throw it at one another.
        """
        light, tint = light[..., None], self._tooth_tint if teeth else self.tint
        return light * (tint + (1 - tint) * light)

    def paint(self, planes: Array, start: tuple[int, int] = (0, 0)) -> Array:
        """(h, w, 3) colours in full light, of tooth share, coverage and shade (h, w, 3).

        The grain begins at row and column `start`.
        """
        tooth, coverage, shade = (planes[..., i : i + 1] for i in range(3))
        there = np.maximum(coverage, 1e-3)
        colour = self.gum + (self.tooth - self.gum) * np.clip(tooth / there, 0, 1)
        colour = colour * np.clip(shade / there, 0, 1) ** _FACING
        rows, columns = (np.arange(n) + first for n, first in zip(planes.shape[:2], start, strict=True))
        grain = self._grain.take(rows, axis=0, mode="wrap").take(columns, axis=1, mode="wrap")
        # Grain of light and of paint grows with the brightness that it lies on.
        colour += grain * np.clip(colour.mean(-1, keepdims=True) / max(self._skin, 0.05), 0.3, 1.2)
        return colour.astype(np.float32)


def skin_brightness(pixels: NDArray[Any], points: NDArray[np.floating[Any]]) -> float:
    """The mean display brightness, 0..1, of the cheeks of a face with (68, 2) landmarks in a picture (H, W, C)."""
    outline, size = points[_CHEEKS], np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(outline.min(0)), 0, size - 2).astype(int)
    high = np.clip(np.ceil(outline.max(0)) + 1, low + 2, size).astype(int)
    part = to_8bit(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0], :3]))
    return float(_colours_in(part, outline - low).mean())


def _white(eye: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The colour (3,) of the white among an eye's colours (N, 3)."""
    brightness = eye @ np.full(3, 1 / 3)
    # Brightness of pixels that are there: of an eye of few pixels none lies between two percentiles.
    low, high = (float(np.percentile(brightness, percent, method="nearest")) for percent in _EYE_WHITE)
    return np.asarray(eye[(brightness >= low) & (brightness <= high)].mean(0))


def _tint(colour: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """A colour (3,) against its brightest primary one."""
    return np.maximum(colour, 0.02) / max(float(colour.max()), 0.02)


def _saturation(colour: NDArray[np.floating[Any]]) -> float:
    """0 for grey, 1 for a colour (3,) that lacks a primary one."""
    return 1 - float(colour.min()) / max(float(colour.max()), 0.02)


def _colours_in(pixels: NDArray[np.uint8], outline: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(N, 3) colours 0..1 of the pixels inside the convex hull of an outline; of one pixel at least."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.asarray(np.round(outline), np.int32)), (1,))
    inside = pixels[mask > 0]
    return (inside if len(inside) else pixels.reshape(-1, 3)).astype(np.float64) / 255


def _edge_blur(luma: Array, lips: NDArray[np.floating[Any]], distance: float) -> float:
    """Blur of the picture's sharper edges around the lips: the sigma of a Gaussian, in pixels.

    An edge blurred by sigma and once more by s loses its gradient by sqrt(1 + s^2 / sigma^2); Zhuo and Sim, "Defocus
    map estimation from a single image", Pattern Recognition 44 (2011), section 3.
    """
    margin = 0.25 * distance
    low = np.maximum(lips.min(0) - margin, 0).astype(int)
    high = (lips.max(0) + margin).astype(int) + 1
    part = luma[low[1] : high[1], low[0] : high[0]]
    first, second = (_gradient(np.asarray(p, np.float32)) for p in (part, cv2.GaussianBlur(part, (0, 0), _REBLUR)))
    edges = first >= _EDGE * np.percentile(first, 99.5)
    ratio = np.percentile(first[edges] / np.maximum(second[edges], 1e-6), _SHARPEST)
    return float(_REBLUR / np.sqrt(max(ratio**2 - 1, 0.05)))


def _gradient(picture: Array) -> Array:
    return np.hypot(cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1))


def _grain(crop: Array, points: NDArray[np.floating[Any]], distance: float) -> Array:
    """A tile (n, n, 3) that goes on without a seam, with the spectrum of the skin's grain beside and below the mouth.

    Random phases for the spectrum of a sample: Galerne, Gousseau and Morel, "Random phase textures", IEEE Transactions
    on Image Processing 20 (2011), section III. One set of phases for all colours keeps how they go together.
    """
    fine: Array = crop - np.asarray(cv2.GaussianBlur(crop, (0, 0), max(_GRAIN_COARSE * distance, 0.8)), np.float32)
    size = int(np.clip(0.22 * distance, 8, _GRAIN_TILE))
    centres = np.array([(points[57] + points[8]) / 2, (points[48] + points[4]) / 2, (points[54] + points[12]) / 2])
    patches: list[Array] = []
    for x, y in np.round(centres - size / 2).astype(int):
        patch = fine[max(y, 0) : y + size, max(x, 0) : x + size]
        if patch.shape[:2] == (size, size):
            patches.append(patch - patch.mean((0, 1)))
    if not patches:
        return np.zeros((size, size, 3), np.float32)
    # The calmest of the three: a beard or an edge is no grain.
    patch = min(patches, key=lambda p: float(p.std()))
    random = np.random.default_rng(_SEED)
    phase = np.angle(np.fft.fft2(random.normal(size=(size, size))))
    spectrum = np.fft.fft2(patch, axes=(0, 1)) * np.exp(1j * phase)[..., None]
    return np.real(np.fft.ifft2(spectrum, axes=(0, 1))).astype(np.float32)
