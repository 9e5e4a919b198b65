# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.generators.base import Portrait
from core.generators.warp.generator import WarpGenerator
from tests.core.generators.warp.plain_face import plain_face

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.motion.face_model import FittedFace


@pytest.fixture(scope="module")
def face() -> FittedFace:
    return plain_face()


@pytest.fixture(scope="session")
def generator(astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]) -> WarpGenerator:
    """The warp of the astronaut: to be drawn with and looked at, not to be changed."""
    return WarpGenerator(Portrait(astronaut, astronaut_landmarks))
