# SPDX-License-Identifier: GPL-3.0-or-later
"""The background behind the person: what is seen stays, what is not goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.generators.warp.fill.plate import fill_behind
from core.generators.warp.layers import Layers, Overlay
from core.generators.warp.pixels.compose import Bands
from core.generators.warp.pixels.positions import Border, Maps, Sides, Ways

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT, WIDTH = 320, 400
PERSON = np.array([40, 20, 15], np.float32)
AREA = (slice(0, HEIGHT), slice(0, WIDTH))


def _mask(soft: float = 1.5) -> NDArray[np.float32]:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, (200, 170), (60, 80), 0, 0, 360, (1,), -1)
    cv2.rectangle(mask, (100, 230), (300, HEIGHT), (1,), -1)
    return np.clip(cv2.GaussianBlur(mask, (0, 0), soft) * 1.04 - 0.02, 0, 1).astype(np.float32)


def _gradient() -> NDArray[np.float32]:
    """(H, W, 3): a wall that gets brighter to the right and bluer downwards."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    return np.dstack([110 + 90 * x, 120 + 60 * x, 130 + 70 * y]).astype(np.float32)


def _drawn(layers: Layers, picture: NDArray[np.uint8], positions: NDArray[np.float32]) -> NDArray[np.uint8]:
    out = picture.copy()
    way = positions - np.dstack(np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)))
    none, lines = np.full((HEIGHT, WIDTH), -1, np.int32), (np.zeros(HEIGHT, np.float32), np.zeros(WIDTH, np.float32))
    beside = Sides(0, 0, 0, 0, 0, 0, 1, np.zeros((1, 1, 6), np.float32))
    border = Border(lines[0], lines[0], lines[1], lines[1], False, lines[1], lines[1], lines[0], lines[0])
    ways = Ways(0, 0, 1, way, none, np.zeros((0, 1, 1, 2), np.float32))
    bands = Bands(np.array([[0, HEIGHT, 0, WIDTH]]), np.zeros(1, np.int64))
    layers.draw(out, bands, Maps(ways, (beside, beside, beside), border))
    return out


def _before(background: NDArray[Any], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(background + (PERSON - background) * mask[..., None]).astype(np.uint8)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "alpha"])
def test_what_is_seen_stays_and_nothing_of_the_person_does(kind: str) -> None:
    mask, wall = _mask(), _gradient()
    picture = _before(wall, mask)
    one = {"uint16": 257, "float32": np.float32(1 / 255)}.get(kind, 1)
    pixels = np.dstack([picture, np.full((HEIGHT, WIDTH), 255, np.uint8)]) if kind == "alpha" else picture
    pixels = pixels * np.asarray(one, "uint8" if kind == "alpha" else kind)
    plate = fill_behind(pixels, mask)
    assert plate.dtype == pixels.dtype
    assert np.array_equal(plate[mask == 0], pixels[mask == 0])
    hidden = mask > 0
    error = np.abs(plate[..., :3] / float(one) - wall)[hidden]
    assert error.max() < 40  # the person is more than 70 away
    assert np.percentile(error, 95) < 15
    if kind == "alpha":
        assert (plate[..., 3] == 255).all()


def test_a_line_goes_on_behind_the_edge() -> None:
    mask, wall = _mask(), _gradient()
    wall[144:156] = (230, 60, 60)
    plate = fill_behind(_before(wall, mask), mask).astype(int)
    middle, beside = plate[148:152], plate[128:132]
    hidden = mask[148:152].min(0) > 0.5
    left = np.flatnonzero(hidden)[:12]
    right = np.flatnonzero(hidden)[-12:]
    for columns in (left, right):
        redder = (middle[:, columns, 0] - middle[:, columns, 1]) - (beside[:, columns, 0] - beside[:, columns, 1])
        assert redder.mean() > 60  # 180 on the line itself


def test_texture_goes_on() -> None:
    mask, wall = _mask(), _gradient()
    wall += np.random.default_rng(2).normal(0, 8, (HEIGHT, WIDTH, 1)).astype(np.float32)
    plate = fill_behind(_before(wall, mask), mask).astype(np.float32)
    fine = plate - cv2.GaussianBlur(plate, (0, 0), 2)
    inside = (mask > 0.99) & (cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, 5) < 15)
    assert 0.4 < fine[inside].std() / fine[mask == 0].std() < 1.2


def test_between_two_colours_there_is_an_edge_and_no_fog() -> None:
    mask = _mask()
    wall = np.full((HEIGHT, WIDTH, 3), (60, 90, 160), np.float32)
    wall[:, :190] = (150, 40, 30)
    plate = fill_behind(_before(wall, mask), mask).astype(np.float32)
    deep = mask > 0.99
    away = np.minimum(*(np.abs(plate - colour).max(2) for colour in (wall[0, 0], wall[0, -1])))
    assert (away[deep] < 12).mean() > 0.95
    assert np.abs(plate - wall).mean(2)[deep].mean() < 20  # the colours are 86 apart


