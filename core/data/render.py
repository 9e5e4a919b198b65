# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a figure: light on its vertices, colours in its pixels, the camera and its faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

from .hair import STRANDS
from .head_model import Part
from .rasterise import Fragments, rasterise
from .shadow import lit_share
from .skin import texture_places
from .tensors import smoothstep, to_numpy, vertex_normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .figure import Figure
    from .looks import Setting

_FINER = 2  # samples a pixel, each way
_SCATTER = (0.42, 0.22, 0.14)  # how far light creeps round the skin's terminator: red farthest
_SURFACES = (
    *((0.0, 0.0, 0.0, 0.1), (0.0, 0.0, 0.0, 0.1)),  # skin and eyes are painted
    *((0.72, 0.66, 0.55, 0.9), (0.40, 0.12, 0.11, 0.9)),  # teeth, gums and tongue
    *((0.0, 0.0, 0.0, 0.1),) * 3,  # lashes, hair and cloth are painted
)
"""Reflectance and gloss of each Part."""
_KEY = 2.6  # how bright the key light is
_WHITE = (0.62, 0.57, 0.54)


@dataclass(frozen=True)
class Camera:
    """A pinhole before the head: a square of the plane through the head's middle fills the picture."""

    distance: float  # cm from the plane z = 0
    left: float  # cm on that plane
    top: float
    side: float

    def project(self, vertices: Tensor, size: int) -> Tensor:
        """(N, 3): column and row in pixels, and 1 / depth."""
        nearness = 1 / (self.distance - vertices[:, 2])
        scale = self.distance * nearness
        column = (vertices[:, 0] * scale - self.left) * (size / self.side) - 0.5
        row = (self.top - vertices[:, 1] * scale) * (size / self.side) - 0.5
        return torch.stack([column, row, nearness], 1)


def draw(figure: Figure, vertices: Tensor, camera: Camera, setting: Setting, size: int) -> Tensor:
    """(4, size, size): light from the figure, linear RGB, and how much of each pixel it covers."""
    fine = size * _FINER
    normals = vertex_normals(vertices, figure.outer)
    light, shine = _light(figure, vertices, normals, setting)
    points = camera.project(vertices, fine)
    solid = rasterise(points, figure.solid, fine)
    picture = torch.zeros(fine * fine, 4, device=vertices.device)
    picture.index_copy_(0, solid.pixels, _opaque(_colours(figure, solid, normals, light, shine, setting, fine)))
    nearness = torch.zeros(fine * fine, device=vertices.device).index_copy_(0, solid.pixels, solid.nearness)
    thin = rasterise(points, figure.thin, fine)
    thin = _of(thin, (thin.nearness > nearness.index_select(0, thin.pixels)).nonzero()[:, 0])
    colour, opacity = _thin_colours(figure, thin, light, shine, setting)
    behind = picture.index_select(0, thin.pixels)
    picture.index_copy_(0, thin.pixels, behind + opacity[:, None] * (_opaque(colour) - behind))
    samples = picture.reshape(size, _FINER, size, _FINER, 4)
    return samples.sum(3).sum(1).permute(2, 0, 1) / _FINER**2


def finish(picture: Tensor, backdrop: Tensor, setting: Setting, grain: Tensor) -> NDArray[np.uint8]:
    """Lay it on the backdrop (3, S, S) and take the photograph: (S, S, 3) RGB."""
    lit = picture[:3] + (1 - picture[3:]) * backdrop
    if setting.blur > 0.15:
        lit = _blurred(lit, setting.blur)
    lit = lit * setting.exposure
    grey = lit.mean(0, keepdim=True)
    lit = (grey + setting.saturation * (lit - grey)).clamp(min=0)
    lit = 1.35 * lit * (1 + lit / 9) / (1 + lit)  # bright places are compressed, as film does (Reinhard et al. 2002)
    lit = (lit.clamp(min=1e-5) / 0.2) ** setting.contrast * 0.2
    coded = torch.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit.clamp(min=1e-6) ** (1 / 2.4) - 0.055)
    coded = coded * 255 + grain * setting.grain
    return to_numpy(coded.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0))


