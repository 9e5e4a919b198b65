# SPDX-License-Identifier: GPL-3.0-or-later
"""Value noise in space: random numbers on a lattice, interpolated, some octaves of it."""

from __future__ import annotations

import numpy as np
import torch

_CELLS = 48  # the lattice repeats after so many


class Noise:
    """Patterns of one person; each `shift` gives another one."""

    def __init__(self, seed: int, device: str = "cpu") -> None:
        """Fill the lattice."""
        values = np.random.default_rng(seed).uniform(-1, 1, (_CELLS, _CELLS, _CELLS)).astype(np.float32)
        self._lattice = torch.tensor(np.pad(values, (0, 1), mode="wrap"), device=device)[None, None]

    def __call__(self, points: torch.Tensor, per_unit: float, octaves: int = 1, shift: float = 0.0) -> torch.Tensor:
        """(P,) from -1 to 1 of (P, 3) points: `per_unit` cells a unit of length, each octave twice as fine."""
        total = torch.zeros(len(points), device=points.device)
        weight = 1.0
        for octave in range(octaves):
            places = (points * (per_unit * 2**octave) + (shift * 7.31 + octave * 11.7)).remainder(_CELLS)
            grid = (places * (2 / _CELLS) - 1)[None, None, None]
            read = torch.nn.functional.grid_sample(self._lattice, grid, mode="bilinear", align_corners=True)
            total += weight * read.flatten()
            weight /= 2
        return total / (2 - 2 * weight)
