# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen between parted lips: teeth, gums, tongue, the dark behind them, and the portrait's own where it shows.

The upper jaw stays with the skull, teeth and tongue of the lower one turn with it about its hinge. Both are reliefs of
the face model behind the lips' plane, so that they shift against the lips when the head turns, and light reaches them
through the opening only: the deeper they lie and the nearer to its edge, the less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ...landmarks.topology import INNER_LIP, MOUTH_CORNERS
from ...motion.face_model import FaceModel, FittedFace, load_face_model
from . import mouth_driver
from .curves import smooth_curve, smooth_loop
from .lips import opening
from .mouth_draw import PARTS, light_at, paint, see
from .mouth_own import OwnMouth
from .mouth_palette import Palette
from .mouth_relief import Relief, Sight, of_model
from .mouth_tongue import STEP, TongueShape, form
from .sampling import from_8bit, polygon_mask, read_at, sample, smooth_step, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.pose import Pose

    Array = NDArray[np.float32]

_LIP_LINE = (60, 61, 62, 63, 64)
_UPPER_LIP, _LOWER_LIP = (61, 62, 63), (65, 66, 67)
_OPEN_SOURCE = 0.035  # a portrait whose lips stand apart this much (eye distances) shows its own mouth
_FINEST = 60.0  # pixels a centimetre: the model knows no more
_JAW_PART = 0.9  # of the opening of the lips; the rest they do by themselves
_TONGUE_FOLLOWS = 0.7  # of the jaw's opening: in speech the tongue stays up
_NODES = 8  # places across the opening where depth and light are worked out
_LIGHT_CELL = 0.16  # cm
_LIGHT_DEPTHS = (0.3, 1.2, 4.8)  # cm behind the lips for which the light is worked out
_COARSEST = 16  # cells of the last of them in one
_LIGHT_REACH = 1.1  # standard deviation of the light that falls through an opening, for a depth of 1
_FROM_ABOVE = 0.9  # the light comes down this much for each centimetre inwards
_TEETH_LOWER = 0.1  # cm: the model shows 2 mm of its upper teeth when its lips are at rest, people up to 4
_JAW_HIGHER = (
    0.2  # cm, lower teeth and tongue: people show 0.5 to 3 mm of theirs at rest, da Motta et al. (2010), the model none
)
_LOWER_BACK = 6.6  # cm, z: farther back lower teeth are left out, the far ones of a turned head would be a thin line
_LIP_ON_TEETH = 0.2  # cm that lower teeth stand behind the upper ones: the lower lip lies on them
_LIP_FOLLOWS = 0.2, 0.4  # of their way back the lower lip goes with them; beside teeth that the portrait shows
_GUM_NEAR = 1.0  # cm behind the lower teeth: what lies there is less and less their gum
_EXPOSURE = 1.0
_BOUNCED = 0.03  # light that comes through the cheeks and from wall to wall
_POUT = 1.1  # of what the mouth gets narrower: 1.0 in the model's `mouthPucker`, 1.1 in its `mouthFunnel`
_LIP_THICK = 0.2  # cm: the inner edge of the lips lies this much behind their landmarks
_MOUTH_LIGHT = 0.85  # teeth and tongue that a driver shows come near to this share of full light
_LIP, _CHIN_BACK = 0.5, 0.4  # cm of lower lip; below that the chin lies back by a share of the way
_CHEEK_WIDENS = 0.1  # cm aside for each inwards, from the corner of the mouth on
_FRONT_TEETH, _TOUCH = 0.6, 0.3  # cm: front teeth lie behind the lips, and what lies so near together touches
_SOFT_EDGE = 0.006  # of the lips, in eye distances
_DISPLAY = 1 / 2.2  # display brightness is this power of the light


_ASIDE = np.zeros(68)  # weights of the landmarks: the lower lip against the upper one
_ASIDE[list(_LOWER_LIP)], _ASIDE[list(_UPPER_LIP)] = 1 / 3, -1 / 3


class AtRest(NamedTuple):
    """What of a mouth must not flicker from frame to frame of footage: it is told by one at rest."""

    palette: Palette
    still: float  # cm between the points of closed lips


