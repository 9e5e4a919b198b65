# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a face before it is drawn: a picture is looked at, a frame of footage is told by the one at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...motion.face_model import fit_face
from .eyes.glasses import find_glasses
from .mouth.interior import MouthInterior
from .seen_edges import SeenEdges

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ...motion.face_model import FittedFace
    from ..base import Portrait
    from .eyes.glasses import Glasses
    from .footage import CarriedMouth


class Known(NamedTuple):
    """One face in one picture."""

    face: FittedFace  # its points as they were detected
    edges: SeenEdges
    rims: NDArray[np.float64]  # (68, 2) shifts to where lips begin that are drawn elsewhere
    glasses: Glasses | None
    kernel: int | None  # as `kernel_for` chooses it; None: by the picture
    only_face: bool  # the head does not move
    mouth: Callable[[NDArray[Any], FittedFace], MouthInterior | CarriedMouth]

    @classmethod
    def of_picture(cls, portrait: Portrait) -> Known:
        """Look for it in a picture of its own."""
        face = fit_face(portrait.landmarks)
        edges = SeenEdges.find(portrait.pixels, face)
        glasses = find_glasses(portrait.pixels, face.points[:, :2])
        return cls(face, edges, np.zeros((68, 2)), glasses, None, only_face=False, mouth=MouthInterior)
