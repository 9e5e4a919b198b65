# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen between parted lips: teeth, gums, tongue, the dark behind them, and the portrait's own where it shows.

The upper jaw stays with the skull, teeth and tongue of the lower one turn with it about its hinge. Both are reliefs of
the face model behind the lips' plane, so that they shift against the lips when the head turns, and light reaches them
through the opening only: the deeper they lie and the nearer to its edge, the less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ....landmarks.topology import INNER_LIP, MOUTH_CORNERS
from ....motion.face_model import FittedFace, load_face_model
from ....motion.lip_contact import face_down
from ..fields.curves import smooth_curve, smooth_loop
from ..pixels.sampling import SOFT_EDGE, from_8bit, polygon_mask, read_at, sample, smooth_step, to_pixels
from . import driver as mouth_driver
from .draw import PARTS, paint, see
from .light import DEEPEST, DISPLAY, Light
from .lips import opening
from .look import LipPlane
from .own import OwnMouth
from .palette import Palette
from .relief import Relief, Sight, of_model
from .tongue import STEP, TongueShape, form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.pose import Pose
    from .look import Look

    Array = NDArray[np.float32]

_OPEN_SOURCE = 0.035  # a portrait whose lips stand apart this much (eye distances) shows its own mouth
_FINEST = 60.0  # pixels a centimetre: the model knows no more
_JAW_PART = 0.9  # of the opening of the lips; the rest they do by themselves
_TONGUE_FOLLOWS = 0.7  # of the jaw's opening: in speech the tongue stays up
_TEETH_LOWER = 0.1  # cm: the model shows 2 mm of its upper teeth when its lips are at rest, people up to 4
_JAW_HIGHER = (
    0.2  # cm, lower teeth and tongue: people show 0.5 to 3 mm of theirs at rest, da Motta et al. (2010), the model none
)
_LOWER_BACK = 6.6  # cm, z: farther back lower teeth are left out, the far ones of a turned head would be a thin line
_LIP_ON_TEETH = 0.2  # cm that lower teeth stand behind the upper ones: the lower lip lies on them
_LIP_FOLLOWS = 0.3  # of their way back the lower lip goes with them
_GUM_NEAR = 1.0  # cm behind the lower teeth: what lies there is less and less their gum
_CATCH = (1.3, 1.0, 0.8)  # of the light, on upper teeth, lower teeth, tongue: teeth face it, a tongue lies flat
_SHADOW, _SHADOW_LOW = 0.25, 0.1  # of the light that upper teeth take from lower ones; cm below their edge
_POUT = 1.1  # of what the mouth gets narrower: 1.0 in the model's `mouthPucker`, 1.1 in its `mouthFunnel`
_LIP_THICK = 0.2  # cm: the inner edge of the lips lies this much behind their landmarks
_MOUTH_LIGHT = 0.85  # teeth and tongue that a driver shows come near to this share of full light
_CHEEK_WIDENS = 0.1  # cm aside for each inwards, from the corner of the mouth on
_FRONT_TEETH, _TOUCH = 0.6, 0.3  # cm: front teeth lie behind the lips, and what lies so near together touches


