# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up person, ready to be moved: one mesh of head, clothes and hair, and all that is painted on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .clothes import dress, open_edge, shirt_pattern
from .hair import Scalp, grow_hair, strands
from .head_model import NECK, PIVOT, HeadModel, Part, load_head_model
from .noise import Noise
from .shadow import openness
from .skin import SkinMap, paint_skin
from .tensors import rotation, smoothstep, vertex_normals

if TYPE_CHECKING:
    from pathlib import Path

    from .acting import Pose
    from .looks import Looks

_MOUTH_OPEN = 0.5  # of jawOpen, while it is measured how much light reaches each place
_DENSE = 0.96  # hair of this opacity hides what is behind it
_LOWER = 0.35  # share of the lower lashes
_LASH = 0.95  # cm: length that is wholly seen through


class Studio:
    """What all people have in common."""

    def __init__(self, model: HeadModel) -> None:
        """Prepare the face model."""
        self.model = model
        self.skin_map = SkinMap(model)
        self.scalp = Scalp(model)
        self.edge = open_edge(model)
        lash = model.corners[model.parts == Part.LASH]
        self.lash_corners = both_sides(lash)
        self.lash_opacity = _lash_opacity(model)


@cache
def load_studio(pack: Path, device: str = "cpu") -> Studio:
    """What is made of a pack of the face model, once in each process. Raises BadInputError."""
    return Studio(load_head_model(pack, device))


@dataclass(frozen=True)
class Figure:
    """A person. N vertices: the face model's, then the shirt's, then the hair's."""

    studio: Studio
    looks: Looks
    rest: Tensor  # (N, 3) with the person's shape, face at rest
    follows_head: Tensor  # (N, 1) 1 turns with the head, 0 stays with the shoulders
    outer: Tensor  # (S, 3) triangles, each once, anticlockwise seen from outside
    casters: Tensor  # (S, 3) triangles that throw shadows
    solid: Tensor  # (T, 3) triangles that hide what is behind them
    solid_parts: Tensor  # (T,) Part
    solid_texture: Tensor  # (T, 3, 2) places on the texture of the face model; 0 for others
    thin: Tensor  # (U, 3) triangles that are seen through: lashes, the edges of hair
    thin_parts: Tensor  # (U,) Part
    skin: Tensor  # (texels, 4) reflectance and gloss
    shirt: Tensor  # (N, 3) reflectance
    below_collar: Tensor  # (N,) cm
    opacity: Tensor  # (N,) of hair and lashes
    along_hair: Tensor  # (N, 2) places on the texture of strands
    strands: Tensor  # (texels,)
    openness: Tensor  # (N,) share of the surroundings that is seen from there
    eye_directions: Tensor  # (N, 3) from an eyeball's middle, at rest

    def posed(self, pose: Pose) -> Tensor:
        """(N, 3) vertices of a pose."""
        model = self.studio.model
        count = len(model.neutral)
        weights = torch.tensor(pose.weights, device=self.rest.device)
        moved = self.rest.clone()
        used = weights.nonzero()[:, 0]
        moved[:count] += (weights[used] @ model.expressions[used]).reshape(-1, 3)
        for side, vertices in enumerate(model.eye_vertices):
            centre = model.eye_centre(self.rest, side)
            turn = rotation(pose.gaze[0], pose.gaze[1], 0, self.rest.device)
            moved[vertices] = (moved[vertices] - centre) @ turn.T + centre
        pivot = torch.tensor(PIVOT, device=self.rest.device)
        turned = (moved - pivot) @ rotation(*pose.head, self.rest.device).T + pivot
        return moved + self.follows_head * (turned - moved)


