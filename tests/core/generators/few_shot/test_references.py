# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a person, warped to a frame."""

from __future__ import annotations

import numpy as np
import pytest

from core.generators.few_shot.references import WARPS, References, nearest

Crops = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def references(head_crops: Crops) -> References:
    return References(list(head_crops[0]), head_crops[1])


def test_the_nearest_landmarks_wherever_and_however_large(head_crops: Crops) -> None:
    _, landmarks = head_crops
    moved = 3 * landmarks[[4, 2, 1]] + np.array([50, -20])
    assert nearest(moved, landmarks[2], 2).tolist()[0] == 1
    assert sorted(nearest(moved, landmarks[2], 5).tolist()) == [0, 1, 2]


def test_a_reference_that_is_asked_for_its_own_landmarks_shows_itself(
    head_crops: Crops, references: References
) -> None:
    drawn = references.draw(1, references.target(1, head_crops[1][1]))
    assert np.abs(drawn.astype(int) - head_crops[0][1]).mean() < 0.5


def test_the_main_reference_brings_its_background_the_others_the_person(
    head_crops: Crops, references: References
) -> None:
    wanted = head_crops[1][3]
    warps = references.warps(references.target(0, wanted), 0, [1, 2, 4, 5])
    assert [warp.reference for warp in warps[:1]] == [0]
    assert len({warp.reference for warp in warps}) == WARPS
    corner = (slice(0, 6), slice(0, 6))
    assert warps[0].confidence[corner].min() == 1
    assert all(warp.confidence[corner].max() == 0 for warp in warps[1:])
    nose = tuple(wanted[30, ::-1].astype(int).tolist())
    assert all(warp.confidence[nose] > 0.5 for warp in warps)
    truth = head_crops[0][3].astype(int)
    around = tuple(slice(place - 20, place + 20) for place in nose)
    for warp in warps:
        assert np.abs(warp.picture[around].astype(int) - truth[around]).mean() < 12


def test_where_pictures_lack_the_main_one_stands_in_without_confidence(
    head_crops: Crops, references: References
) -> None:
    warps = references.warps(references.target(0, head_crops[1][3]), 0, [])
    assert len(warps) == WARPS
    assert all(warp.confidence.max() == 0 for warp in warps[1:])
