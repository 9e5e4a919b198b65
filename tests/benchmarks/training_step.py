# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step of training costs: counted arithmetic, and time for one episode on one thread (or on the GPU).

Run from the repository's root: python -m tests.benchmarks.training_step configs/hybrid.toml [steps]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from core.training.config import TrainingConfig, load_config
from core.training.distributed import joined
from core.training.episodes import Episodes
from core.training.learner import Learner
from core.training.losses import ContentLoss
from core.training.state import TrainingState


def main(path: Path, steps: int) -> None:
    """Print the table."""
    torch.set_num_threads(1)  # on a busy machine two that wait for each other tell nothing
    config = load_config(path)
    with joined() as processes:
        device = processes.device
        state = TrainingState(config, [("nobody", "clip")], device, [])
        learner = Learner(config, state, ContentLoss(config.losses).to(device), processes)
        parts = {
            "embedder": state.networks.embedder,
            "generator": state.networks.generator,
            "discriminator": state.discriminator,
        }
        for name, part in parts.items():
            print(f"{name:>14}  {sum(weight.numel() for weight in part.parameters()) / 1e6:7.2f} M parameters")
        episodes = noise(config).on(device)
        with FlopCounterMode(display=False) as counter:
            learner.step(episodes)
        print(f"{'a step':>14}  {counter.get_total_flops() / 2e9:7.1f} GMAC an episode, {learner.precision}")
        for _ in range(steps):
            begin, worked = time.perf_counter(), time.process_time()
            losses, _ = learner.step(episodes)
            _ = [loss.item() for loss in losses.values()]  # waits for a GPU
            took, worked = time.perf_counter() - begin, time.process_time() - worked
            print(f"{'':>14}  {took:7.2f} s; {worked:.2f} s of the processor")


def noise(config: TrainingConfig) -> Episodes:
    """One episode of noise."""

    def pictures(*shape: int) -> torch.Tensor:
        return torch.randint(256, (1, *shape, config.network.size, config.network.size), dtype=torch.uint8)

    known, warps = config.episodes.references, config.episodes.warps
    shapes = ((known, 3), (known, 3), (3,), (3,), (warps, 3), (warps, 1), (1,))
    return Episodes(*(pictures(*shape) for shape in shapes), columns=torch.tensor([0]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