def make_figure(studio: Studio, looks: Looks) -> Figure:
    """Build a person."""
    model = studio.model
    noise = Noise(looks.seed, str(model.neutral.device))
    identity = torch.tensor(looks.identity, device=model.neutral.device)
    base = model.neutral + (identity @ model.identity).reshape(-1, 3)
    base, clothes = dress(model, studio.edge, base, looks, noise)
    hair = grow_hair(model, studio.scalp, base, looks, noise)
    rest = torch.cat([base, clothes.vertices, hair.vertices])
    rest_of_all = torch.cat([model.neutral, clothes.vertices, hair.vertices])  # patterns are the same on all shapes
    first_hair = len(base) + len(clothes.vertices)

    is_bare = model.parts != Part.LASH
    is_dense = hair.opacity[hair.corners].amin(1) > _DENSE
    hair_corners = hair.corners + first_hair
    dense, loose = both_sides(hair_corners[is_dense]), both_sides(hair_corners[~is_dense])
    bare, bare_parts = model.corners[is_bare], model.parts[is_bare]
    texture = model.texture_corners[is_bare]
    others = len(clothes.corners) + len(dense)
    outer = torch.cat([bare, clothes.corners, hair_corners])
    casters = torch.cat([bare[bare_parts == Part.SKIN], clothes.corners, dense, loose])

    def hair_only(values: Tensor, elsewhere: float = 0.0) -> Tensor:
        return torch.cat([values.new_full((first_hair, *values.shape[1:]), elsewhere), values])

    opacity = hair_only(hair.opacity)
    opacity[: len(base)] = studio.lash_opacity
    return Figure(
        studio,
        looks,
        rest,
        follows_head=smoothstep(*NECK, rest_of_all[:, 1:2]),
        outer=outer,
        casters=casters,
        solid=torch.cat([bare, clothes.corners, dense]),
        solid_parts=torch.cat([bare_parts, _all(Part.CLOTH, clothes.corners), _all(Part.HAIR, dense)]),
        solid_texture=torch.cat([texture, texture.new_zeros(others, 3, 2)]),
        thin=torch.cat([studio.lash_corners, loose]),
        thin_parts=torch.cat([_all(Part.LASH, studio.lash_corners), _all(Part.HAIR, loose)]),
        skin=paint_skin(model, studio.skin_map, looks),
        shirt=shirt_pattern(rest_of_all, looks, noise),
        below_collar=torch.cat([clothes.below_collar, torch.full_like(hair.opacity, -1.0)]),
        opacity=opacity,
        along_hair=hair_only(hair.along),
        strands=strands(looks, noise, str(rest.device)),
        openness=_openness(model, rest, outer, casters, hair.depth),
        eye_directions=_eye_directions(model, rest),
    )


def _openness(model: HeadModel, rest: Tensor, outer: Tensor, casters: Tensor, hair_depth: Tensor) -> Tensor:
    """(N,) measured with the mouth half open: teeth get the light that they have when they are seen."""
    opened = rest.clone()
    opened[: len(model.neutral)] += _MOUTH_OPEN * model.expressions[model.expression_names["jawOpen"]].reshape(-1, 3)
    reached = openness(opened, vertex_normals(opened, outer), casters)
    mouth = model.vertices_of(Part.TOOTH, Part.GUM)
    deep = 0.25 + 0.75 * smoothstep(4.5, 9.8, model.neutral[mouth, 2])
    reached[mouth] = deep * (0.30 + 0.70 * reached[mouth])  # lips let light through, and teeth mirror each other's
    first_hair = len(rest) - len(hair_depth)
    reached[first_hair:] = 0.35 * reached[first_hair:] + 0.65 * hair_depth
    return reached


def _eye_directions(model: HeadModel, rest: Tensor) -> Tensor:
    directions = torch.zeros_like(rest)
    for side, vertices in enumerate(model.eye_vertices):
        directions[vertices] = normalize(rest[vertices] - model.eye_centre(rest, side), dim=1)
    return directions


def _all(part: Part, corners: Tensor) -> Tensor:
    return corners.new_full((len(corners),), int(part))


def both_sides(corners: Tensor) -> Tensor:
    """(2 T, 3): the triangles as they are seen from the front, and from behind."""
    return torch.cat([corners, corners[:, [0, 2, 1]]])


def _lash_opacity(model: HeadModel) -> Tensor:
    """(V,) how opaque lashes are: 1 at the lid, 0 where they end; less at the lower lid."""
    rest, lash = model.neutral, model.vertices_of(Part.LASH)
    skin = model.vertices_of(Part.SKIN)
    skin = skin[rest[skin, 2] > 7.5]
    eyes = rest[model.landmark_vertices[36:48]]
    away = torch.cdist(rest[lash], rest[skin]).amin(1)
    nearest_lid = eyes[torch.cdist(rest[lash], eyes).argmin(1), 1]
    is_upper = (rest[lash, 1] > nearest_lid - 0.1) & (rest[lash, 1] > float(eyes[:, 1].mean()) + 0.05)
    opacity = torch.zeros_like(rest[:, 0])
    opacity[lash] = (1 - away / _LASH).clamp(0, 1) * torch.where(is_upper, 1.0, _LOWER)
    return opacity