def _light(figure: Figure, vertices: Tensor, normals: Tensor, setting: Setting) -> tuple[Tensor, Tensor]:
    """(N, 3) light that falls on vertices, and (N, 1) how much of the key is mirrored to the camera."""
    device = vertices.device
    key, fill = (torch.tensor(each, device=device) for each in (setting.key, setting.fill))
    fill_colour, sky, ground = (
        torch.tensor(each, device=device) for each in (setting.fill_colour, setting.sky, setting.ground)
    )
    lit = lit_share(vertices, figure.casters, key)[:, None]
    opened = figure.openness[:, None]
    scatter = torch.tensor(_SCATTER, device=device)
    # Shadows of skin have red edges too.
    lit_scattered = lit ** (1 - 0.55 * scatter)
    wrapped = ((normals @ key)[:, None] + scatter).clamp(min=0) / (1 + scatter)
    wrapped_fill = ((normals @ fill)[:, None] + scatter).clamp(min=0) / (1 + scatter)
    height = 0.5 + 0.5 * normals[:, 1:2]
    ambient = ground + height * (sky - ground)
    light = _key(setting, device) * wrapped * lit_scattered + opened * (
        1.6 * fill_colour * wrapped_fill + 1.5 * ambient
    )
    view = torch.tensor([0.0, 0.0, 1.0], device=device)
    half = normalize(key + view, dim=0)
    facing = (normals @ half).clamp(min=0)
    grazing = (1 - normals[:, 2].clamp(0, 1)) ** 4
    mirrored = lit[:, 0] * (0.07 * facing**10 + 0.11 * facing**40) + 0.08 * opened[:, 0] * grazing * sky.mean()
    return light, mirrored[:, None]


def _colours(
    figure: Figure, seen: Fragments, normals: Tensor, light: Tensor, shine: Tensor, setting: Setting, fine: int
) -> Tensor:
    """(P, 3) light from what is solid."""
    parts = figure.solid_parts.index_select(0, seen.triangles)
    values = seen.read(torch.cat([light, shine, figure.below_collar[:, None]], 1), figure.solid)
    lit, mirrored, below = values[:, :3], values[:, 3:4], values[:, 4]
    is_skin = parts == Part.SKIN
    is_cloth = (is_skin & (below > 0)) | (parts == Part.CLOTH)
    skin, cloth, hair, eyes = (
        each.nonzero()[:, 0] for each in (is_skin & ~is_cloth, is_cloth, parts == Part.HAIR, parts == Part.EYE)
    )
    surface = torch.tensor(_SURFACES, device=lit.device).index_select(0, parts)
    surface.index_copy_(0, skin, _skin(figure, _of(seen, skin)))
    surface[:, :3].index_copy_(0, cloth, _of(seen, cloth).read(figure.shirt, figure.solid))
    surface.index_copy_(0, hair, _hair(figure, _of(seen, hair), figure.solid))
    result = surface[:, :3] * lit + surface[:, 3:] * mirrored * _key(setting, lit.device)
    return result.index_copy_(0, eyes, _eyes(figure, _of(seen, eyes), normals, lit[eyes], setting, fine))


def _skin(figure: Figure, seen: Fragments) -> Tensor:
    """(P, 4) reflectance and gloss of skin."""
    corners = figure.solid_texture.index_select(0, seen.triangles)
    first, second, third = (corners[:, corner] * seen.weights[:, corner, None] for corner in range(3))
    return figure.skin.index_select(0, texture_places(first + second + third))


def _opaque(colour: Tensor) -> Tensor:
    return torch.cat([colour, torch.ones_like(colour[:, :1])], 1)


def _key(setting: Setting, device: torch.device) -> Tensor:
    """(3,) the key light."""
    return _KEY * torch.tensor(setting.key_colour, device=device)


def _of(seen: Fragments, some: Tensor) -> Fragments:
    return Fragments(
        *(each.index_select(0, some) for each in (seen.pixels, seen.triangles, seen.weights, seen.nearness))
    )


def _hair(figure: Figure, seen: Fragments, corners: Tensor) -> Tensor:
    """(P, 4) reflectance and gloss of hair."""
    strand = _strand(figure, seen, corners)[:, None]
    colour = torch.tensor(figure.looks.hair, device=strand.device) * (1 + 0.75 * strand).clamp(min=0.15)
    return torch.cat([colour, (0.19 + 0.28 * strand).clamp(0.03, 0.55)], 1)


def _strand(figure: Figure, seen: Fragments, corners: Tensor) -> Tensor:
    along = seen.read(figure.along_hair, corners)
    column = (along[:, 0] * (STRANDS[0] - 1)).long().clamp(0, STRANDS[0] - 1)
    row = (along[:, 1] * (STRANDS[1] - 1)).long().clamp(0, STRANDS[1] - 1)
    return figure.strands.index_select(0, column * STRANDS[1] + row)


