# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair as a surface over the scalp, from a buzz cut to locks on the shoulders; its edges dissolve in strands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from .head_model import Part
from .skin import above_hairline
from .tensors import smoothstep

if TYPE_CHECKING:
    from .head_model import HeadModel
    from .looks import Looks
    from .noise import Noise

_CENTRE = (0.0, 4.5, -0.5)  # cm: of the skull
_TO_NAPE = 11.0  # cm of hair that lie on the head
_COLUMNS, _ROWS, _HANGING = 144, 44, 22  # around the head, from the crown to the nape, and below
_LOWEST = 128.0  # degrees from the crown
_NEAREST = 40  # vertices of the scalp that a place of the hair hangs on at most
_REACH = 0.035  # of the directions to them, radians
_NOTHING = 0.02  # opacity that is not drawn
STRANDS = (2048, 96)  # texels around the head and along the hair


class Hair(NamedTuple):
    """Its surface, seen from both sides."""

    vertices: Tensor  # (N, 3)
    corners: Tensor  # (T, 3) anticlockwise seen from outside
    opacity: Tensor  # (N,)
    along: Tensor  # (N, 2) where it is on the strands' texture, 0 to 1
    depth: Tensor  # (N,) 0 at the roots, 1 where light reaches it freely


class Scalp:
    """Which vertices of the face model carry the hair in each direction from the middle of the skull."""

    def __init__(self, model: HeadModel) -> None:
        """Find them."""
        rest = model.neutral
        skin = model.vertices_of(Part.SKIN)
        x, y, z = rest[skin].T
        is_ear = (x.abs() > 7.3) & (y < 7.0) & (y > -3) & (z > -5) & (z < 2.6)
        skin = skin[~is_ear & (y > -9)]
        centre = torch.tensor(_CENTRE, device=rest.device)
        directions = normalize(rest[skin] - centre, dim=1)
        azimuth = torch.linspace(-np.pi, np.pi, _COLUMNS, device=rest.device)
        polar = torch.linspace(0.02, float(np.radians(_LOWEST)), _ROWS, device=rest.device)
        p, a = torch.meshgrid(polar, azimuth, indexing="ij")
        self.azimuth, self.polar = a, p
        wanted = torch.stack([p.sin() * a.sin(), p.cos(), p.sin() * a.cos()], 2).reshape(-1, 3)
        near, index = (wanted @ directions.T).topk(_NEAREST, dim=1)
        apart = (2 - 2 * near).clamp(min=0)  # squared; where an ear is left out the nearest are far, and more count
        weights = torch.exp(-apart / (2 * (_REACH**2 + apart[:, :1])))
        self._vertices, self._weights = skin[index], weights / weights.sum(1, keepdim=True)

    def places(self, vertices: Tensor) -> Tensor:
        """(rows, columns, 3) of (V, 3) vertices."""
        found = (vertices[self._vertices] * self._weights[..., None]).sum(1)
        return found.reshape(_ROWS, _COLUMNS, 3)


def grow_hair(model: HeadModel, scalp: Scalp, base: Tensor, looks: Looks, noise: Noise) -> Hair:
    """The hair of a person with (V, 3) vertices; of a bald one nothing."""
    if looks.style == "bald":
        nothing = base.new_zeros(0)
        corners = model.corners[:0]
        return Hair(base[:0], corners, nothing, nothing.reshape(0, 2), nothing)
    rest, skin = scalp.places(model.neutral), scalp.places(base)
    azimuth, polar = scalp.azimuth, scalp.polar
    above = above_hairline(rest.reshape(-1, 3), noise, looks).reshape_as(azimuth)
    # A fringe falls below the hairline, away from the parting, and hair that frames the face over the temples.
    front = smoothstep(1.1, 0.5, azimuth.abs()) * smoothstep(0.3, 0.8, polar)
    fringe = looks.fringe * front * (0.6 + 0.4 * torch.tanh(rest[..., 0] * looks.parting))
    beside_parting = smoothstep(0.3, 6.5, (rest[..., 0] - 2.5 * looks.parting).abs())
    temples = looks.framing * beside_parting * smoothstep(0, 3, rest[..., 2])
    above = above + fringe + 4.0 * temples
    rise = smoothstep(-0.2, 1.2 + 2.4 * (1 - looks.lift), above)
    full, uneven = _fullness(scalp, rest, looks, noise)
    outwards = normalize(skin - torch.tensor(_CENTRE, device=base.device), dim=2)
    off_skin = 0.06 + 0.30 * looks.fringe * front + 0.5 * temples + full * rise
    sheet = _Sheet(
        skin + outwards * off_skin[..., None], smoothstep(-0.8, 1.0, above), smoothstep(-0.3, 0.5, rise * uneven)
    )
    return _as_mesh(_let_hang(sheet, azimuth, looks, noise) if looks.hair_length > 0 else sheet)


