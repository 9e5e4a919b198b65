# SPDX-License-Identifier: GPL-3.0-or-later
"""The few-shot generator: the warp's frame, mended by a network that knows the person from a few pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..warp.generator import WarpGenerator
from ..warp.pixels.sampling import to_8bit
from .checkpoint import load_checkpoint
from .crop import HeadCrop
from .full_size import Kept, put_into
from .landmark_picture import draw_face, draw_landmarks, draw_precise
from .networks import Inputs, best_device, to_tensor
from .person import as_they_are
from .references import References

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...motion.target import FaceTarget
    from ..base import Portrait
    from .networks import Networks
    from .person import Person
    from .references import Warp

_SAME = 2.0  # of 255: a reference that differs by less is the portrait itself


class FewShotGenerator:
    """Moves one portrait of a person; see `Generator`."""

    def __init__(self, portrait: Portrait, person: Person | None = None) -> None:
        """Prepare the portrait; the person's own pictures are prepared as frames come to need them.

        Without a `person` the portrait is all that is known of them, and the networks that ship draw.
        """
        networks = person.networks if person else load_checkpoint().networks
        self._crop, self._size = HeadCrop.around(portrait.landmarks), networks.plan.size
        own = to_8bit(self._crop.read(portrait.pixels[..., :3], self._size))
        landmarks = self._crop.to_crop(portrait.landmarks, self._size)
        person = person or as_they_are(networks, own[None], landmarks[None], {})
        self._warp = WarpGenerator(portrait)
        self._landmarks, self._keeps_to_warp = portrait.landmarks, person.keeps_to_warp
        others = [i for i, other in enumerate(person.pictures) if np.abs(own - other.astype(float)).mean() > _SAME]
        self._references = References(
            [own, *person.pictures[others]], np.concatenate([landmarks[None], person.landmarks[others]])
        )
        self._others = range(1, len(others) + 1)
        device = best_device()
        self._style = person.style[None].to(device)
        self._networks = person.networks.to(device)
        self._networks.bake()

    def draw(self, target: FaceTarget) -> NDArray[Any]:
        """The frame: same shape and type as the portrait's pixels."""
        frame = self._warp.draw(target)
        if self._keeps_to_warp or target.is_still(self._landmarks):
            return frame
        asked = self._crop.target(self._warp.landed(target), self._size)
        warps = self._references.warps(asked, 0, self._others)
        return mend(frame, self._crop, warps, asked, self._networks, self._style)


@torch.inference_mode()
def mend(
    frame: NDArray[Any], crop: HeadCrop, warps: list[Warp], asked: FaceTarget, networks: Networks, style: torch.Tensor
) -> NDArray[Any]:
    """The warp's frame (H, W, C) with what networks make of its crop for a person's style (1, numbers).

    `warps` show the crop; the first one is the frame's. `asked` is the target in their pixels.
    """
    sure, size = _sure_face(warps[0], asked), networks.plan.size
    drawn = networks.draw_styled(_inputs_of(warps, asked, sure, style.device), style)
    picture = (_array(drawn.picture[0]).transpose(1, 2, 0) + 1) / 2
    warped = warps[0].picture.astype(np.float32) / 255
    if drawn.trust is None or drawn.shift is None:  # the paper's networks draw all anew
        return put_into(frame, crop, warped, picture, Kept.nothing(size))
    shift = _array(drawn.shift[0]).transpose(1, 2, 0) * (size / 2)
    kept = Kept(_array(drawn.trust[0, 0]), shift, sure)
    return put_into(frame, crop, warped, picture, kept)


def inputs_from(
    references: References, landmarks: NDArray[np.float32], main: int, others: Sequence[int], device: torch.device
) -> Inputs:
    """What a network draws (68, 2) landmarks from, in pixels of `main`, which brings the background."""
    target = references.target(main, landmarks)
    warps = references.warps(target, main, others)
    return _inputs_of(warps, target, _sure_face(warps[0], target), device)


def _inputs_of(warps: list[Warp], target: FaceTarget, sure: NDArray[np.float32], device: torch.device) -> Inputs:
    """What a network draws one frame from. It may not change the `sure` (S, S) part of the face."""
    size = warps[0].picture.shape[0]
    precise = np.maximum(draw_precise(target.landmarks, size) / np.float32(255), sure)
    return Inputs(
        to_tensor(draw_landmarks(target.landmarks, size))[None].to(device),
        to_tensor(np.stack([warp.picture for warp in warps]))[None].to(device),
        torch.from_numpy(np.stack([warp.confidence for warp in warps]))[None, :, None].to(device),
        torch.from_numpy(precise)[None, None].to(device),
    )


def _sure_face(warp: Warp, target: FaceTarget) -> NDArray[np.float32]:
    """(S, S) 0..1: the warp's confidence on the face, where landmarks are near enough to lead it."""
    return warp.confidence * (draw_face(target.landmarks, len(warp.confidence)) / np.float32(255))


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(values.float().cpu(), np.float32)
