# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the paper's table: ways to draw a frame of a person from some known pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..generators.few_shot.few_shot import inputs_from
from ..generators.few_shot.landmark_picture import draw_landmarks
from ..generators.few_shot.networks import Inputs, to_pixels, to_tensor
from ..generators.few_shot.references import References, nearest
from .pictures_of_person import KnownPicture
from .tune import feed_forward_style, tune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from ..generators.few_shot.checkpoint import Checkpoint
    from ..generators.few_shot.networks import Networks
    from .evaluate import Draw, Landmarks
    from .tune import TunePlan

    Picture = NDArray[np.uint8]


class Still:
    """The known picture whose landmarks are most like those that are wanted, as it is."""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        return lambda wanted: pictures[int(nearest(landmarks, wanted, 1)[0])]


class WarpAlone:
    """That picture, warped."""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        references = References(pictures, landmarks)

        def draw(wanted: Landmarks) -> Picture:
            number = int(nearest(landmarks, wanted, 1)[0])
            return references.draw(number, references.target(number, wanted))

        return draw


class FeedForward:
    """Networks that were trained on other people, as they are."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        style = feed_forward_style(self._networks, np.stack(pictures), landmarks)
        return drawing(self._networks, style, pictures, landmarks)


class Tuned:
    """The hybrid after `tune`: the person's own networks, or the warp where those are no better."""

    def __init__(self, checkpoint: Checkpoint, plan: TunePlan | None = None) -> None:
        self._checkpoint, self._plan = checkpoint, plan

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        pairs = zip(pictures, landmarks, strict=True)
        known = [KnownPicture(picture, points, "", 0, "") for picture, points in pairs]
        person = tune(known, self._checkpoint, lambda _event: None, self._plan)
        if person.keeps_to_warp:
            return WarpAlone().learn(pictures, landmarks)
        return drawing(person.networks, person.style[None], pictures, landmarks)


def drawing(networks: Networks, style: Tensor, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
    """Frames of somebody with a style (1, numbers), drawn as the few-shot generator does from crops of their size."""
    references = References(pictures, landmarks) if networks.plan.kind == "hybrid" else None
    size = pictures[0].shape[0]

    @torch.no_grad()
    def draw(wanted: Landmarks) -> Picture:
        if references is None:
            inputs = Inputs(to_tensor(draw_landmarks(wanted, size))[None])
        else:
            main, *others = nearest(landmarks, wanted, len(landmarks)).tolist()
            inputs = inputs_from(references, wanted, main, others, torch.device("cpu"))
        return to_pixels(networks.draw_styled(inputs, style).picture)[0]

    return draw
