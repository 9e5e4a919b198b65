# SPDX-License-Identifier: GPL-3.0-or-later
"""Episodes: K frames of a clip to know a person by, and another frame of it to draw.

What an episode holds depends on the seed and its number alone: a training that is resumed, or that has several
processes, sees the same ones in the same order.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ..errors import BadInputError
from ..generators.few_shot.landmark_picture import draw_precise
from ..generators.few_shot.networks import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from ..data.clips import Clip
    from ..data.shards import Shards, Split
    from .config import EpisodePlan


class Episodes(NamedTuple):
    """N episodes. A tuple, so that torch's loader knows how to move it."""

    references: Tensor  # (N, K, 3, S, S) RGB
    reference_lines: Tensor  # (N, K, 3, S, S) their landmark pictures
    truth: Tensor  # (N, 3, S, S) what is to be drawn
    lines: Tensor  # (N, 3, S, S) its landmark picture: what it is drawn from
    warps: Tensor  # (N, R, 3, S, S) the warp generator's frames; R is 0 for the paper's network
    confidences: Tensor  # (N, R, 1, S, S)
    precise: Tensor  # (N, 1, S, S): 1 on mouth and eyes of the truth
    columns: Tensor  # (N,) int64: the clip's number, which is that of its column of W

    def on(self, device: torch.device) -> Episodes:
        """The same on a device, from bytes to float32: pictures -1 to 1, all else 0 to 1."""
        there = Episodes(*(values.to(device, non_blocking=True) for values in self))
        pictures = {name: getattr(there, name) / 127.5 - 1 for name in _PICTURES}
        return there._replace(**pictures, confidences=there.confidences / 255, precise=there.precise / 255)

    @property
    def inputs(self) -> Inputs:
        """What the generator draws from, besides the embedding."""
        has_warps = self.warps.shape[1] > 0
        return Inputs(self.lines, self.warps, self.confidences, self.precise) if has_warps else Inputs(self.lines)


_GREY = 0.1  # of the recoloured episodes
_PICTURES = ("references", "reference_lines", "truth", "lines", "warps")


class EpisodeReader(Dataset[Episodes]):
    """Episodes by their numbers, each as a batch of one, in bytes.

    Of people who are held out every clip has its turn, and episodes have as many warps as the plan allows.
    """

    def __init__(self, shards: Shards, split: Split, plan: EpisodePlan, seed: int) -> None:
        self.clips = [(person, clip) for person in shards.people(split) for clip in shards.clips(person)]
        self._shards, self._plan, self._seed = shards, plan, seed
        self._is_held_out = split == "held_out"

    @property
    def has_warps(self) -> bool:
        """Whether there are warps in episodes."""
        return self._plan.warps > 0

    def __getitem__(self, number: int) -> Episodes:
        """Raises BadInputError: a clip that cannot be read, is too short, or lacks warps."""
        random = self._random(0, number)
        column = number % len(self.clips) if self._is_held_out else int(random.integers(len(self.clips)))
        clip = self._shards.clip(*self.clips[column])
        if len(clip) < 2:
            raise BadInputError(f"{clip.path}: has one frame; a person is known by some and another one is drawn.")
        target = int(random.integers(len(clip)))
        shown = self._choose_warps(clip, number, random)
        seen_in = [int(clip.warp_references[target, warp]) for warp in shown]
        references = self._choose_references(len(clip), target, seen_in, random)
        recoloured = _Recolouring(0 if self._is_held_out else self._plan.recolouring, self._random(2, number))
        return Episodes(
            recoloured(self._stacked(clip.picture(frame) for frame in references)),
            self._stacked(clip.landmark_picture(frame) for frame in references),
            recoloured(self._stacked([clip.picture(target)]))[:, 0],
            self._stacked([clip.landmark_picture(target)])[:, 0],
            recoloured(self._stacked(clip.warp(target, warp) for warp in shown)),
            self._stacked((clip.confidence(target, warp) for warp in shown), channels=1),
            self._stacked([draw_precise(clip.landmarks[target], self._shards.size)], channels=1)[:, 0],
            torch.tensor([column]),
        )

    def _random(self, *which: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, self._is_held_out, *which])

    def _choose_warps(self, clip: Clip, number: int, random: np.random.Generator) -> list[int]:
        """Some of the stored ones: equally many in every episode of a step, one to all that the plan allows."""
        most = self._plan.warps
        stored = clip.warp_references.shape[1] if most else 0
        if stored < most:
            raise BadInputError(
                f"{clip.path}: has {stored} warps a frame; {most} are asked for (episodes.warps of the configuration). "
                "`core data warp` adds them."
            )
        step = number // self._plan.batch
        some = most if self._is_held_out or not most else int(self._random(1, step).integers(1, most + 1))
        return random.permutation(stored)[:some].tolist()

    def _choose_references(
        self, frames: int, target: int, seen_in: Sequence[int], random: np.random.Generator
    ) -> list[int]:
        """K frames besides the target: those that the warps were made from first, as when a person is animated."""
        kept = list(dict.fromkeys(seen_in))[: self._plan.references]
        others = [frame for frame in range(frames) if frame != target and frame not in kept] or kept
        lacking = self._plan.references - len(kept)
        return kept + random.choice(others, lacking, replace=lacking > len(others)).tolist()

    def _stacked(self, pictures: Iterable[NDArray[np.uint8]], channels: int = 3) -> Tensor:
        """(1, n, channels, S, S)."""
        size = self._shards.size
        stacked = np.array(list(pictures), np.uint8).reshape(1, -1, size, size, channels)
        return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 1, 4, 2, 3)))


