# SPDX-License-Identifier: GPL-3.0-or-later
"""A small correction in a large frame."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.few_shot.crop import HeadCrop
from core.generators.few_shot.full_size import Kept, put_into

SIZE = 32
CROP = HeadCrop(10, -20, 128)
ALL = Kept.nothing(SIZE)._replace(trust=np.ones((SIZE, SIZE), np.float32))


def _frame(kind: type) -> np.ndarray:
    """Fine noise, with alpha; scene-linear light is up to three times as bright as white."""
    noise = np.random.default_rng(1).random((150, 160, 4))
    return (3 * noise if kind is np.float32 else noise * np.iinfo(kind).max).astype(kind)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_what_a_network_did_not_change_keeps_its_very_values(kind: type) -> None:
    frame, warped = _frame(kind), np.random.default_rng(2).random((SIZE, SIZE, 3), np.float32)
    out = put_into(frame, CROP, warped, warped, ALL)
    np.testing.assert_array_equal(out, frame)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_change_is_added_and_fine_detail_is_kept_where_the_warp_is_trusted(kind: type) -> None:
    frame = (_frame(kind) // 4 + np.iinfo(kind).max // 4).astype(kind)
    warped = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    out = put_into(frame, CROP, warped, warped + 0.1, ALL)
    inside = (slice(20, 90), slice(40, 110))
    change = (out[inside].astype(float) - frame[inside])[..., :3] / np.iinfo(kind).max
    np.testing.assert_allclose(change, 0.1, atol=1 / 255)
    np.testing.assert_array_equal(out[..., 3], frame[..., 3])
    np.testing.assert_array_equal(out[:, 140:], frame[:, 140:])  # outside of the crop


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_what_was_moved_keeps_its_fine_detail(kind: type) -> None:
    frame = _frame(kind)
    frame[..., 3] = 1 if kind is np.float32 else np.iinfo(kind).max
    frame[60, 70, 0] = np.nan if kind is np.float32 else 0
    warped = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    out = put_into(frame, CROP, warped, warped, ALL._replace(shift=np.full((SIZE, SIZE, 2), (0.5, -0.25), np.float32)))
    inside, was = (slice(10, 50), slice(40, 110)), (slice(9, 49), slice(42, 112))  # a network's pixel is four of these
    np.testing.assert_allclose(out[inside], frame[was], rtol=1e-5)
    np.testing.assert_array_equal(out[:, 140:], frame[:, 140:])


def test_fine_detail_goes_where_the_network_drew_another_thing() -> None:
    frame = _frame(np.uint8)
    warped = CROP.read(frame[..., :3], SIZE).astype(np.float32) / 255
    out = put_into(frame, CROP, warped, np.full_like(warped, 0.8), Kept.nothing(SIZE))
    inside = out[20:90, 40:110, :3].astype(float)
    assert abs(inside.mean() - 204) < 2
    assert inside.std() < 0.1 * frame[20:90, 40:110, :3].std()


def test_another_tone_keeps_the_grain() -> None:
    frame = _frame(np.uint8) // 8 + 100
    warped = CROP.read(frame[..., :3], SIZE).astype(np.float32) / 255
    drawn = np.full_like(warped, warped.mean() + 0.01)
    out = put_into(frame, CROP, warped, drawn, Kept.nothing(SIZE))
    inside, was = (pixels[20:90, 40:110, :3].astype(float) for pixels in (out, frame))
    assert abs(inside.mean() - was.mean() - 2.55) < 0.5
    assert inside.std() > 0.8 * was.std()


def test_fine_detail_that_is_kept_stays_under_another_thing() -> None:
    frame = _frame(np.uint8) // 8 + 100
    warped = CROP.read(frame[..., :3], SIZE).astype(np.float32) / 255
    noise = np.random.default_rng(3).normal(0.2, 0.1, warped.shape).astype(np.float32)
    out = put_into(frame, CROP, warped, warped + noise, Kept.nothing(SIZE)._replace(detail=ALL.trust))
    inside, was = (pixels[20:90, 40:110, :3].astype(float) for pixels in (out, frame))
    assert abs(inside.mean() - was.mean() - 51) < 2
    assert (inside - was).std() < was.std()


def test_light_above_white_stays() -> None:
    frame = np.full((150, 160, 3), 4.0, np.float32)
    warped = np.ones((SIZE, SIZE, 3), np.float32)
    out = put_into(frame, CROP, warped, warped, Kept.nothing(SIZE))
    np.testing.assert_allclose(out, 4, atol=1e-5)


def test_what_is_no_number_stays_where_it_is() -> None:
    frame, warped = np.full((150, 160, 3), 0.4, np.float32), np.full((SIZE, SIZE, 3), 0.4, np.float32)
    frame[60, 70] = np.nan
    out = put_into(frame, CROP, warped, warped, Kept.nothing(SIZE))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(frame))


def test_the_border_of_the_crop_is_not_seen() -> None:
    frame, dark = np.full((150, 160, 3), 200, np.uint8), np.zeros((SIZE, SIZE, 3), np.float32)
    out = put_into(frame, CROP, dark + 200 / 255, dark, Kept.nothing(SIZE)).astype(int)
    assert out[60, 70, 0] == 0
    assert np.abs(np.diff(out[60, :, 0])).max() < 40  # a fade, no edge
