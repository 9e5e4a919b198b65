# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.generators.plain_face import plain_face

if TYPE_CHECKING:
    from core.motion.face_model import FittedFace


@pytest.fixture(scope="module")
def face() -> FittedFace:
    return plain_face()
