# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the paper's table: ways to draw a frame of a person from some known pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..generators.few_shot.references import References, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .evaluate import Draw, Landmarks

    Picture = NDArray[np.uint8]


class Still:
    """The known picture whose landmarks are most like those that are wanted, as it is."""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        return lambda wanted: pictures[nearest(landmarks, wanted, 1)[0]]


class WarpAlone:
    """That picture, warped."""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        references = References(pictures, landmarks)

        def draw(wanted: Landmarks) -> Picture:
            number = int(nearest(landmarks, wanted, 1)[0])
            return references.draw(number, references.target(number, wanted))

        return draw
