# SPDX-License-Identifier: GPL-3.0-or-later
"""The face model that heads are rendered from: a pack of ICT-FaceKit (`face_model_pack` makes one from a checkout).

ICT-FaceKit (MIT, USC Institute for Creative Technologies; Li et al., "Learning Formation of Physically-Based Face
Attributes", CVPR 2020). Centimetres; x to the picture's right, y up, z to the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import BadInputError
from .clips import DAMAGED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

NECK = (-14.5, -8.2)  # cm: shoulders stay below, the head turns as a whole above
PIVOT = (0.0, -8.0, -0.5)  # about which it turns


class Part(IntEnum):
    """What a triangle is made of."""

    SKIN = 0
    EYE = 1
    TOOTH = 2
    GUM = 3
    LASH = 4
    HAIR = 5
    CLOTH = 6


_PARTS = {
    "M_Face": Part.SKIN,
    "M_BackHead": Part.SKIN,
    "M_ScleraLeft": Part.EYE,
    "M_ScleraRight": Part.EYE,
    "M_Teeth": Part.TOOTH,
    "M_GumsTongue": Part.GUM,
    "M_EyeLashes": Part.LASH,
}
"""Irises lie behind their whites and are painted on those; the films of the eye are left out."""

_ARRAYS = ("neutral", "faces", "faces_uv", "uv", "mat", "mat_names", "identity", "expr", "expr_names")


@dataclass(frozen=True)
class HeadModel:
    """The mesh, how people and faces differ, and what belongs to what."""

    neutral: Tensor  # (V, 3)
    identity: Tensor  # (I, V * 3) directions, a standard deviation each
    expressions: Tensor  # (E, V * 3)
    expression_names: dict[str, int]
    corners: Tensor  # (T, 3) vertices of triangles, anticlockwise seen from outside
    parts: Tensor  # (T,) Part
    texture_corners: Tensor  # (T, 3, 2) where each corner is on the texture; whole numbers tell the tile
    landmark_vertices: Tensor  # (68,)
    eye_vertices: tuple[Tensor, Tensor]  # of the right and the left eyeball

    def vertices_of(self, *parts: Part) -> Tensor:
        """(P,) the vertices of some parts, in ascending order."""
        is_wanted = torch.isin(self.parts, torch.tensor(parts, device=self.parts.device))
        return self.corners[is_wanted].unique()  # pyright: ignore[reportUnknownVariableType] - torch does not tell it

    def eye_centre(self, vertices: Tensor, side: int) -> Tensor:
        """The middle of an eyeball of (V, 3) vertices; 0 is the right one."""
        points = vertices[self.eye_vertices[side]]
        return (points.amin(0) + points.amax(0)) / 2


def load_head_model(path: Path, device: str = "cpu") -> HeadModel:
    """Read a pack. Raises BadInputError."""
    try:
        with np.load(path, allow_pickle=False) as pack:
            arrays = {name: pack[name] for name in (*_ARRAYS, "landmark_vertices")}
    except FileNotFoundError as error:
        raise BadInputError(
            f"{path}: there is no such face model. See docs/training-data.md for how to get it."
        ) from error
    except DAMAGED as error:
        raise BadInputError(f"{path}: is no pack of the face model. `core data face-model` makes one.") from error
    materials = arrays["mat_names"].astype(str)[arrays["mat"]]
    is_kept = np.isin(materials, list(_PARTS))
    quads, texture_quads, names = arrays["faces"][is_kept], arrays["faces_uv"][is_kept], materials[is_kept]
    corners, texture, owner = _triangles(quads), _triangles(texture_quads), np.arange(len(quads))
    owner = np.concatenate([owner, owner[quads[:, 3] >= 0]])
    names = names[owner]

    def tensor(values: NDArray[np.generic], kind: torch.dtype = torch.float32) -> Tensor:
        return torch.tensor(values).to(device, kind)

    eyes = [np.unique(corners[names == f"M_Sclera{side}"]) for side in ("Right", "Left")]
    expressions = arrays["expr"].astype(np.float32)
    expression_names = {str(name): number for number, name in enumerate(arrays["expr_names"])}
    for name, number in expression_names.items():
        if name.startswith("eyeLook"):  # eyeballs are turned as they are, lids follow
            expressions[number, np.concatenate(eyes)] = 0
    return HeadModel(
        tensor(arrays["neutral"]),
        tensor(arrays["identity"]).flatten(1),
        tensor(expressions).flatten(1),
        expression_names,
        tensor(corners, torch.int64),
        tensor(np.array([_PARTS[name] for name in names]), torch.int64),
        tensor(arrays["uv"][texture]),
        tensor(arrays["landmark_vertices"], torch.int64),
        (tensor(eyes[0], torch.int64), tensor(eyes[1], torch.int64)),
    )


def _triangles(quads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Quads (-1 pads triangles) as triangles: the first halves of all, then the second halves of quads."""
    return np.concatenate([quads[:, :3], quads[quads[:, 3] >= 0][:, [0, 2, 3]]])
