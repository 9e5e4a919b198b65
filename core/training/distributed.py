# SPDX-License-Identifier: GPL-3.0-or-later
"""One process, or several that torchrun started: each takes its part of the same batch."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from ..errors import BadInputError, GiocondaError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from torch import Tensor, nn

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Processes:
    """Which of how many this process is, and what it computes on."""

    rank: int
    count: int
    device: torch.device

    def part(self, batch: int) -> range:
        """The places of a batch that are this process's. Raises BadInputError: the batch has no equal parts."""
        size, left = divmod(batch, self.count)
        if left:
            raise BadInputError(f"A batch of {batch} (episodes.batch) has no {self.count} equal parts.")
        return range(self.rank * size, (self.rank + 1) * size)

    def averaging(self, module: nn.Module) -> nn.Module:
        """The module, whose gradients become the mean over all processes."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        # The buffers are spectral norm's directions: alike everywhere, since they come from the weights alone.
        return DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def mean(self, values: Mapping[str, Tensor | float]) -> dict[str, float]:
        """The mean of each number over all processes."""
        stacked = torch.stack([torch.as_tensor(value).to(self.device, torch.float32) for value in values.values()])
        if self.count > 1:
            distributed.all_reduce(stacked)
        means = (stacked / self.count).cpu()
        return {name: float(mean) for name, mean in zip(values, means, strict=True)}

    def gathered(self, value: _Value) -> list[_Value]:
        """What each process has of it, in their order."""
        values = [value] * self.count
        if self.count > 1:
            distributed.all_gather_object(values, value)
        return values

    @contextmanager
    def together(self) -> Generator[None]:
        """What goes wrong in one process in this block goes wrong in all, which would else wait for it for ever.

        The block itself must not wait for other processes.
        """
        error = None
        try:
            yield
        except Exception as caught:  # noqa: BLE001 - whatever it is
            error = caught
        wrong = [told for told in self.gathered(None if error is None else repr(error)) if told]
        if wrong:
            raise error or GiocondaError(f"Another process stopped: {wrong[0]}")


@contextmanager
def joined() -> Generator[Processes]:
    """All processes of a training, while the block runs."""
    rank, count, local = (int(os.environ.get(name, alone)) for name, alone in _OF_TORCHRUN.items())
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")  # of float32 the tensor cores may leave out some bits
    if count == 1:
        yield Processes(rank, count, device)
        return
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Processes(rank, count, device)
    finally:
        distributed.destroy_process_group()


@contextmanager
def stop_asked() -> Generator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came while the block runs; one that comes again ends it at once."""
    heard = list[int]()

    def hear(number: int, _frame: object) -> None:
        if heard:
            raise KeyboardInterrupt
        heard.append(number)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(heard)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_OF_TORCHRUN = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0}
