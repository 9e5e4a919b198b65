# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind a made-up person: walls, windows, shelves, things out of focus. Still for a whole clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

_FINER = 2


def draw_backdrop(seed: int, size: int) -> Picture:
    """(size, size, 3) linear RGB."""
    rng = np.random.default_rng(seed)
    side = size * _FINER
    picture = _gradient(rng, side)
    painter = rng.choice(np.array([_nothing, _tiles, _panels, _shelf, _window, _lights, _shapes], object))
    painter(rng, picture)
    if rng.random() < 0.35:
        _shapes(rng, picture, count=int(rng.integers(1, 4)))
    # Plaster, light that falls off, and how far out of focus it is.
    coarse = rng.normal(0, 1, (9, 9, 1)).astype(np.float32)
    picture *= 1 + 0.06 * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    picture *= 1 + rng.normal(0, 0.03, (side, side, 1)).astype(np.float32) * (rng.random() < 0.6)
    sigma = float(rng.choice([0.8, 1.5, 3.0, 6.0, 10.0])) * side / 512
    picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    return np.maximum(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), 0)


def _colour(rng: Generator, most: float = 0.75) -> tuple[float, ...]:
    """Walls and things are seldom vivid."""
    grey, hue = rng.uniform(0.02, most), rng.uniform(0.3, 1, 3)
    vivid = rng.beta(1.2, 2.5)
    return tuple((grey * ((1 - vivid) + vivid * hue / hue.mean())).tolist())


def _gradient(rng: Generator, side: int) -> Picture:
    first, second = np.array(_colour(rng)), np.array(_colour(rng))
    second = first + (second - first) * rng.uniform(0, 0.5)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    ramp = (0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)).clip(0, 1)[..., None]
    return (first + ramp * (second - first)).astype(np.float32)


def _rectangle(
    picture: Picture, left: float, top: float, right: float, bottom: float, colour: tuple[float, ...]
) -> None:
    """Fill a rectangle; edges are shares of the side."""
    side = len(picture)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) * side * 16
    cv2.fillPoly(picture, [corners.round().astype(np.int32)], colour, shift=4)


def _nothing(rng: Generator, picture: Picture) -> None:
    """A plain wall."""
    del rng, picture


def _tiles(rng: Generator, picture: Picture) -> None:
    """Bricks or tiles, each a little different."""
    height = rng.uniform(0.04, 0.16)
    width, joint = height * rng.choice([1, 2, 2.4]), rng.uniform(0.004, 0.012)
    shift, base, spread = rng.choice([0, 0.5]), np.array(_colour(rng, 0.5)), rng.uniform(0.02, 0.25)
    for row in range(int(1 / height) + 1):
        for column in range(-1, int(1 / width) + 2):
            left, top = (column + shift * (row % 2)) * width, row * height
            shade = tuple((base * (1 + spread * rng.normal())).clip(0.01, 1).tolist())
            _rectangle(picture, left + joint, top + joint, left + width - joint, top + height - joint, shade)


def _panels(rng: Generator, picture: Picture) -> None:
    """Boards or a curtain: upright stripes."""
    left = 0.0
    colours = [_colour(rng, 0.6) for _ in range(int(rng.integers(2, 4)))]
    while left < 1:
        width = rng.uniform(0.02, 0.16)
        _rectangle(picture, left, 0, left + width - rng.uniform(0, 0.01), 1, colours[int(rng.integers(len(colours)))])
        left += width


def _shelf(rng: Generator, picture: Picture) -> None:
    """Boards with books."""
    for bottom in np.arange(rng.uniform(0.15, 0.35), 1.2, rng.uniform(0.25, 0.4)):
        left = rng.uniform(-0.1, 0.3)
        end = rng.uniform(0.6, 1.1)
        while left < end:
            width = rng.uniform(0.02, 0.055)
            _rectangle(picture, left, bottom - rng.uniform(0.13, 0.22), left + width - 0.003, bottom, _colour(rng, 0.5))
            left += width
        _rectangle(picture, 0, bottom, 1, bottom + 0.025, (0.08, 0.05, 0.03))


def _window(rng: Generator, picture: Picture) -> None:
    """Bright panes in a frame, perhaps with blinds."""
    left, top = rng.uniform(-0.2, 0.6), rng.uniform(-0.2, 0.2)
    right, bottom = left + rng.uniform(0.3, 0.8), top + rng.uniform(0.5, 1.0)
    bright = rng.uniform(0.7, 1.6)
    _rectangle(picture, left - 0.02, top - 0.02, right + 0.02, bottom + 0.02, _colour(rng))
    _rectangle(picture, left, top, right, bottom, (bright * 0.9, bright * 0.97, bright))
    if rng.random() < 0.5:
        for y in np.arange(top, bottom, 0.05):
            _rectangle(picture, left, y, right, y + 0.03, (0.5, 0.48, 0.45))
    else:
        middle, across = (left + right) / 2, (top + bottom) / 2
        _rectangle(picture, middle - 0.01, top, middle + 0.01, bottom, (0.2, 0.2, 0.2))
        _rectangle(picture, left, across - 0.01, right, across + 0.01, (0.2, 0.2, 0.2))


def _lights(rng: Generator, picture: Picture) -> None:
    """Lamps out of focus in a dark place."""
    picture *= 0.3
    side = len(picture)
    for _ in range(int(rng.integers(5, 25))):
        centre = tuple((rng.uniform(0, 1, 2) * side).astype(int).tolist())
        cv2.circle(picture, centre, int(rng.uniform(0.01, 0.06) * side), _colour(rng, 1.5), -1, cv2.LINE_AA)


def _shapes(rng: Generator, picture: Picture, count: int = 8) -> None:
    """Things of any outline, straight or round."""
    side = len(picture)
    for _ in range(count):
        centre, reach = rng.uniform(0, 1, 2), rng.uniform(0.05, 0.35)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
        if rng.random() < 0.4:
            angles = np.linspace(0, 2 * np.pi, 40)
        corners = centre + reach * np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.5, 1.5)], 1)
        cv2.fillPoly(picture, [(corners * side * 16).round().astype(np.int32)], _colour(rng), cv2.LINE_AA, 4)
