# SPDX-License-Identifier: GPL-3.0-or-later
"""What rendered eyes lack and pictures of people have: lashes, folds, spectacles, shadows, the camera's faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]  # (rows, columns) grey, 0 to 255
    Places = NDArray[np.floating[Any]]  # (N, 2) pixels

_SMALLEST, _LARGEST = 14.0, 70.0  # pixels of an eye, corner to corner
_ALONG = np.linspace(0, 3, 24)  # places along a lid, of whose points there are four


@dataclass
class _Canvas:
    """An eye's picture, and where things are in it."""

    rng: Generator
    picture: Picture
    points: NDArray[np.float64]  # (7, 2)

    def __post_init__(self) -> None:
        across = self.points[3] - self.points[0]
        self.width = float(np.linalg.norm(across))
        self.across = across / self.width
        self.up = np.array([self.across[1], -self.across[0]])
        self.skin = float(np.median(self.picture))
        self.upper, self.lower = _curve(self.points[[0, 1, 2, 3]]), _curve(self.points[[0, 5, 4, 3]])
        self.middle: NDArray[np.float64] = self.points[:6].mean(axis=0)

    def often(self, chance: float) -> bool:
        return bool(self.rng.random() < chance)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def lay(self, mask: Picture, grey: float) -> None:
        self.picture += mask * (grey - self.picture)

    def line(
        self, curve: Places, shade: tuple[float, float], thick: tuple[float, float], cover: tuple[float, float]
    ) -> None:
        """A soft line; its shade is a share of the skin's."""
        thickness = self.between(*thick)
        mask = np.zeros(self.picture.shape, np.uint8)
        cv2.polylines(
            mask,
            [_sixteenths(curve)],
            isClosed=False,
            color=(255,),
            thickness=max(round(thickness), 1),
            lineType=cv2.LINE_AA,
            shift=4,
        )
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.5 + 0.3 * thickness)
        self.lay(soft * np.float32(self.between(*cover) / 255), self.skin * self.between(*shade))

    def part(self, curve: Places, cut: int) -> Places:
        return curve[self.rng.integers(cut) : len(curve) - self.rng.integers(cut)]


def with_faults(
    rng: Generator, picture: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], Places]:
    """A rendered eye as a camera might have seen it of a person, and its points (7, 2) in that picture."""
    canvas = _Canvas(rng, picture.astype(np.float32), points.astype(np.float64))
    _make_up(canvas)
    _fold(canvas)
    _cover(canvas)
    _shade(canvas)
    return _photograph(canvas)


def _make_up(canvas: _Canvas) -> None:
    """Irises of other colours, lashes, lines along the lids."""
    if canvas.often(0.35):
        _paint_iris(canvas)
    if canvas.often(0.2):
        for lid, often in ((canvas.upper, 1), (canvas.lower, 0.7)):
            if canvas.often(often):
                shift = canvas.between(-0.04, 0.04) * canvas.width * canvas.up
                canvas.line(lid + shift, (0.02, 0.3), (2, 5), (0.5, 1))
    if canvas.often(0.6):
        shift = canvas.between(-0.03, 0.02) * canvas.width * canvas.up
        canvas.line(canvas.upper + shift, (0.03, 0.5), (0.5, 2.6), (0.2, 0.95))
    if canvas.often(0.35):
        upwards = 1 if canvas.often(0.5) else -1
        length = canvas.between(0.05, 0.18) * canvas.width
        for place in canvas.upper[canvas.rng.integers(0, len(_ALONG), canvas.rng.integers(5, 14))]:
            outwards = 1.2 * (place - canvas.middle) @ canvas.across / canvas.width + canvas.rng.normal(0, 0.25)
            way = upwards * canvas.up + outwards * canvas.across
            end = place + way / np.linalg.norm(way) * length * canvas.between(0.5, 1.1)
            canvas.line(np.stack([place, end]), (0.05, 0.5), (1, 1), (0.3, 0.8))
    if canvas.often(0.25):
        shift = canvas.between(-0.01, 0.03) * canvas.width * canvas.up
        canvas.line(canvas.lower - shift, (0.2, 0.8), (0.5, 1.8), (0.2, 0.7))