_ASIDE = np.zeros(68)  # weights of the landmarks: the lower lip against the upper one
_ASIDE[list(INNER_LIP[5:])], _ASIDE[list(INNER_LIP[1:4])] = 1 / 3, -1 / 3


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
        self._down = face_down(self._lips)
        apart = opening(self._lips, self._down)
        openness = apart / (_OPEN_SOURCE * face.eye_distance)
        is_open = float(openness > 1) if rest is None else float(smooth_step(openness))
        palette = Palette(pixels, face, open_mouth=is_open == 1) if rest is None else rest.palette
        if rest is None and palette.shows_teeth:  # what is seen of them stands in the light between these lips
            middle = self._lips[None, list(INNER_LIP)].mean(1, keepdims=True).astype(np.float32)
            depth = np.full((1, 1, 1), _FRONT_TEETH - _LIP_THICK, np.float32)
            palette.tooth /= Light(self._lips, face.scale).at(middle, depth).item()
        self._palette = palette
        # Shown teeth tell by themselves how bright they are.
        self._catch = np.array((1, 1, 1) if palette.shows_teeth else _CATCH, np.float32)
        self._plane = LipPlane(model, face)
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
        the jaw; `driver` is what `mouth.driver.measure` found.
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
        look = self._plane.look(positions, pose)
        opened, aside = self._jaw(moved, parted)
        jaw, tongue = (
            Sight.of_jaw(look.view, self._plane.depth, self._model, part * opened, aside)
            for part in (1, _TONGUE_FOLLOWS)
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
        light = Light(moved, self._face.scale).at(look.nodes, behind)
        light[1:] = np.minimum(self._catch[:, None, None] * light[1:], 1)
        light[2] *= 1 - _SHADOW * self._above(nodes, look)
        lights = self._palette.tinted(light)
        lights[1:3] = self._palette.tinted(light[1:3], teeth=True)
        near = (1 - wall / DEEPEST)[..., None]
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

    def _above(self, nodes: Array, look: Look) -> Array:
        """(r, c) how far upper teeth cover what is a little above the nodes: they throw a shadow on the lower ones.

        Without it rows that meet were one row of long teeth.
        """
        up = np.array([0, _SHADOW_LOW], np.float32)
        _, model = self._upper.read(nodes[..., :2] - up * np.float32(self._upper.zoom))
        return np.maximum(model, self._own.upper_teeth(look.nodes - up * np.float32(self._face.scale)))

    def _cheek(self, look: Look, moved: NDArray[np.floating[Any]]) -> Array:
        """(r, c) centimetres behind the lips at which a line of sight meets the far cheek's inside, or the throat."""
        side = -np.sign(look.view[0])
        approach = abs(float(look.view[0])) - _CHEEK_WIDENS  # centimetres aside for each inwards
        if approach <= 0:
            return np.full_like(look.lips, DEEPEST)
        corners, _ = self._plane.pass_through(moved[None, list(MOUTH_CORNERS)].astype(np.float32), look.view)
        aside = (side * corners[..., 0]).max() - side * look.places[..., 0]
        return np.clip(aside / approach, 0, DEEPEST).astype(np.float32)

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
        linear, start = self._plane.to_model[:, :2], self._plane.to_model[:, 2]
        at = (corners - start) @ np.linalg.inv(linear).T
        lips = float(self._face.points[list(INNER_LIP[:5]), 2].mean())
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
        planes, depths, shadow = form(shape, self._plane.depth)
        relief = Relief(planes, depths, np.array(shape.box[:2]), STEP, *self._finish)
        look = self._plane.look(positions, pose, shape.rim)
        depth = relief.depth_at(look.sight, look.places)
        paint, coverage = relief.read(look.enlarge(relief.pixels(look.sight, look.places, depth)))
        coverage *= 1 - self._teeth_before(depth, positions, look)
        coverage *= self._lips_leave(look.enlarge(depth - look.lips), positions, moved)
        light = Light(moved, self._face.scale).at(look.nodes, (look.lips - depth)[None])
        (falls_in,) = self._palette.tinted(self._catch[2] * light)
        outside = smooth_step((depth - look.lips) / _FRONT_TEETH + 1)[..., None]
        colour = from_8bit(255 * paint * look.enlarge(falls_in + (1 - falls_in) * outside), drawn.dtype)
        on_lips = look.enlarge(relief.pixels(look.sight, look.places, look.lips)) / (STEP * relief.zoom)
        under = drawn[..., :3] * _darker(read_at(shadow, on_lips, outside_zero=True), drawn.dtype)
        laid = to_pixels(under + (colour - under) * cv2.merge([coverage] * 3), drawn.dtype)
        return np.concatenate([laid, drawn[..., 3:]], axis=2)

    def _teeth_before(self, depth: Array, positions: Array, look: Look) -> Array:
        """Coverage (h, w) of upper teeth that lie before `depth`, which is told at the nodes."""
        upper = self._upper.depth_at(look.sight, look.places)
        _, teeth = self._upper.read(look.enlarge(self._upper.pixels(look.sight, look.places, upper)))
        front = np.maximum(upper, look.lips - _FRONT_TEETH)
        before = look.enlarge(smooth_step((front - depth) / _TOUCH + 0.5))
        return np.maximum(teeth, self._own.upper_teeth(positions)) * before

    def _tongue_shape(self, moved: NDArray[np.floating[Any]], amount: float) -> TongueShape:
        linear, start = self._plane.to_model[:, :2], self._plane.to_model[:, 2]
        return TongueShape.of(moved @ linear.T + start, amount)

    def _lips_leave(self, depth: Array, positions: Array, moved: NDArray[np.floating[Any]]) -> Array:
        """(h, w): 1 where a tongue `depth` (h, w) centimetres before the lips is seen, at positions (h, w, 2).

        Between the lips all of it, over the lower one what lies before it.
        """
        upper = smooth_curve(moved[list(INNER_LIP[:5])])
        below = np.concatenate([upper, upper[::-1] + np.array([0, 4 * self._face.eye_distance])])
        corner = np.floor(np.minimum(positions.min((0, 1)), upper.min(0))).astype(int)
        columns, rows = np.ceil(positions.max((0, 1))).astype(int) + 2 - corner
        window = (int(corner[0]), int(corner[1])), (int(rows), int(columns)), SOFT_EDGE * self._face.eye_distance
        local = positions - corner.astype(np.float32)
        inner = smooth_loop(moved[list(INNER_LIP)])
        under, inside = (read_at(polygon_mask(outline, *window), local) for outline in (below, inner))
        return np.asarray(under * np.maximum(inside, smooth_step((depth + _LIP_THICK) / _TOUCH + 1.5)), np.float32)

    def _jaw(self, moved: NDArray[np.floating[Any]], parted: float = 0.0) -> tuple[float, float]:
        """By which share of its full way the jaw is open, and centimetres that it has gone to the picture's right.

        Told from the lips, one against the other: trackers know the chin's outline far worse.
        """
        opened = _JAW_PART * (opening(moved, self._down) - parted - self._still) / self._wide
        way = (_ASIDE @ moved - _ASIDE @ self._lips) @ [self._down[1], -self._down[0]]
        return min(max(float(opened), 0.0), 1.3), float(way) / self._face.scale

    def _lower_lip_back(self, opened: float) -> float:
        """Centimetres that the lower lip lies behind the upper one when the jaw is `opened`: light has less far to go.

        Rendered mouths want less of it than jaws go back.
        """
        return _LIP_FOLLOWS * (_LIP_ON_TEETH - opened * float(self._model.expressions["jawOpen"][66, 2]))

    def _pout(self, moved: NDArray[np.floating[Any]]) -> float:
        """Centimetres that the lips stand out: a mouth gets narrow by rounding them, once its smile has gone."""
        unsmiling = self._lips - self._face.expression[:, :2]
        own, neutral, now = (_width(lips) for lips in (self._lips, unsmiling, moved))
        return _POUT * max((min(own, neutral) - now) / self._face.scale, 0.0)

    def _jaw_shift(self, opened: float, aside: float) -> Array:
        """(2,) pixels by which the lower teeth have moved in the unturned face since the portrait."""
        lever = self._plane.depth - self._model.jaw_hinge[1]
        return np.array([aside, lever * self._model.jaw_angle * (opened - self._before)], np.float32) * self._face.scale


def _width(lips: NDArray[np.floating[Any]]) -> float:
    """Pixels between the corners of a mouth, of (68, 2) landmarks."""
    return float(np.hypot(*np.subtract(*lips[list(MOUTH_CORNERS)])))


def _darker(shadow: Array, dtype: np.dtype[Any]) -> Array:
    """(h, w, 3) factors for pixels of a type that a `shadow` (h, w) of display brightness falls on."""
    left = 1 - shadow
    factor = left if np.issubdtype(dtype, np.integer) else left ** (1 / DISPLAY)
    return np.asarray(cv2.merge([factor] * 3), np.float32)
