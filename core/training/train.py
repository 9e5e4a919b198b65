# SPDX-License-Identifier: GPL-3.0-or-later
"""Meta-learning: networks learn from episodes of many people to draw a person from a few pictures.

Zakharov et al. 2019, section 3.2. Under torchrun every process takes its part of the same batch.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import nn

from ..data.shards import Shards
from ..errors import BadInputError, CancelledError
from ..files import check_writable
from .board import Board
from .distributed import joined, stop_asked
from .episodes import EpisodeReader, read_episodes
from .held_out import measure
from .losses import adversarial, discriminator_hinge, embedding_match, feature_matching
from .state import NotFiniteError, TrainingState, kept_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from ..events import OnEvent
    from ..generators.few_shot.discriminator import Discriminator
    from .config import TrainingConfig
    from .distributed import Processes
    from .episodes import Episodes


def train(config: TrainingConfig, data: Path, run: Path, tell: OnEvent, steps: int | None = None) -> None:
    """Train up to a step, from the last state in the folder `run` on. `data` is a folder of shards.

    Raises BadInputError; NotFiniteError; CancelledError when Ctrl-C or SIGTERM came, after the state is saved.
    """
    last = config.run.steps if steps is None else steps
    check_writable(run)
    with joined() as processes, stop_asked() as is_stop_asked:
        tell = tell if processes.rank == 0 else _to_nobody
        shards = Shards(data)
        training = Training(config, ...)
