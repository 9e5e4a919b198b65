# SPDX-License-Identifier: GPL-3.0-or-later
"""Teach the network of `core.landmarks.eyes` by rendered eyes; it takes half an hour of a core.

    python -m core.training.eyes PACK.npz [core/landmarks/eyes.npz]

`core data face-model` makes the first file. On a CPU the same people are rendered each time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import relu, smooth_l1_loss

from ..data.eye_faults import with_faults
from ..data.eyes import EyePictures, render_eyes
from ..data.figure import load_studio
from ..data.pool import in_order
from ..landmarks.eyes import COLUMNS, HIDDEN, LAYERS, ROWS, WEIGHTS, WIDTH, normal, patch, to_patch

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

PEOPLE, FRAMES, SEED = 130, 24, 31
FAULTS, CROPS = 6, 2  # of each eye: pictures, and crops of each
STEPS, BATCH, RATE, FIRST_STEPS = 11000, 96, 2e-3, 200
# How far a detector's corners are off: shares of the eye's width, radians; now and then more.
SHIFT, SCALE, TURN, SELDOM, FAR = 0.055, 0.075, 0.065, 0.12, 2.2
_NEAR = 0.02  # of the eye's width: errors below count by their square
_IRIS, _GAP = 0.7, 1.0  # weights; those of points are 1
_HIDDEN, _SEEN = 0.04, 0.12  # opening of an eye whose iris counts hardly, and fully


class EyeNetwork(nn.Module):
    """Convolutions, then two layers that know all of the picture."""

    def __init__(self) -> None:
        """Weights are drawn by torch's generator."""
        super().__init__()
        inputs = 1
        self.convolutions: list[nn.Conv2d] = []
        for channels, side, step in LAYERS:
            self.convolutions.append(nn.Conv2d(inputs, channels, side, step, side // 2))
            inputs = channels
        self.registered = nn.ModuleList(self.convolutions)
        shrunk = int(np.prod([step for _, _, step in LAYERS]))
        self.hidden = nn.Linear(inputs * (ROWS // shrunk) * (COLUMNS // shrunk), HIDDEN)
        self.last = nn.Linear(HIDDEN, 14)
        for layer in (*self.convolutions, self.hidden):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.get_parameter("bias"))

    def forward(self, patches: Tensor) -> Tensor:
        """(N, 7, 2) of normal pictures (N, ROWS, COLUMNS), as `core.landmarks.eyes.predict` gives them."""
        values = patches[:, None]
        for layer in self.convolutions:
            values = relu(layer(values))
        return self.last(relu(self.hidden(values.permute(0, 2, 3, 1).flatten(1)))).reshape(-1, 7, 2)

    def weights(self) -> dict[str, NDArray[np.float16]]:
        """What `predict` takes."""
        layers = [*self.convolutions, self.hidden, self.last]
        found: dict[str, Tensor] = {}
        for number, layer in enumerate(layers):
            kernel = layer.weight.permute(2, 3, 1, 0) if isinstance(layer, nn.Conv2d) else layer.weight.T
            found[f"bias{number}"] = layer.get_parameter("bias")
            found[f"kernel{number}"] = kernel.flatten(0, -2)
        return {name: np.ascontiguousarray(values.detach().numpy(), np.float16) for name, values in found.items()}


def main(pack: Path, target: Path) -> None:
    """Render, train, write the weights."""
    made = list(in_order(eyes_of_person, [(pack, number) for number in range(PEOPLE)]))
    patches, places = (np.concatenate(each) for each in zip(*made, strict=True))
    np.savez_compressed(target, **train(patches, places).weights())


def eyes_of_person(pack: Path, number: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """What is learned from one person: patches (N, ROWS, COLUMNS) and what the network should say of them (N, 7, 2)."""
    torch.set_num_threads(1)
    rendered = render_eyes(load_studio(pack), np.random.default_rng([SEED, number]), FRAMES)
    return examples(np.random.default_rng([SEED, number, 1]), rendered)


def examples(rng: Generator, rendered: EyePictures) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Patches of eyes with faults, cut as by a detector that is a little off."""
    found: list[tuple[NDArray[np.uint8], NDArray[np.float32]]] = []
    for _ in range(FAULTS):
        for picture, points in zip(rendered.pictures, rendered.points, strict=True):
            seen, places = with_faults(rng, picture, points)
            found += [_cut(rng, seen, places) for _ in range(CROPS)]
    patches, places = zip(*found, strict=True)
    return np.stack(patches), np.stack(places)


def _cut(
    rng: Generator, seen: NDArray[np.uint8], points: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    off = FAR if rng.random() < SELDOM else 1
    outer, inner = (complex(*points[corner]) for corner in (0, 3))
    middle = (outer + inner) / 2 + off * SHIFT * abs(inner - outer) * complex(*rng.normal(size=2))
    half = (inner - outer) / 2 * np.exp(off * complex(*(rng.normal(size=2) * (SCALE, TURN))))
    outer, inner = (np.array([end.real, end.imag]) for end in (middle - half, middle + half))
    matrix = to_patch(outer, inner, mirrored=False)
    places = (points @ matrix[:, :2].T + matrix[:, 2] - [(COLUMNS - 1) / 2, (ROWS - 1) / 2]) / WIDTH
    return np.rint(patch(seen, matrix)).astype(np.uint8), places.astype(np.float32)


def train(patches: NDArray[np.uint8], places: NDArray[np.float32], steps: int = STEPS) -> EyeNetwork:
    """A network that has seen them; what it is off by is printed."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network, wanted = EyeNetwork(), torch.tensor(places)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / FIRST_STEPS) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
    )
    order = np.zeros(0, np.int64)
    for step in range(steps):
        if len(order) < BATCH:
            order = rng.permutation(len(patches))
        batch, order = order[:BATCH], order[BATCH:]
        loss = _loss(network(torch.tensor(normal(patches[batch].astype(np.float32)))), wanted[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            print(f"Step {step} of {steps}: {float(loss.detach()):.4f}", flush=True)  # noqa: T201
    return network


def _loss(found: Tensor, wanted: Tensor) -> Tensor:
    """How far points, openings of lids, and irises that are seen are off."""
    off = _off(found, wanted)
    gaps = _gaps(wanted)
    opening = (gaps**2).sum(2).sqrt().mean(1)
    seen = ((opening - _HIDDEN) / (_SEEN - _HIDDEN)).clamp(0.03, 1)
    return (off[:, :6].mean(1) + _GAP * _off(_gaps(found), gaps).mean(1) + _IRIS * seen * off[:, 6]).mean()


def _off(found: Tensor, wanted: Tensor) -> Tensor:
    return smooth_l1_loss(found, wanted, beta=_NEAR, reduction="none").sum(2)


def _gaps(points: Tensor) -> Tensor:
    """(N, 2, 2) from the lower to the upper lid."""
    return points[:, [1, 2]] - points[:, [5, 4]]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else WEIGHTS)