def _thin_colours(
    figure: Figure, seen: Fragments, light: Tensor, shine: Tensor, setting: Setting
) -> tuple[Tensor, Tensor]:
    """(P, 3) light from what is seen through, and (P,) how much it covers."""
    values = seen.read(torch.cat([light, shine, figure.opacity[:, None]], 1), figure.thin)
    lit, mirrored, opacity = values[:, :3], values[:, 3:4], values[:, 4]
    is_hair = figure.thin_parts.index_select(0, seen.triangles) == Part.HAIR
    lash = torch.tensor([*(figure.looks.hair * 0.35).clip(max=0.04).tolist(), 0.0], device=lit.device)
    surface = torch.where(is_hair[:, None], _hair(figure, seen, figure.thin), lash)
    strands = (2.4 * opacity - 0.7 + 1.1 * _strand(figure, seen, figure.thin)).clamp(0, 1)
    covered = torch.where(
        is_hair, strands * smoothstep(0.0, 0.1, opacity), smoothstep(0.15, 0.8, opacity) * figure.looks.lashes
    )
    return surface[:, :3] * lit + surface[:, 3:] * mirrored * _key(setting, lit.device), covered


def _eyes(figure: Figure, seen: Fragments, normals: Tensor, lit: Tensor, setting: Setting, fine: int) -> Tensor:
    """(P, 3) light from eyeballs: white, iris and pupil by the angle from the axis, the lids' shade, a spark."""
    values = seen.read(torch.cat([figure.eye_directions, normals], 1), figure.solid)
    direction, normal = normalize(values[:, :3], dim=1), normalize(values[:, 3:], dim=1)
    device = lit.device
    angle = torch.rad2deg(torch.acos(direction[:, 2].clamp(-1, 1)))
    turn = torch.atan2(direction[:, 1], direction[:, 0])
    iris = torch.tensor(figure.looks.iris, device=device)
    rays = (
        1
        + 0.28 * torch.sin(turn * 23 + 3 * torch.sin(turn * 5)) * smoothstep(9, 14, angle)
        + 0.2 * torch.sin(turn * 41)
    )
    ring = (1.5 - 0.9 * smoothstep(12, 24, angle)) * rays
    colour = iris * ring[:, None]
    colour = colour * smoothstep(10.5, 12.0, angle)[:, None] + 0.004
    colour = colour * (1 - 0.75 * smoothstep(21.5, 25.5, angle))[:, None]
    white = torch.tensor(_WHITE, device=device) * (
        1 - smoothstep(45, 80, angle)[:, None] * torch.tensor([0.12, 0.35, 0.35], device=device)
    )
    outside = smoothstep(25.0, 28.0, angle)[:, None]
    colour = colour + outside * (white - colour)
    key = torch.tensor(setting.key, device=device)
    half = normalize(key + torch.tensor([0.0, 0.0, 1.0], device=device), dim=0)
    spark = smoothstep(0.985, 0.995, normal @ half)[:, None] * (1 - 0.6 * outside)
    sky = 0.04 * smoothstep(-0.2, 0.8, normal[:, 1:2]) * torch.tensor(setting.sky, device=device)
    hidden = _lid_shade(seen.pixels, fine)
    return colour * lit * hidden + (spark * torch.tensor(setting.key_colour, device=device) * 1.6 + sky) * hidden


def _lid_shade(pixels: Tensor, fine: int) -> Tensor:
    """(P, 1): lids keep light from the eye beside them, the upper one most."""
    if not len(pixels):
        return torch.zeros(0, 1, device=pixels.device)
    rows, columns = pixels.div(fine, rounding_mode="floor"), pixels % fine
    reach = 2 * round(fine / 160) + 1
    rows, columns = rows - rows.amin() + reach, columns - columns.amin()
    mask = torch.zeros(int(rows.amax()) + reach, int(columns.amax()) + 1, device=pixels.device)
    mask[rows, columns] = 1
    around = avg_pool2d(avg_pool2d(mask[None], (reach, 1), 1, (reach // 2, 0)), reach, 1, reach // 2)[0]
    open_to_light = torch.minimum(around[rows, columns], around[rows - reach // 2, columns])
    return (0.35 + 0.65 * smoothstep(0.10, 0.9, open_to_light))[:, None]


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    reach = int(np.ceil(2.5 * sigma))
    x = torch.arange(-reach, reach + 1, device=picture.device)
    line = torch.exp(-0.5 * (x / sigma) ** 2)
    line = (line / line.sum()).expand(3, 1, 1, -1)
    padded = torch.nn.functional.pad(picture[None], (reach,) * 4, mode="replicate")
    across = torch.nn.functional.conv2d(padded, line, groups=3)
    return torch.nn.functional.conv2d(across, line.transpose(2, 3), groups=3)[0]
