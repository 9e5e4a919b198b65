# SPDX-License-Identifier: GPL-3.0-or-later
"""A shirt: the lower part of the face model's bust, thickened, and shoulders that go on from its open edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from .head_model import Part
from .tensors import smoothstep, to_numpy

if TYPE_CHECKING:
    from .head_model import HeadModel
    from .looks import Looks
    from .noise import Noise

_RINGS = ((0.8, 0.3), (2.0, 1.2), (3.4, 3.0), (4.4, 5.6), (5.0, 9.0), (5.4, 14.0), (5.6, 22.0))  # cm outwards and down
_THICKNESS = 0.28  # cm
_INSIDE = (0.0, -19.0, -2.0)  # cm: cloth lies away from here
_EDGE_BELOW = -12.0  # cm: the mesh is open at the eyes too
_COLLARS = {  # cm: height at the front, at the sides and at the back
    "crew": (-13.4, -12.2, -11.2),
    "v": (-16.8, -12.6, -11.3),
    "high": (-10.2, -9.6, -9.2),
    "boat": (-14.4, -13.2, -12.0),
}


class Clothes(NamedTuple):
    """Shoulders to be added to the mesh, and what of all vertices is covered."""

    vertices: Tensor  # (N, 3) added
    corners: Tensor  # (T, 3), numbered after the face model's vertices
    below_collar: Tensor  # (V + N,) cm below the collar's edge; negative above it


def open_edge(model: HeadModel) -> Tensor:
    """(E, 2) the bust's open edge, as the triangles beside it go."""
    corners = to_numpy(model.corners[model.parts == Part.SKIN])
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    border = edges[first[count == 1]]
    low = to_numpy(model.neutral)[border, 1].max(1) < _EDGE_BELOW
    return torch.tensor(border[low], device=model.corners.device)


def dress(model: HeadModel, edge: Tensor, base: Tensor, looks: Looks, noise: Noise) -> tuple[Tensor, Clothes]:
    """The person's (V, 3) vertices with the shirt's thickness, and its shoulders."""
    device = base.device
    ring, numbers = _unique(edge)
    rest = model.neutral[ring]
    outwards = normalize(
        rest * torch.tensor([1.0, 0, 0.55], device=device) + torch.tensor([0, 0, 1.2], device=device), dim=1
    )
    before = edge
    steps: list[Tensor] = []
    corners: list[Tensor] = []
    for step, (out, down) in enumerate(_RINGS):
        wide = torch.tensor([out, 0, 0.6 * out], device=device)
        steps.append(outwards * wide - torch.tensor([0, down, 0], device=device))
        here = numbers + len(base) + step * len(ring)
        corners.append(torch.stack([before[:, 1], before[:, 0], here[:, 0]], 1))
        corners.append(torch.stack([before[:, 1], here[:, 0], here[:, 1]], 1))
        before = here
    all_rest = torch.cat([model.neutral, *(rest + step for step in steps)])
    vertices = torch.cat([base, *(base[ring] + step for step in steps)])
    below = _collar(all_rest, looks) - all_rest[:, 1]
    is_skin = torch.zeros(len(base), dtype=torch.bool, device=device)
    is_skin[model.vertices_of(Part.SKIN)] = True
    below[: len(base)][~is_skin] = -1
    folds = (
        0.55 * noise(all_rest * torch.tensor([0.8, 0.35, 0.8], device=device), 0.35, 2, 41) * smoothstep(0, 3, below)
    )
    away = normalize(all_rest - torch.tensor(_INSIDE, device=device), dim=1)
    vertices = vertices + (smoothstep(-0.05, 0.25, below) * (_THICKNESS + folds))[:, None] * away
    return vertices[: len(base)], Clothes(vertices[len(base) :], torch.cat(corners), below)


def shirt_pattern(rest: Tensor, looks: Looks, noise: Noise) -> Tensor:
    """(P, 3) reflectance of the shirt at (P, 3) places at rest."""
    first, second = (torch.tensor(colour, device=rest.device)[None] for colour in (looks.shirt, looks.shirt_second))
    weave = 1 + 0.12 * noise(rest, 4.0, 1, 51) + 0.10 * noise(rest, 0.5, 2, 52)
    across = smoothstep(-0.1, 0.1, torch.sin(rest[:, 1] * 2.4))
    along = smoothstep(-0.1, 0.1, torch.sin(rest[:, 0] * 2.4))
    amount = {
        "plain": torch.zeros_like(across),
        "mottled": smoothstep(-0.2, 0.3, noise(rest, 0.6, 3, 53)),
        "stripes": across,
        "checks": (across + along) / 2,
    }[looks.shirt_pattern]
    return (first + amount[:, None] * (second - first)) * weave[:, None]


def _unique(edge: Tensor) -> tuple[Tensor, Tensor]:
    """The vertices of the edges, once each, and which of them each edge has."""
    return edge.unique(return_inverse=True)  # pyright: ignore[reportUnknownVariableType] - torch does not tell it


def _collar(rest: Tensor, looks: Looks) -> Tensor:
    """(V,) height of the collar in each direction about the neck."""
    front, side, back = _COLLARS[looks.neckline]
    angle = torch.atan2(rest[:, 0].abs(), rest[:, 2] + 1.5)  # 0 in front, pi behind
    corner = 0.9 if looks.neckline == "v" else np.pi / 2
    ahead = angle / corner if looks.neckline == "v" else smoothstep(0, corner, angle)
    behind = smoothstep(corner, np.pi, angle)
    return torch.where(angle < corner, front + (side - front) * ahead, side + (back - side) * behind)