class MouthInterior:
    """The mouth of one portrait."""

    def __init__(self, pixels: NDArray[Any], face: FittedFace, rest: AtRest | None = None) -> None:
        """Lay the model's teeth and tongue behind the portrait's lips and paint them in its colours.

        `rest` says what the footage of which this is a frame shows at rest.
        """
        self._model = model = load_face_model()
        self._pixels = pixels
        self._face = face
        self._lips = face.points[:, :2]
        apart = opening(self._lips)
        openness = apart / (_OPEN_SOURCE * face.eye_distance)
        is_open = float(openness > 1) if rest is None else float(smooth_step(np.array(openness)))
        palette = Palette(pixels, face, open_mouth=is_open == 1) if rest is None else rest.palette
        if rest is None and palette.shows_teeth:  # what is seen of them stands in the light between these lips
            middle = self._lips[None, list(INNER_LIP)].mean(1, keepdims=True).astype(np.float32)
            depth = np.full((1, 1, 1), _FRONT_TEETH - _LIP_THICK, np.float32)
            palette.tooth /= _Light(self._lips, face.scale).at(middle, depth).item()
        self._palette = palette
        self._to_model = _to_model(model, face)
        lips = model.landmarks[list(_LIP_LINE)]
        self._lip_curve, _, self._plane = np.polyfit(lips[:, 0], lips[:, 2], 2)  # the lips' depth: round the teeth
        scale = min(face.scale, _FINEST)
        blur = palette.blur * scale / face.scale
        self._finish = (scale, blur, palette.paint)
        upper, lower = model.mouth_origins + np.array([[0, -_TEETH_LOWER], [0, _JAW_HIGHER]])
        self._upper, self._teeth, self._tongue = (
            Relief(*of_model(picture, model.mouth_step, back), origin, model.mouth_step, *self._finish)
            for picture, origin, back in (
                (model.mouth_upper, upper, 0.0),
                (model.mouth_teeth, lower, _LOWER_BACK),
                (model.mouth_tongue, lower, 0.0),
            )
        )
        gum = from_8bit(255 * palette.gum, pixels.dtype) if palette.shows_teeth else None
        self._own = OwnMouth(pixels, face, gum, is_open)
        # Lips that are closed may have points that stand apart; others are drawn from teeth that are shut.
        shut = not is_open or self._own.teeth_are_shut
        self._still = (apart if shut else 0.0) if rest is None else rest.still * face.scale
        self._wide = -opening(model.expressions["jawOpen"]) * face.scale  # pixels between the lips at full strength
        self._turn = _level(face.pose.rotation)
        self._before, _ = self._jaw(self._lips)  # how far the portrait's own jaw is open

    def at_rest(self, gain: float) -> AtRest:
        """What other frames of the footage need of this one; their skin is brighter by a factor."""
        return AtRest(self._palette.lit(gain), self._still / self._face.scale)

    def read(
        self,
        positions: Array,
        moved: NDArray[np.floating[Any]],
        pose: Pose | None = None,
        parted: float = 0.0,
        driver: Array | None = None,
        covered: Array | None = None,
    ) -> NDArray[Any]:
        """Pixels of the interior at (h, w, 2) positions of the unturned face, for its (68, 2) moved landmarks.

        The head's turn `pose` says from where the mouth is looked into; by `parted` pixels the lips have opened without
        the jaw; `driver` is what `mouth_driver.measure` found.
        What is drawn where `covered` (h, w) is 0 means nothing.
        """
        if covered is None:
            return self._draw(positions, moved, pose, parted, driver, np.ones(positions.shape[:2], np.float32))
        left, top, width, height = cv2.boundingRect((covered > 0).view(np.uint8))
        part = slice(top, top + height), slice(left, left + width)
        drawn = np.zeros((*covered.shape, self._pixels.shape[2]), self._pixels.dtype)
        if width:
            drawn[part] = self._draw(positions[part], moved, pose, parted, driver, np.ascontiguousarray(covered[part]))
        return drawn

    def _draw(
        self,
        positions: Array,
        moved: NDArray[np.floating[Any]],
        pose: Pose | None,
        parted: float,
        driver: Array | None,
        covered: Array,
    ) -> NDArray[Any]:
        positions = np.ascontiguousarray(positions)
        look = self._look(positions, pose)
        opened, aside = self._jaw(moved, parted)
        jaw, tongue = (
            Sight.of_jaw(look.view, self._plane, self._model, part * opened, aside) for part in (1, _TONGUE_FOLLOWS)
        )
        sights = (self._upper, look.sight), (self._teeth, jaw), (self._tongue, tongue)
        upper, lower, behind_teeth = (relief.along(sight) for relief, sight in sights)
        nodes, in_head = see((upper, lower, behind_teeth), look.places)
        wall = self._cheek(look, moved)
        behind = np.empty((PARTS + 1, *look.lips.shape), np.float32)
        behind[0], behind[1:] = wall, look.lips - _LIP_THICK + np.float32(self._pout(moved)) - in_head
        # 1 to 3: upper jaw, lower teeth, the tongue with the gum before it. The lip that goes back lights the last two.
        back = np.float32(self._lower_lip_back(opened))
        behind[3] -= back * smooth_step(1 - (behind[3] - behind[2]) / _GUM_NEAR)
        behind[2] -= back
        light = _Light(moved, self._face.scale).at(look.nodes, behind)
        lights = self._palette.tinted(light)
        lights[1:3] = self._palette.tinted(light[1:3], teeth=True)
        near = (1 - wall / _LIGHT_DEPTHS[-1])[..., None]
        nodes[..., -3:] = (self._palette.throat + near * (self._palette.gum - self._palette.throat)) * lights[0]
        for part in range(PARTS):
            nodes[..., 5 * part + 2 : 5 * part + 5] = lights[part + 1]
        colour = np.zeros((*look.size, 3), np.float32)
        pictures = self._upper.picture, self._teeth.picture, self._tongue.picture
        hidden = self._own.hides_model_above(moved)
        paint(nodes, look.step, pictures, *hidden, positions, covered, colour)
        if driver is not None:
            colour = self._as_driven(colour, driver, positions, moved)
        inside = from_8bit(255 * colour, self._pixels.dtype)
        self._own.lay(inside, positions, moved, self._jaw_shift(opened, aside), covered)
        drawn = to_pixels(inside, self._pixels.dtype)
        if self._pixels.shape[2] == drawn.shape[2]:
            return drawn
        return np.concatenate([drawn, sample(self._pixels, positions)[..., 3:]], axis=2)

    def _cheek(self, look: _Look, moved: NDArray[np.floating[Any]]) -> Array:
        """(r, c) centimetres behind the lips at which a line of sight meets the far cheek's inside, or the throat."""
        side = -np.sign(look.view[0])
        approach = abs(float(look.view[0])) - _CHEEK_WIDENS  # centimetres aside for each inwards
        if approach <= 0:
            return np.full_like(look.lips, _LIGHT_DEPTHS[-1])
        corners, _ = self._in_model(moved[None, list(MOUTH_CORNERS)].astype(np.float32), look.view, -np.inf)
        aside = (side * corners[..., 0]).max() - side * look.places[..., 0]
        return np.clip(aside / approach, 0, _LIGHT_DEPTHS[-1]).astype(np.float32)

    def _as_driven(self, invented: Array, driver: Array, positions: Array, moved: NDArray[np.floating[Any]]) -> Array:
        """Display colours (h, w, 3): what the driver's mouth shows in the portrait's palette, else `invented` ones."""
        brightness, tooth, sure = mouth_driver.read(driver, positions, moved, self._palette.blur)
        column, row = (round(float(positions[0, 0, axis]) - float(moved[60, axis])) for axis in (0, 1))
        full = np.ones_like(tooth)
        paint = self._palette.paint(np.dstack([tooth, full, full]), (row, column))
        # The brightness that the driver's mouth has against its skin, in the portrait.
        shaded = _MOUTH_LIGHT * np.tanh(brightness / _MOUTH_LIGHT)
        light = shaded * float(self._palette.tooth.mean()) / np.maximum(cv2.blur(paint, (9, 9)).mean(-1), 0.02)
        seen = paint * self._palette.tinted(np.clip(light, 0, _MOUTH_LIGHT).astype(np.float32))
        if self._palette.shows_teeth:  # its own ones: two rows are one too many
            sure = sure * (1 - tooth)
        return np.asarray(invented + (seen - invented) * cv2.merge([sure] * 3), np.float32)

    def tongue_reach(self, moved: NDArray[np.floating[Any]], amount: float) -> NDArray[np.float64]:
        """(n, 3) points of the unturned face around the tongue that is put out by `amount`, 0..1, and its shadow."""
        left, top, right, bottom = self._tongue_shape(moved, amount).box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        linear, start = self._to_model[:, :2], self._to_model[:, 2]
        at = (corners - start) @ np.linalg.inv(linear).T
        lips = float(self._face.points[list(_LIP_LINE), 2].mean())
        near, far = (np.column_stack([at, np.full(4, lips + z * self._face.scale)]) for z in (1, -1))
        return np.concatenate([near, far])

    def lay_tongue(
        self,
        drawn: NDArray[Any],
        positions: Array,
        moved: NDArray[np.floating[Any]],
        pose: Pose,
        amount: float,
    ) -> NDArray[Any]:
        """Over (h, w, C) drawn pixels at (h, w, 2) positions of the unturned face: the tongue, put out by `amount`.

        It lies over the lower lip and darkens what is below it; the upper lip and the upper teeth lie over it.
        """
        shape = self._tongue_shape(moved, amount)
        planes, depths, shadow = form(shape, self._plane)
        relief = Relief(planes, depths, np.array(shape.box[:2]), STEP, *self._finish)
        look = self._look(positions, pose, shape.rim)
        depth = relief.depth_at(look.sight, look.places)
        paint, coverage = relief.read(look.enlarge(relief.pixels(look.sight, look.places, depth)))
        coverage *= 1 - self._teeth_before(depth, positions, look)
        coverage *= self._lips_leave(look.enlarge(depth - look.lips), positions, moved)
        (falls_in,) = self._palette.tinted(_Light(moved, self._face.scale).at(look.nodes, (look.lips - depth)[None]))
        outside = smooth_step((depth - look.lips) / _FRONT_TEETH + 1)[..., None]
        colour = from_8bit(255 * paint * look.enlarge(falls_in + (1 - falls_in) * outside), drawn.dtype)
        on_lips = look.enlarge(relief.pixels(look.sight, look.places, look.lips)) / (STEP * relief.zoom)
        under = drawn[..., :3] * _darker(read_at(shadow, on_lips, outside_zero=True), drawn.dtype)
        laid = to_pixels(under + (colour - under) * cv2.merge([coverage] * 3), drawn.dtype)
        return np.concatenate([laid, drawn[..., 3:]], axis=2)

    def _teeth_before(self, depth: Array, positions: Array, look: _Look) -> Array:
        """Coverage (h, w) of upper teeth that lie before `depth`, which is told at the nodes."""
        upper = self._upper.depth_at(look.sight, look.places)
        _, teeth = self._upper.read(look.enlarge(self._upper.pixels(look.sight, look.places, upper)))
        front = np.maximum(upper, look.lips - _FRONT_TEETH)
        before = look.enlarge(smooth_step((front - depth) / _TOUCH + 0.5))
        return np.maximum(teeth, self._own.upper_teeth(positions)) * before

    def _tongue_shape(self, moved: NDArray[np.floating[Any]], amount: float) -> TongueShape:
        linear, start = self._to_model[:, :2], self._to_model[:, 2]
        return TongueShape.of(moved @ linear.T + start, amount)

    def _lips_leave(self, depth: Array, positions: Array, moved: NDArray[np.floating[Any]]) -> Array:
        """(h, w): 1 where a tongue `depth` (h, w) centimetres before the lips is seen, at positions (h, w, 2).

        Between the lips all of it, over the lower one what lies before it.
        """
        upper = smooth_curve(moved[list(_LIP_LINE)])
        below = np.concatenate([upper, upper[::-1] + np.array([0, 4 * self._face.eye_distance])])
        corner = np.floor(np.minimum(positions.min((0, 1)), upper.min(0))).astype(int)
        columns, rows = np.ceil(positions.max((0, 1))).astype(int) + 2 - corner
        window = (int(corner[0]), int(corner[1])), (int(rows), int(columns)), _SOFT_EDGE * self._face.eye_distance
        local = positions - corner.astype(np.float32)
        inner = smooth_loop(moved[list(INNER_LIP)])
        under, inside = (read_at(polygon_mask(outline, *window), local) for outline in (below, inner))
        return np.asarray(under * np.maximum(inside, smooth_step((depth + _LIP_THICK) / _TOUCH + 1.5)), np.float32)

    def _look(self, positions: Array, pose: Pose | None, rim: float = -np.inf) -> _Look:
        """How (h, w, 2) positions of the unturned face are looked at when the head has turned by `pose`.

        `rim` is the lower lip's y, below which the face goes back to the chin.
        """
        size = (positions.shape[0], positions.shape[1])
        step = max(1, min(size) // _NODES)
        nodes, view = _nodes(positions, step), self._view(pose)
        places, lips = self._in_model(nodes, view, rim)
        return _Look(size, step, nodes, view, Sight.of_skull(view, self._plane), places, lips)

    def _view(self, pose: Pose | None) -> NDArray[np.float64]:
        """Where the viewer is seen from the mouth: x and y (up) in the model's axes, a centimetre of z."""
        turn = self._turn if pose is None else pose.rotation @ self._turn
        return turn[2, :2] * [1, -1] / max(float(turn[2, 2]), 0.3)

    def _in_model(self, positions: Array, view: NDArray[np.float64], rim: float) -> tuple[Array, Array]:
        """(h, w, 2) x, y in the model, where lines of sight pass the middle lips' plane, and (h, w) the lips' depth."""
        places = np.asarray(cv2.transform(positions, self._to_model), np.float32)
        behind = np.float32(self._lip_curve) * places[..., 0] ** 2
        behind -= np.float32(_CHIN_BACK) * np.maximum(np.float32(rim - _LIP) - places[..., 1], 0)
        return places - behind[..., None] * view.astype(np.float32), behind + np.float32(self._plane)

    def _jaw(self, moved: NDArray[np.floating[Any]], parted: float = 0.0) -> tuple[float, float]:
        """By which share of its full way the jaw is open, and centimetres that it has gone to the picture's right.

        Told from the lips, one against the other: trackers know the chin's outline far worse.
        """
        opened = _JAW_PART * (opening(moved) - parted - self._still) / self._wide
        way = moved[:, 0] @ _ASIDE - self._lips[:, 0] @ _ASIDE
        return min(max(float(opened), 0.0), 1.3), float(way) / self._face.scale

    def _lower_lip_back(self, opened: float) -> float:
        """Centimetres that the lower lip lies behind the upper one when the jaw is `opened`: light has less far to go.

        Rendered mouths want less of it than jaws go back; but shown teeth want lower ones beside them that are as lit.
        """
        way = _LIP_ON_TEETH - opened * float(self._model.expressions["jawOpen"][66, 2])
        return _LIP_FOLLOWS[self._palette.shows_teeth] * way

    def _pout(self, moved: NDArray[np.floating[Any]]) -> float:
        """Centimetres that the lips stand out: a mouth gets narrow by rounding them, once its smile has gone."""
        unsmiling = self._lips - self._face.expression[:, :2]
        own, neutral, now = (_width(lips) for lips in (self._lips, unsmiling, moved))
        return _POUT * max((min(own, neutral) - now) / self._face.scale, 0.0)

    def _jaw_shift(self, opened: float, aside: float) -> Array:
        """(2,) pixels by which the lower teeth have moved in the unturned face since the portrait."""
        lever = self._plane - self._model.jaw_hinge[1]
        return np.array([aside, lever * self._model.jaw_angle * (opened - self._before)], np.float32) * self._face.scale


@dataclass(frozen=True)
class _Look:
    """Lines of sight through an area of (h, w) pixels, told at nodes that are `step` pixels apart."""

    size: tuple[int, int]
    step: int
    nodes: Array  # (r, c, 2) positions in the unturned face
    view: NDArray[np.float64]  # (2,) x and y a centimetre of z
    sight: Sight  # into what stays with the skull
    places: Array  # (r, c, 2) where they pass the middle lips' plane, centimetres
    lips: Array  # (r, c) the lips' depth there

    def enlarge(self, nodes: Array) -> Array:
        """Values (r, c, n) at the nodes, for all pixels (h, w, n)."""
        matrix = np.array([[1 / self.step, 0, 0], [0, 1 / self.step, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        large = cv2.warpAffine(nodes, matrix, self.size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(large, np.float32)


class _Light:
    """How much of the light in front of the face falls through the opening of the lips, at any depth behind it."""

    def __init__(self, moved: NDArray[np.floating[Any]], scale: float) -> None:
        self._cell = _LIGHT_CELL * scale
        self._scale = scale
        rim = smooth_loop(moved[list(INNER_LIP)])
        margin = 1.5 * scale
        self._corner = (rim.min(0) - margin).astype(np.float32)
        columns, rows = np.ceil((np.ptp(rim, axis=0) + 2 * margin) / self._cell).astype(int)
        columns, rows = (int(n) + -int(n) % _COARSEST for n in (columns, rows))
        mask = polygon_mask((rim - self._corner) / self._cell, (0, 0), (rows, columns), 0)
        # The deeper, the softer, and the coarser the cells may be.
        self._levels = np.zeros((len(_LIGHT_DEPTHS), rows + 2, columns + 2), np.float32)
        for level, depth in zip(self._levels, _LIGHT_DEPTHS, strict=True):
            coarser = round(depth / _LIGHT_DEPTHS[0])
            cells = cv2.resize(mask, (columns // coarser, rows // coarser), interpolation=cv2.INTER_AREA)
            sigma = _LIGHT_REACH * depth / (_LIGHT_CELL * coarser)
            soft = cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
            level[1:-1, 1:-1] = cv2.resize(soft, (columns, rows))

    def at(self, positions: Array, behind: Array) -> Array:
        """(n, h, w) brightness 0..1 at positions (h, w, 2), n times, `behind` (n, h, w) centimetres behind the lips."""
        places = (positions - self._corner) / np.float32(self._cell)
        light = light_at(self._levels, np.array(_LIGHT_DEPTHS, np.float32), places, _FROM_ABOVE / _LIGHT_CELL, behind)
        return np.asarray(np.clip(_BOUNCED + _EXPOSURE * light, 0, 1) ** _DISPLAY, np.float32)


def _width(lips: NDArray[np.floating[Any]]) -> float:
    """Pixels between the corners of a mouth, of (68, 2) landmarks."""
    return float(np.hypot(*np.subtract(*lips[list(MOUTH_CORNERS)])))


def _nodes(positions: Array, step: int) -> Array:
    """Every `step`-th of (h, w, 2) positions, and one more row and column beyond the last ones."""
    nodes = positions[::step, ::step]
    for axis in (0, 1):
        last: Array = nodes.take([-1], axis=axis)
        before: Array = nodes.take([-2], axis=axis) if nodes.shape[axis] > 1 else last
        nodes: Array = np.concatenate([nodes, 2 * last - before], axis=axis)
    return np.ascontiguousarray(nodes)


def _darker(shadow: Array, dtype: np.dtype[Any]) -> Array:
    """(h, w, 3) factors for pixels of a type that a `shadow` (h, w) of display brightness falls on."""
    left = 1 - shadow
    factor = left if np.issubdtype(dtype, np.integer) else left ** (1 / _DISPLAY)
    return np.asarray(cv2.merge([factor] * 3), np.float32)


def _level(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """A portrait's (3, 3) rotation without its nod, which landmarks tell 10 degrees wrong: it would hide teeth."""
    nod = np.arctan2(rotation[2, 1], rotation[1, 1])
    return np.asarray(cv2.Rodrigues(np.array([-nod, 0, 0]))[0] @ rotation)


def _to_model(model: FaceModel, face: FittedFace) -> NDArray[np.float64]:
    """(2, 3) affine from the picture to the model's x, y (up) on the plane of the lips, centimetres."""
    corners = list(MOUTH_CORNERS)
    at, right, up = face.from_model(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float64))[:, :2]
    # The fit leaves the lips a little beside the portrait's: hang the teeth behind its own upper lip. Behind the middle
    # of it: a smile lifts corners, no teeth, and in a three-quarter face corners lie behind the middle and aside of it.
    middle = list(_UPPER_LIP)
    line, model_line = face.points[middle, :2].mean(0), model.landmarks[middle, :2].mean(0)
    wider = np.linalg.norm(np.subtract(*face.model_points[corners])) / np.linalg.norm(
        np.subtract(*model.landmarks[corners])
    )
    axes = np.column_stack([right - at, up - at]) * np.clip(wider, 0.85, 1.15)
    linear = np.linalg.inv(axes)
    return np.column_stack([linear, model_line - linear @ line])