def _paint_iris(canvas: _Canvas) -> None:
    """Darker or lighter, with a rim and a pupil, between the lids."""
    opening = np.zeros(canvas.picture.shape, np.uint8)
    cv2.fillPoly(opening, [_sixteenths(np.concatenate([canvas.upper, canvas.lower[::-1]]))], (255,), cv2.LINE_AA, 4)
    radius, shade = canvas.between(0.17, 0.23), canvas.between(0.1, 1.1)
    rim, pupil = shade * canvas.between(0.3, 1), shade * canvas.between(0, 0.5)
    for size, grey in ((radius, rim), (0.85 * radius, shade), (canvas.between(0.2, 0.55) * radius, pupil)):
        disc = np.zeros(canvas.picture.shape, np.uint8)
        place = _sixteenths(canvas.points[6]).tolist()
        cv2.circle(disc, place, round(16 * size * canvas.width), (255,), -1, cv2.LINE_AA, 4)
        canvas.lay(np.minimum(disc, opening).astype(np.float32) * np.float32(0.8 / 255), canvas.skin * grey)


def _fold(canvas: _Canvas) -> None:
    """Folds of the upper lid, bags under the eye."""
    for _ in range(canvas.rng.integers(3)):
        shift = canvas.between(0.07, 0.28) * canvas.width * canvas.up
        canvas.line(canvas.part(canvas.upper + shift, 6), (0.3, 1.15), (0.5, 2.2), (0.2, 0.7))
    for _ in range(canvas.rng.integers(3)):
        shift = canvas.between(0.08, 0.4) * canvas.width * canvas.up
        canvas.line(canvas.part(canvas.lower - shift, 9), (0.4, 1.25), (0.5, 3), (0.15, 0.6))


def _cover(canvas: _Canvas) -> None:
    """Sparks on the eye, spectacles with what they mirror, strands of hair."""
    rng, width = canvas.rng, canvas.width
    for _ in range(rng.integers(1, 3) if canvas.often(0.15) else 0):
        place = (canvas.points[6] if canvas.often(0.7) else canvas.middle) + rng.normal(0, 0.1, 2) * width
        mask = np.zeros(canvas.picture.shape, np.uint8)
        radius = round(16 * canvas.between(0.02, 0.07) * width)
        cv2.circle(mask, _sixteenths(place).tolist(), radius, (255,), -1, cv2.LINE_AA, 4)
        canvas.lay(mask * np.float32(canvas.between(0.3, 1) / 255), canvas.between(150, 255))
    if canvas.often(0.12):
        middle, angle = canvas.middle + rng.normal(0, 0.1, 2) * width, np.linspace(0, 2 * np.pi, 60)
        reach = np.array([canvas.between(0.7, 1.1), canvas.between(0.42, 0.75)]) * width
        round_share = 1 / canvas.between(1, 2.5)
        x, y = (np.sign(each) * np.abs(each) ** round_share for each in (np.cos(angle), np.sin(angle)))
        canvas.line(middle + reach * np.stack([x, y], axis=1), (0, 1.2), (1, 5), (0.4, 1))
        if canvas.often(0.5):
            place = middle + rng.normal(0, 0.35, 2) * width
            way = np.array([canvas.between(0.2, 0.8), canvas.between(-0.4, 0.4)]) * width
            canvas.line(np.stack([place - way, place + way]), (1, 2), (1, 6), (0.1, 0.6))
    for _ in range(rng.integers(1, 5) if canvas.often(0.1) else 0):
        rows, columns = canvas.picture.shape
        x = canvas.between(0, columns)
        canvas.line(np.array([[x, 0], [x + rng.normal(0, 15), rows]]), (0.1, 1.3), (0.5, 2), (0.2, 0.8))


