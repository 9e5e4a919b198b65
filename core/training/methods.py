# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the paper's table: ways to draw a frame of a person from some known pictures."""

from __future__ import annotations

import copy
import time
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..generators.few_shot.crop import HeadCrop
from ..generators.few_shot.few_shot import mend
from ..generators.few_shot.landmark_picture import draw_landmarks
from ..generators.few_shot.networks import Inputs, best_device, build_networks, to_pixels, to_tensor
from ..generators.few_shot.person import feed_forward_style, with_landmark_pictures
from ..generators.few_shot.references import References, nearest
from .finetune import FineTuner, FineTuning, PersonFrames
from .losses import ContentLoss, LossWeights
from .pictures_of_person import KnownPicture
from .tune import tune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ..events import Event, OnEvent
    from ..generators.few_shot.checkpoint import Checkpoint
    from ..generators.few_shot.networks import Networks
    from .evaluate import Draw, Landmarks
    from .tune import TunePlan

    Picture = NDArray[np.uint8]


_TELL_EVERY = 20  # iterations


class Still:
    """The known picture whose landmarks are most like those that are wanted, as it is."""

    made_of = ""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        return lambda wanted: pictures[int(nearest(landmarks, wanted, 1)[0])]


class WarpAlone:
    """That picture, warped."""

    made_of = ""

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
        self._networks = networks.to(best_device())
        self.made_of = fingerprint(networks)

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        style = feed_forward_style(self._networks, np.stack(pictures), landmarks)
        return drawing(self._networks, style, pictures, landmarks)


class Tuned:
    """The hybrid after `tune`: the person's own networks, or the warp where those are no better."""

    def __init__(self, checkpoint: Checkpoint, tell: OnEvent, plan: TunePlan) -> None:
        self._checkpoint, self._tell, self._plan = checkpoint, tell, plan
        self.made_of = f"{fingerprint(checkpoint.networks)} {self._plan}"

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        pairs = zip(pictures, landmarks, strict=True)
        known = [KnownPicture(picture, points, "", 0, "") for picture, points in pairs]
        person = tune(known, self._checkpoint, self._tell_step, self._plan)
        if person.keeps_to_warp:
            return WarpAlone().learn(pictures, landmarks)
        return drawing(person.networks, person.style[None], pictures, landmarks)

    def _tell_step(self, event: Event) -> None:
        self._tell({name: value for name, value in event.items() if name != "preview"})


class FineTuned:
    """The paper's networks, fine-tuned to the person; with the discriminator where the checkpoint has one."""

    def __init__(
        self, checkpoint: Checkpoint, tell: OnEvent, tuning: FineTuning | None = None, seconds: float | None = None
    ) -> None:
        """`seconds`: that it may take for a person at most."""
        self._checkpoint, self._tell, self._tuning = checkpoint, tell, tuning or FineTuning()
        self._seconds = inf if seconds is None else seconds
        discriminator = checkpoint.discriminator
        judge = "" if discriminator is None else fingerprint(discriminator)
        self.made_of = f"{fingerprint(checkpoint.networks)} {judge} {self._tuning} {self._seconds}"

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """See `Method`."""
        device, weights = best_device(), LossWeights()
        networks, discriminator = copy.deepcopy((self._checkpoint.networks, self._checkpoint.discriminator))
        seen, lines = with_landmark_pictures(np.stack(pictures), landmarks, device)
        tuner = FineTuner(
            networks.to(device),
            None if discriminator is None else discriminator.to(device),
            PersonFrames(seen, Inputs(lines)),
            ContentLoss(weights),
            weights,
            self._tuning,
            self._tell,
        )
        end, total = time.monotonic() + self._seconds, self._tuning.iterations
        for number, losses in enumerate(tuner.iterations(), 1):
            if number % _TELL_EVERY == 0:
                self._tell({"event": "step", "step": number, "total": total, "values": losses})
            if time.monotonic() > end:
                break
        return drawing(networks, tuner.style.detach(), pictures, landmarks)


def fingerprint(network: nn.Module) -> str:
    """A digest of all its numbers."""
    digest = sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def drawing(networks: Networks, style: Tensor, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
    """Frames of somebody with a style (1, numbers): the hybrid's as the few-shot generator draws them."""
    networks = _baked(networks)
    if networks.plan.kind == "hybrid":
        return _mending(networks, style, pictures, landmarks)
    size = networks.plan.size

    @torch.inference_mode()
    def draw(wanted: Landmarks) -> Picture:
        lines = to_tensor(draw_landmarks(wanted, size))[None].to(style.device)
        return to_pixels(networks.draw_styled(Inputs(lines), style).picture)[0]

    return draw


def _baked(networks: Networks) -> Networks:
    """A copy that is ready to draw. It is built anew: copies made by `copy` share what baking takes away."""
    copied = build_networks(networks.plan).eval()
    copied.load_state_dict(networks.state_dict())
    copied.bake()
    return copied.to(next(networks.parameters()).device)


def _mending(networks: Networks, style: Tensor, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
    references, size = References(pictures, landmarks), networks.plan.size
    whole = HeadCrop(0, 0, size)

    def draw(wanted: Landmarks) -> Picture:
        main, *others = nearest(landmarks, wanted, len(landmarks)).tolist()
        target = references.target(main, wanted)
        warps = references.warps(target, main, others)
        return mend(warps[0].picture, whole, warps, target, networks, style)

    return draw