def strands(looks: Looks, noise: Noise, device: str) -> Tensor:
    """(STRANDS texels,) brightness of the strands, about 0."""
    around, along = (torch.linspace(0, 1, count, device=device) for count in STRANDS)
    u, v = torch.meshgrid(around, along, indexing="ij")
    phase = noise(_in_space(u * 20, v), 1.0, 1, 71).reshape_as(u)
    waved = u + 0.012 * looks.curl * torch.sin(v * 38 + 9 * phase)
    places = _in_space(waved * 420, v * 4.0)
    return 0.6 * noise(places, 1.0, 2, 72) + 0.45 * noise(places, 0.25, 1, 73)


class _Sheet(NamedTuple):
    """Rows from the crown down, columns around the head."""

    surface: Tensor  # (rows, columns, 3)
    opacity: Tensor  # (rows, columns)
    depth: Tensor  # (rows, columns)


def _fullness(scalp: Scalp, rest: Tensor, looks: Looks, noise: Noise) -> tuple[Tensor, Tensor]:
    """How far hair stands off in each place, cm, and how bright its locks and curls make it, about 1.

    Short hair is full on top, close to the head at the sides and the nape; long hair stays full.
    """
    azimuth, polar = scalp.azimuth, scalp.polar
    top = smoothstep(1.9, 0.6, polar)
    share = 0.75 + 0.25 * top if looks.hair_length > 0 else 0.08 + 0.92 * top
    across, ahead = rest[..., 0], rest[..., 2]
    parted = 1 - 0.35 * torch.exp(-(((across - 3.2 * looks.parting) / 0.7) ** 2)) * smoothstep(-2, 3, ahead)
    locks = noise(_in_space(azimuth * 4, polar * 1.2), 1.0, 2, 61).reshape_as(azimuth) * smoothstep(0.1, 0.5, polar)
    curls = noise(rest.reshape(-1, 3), 1.0, 2, 62).reshape_as(azimuth)
    uneven = 1 + 0.22 * locks + (0.03 + 0.42 * looks.curl**2) * curls
    return looks.hair_volume * share * parted * uneven, 1 + 0.25 * locks + 0.6 * looks.curl**2 * curls


def _let_hang(sheet: _Sheet, azimuth: Tensor, looks: Looks, noise: Noise) -> _Sheet:
    """Beside and behind the face the hair leaves the head where it is widest, and falls."""
    centre = torch.tensor(_CENTRE, device=azimuth.device)
    flat = sheet.surface - centre
    reach = (flat[..., 0] ** 2 + flat[..., 2] ** 2).sqrt().clamp(min=1)
    ratio = (reach.cummax(0).values / reach)[..., None]
    fallen = flat * torch.cat([ratio, torch.ones_like(ratio), ratio], 2) + centre
    hangs = smoothstep(1.05, 1.30, azimuth.abs() + 0.10 * looks.parting * azimuth.sign())
    down = torch.linspace(0, float(np.radians(_LOWEST)), _ROWS, device=azimuth.device)[:, None]
    surface = sheet.surface + (hangs * smoothstep(1.2, 1.6, down))[..., None] * (fallen - sheet.surface)
    opacity = torch.maximum(sheet.opacity, hangs * smoothstep(0.9, 1.2, down))

    last, angle = surface[-1], azimuth[-1].expand(_HANGING, -1)
    share = torch.linspace(0, 1, _HANGING + 1, device=azimuth.device)[1:, None].expand_as(angle)
    lengths = looks.hair_length - _TO_NAPE + 1.5 * noise(_in_space(angle * 2, angle * 0), 1.0, 2, 63).reshape_as(angle)
    fall = lengths.clamp(min=1) * share
    waves = 0.035 * looks.curl * torch.sin(fall * 1.1 + 3 * torch.sin(angle * 5))
    width = 1 - 0.14 * share + waves + 0.03 * noise(_in_space(angle * 5, fall * 0.25), 1.0, 2, 64).reshape_as(angle)
    hanging = torch.stack([last[:, 0] * width, last[:, 1] - fall, (last[:, 2] + 1) * width - 1], 2)
    ragged = 0.10 * noise(_in_space(angle * 14, angle * 0), 1.0, 2, 65).reshape_as(angle)
    ends = hangs[-1] * smoothstep(1.02, 0.86, share + ragged)
    depth = torch.cat([sheet.depth, torch.ones_like(share)])
    return _Sheet(torch.cat([surface, hanging]), torch.cat([opacity, ends]), depth)


def _in_space(x: Tensor, y: Tensor) -> Tensor:
    """(P, 3) places of a plane, for noise."""
    return torch.stack([x, y, torch.zeros_like(x)], -1).reshape(-1, 3)


def _as_mesh(sheet: _Sheet) -> Hair:
    surface, opacity, depth = sheet
    rows, columns = opacity.shape
    number = torch.arange(rows * columns, device=surface.device).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    corners = torch.cat([torch.stack([a, b, c], 2).reshape(-1, 3), torch.stack([a, c, d], 2).reshape(-1, 3)])
    corners = corners[opacity.flatten()[corners].amax(1) > _NOTHING]
    u = torch.linspace(0, 1, columns, device=surface.device).expand(rows, columns)
    v = torch.linspace(0, 1, rows, device=surface.device)[:, None].expand(rows, columns)
    along = torch.stack([u, v], 2).reshape(-1, 2)
    return Hair(surface.reshape(-1, 3), corners, opacity.flatten(), along, depth.flatten())