def test_a_pattern_goes_on() -> None:
    mask, wall = _mask(), _gradient()
    wall[np.arange(HEIGHT) % 24 < 10] -= 70
    plate = fill_behind(_before(wall, mask), mask).astype(np.float32)
    band = (mask > 0.99) & (cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, 5) < 40)
    assert np.abs(plate - wall).mean(2)[band].mean() < 12


def test_the_same_picture_gives_the_same_plate() -> None:
    mask = _mask()
    picture = _before(_gradient() + np.random.default_rng(4).normal(0, 9, (HEIGHT, WIDTH, 1)), mask)
    first = fill_behind(picture, mask)
    cv2.setRNGSeed(77)
    assert np.array_equal(first, fill_behind(picture, mask))


def test_a_picture_that_is_covered_or_not_at_all() -> None:
    picture = _before(_gradient(), _mask())
    assert np.array_equal(fill_behind(picture, np.zeros((HEIGHT, WIDTH), np.float32)), picture)
    full = np.ones((HEIGHT, WIDTH), np.float32)
    assert fill_behind(picture, full).shape == picture.shape
    layers = Layers(picture, full, AREA)
    still = np.dstack(np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)))
    assert np.array_equal(_drawn(layers, picture, still), picture)


def test_single_hairs_beside_the_mask_go_with_the_person() -> None:
    mask, wall = _mask(), _gradient()
    hairs = mask.copy()
    for angle in range(200, 341, 10):
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        ends = [np.rint(([200, 170] + way * np.array(size)) * 16).astype(int).tolist() for size in ((55, 75), (64, 85))]
        cv2.line(hairs, ends[0], ends[1], (1,), 1, cv2.LINE_AA, 4)
    hairs = np.maximum(mask, hairs)
    picture = _before(wall, hairs)
    layers = Layers(picture, mask, AREA)
    still = np.dstack(np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)))
    assert np.array_equal(_drawn(layers, picture, still), picture)
    moved = _drawn(layers, picture, still - np.float32([100, 0])).astype(np.float32)
    alone = (mask == 0) & (hairs > 0.5)
    empty = alone & (np.roll(hairs, 100, axis=1) == 0)
    assert np.abs(moved - wall)[empty].max() < 12  # none stays
    arrived = np.roll(alone, 100, axis=1)
    assert np.abs(moved - PERSON)[arrived].mean() < 60  # and they are seen where the head went
    clean = (np.roll(hairs, 100, axis=1) == 0) & (hairs == 0)
    assert np.abs(moved - wall)[clean].max() < 12


@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0)])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_a_colour_that_nobody_sees_leaves_no_fringe(hidden: tuple[int, ...], kind: str) -> None:
    alpha, one = _mask(), {"uint16": 257, "float32": 1 / 255}.get(kind, 1)
    colours = np.where(alpha[..., None] > 0, PERSON, hidden)
    picture = (np.rint(np.dstack([colours, 255 * alpha])) * one).astype(kind)
    layers = Layers(picture, alpha, AREA)
    still = np.dstack(np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)))
    assert np.array_equal(_drawn(layers, picture, still), picture)
    moved = _drawn(layers, picture, still - np.float32([60.5, 0.5])) / one
    seen = moved[..., 3:] > 4
    assert np.abs(np.where(seen, moved[..., :3] - PERSON, 0)).max() < 5
    halfway = (alpha + np.roll(alpha, 1, axis=1)) / 2
    wanted = np.roll((halfway + np.roll(halfway, 1, axis=0)) / 2, 60, axis=1)
    assert np.abs(moved[..., 3] / 255 - wanted)[1 : HEIGHT // 2].max() < 0.15


def test_what_is_laid_on_the_plate_counts_by_its_alpha() -> None:
    picture = np.full((HEIGHT, WIDTH, 4), (0, 255, 0, 0), np.uint8)
    layers = Layers(picture, np.zeros((HEIGHT, WIDTH), np.float32), AREA)
    area = slice(20, 40), slice(30, 60)
    skin = np.full((20, 30, 4), (90, 60, 50, 255), np.uint8)
    layers.lay_behind(Overlay(area, skin, np.full((20, 30), 0.5, np.float32)))
    far = np.full((HEIGHT, WIDTH, 2), 5, np.float32)  # nothing of the person is seen there
    assert (_drawn(layers, picture, far)[area] == (90, 60, 50, 128)).all()


def test_no_outline_of_the_person_is_left() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (240, 240, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 9)
    picture = np.clip(128 + 40 * blurred / blurred.std(), 0, 255).astype(np.uint8)
    mask = np.zeros((240, 240), np.float32)
    cv2.ellipse(mask, (120, 130), (60, 80), 0, 0, 360, (1,), -1)
    plate = fill_behind(picture, mask).astype(int)
    crossing = np.diff(mask, axis=1) != 0
    steps = np.abs(np.diff(plate, axis=1)).mean(2)
    assert steps[crossing].mean() < 4 * steps[mask[:, 1:] == 0].mean()