class _Recolouring:
    """Other light, other pigments, sometimes none: rendered people have fewer colours than portraits."""

    def __init__(self, amount: float, random: np.random.Generator) -> None:
        """`amount`: standard deviation of the logarithms of each channel's gain and of the exponent."""
        gains, exponent = np.exp(amount * random.normal(size=(3, 1))), np.exp(amount * random.normal())
        levels = np.linspace(0, 1, 256) ** exponent * gains
        self._table = torch.from_numpy(np.rint(255 * levels.clip(0, 1)).astype(np.uint8)) if amount else None
        self._is_grey = amount > 0 and random.random() < _GREY

    def __call__(self, pictures: Tensor) -> Tensor:
        """(..., 3, S, S) uint8 -> the same."""
        if self._table is None:
            return pictures
        if self._is_grey:
            pictures = pictures.float().mean(-3, keepdim=True).round().to(torch.uint8).expand_as(pictures)
        tables = [self._table[0 if self._is_grey else channel] for channel in range(3)]
        return torch.stack([table[pictures[..., c, :, :].long()] for c, table in enumerate(tables)], dim=-3)


def read_episodes(
    reader: EpisodeReader, numbers: Iterable[list[int]], device: torch.device, workers: int = 0
) -> Generator[Episodes]:
    """Batches of the episodes with these numbers, on the device; `workers` processes read ahead, until it is closed.

    Raises BadInputError as the reader does.
    """
    loader = DataLoader(
        _Readable(reader),
        batch_sampler=numbers,
        num_workers=workers,
        collate_fn=_joined,
        worker_init_fn=_leave_stopping_to_training,
        pin_memory=device.type == "cuda",
    )
    batches: Iterator[Episodes | BadInputError] = iter(loader)
    # There is no public way. Processes that are left to the garbage collector live on after an error: they do not heed
    # the signal that should end them, and this program would wait for them for ever.
    end_workers: Callable[[], None] = getattr(batches, "_shutdown_workers", lambda: None)
    try:
        for read in batches:
            if isinstance(read, BadInputError):
                raise read
            yield read.on(device)
    finally:
        end_workers()


class _Readable(Dataset["Episodes | BadInputError"]):
    """What a reader gives or raises: of errors in its processes torch makes others, whose text is a traceback."""

    def __init__(self, reader: EpisodeReader) -> None:
        self._reader = reader

    def __getitem__(self, number: int) -> Episodes | BadInputError:
        try:
            return self._reader[number]
        except BadInputError as error:
            return error


def _joined(read: Sequence[Episodes | BadInputError]) -> Episodes | BadInputError:
    """A batch, or what is wrong with one of its episodes."""
    wrong = [each for each in read if isinstance(each, BadInputError)]
    return wrong[0] if wrong else Episodes(*map(torch.cat, zip(*read, strict=True)))


def _leave_stopping_to_training(_worker: int) -> None:
    """Ctrl-C and a batch system's SIGTERM reach all processes: training ends its step, and then these."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
