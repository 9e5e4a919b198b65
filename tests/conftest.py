# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line and the worker do, before numpy is loaded


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of portraits and measured data that lies beside the repository where it is developed."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs pictures that are not in the repository: there is no {folder}")
    return folder


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """NASA's portrait of Eileen Collins, (512, 512, 3) RGB, as scikit-image ships it."""
    data = pytest.importorskip("skimage.data")
    return data.astronaut()


@pytest.fixture(scope="session")
def astronaut_landmarks(astronaut: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Her (68, 2) landmarks, as the default detector finds them."""
    from core.landmarks.detect import create_detector

    return create_detector("dlib").detect(astronaut)[0].landmarks