def _shade(canvas: _Canvas) -> None:
    """Light that falls off, shadows with an edge, a dark hollow over the lid."""
    rng, width = canvas.rng, canvas.width
    rows, columns = canvas.picture.shape
    y, x = np.ogrid[:rows, :columns]
    if canvas.often(0.2):
        place = canvas.middle + canvas.between(0.05, 0.4) * width * canvas.up + rng.normal(0, 0.1, 2) * width
        wide, high = canvas.between(0.3, 0.8) * width, canvas.between(0.1, 0.3) * width
        hollow = np.exp(-(((x - place[0]) / wide) ** 2) - ((y - place[1]) / high) ** 2)
        canvas.picture *= (1 - canvas.between(0.1, 0.6) * hollow).astype(np.float32)
    angle = canvas.between(0, 2 * np.pi)
    along = (x - columns / 2) * np.cos(angle) + (y - rows / 2) * np.sin(angle)
    if canvas.often(0.5):
        canvas.picture *= np.exp(canvas.between(0, 1.4) * along / columns).astype(np.float32)
    if canvas.often(0.25):
        edge = 1 / (1 + np.exp(-(along - canvas.between(-25, 25)) / canvas.between(0.5, 8)))
        canvas.picture *= (1 - canvas.between(0.2, 0.7) * edge).astype(np.float32)


def _photograph(canvas: _Canvas) -> tuple[NDArray[np.uint8], Places]:
    """Contrast, the picture's size, blur, sharpening, grain, compression."""
    rng, seen, points = canvas.rng, canvas.picture, canvas.points
    brightest = max(float(seen.max()), 1.0)
    seen = (seen / brightest) ** np.float32(np.exp(rng.normal(0, 0.3))) * (brightest / 255)
    black = canvas.between(0, 50)
    seen = (black + seen * canvas.between(90, 300)).clip(0, 255)
    shrink = np.exp(canvas.between(np.log(_SMALLEST), np.log(_LARGEST))) / canvas.width
    if shrink < 1:
        size = [round(side * shrink) for side in seen.shape[::-1]]
        points = (points + 0.5) * (np.array(size) / seen.shape[::-1]) - 0.5
        seen = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    width = canvas.width * min(shrink, 1)
    if canvas.often(0.6):
        seen = cv2.GaussianBlur(seen, (0, 0), canvas.between(0.01, 0.05) * width + 0.1)
    if canvas.often(0.12):  # moved
        way = canvas.between(0.01, 0.07) * width * np.exp(1j * canvas.between(0, np.pi))
        steps: NDArray[np.complex128] = np.linspace(-1, 1, 11) * way
        rows, columns = (np.rint(3 + each).astype(int) for each in (steps.imag, steps.real))
        kernel = np.zeros((7, 7), np.float32)
        np.add.at(kernel, (rows, columns), 1 / 11)
        seen = cv2.filter2D(seen, -1, kernel)
    if canvas.often(0.25):
        seen = seen + canvas.between(0.3, 1.5) * (seen - cv2.GaussianBlur(seen, (0, 0), canvas.between(0.8, 2)))
    grain = canvas.between(0, 4 if canvas.often(0.75) else 9)
    coded = np.rint((seen + rng.normal(0, grain, seen.shape)).clip(0, 255)).astype(np.uint8)
    if canvas.often(0.6):
        _, packed = cv2.imencode(".jpg", coded, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        coded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return coded, points


def _curve(points: Places) -> NDArray[np.float64]:
    """(24, 2) the cubic through four points."""
    places = np.arange(4.0)
    shares = [
        np.prod([(_ALONG - other) / (place - other) for other in places if other != place], axis=0) for place in places
    ]
    return np.asarray(np.stack(shares, axis=1) @ points)


def _sixteenths(places: Places) -> NDArray[np.int32]:
    """As OpenCV draws between pixels."""
    return np.rint(16 * places).astype(np.int32)
