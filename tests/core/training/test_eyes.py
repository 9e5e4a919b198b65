# SPDX-License-Identifier: GPL-3.0-or-later
"""The eyes' network learns from rendered eyes, and what ships runs without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch")

from core.data.eyes import PATCH, render_eyes  # noqa: E402
from core.data.figure import Studio  # noqa: E402
from core.data.head_model import load_head_model  # noqa: E402
from core.landmarks.eyes import COLUMNS, ROWS, normal, predict  # noqa: E402
from core.training.eyes import EyeNetwork, examples, train  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from core.data.eyes import EyePictures


@pytest.fixture(scope="module")
def rendered(shared: Path) -> EyePictures:
    path = shared / "data" / "ict_light.npz"
    if not path.exists():
        pytest.skip(f"needs a pack of the face model, which is not in the repository: {path}")
    return render_eyes(Studio(load_head_model(path)), np.random.default_rng(3), 8)


def test_eyes_are_where_their_points_are(rendered: EyePictures) -> None:
    """The pupil is darker than the lid above it, if the eye is open, and corners are in the picture's middle."""
    assert rendered.pictures.shape == (16, *PATCH)
    middles = (rendered.points[:, 0] + rendered.points[:, 3]) / 2
    assert np.abs(middles - np.array(PATCH[::-1]) / 2).max() < 2
    assert (rendered.points[:, 0, 0] < rendered.points[:, 3, 0]).all()  # all look like right eyes
    openings = rendered.points[:, [5, 4], 1] - rendered.points[:, [1, 2], 1]
    assert openings.min() > -1
    seen = 0
    for picture, points in zip(rendered.pictures, rendered.points, strict=True):
        (x, y), top, bottom = points[6], points[1:3, 1].max(), points[4:6, 1].min()
        if top + 2 < y < bottom - 2:
            seen += 1
            assert picture[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].min() < np.median(picture)
    assert seen > 2


def test_it_learns_and_what_ships_says_the_same(rendered: EyePictures) -> None:
    patches, places = examples(np.random.default_rng(0), rendered)
    assert patches.shape[1:] == (ROWS, COLUMNS)
    network = train(patches, places, 100)
    seen = normal(patches.astype(np.float32))
    said = predict(seen, {name: values.astype(np.float32) for name, values in network.weights().items()})
    untrained = EyeNetwork()
    with torch.inference_mode():
        before = untrained(torch.tensor(seen)).numpy()
        assert np.abs(network(torch.tensor(seen)).numpy() - said).max() < 0.01
    errors = [np.linalg.norm(each - places, axis=2).mean() for each in (before, said)]
    assert errors[1] < 0.3 * errors[0]
