# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's skin, painted once on the face model's texture: it sticks to the face however that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ..landmarks.topology import LEFT_BROW, LEFT_EYE, OUTER_LIP, RIGHT_BROW, RIGHT_EYE
from .head_model import Part
from .noise import Noise
from .rasterise import rasterise
from .tensors import length, smoothstep, to_numpy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .head_model import HeadModel
    from .looks import Looks

    Points = NDArray[Any]

TILES, TILE = 2, 640  # the face, and the back of the head; texels
_HAIRLINE = (
    *((-9, -6.5), (-5, -5.2), (-3.6, -2.0), (-2.9, 4.8), (1.2, 5.2), (1.6, 1.5)),
    *((2.3, 2.2), (2.7, 6.2), (5, 8.0), (8, 9.2), (10, 9.7)),
)
"""Depth on the head at rest, and how high the hair begins there; cm."""
_RED = tuple(np.array([side * x, y, z]) for x, y, z in ((4.6, 0.3, 8.4), (8.3, 1.5, 0.0)) for side in (-1, 1))
"""Middles of cheeks and ears; cm."""
_SEAM = 4.0  # texels
_WET = 1.0
_MATT = 0.25


class SkinMap:
    """Where each texel of the skin's texture lies on the face model at rest."""

    def __init__(self, model: HeadModel) -> None:
        """Draw the face model's triangles on the texture."""
        is_skin = model.parts == Part.SKIN
        rest, texture = model.neutral[model.corners[is_skin]], model.texture_corners[is_skin]
        flat = torch.stack([texture[..., 0], 1 - texture[..., 1]], 2) * TILE - 0.5
        flat = torch.cat([flat, torch.ones_like(flat[..., :1])], 2)
        # Some of the texture is mirrored: each triangle is drawn both ways round, and one of them is seen.
        both_ways = [torch.cat([each, each[:, [0, 2, 1]]]).reshape(-1, 3) for each in (flat, rest)]
        corners = torch.arange(len(both_ways[0]), device=rest.device).reshape(-1, 3)
        fragments = rasterise(both_ways[0], corners, TILES * TILE)
        self.rest = fragments.read(both_ways[1], corners)
        inside = fragments.pixels < TILE * TILES * TILE
        self.texels, self.rest = fragments.pixels[inside], self.rest[inside]
        self.gaps, self.beside_gaps = self._find_gaps()

    def _find_gaps(self) -> tuple[Tensor, Tensor]:
        """Texels just beside the painted ones, and the painted one next to each: no ground shows at seams."""
        empty = np.ones(TILE * TILES * TILE, np.uint8)
        empty[to_numpy(self.texels)] = 0
        picture = empty.reshape(TILE, TILES * TILE)
        found: Any = cv2.distanceTransformWithLabels(picture, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
        distance, nearest = found
        painted = np.zeros(nearest.max() + 1, np.int64)
        painted[nearest.ravel()[empty == 0]] = np.flatnonzero(empty == 0)
        gaps = np.flatnonzero((distance.ravel() > 0) & (distance.ravel() < _SEAM))
        device = self.texels.device
        return torch.tensor(gaps, device=device), torch.tensor(painted[nearest.ravel()[gaps]], device=device)


def texture_places(coordinates: Tensor) -> Tensor:
    """(P,) numbers of the texels at (P, 2) texture coordinates."""
    column = (coordinates[:, 0] * TILE).long().clamp(0, TILES * TILE - 1)
    row = ((1 - coordinates[:, 1]) * TILE).long().clamp(0, TILE - 1)
    return row * (TILES * TILE) + column


def paint_skin(model: HeadModel, skin_map: SkinMap, looks: Looks) -> Tensor:
    """(texels, 4): reflectance, linear RGB, and how glossy."""
    noise = Noise(looks.seed, str(model.neutral.device))
    rest = skin_map.rest
    landmarks = to_numpy(model.neutral[model.landmark_vertices])
    colour, gloss = _complexion(rest, noise, looks, landmarks)
    lips = _lips(rest, landmarks)
    creases = 1 + 0.10 * noise(rest * torch.tensor([5.0, 0.6, 1.0], device=rest.device), 1.0, 2, 5)
    colour = _mix(colour, colour * _row(looks.lips, rest) * creases[:, None], lips)
    gloss = gloss + 0.9 * lips * (_WET - gloss)
    hair = torch.stack(
        [_brows(rest, noise, looks, landmarks), _beard(rest, noise, looks, lips), _scalp(rest, noise, looks)]
    )
    covered = hair.amax(0)
    hair_colour = _row(looks.hair, rest).clamp(max=0.14) * (1.0 + 0.5 * noise(rest, 6.0, 2, 9))[:, None]
    colour = _mix(colour, hair_colour, covered)
    gloss = gloss + covered * (_MATT - gloss)
    skin = torch.tensor([*looks.skin.tolist(), 0.5], device=rest.device)
    texture = skin.repeat(TILES * TILE * TILE, 1)
    texture[skin_map.texels] = torch.cat([colour, gloss[:, None]], 1)
    texture[skin_map.gaps] = texture[skin_map.beside_gaps]
    return texture


def _complexion(rest: Tensor, noise: Noise, looks: Looks, landmarks: Points) -> tuple[Tensor, Tensor]:
    """The bare skin: reflectance (P, 3) and gloss (P,). Blotches, pores, redness, darker lids, freckles, moles."""
    pores, blotches = noise(rest, 3.2, 2, 2), noise(rest, 0.5, 2, 1)
    colour = _row(looks.skin, rest) * (1 + 0.10 * looks.mottling * pores)[:, None]
    colour = _darker(colour, -looks.mottling * blotches, (0.10, 0.17, 0.19))
    red = torch.maximum(_ball(rest, landmarks[30], 2.0), _largest(_ball(rest, place, 3.1) for place in _RED))
    red = red * looks.redness * (0.7 + 0.5 * noise(rest, 1.2, 2, 3)).clamp(0, 1.2)
    colour = _darker(colour, red, (0.02, 0.22, 0.20))
    flat = np.array([0.75, 1.25, 1.0])
    flattened = rest * torch.tensor(flat, device=rest.device, dtype=rest.dtype)
    lids = _largest(_ball(flattened, landmarks[list(eye)].mean(0) * flat, 1.5) for eye in (RIGHT_EYE, LEFT_EYE))
    colour = _mix(colour, colour * _row(looks.eye_shadow, rest), lids)
    if looks.freckles:
        spots = smoothstep(0.30, 0.50, noise(rest, 3.3, 1, 4)) + smoothstep(0.35, 0.5, noise(rest, 5.1, 1, 6))
        where = _largest(_ball(rest, np.array([side * 3.6, 1.2, 9]), 5.0) for side in (-1, 1))
        colour = _darker(colour, (spots * (0.25 + where) * looks.freckles).clamp(0, 1), (0.28, 0.42, 0.50))
    rng = np.random.default_rng(looks.seed)
    front = rest[rest[:, 2] > 4]
    for _ in range(looks.moles):
        away = length(rest - front[int(rng.integers(len(front)))])
        colour = _darker(colour, smoothstep(0.14, 0.07, away), (0.55, 0.68, 0.72))
    shiny = torch.maximum(_ball(rest, landmarks[30], 3.0), _ball(rest, np.array([0, 8.5, 9]), 5.5))
    return colour, (0.42 + 0.3 * shiny + 0.15 * pores).clamp(0, 1)


def _lips(rest: Tensor, landmarks: Points) -> Tensor:
    """(P,) 1 on the lips."""
    near = ((rest[:, 0].abs() < 4) & (rest[:, 1] < -1) & (rest[:, 1] > -6) & (rest[:, 2] > 5)).nonzero()[:, 0]
    points = to_numpy(rest[near, :2])
    outer = landmarks[list(OUTER_LIP), :2]
    outside = _signed_distance(points, outer + 0.02 * (outer - outer.mean(0)))
    lips = torch.zeros(len(rest), device=rest.device)
    lips[near] = smoothstep(0.06, -0.10, torch.tensor(outside, device=rest.device, dtype=torch.float32))
    return lips


def _brows(rest: Tensor, noise: Noise, looks: Looks, landmarks: Points) -> Tensor:
    """(P,) how much of the brows' hair covers the skin: strands that lean outwards."""
    covered = torch.zeros(len(rest), device=rest.device)
    for brow in (RIGHT_BROW, LEFT_BROW):
        line = landmarks[list(brow), :2]
        line = line if abs(line[0, 0]) < abs(line[-1, 0]) else line[::-1]  # from the nose outwards
        near = (
            (rest[:, 2] > 4) & (rest[:, 1] > 3.5) & (rest[:, 1] < 8.5) & (rest[:, 0] * float(line[0, 0]) > 0)
        ).nonzero()[:, 0]
        along, across = _beside(rest[near, :2], torch.tensor(line.copy(), device=rest.device, dtype=torch.float32))
        across = across + 0.12
        width = (
            looks.brow_width
            * (1.0 - 0.55 * smoothstep(0.35, 1.05, along))
            * (0.6 + 0.4 * smoothstep(-0.06, 0.15, along))
        )
        ends = smoothstep(-0.08, 0.06, along) * smoothstep(1.08, 0.90, along)
        inside = smoothstep(1.30, 0.35, across.abs() / width.clamp(min=0.02)) * ends
        leaning = torch.stack([along * 20 - across * 7.0, across * 1.6, torch.full_like(along, float(line[0, 0]))], 1)
        strands = 0.95 + 0.45 * noise(leaning, 1.0, 2, 12)
        covered[near] = torch.maximum(covered[near], (inside * strands * looks.brow).clamp(0, 0.95))
    return covered


def _beard(rest: Tensor, noise: Noise, looks: Looks, lips: Tensor) -> Tensor:
    """(P,) how much hair covers cheeks, chin and upper lip."""
    x, y, z = rest.T
    if looks.beard == "none":
        return torch.zeros_like(x)
    # The edge runs from the ear below the cheek to the corner of the mouth, and along the jaw below.
    upper = -0.6 - 1.7 * smoothstep(7.0, 3.0, x.abs()) + 0.5 * noise(rest, 0.8, 2, 21)
    jaw = smoothstep(0.5, -0.7, y - upper) * smoothstep(-10.5, -8.3, y) * smoothstep(-0.5, 2.0, z)
    lip = (
        smoothstep(0.35, 0.0, ((x / 2.9) ** 2 + ((y + 2.1) / 0.85) ** 2).sqrt() - 1)
        * smoothstep(8, 9.5, z)
        * smoothstep(-0.95, -1.35, y)
    )
    chin = smoothstep(0.4, -0.2, ((x / 2.3) ** 2 + ((y + 6.2) / 2.0) ** 2).sqrt() - 1) * smoothstep(5, 7, z)
    region = {
        "stubble": torch.maximum(jaw, lip),
        "moustache": lip,
        "goatee": torch.maximum(lip, chin),
        "full": torch.maximum(jaw, lip),
    }[looks.beard]
    strands = 0.62 + 0.5 * noise(rest * torch.tensor([9.0, 3.5, 9.0], device=rest.device), 1.0, 2, 22)
    most = 0.35 if looks.beard == "stubble" else 0.95
    bare = 1 - lips
    return (region * strands * looks.beard_amount * most * bare).clamp(0, 1)


def _scalp(rest: Tensor, noise: Noise, looks: Looks) -> Tensor:
    """(P,) how much hair covers the scalp's skin; the hair's own surface stands on it."""
    grows = smoothstep(-0.4, 0.7, above_hairline(rest, noise, looks) + 0.35 * noise(rest, 5.0, 1, 33))
    if looks.style == "bald":
        return 0.28 * grows
    return (grows * (0.92 + 0.25 * noise(rest, 9.0, 1, 31))).clamp(0, 1)


def above_hairline(rest: Tensor, noise: Noise, looks: Looks) -> Tensor:
    """(P,) cm above the hairline, which goes from the forehead round the ears to the nape; uneven."""
    x, y, z = rest.T
    places, heights = np.array(_HAIRLINE).T
    line = torch.tensor(np.interp(to_numpy(z), places, heights), device=rest.device, dtype=torch.float32)
    temples = smoothstep(2.0, 4.8, x.abs()) * smoothstep(2.5, 5.5, z)
    recedes = looks.hairline * smoothstep(2, 8, z) * (1 + 0.5 * temples) + looks.temples * temples
    ear = smoothstep(7.75, 8.1, x.abs()) * smoothstep(7.0, 6.0, y) * smoothstep(-5.0, -4.0, z)
    return y - line - recedes + 0.5 * noise(rest, 1.6, 2, 32) - 20 * ear


def _ball(points: Tensor, centre: Points, radius: float) -> Tensor:
    """(P,) 1 at the centre, falling to 0 at the radius."""
    place = torch.tensor(np.asarray(centre), device=points.device, dtype=torch.float32)
    return smoothstep(radius, 0.0, length(points - place))


def _beside(points: Tensor, line: Tensor) -> tuple[Tensor, Tensor]:
    """How far along a line of N points (0 to 1, and beyond its ends) and above it (P, 2) points lie."""
    best, along, across = torch.full((len(points),), 1e9, device=points.device), points[:, 0] * 0, points[:, 0] * 0
    for number in range(len(line) - 1):
        way = line[number + 1] - line[number]
        long = length(way)
        t = ((points - line[number]) @ way) / long**2
        free = t.clamp(-2.0 if number == 0 else 0.0, 3.0 if number == len(line) - 2 else 1.0)
        off = points - line[number] - free[:, None] * way
        side = off[:, 1]
        distance = length(off)
        nearer = distance < best
        best = torch.where(nearer, distance, best)
        along = torch.where(nearer, (number + free) / (len(line) - 1), along)
        across = torch.where(nearer, torch.sign(side) * distance, across)
    return along, across


def _signed_distance(points: Points, polygon: Points) -> Points:
    """(P,) distance of (P, 2) points from the edge of a polygon (N, 2), negative inside."""
    inside = np.zeros(len(points), np.bool_)
    nearest = np.full(len(points), np.inf)
    for start, end in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        way = end - start
        t = (((points - start) @ way) / (way @ way)).clip(0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - t[:, None] * way, axis=1))
        crosses = (start[1] > points[:, 1]) != (end[1] > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (points[:, 0] < way[0] * (points[:, 1] - start[1]) / way[1] + start[0])
    return np.where(inside, -nearest, nearest)


def _largest(amounts: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(amounts)).amax(0)


def _darker(colour: Tensor, amount: Tensor, most: tuple[float, float, float]) -> Tensor:
    """Take a share of each of red, green and blue away."""
    return colour * (1 - amount[:, None] * torch.tensor(most, device=colour.device))


def _mix(first: Tensor, second: Tensor, amount: Tensor) -> Tensor:
    return first + amount[:, None] * (second - first)


def _row(colour: Points, like: Tensor) -> Tensor:
    return torch.tensor(colour, device=like.device, dtype=torch.float32)[None]
