# SPDX-License-Identifier: GPL-3.0-or-later
"""The warp generator: one frame is a backward map of the portrait, with eyes and mouth drawn as layers.

For an output pixel: take the head's turn off (`Head.ways`, 3D), take the expression off (`FaceField`, 2D), read the
portrait there. Inside the lids lies the eyeball, inside the lips the mouth's interior; the skin is laid over them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ...motion.face_model import fit_face
from .confidence import share_of_detail
from .eyes.eye import Eye
from .eyes.iris import find_irises
from .fields.face_field import LEFT, MOUTH, RIGHT
from .fields.grid import is_some, overlap, positions
from .fill.beyond_border import Continued, continued
from .frame import Frame
from .known import Known
from .layers import Layers, Overlay
from .mask.matte import find_head
from .neck.nape import Nape
from .pixels.compose import Bands, gains_of
from .pixels.sampling import blend, smooth_step
from .shading.creases import Creases
from .surface.head import Head
from .threads import HELPERS, THREADS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...motion.target import FaceTarget
    from ..base import Portrait
    from .eyes.eye_pixels import Look
    from .footage import CarriedMouth
    from .frame import Window
    from .mouth.interior import MouthInterior
    from .pixels.compose import Gains

    Array = NDArray[np.float32]

_TREMBLES = 0.006  # of an eye's width: a jaw that opens moves the model's lids by less
_STIRRED = 0.02  # eye distances of motion after which the mouth's inside is drawn


class _Drawn(NamedTuple):
    """A frame, and what it was drawn by."""

    pixels: NDArray[Any]
    frame: Frame
    target: FaceTarget  # for the edges that are seen
    neck: Overlay | None  # what was made over the person


class WarpGenerator:
    """Moves one portrait; see `Generator`."""

    def __init__(self, portrait: Portrait, known: Known | None = None) -> None:
        """Look at what does not change from frame to frame.

        `known` is what other frames of the portrait's footage have shown.
        """
        face = fit_face(portrait.landmarks) if known is None else known.face
        mask = find_head(portrait.pixels, face) if portrait.head_mask is None else portrait.head_mask
        # What is invented would not be the same in every frame of footage.
        self._continued = (continued if known is None else Continued.no_farther)(portrait, mask, face)
        portrait, face, self._shown = self._continued
        known = Known.of_picture(portrait, face) if known is None else known
        self._pixels = portrait.pixels
        self._detected, self._depth = known.face.points[:, :2], known.face.points[:, 2]
        self._edges = known.edges
        self._face = known.face.shifted(known.edges.follow(self._detected, tracked=False) + known.rims)
        # As a file keeps it: what is shown is what is used.
        mask = np.rint(255 * np.asarray(portrait.head_mask)) / np.float32(255)
        lip_edges = known.edges.lip_edges(self._detected)
        self._head = Head(self._face, mask, lip_edges, known.glasses, only_face=known.only_face, shown=self._shown)
        reached = overlap(self._head.grid.whole, self._head.picture)
        eye_distance = self._face.eye_distance
        layers = THREADS.submit(Layers, portrait.pixels, mask, reached, eye_distance, known.kernel, self._shown)
        self._nape = Nape(portrait.pixels, mask, self._head)
        self._eyes: list[Eye | None] = [None, None]
        self._own_rims = [opening.rims(self._face.points[:, :2]) for opening in (RIGHT, LEFT)]
        self._creases = Creases(portrait.pixels, known.face, portrait.creases, self._head)
        self._make_mouth = known.mouth
        self._layers = layers.result()

    @cached_property
    def _mouth(self) -> MouthInterior | CarriedMouth:
        return self._make_mouth(self._pixels, self._face)

    @cached_property
    def _irises(self) -> NDArray[np.float64]:
        return find_irises(self._pixels, self._face)

    def _eye(self, number: int) -> Eye:
        eye = self._eyes[number]
        if eye is None:
            eye = self._eyes[number] = Eye(self._pixels, self._face, number, self._irises[number])
        return eye

    def draw(self, target: FaceTarget) -> NDArray[Any]:
        """The frame: same shape and type as the portrait's pixels."""
        drawn = self._draw(target)
        return self._pixels[self._shown].copy() if drawn is None else self._cut(drawn.pixels)

    def draw_with_confidence(self, target: FaceTarget, *, only_person: bool = False) -> tuple[NDArray[Any], Array]:
        """The frame, and (H, W) 0..1 how far its pixels are the portrait's own: see `share_of_detail`.

        0 where the mouth's inside or a neck behind the jaw is made, and where the background comes out behind the head
        that hid it; with `only_person` on all of the background.
        """
        drawn = self._draw(target)
        person = self._person
        sure = person.copy() if only_person else np.ones_like(person)
        if drawn is None:
            return self._pixels[self._shown].copy(), self._cut(sure)
        frame = drawn.frame
        place = self._places(frame)
        covered = self._layers.covered(place)
        for area in frame.areas():
            behind = np.float32(0) if only_person else 1 - person[area]
            sure[area] = covered[area] + (1 - covered[area]) * behind
        # Between the nodes of the grid the map is linear: over whole cells its derivative has no stripes.
        detail = cv2.blur(share_of_detail(place), (self._head.grid.cell,) * 2)
        sure *= np.where(covered > 0, detail, 1)
        if (window := frame.window(MOUTH, drawn.target)) is not None:
            sure[window.area] *= 1 - self._opened(frame, window)
        if drawn.neck:
            sure[drawn.neck.area] *= 1 - drawn.neck.coverage
        return self._cut(drawn.pixels), self._cut(sure)

    def _cut(self, field: NDArray[Any]) -> NDArray[Any]:
        """The picture's part of one over the portrait."""
        return np.ascontiguousarray(field[self._shown])

    @cached_property
    def _person(self) -> Array:
        """(H, W) 0..1: how far the person hides the background in the portrait."""
        return self._layers.covered(positions(self._head.picture))

    def _draw(self, target: FaceTarget) -> _Drawn | None:
        """The frame, as far as the portrait reaches; None: it is the portrait."""
        target = self._continued.place(target)
        if target.is_still(self._detected):
            return None
        beginning = THREADS.submit(self._begin, target)
        target = self._with_edges(target)
        frame = Frame(self._head, target)
        out, gains = beginning.result()

        nape = self._nape.read(target.pose)
        self._layers.lay_behind(nape)
        drawing = out, Bands(frame.bands(), np.zeros(1, np.int64)), frame.maps, gains
        skin = [THREADS.submit(self._layers.draw, *drawing) for _ in range(HELPERS)]
        eyes = [self._look(number, frame, target) for number in range(2)]
        inside, edges = self._inside(frame, target), frame.edges()
        self._layers.draw(*drawing)
        for part in skin:
            part.result()
        self._layers.soften(out, edges)
        neck = self._nape.lay_over(out, nape, target.pose, frame.skin(nape.area)) if nape else None
        self._draw_eyes(out, eyes, gains)
        if inside:
            out[inside.area] = blend(out[inside.area], inside.pixels, inside.coverage)
        if target.tongue and (around := frame.around(self._mouth.tongue_reach(frame.moved, target.tongue))):
            area, unturned = around
            out[area] = self._mouth.lay_tongue(out[area], unturned, frame.moved, target.pose, target.tongue)
        return _Drawn(out, frame, target, neck)

    def _begin(self, target: FaceTarget) -> tuple[NDArray[Any], Gains]:
        """The portrait to draw a frame on, and the light on its skin."""
        # By the model's depth, not by the drawn one: a head that only turns has no expression.
        shade = self._creases.shade(target, target.pose.unapply(target.landmarks, self._depth))
        return self._pixels.copy(), gains_of(shade)

    def _look(self, number: int, frame: Frame, target: FaceTarget) -> tuple[Window, Look] | None:
        """What is seen of an eye, and how it looks; None: its own pixels stay."""
        window, gaze = frame.window((RIGHT, LEFT)[number], target), target.gaze[number]
        if window is None or not (gaze.any() or self._lids_moved(number, window)):
            return None
        look = self._eye(number).look(window, gaze)
        return None if look is None else (window, look)

    def _draw_eyes(self, out: NDArray[Any], eyes: list[tuple[Window, Look] | None], gains: Gains) -> None:
        """Lay both eyes over the skin; side by side, unless one's window reaches into the other's."""

        def draw_eye(number: int) -> None:
            if eye := eyes[number]:
                self._eye(number).draw(out, *eye, gains)

        right, left = eyes
        if right and left and is_some(overlap(right[0].area, left[0].area)):
            draw_eye(0)
            draw_eye(1)
        else:
            other = THREADS.submit(draw_eye, 0)
            draw_eye(1)
            other.result()

    def _lids_moved(self, number: int, window: Window) -> bool:
        own = self._own_rims[number]
        farthest = max(np.abs(rim - before).max() for rim, before in zip(window.rims, own, strict=True))
        return bool(farthest > _TREMBLES * np.hypot(*(own[0][-1] - own[0][0])))

    def _inside(self, frame: Frame, target: FaceTarget) -> Overlay | None:
        """The mouth's inside; None where it is not seen."""
        window = frame.window(MOUTH, target)
        if window is None:
            return None
        coverage = self._opened(frame, window)
        if not coverage.any():
            return None
        inside = self._mouth.read(
            window.unturned,
            moved=frame.moved,
            pose=target.pose,
            parted=target.parted,
            driver=target.mouth,
            covered=coverage,
        )
        return Overlay(window.area, inside, coverage)

    def _opened(self, frame: Frame, mouth: Window) -> Array:
        """(h, w) 0..1 where the mouth's inside is drawn.

        As in the portrait, its own pixels stay; from a small motion on the inside is drawn.
        """
        return frame.coverage(mouth) * smooth_step(mouth.motion / (_STIRRED * self._head.eye_distance))

    def skin_map(self, target: FaceTarget) -> Array:
        """(H, W, 2): the portrait's position that each pixel of the person is read from; NaN: background."""
        out = self._places(Frame(self._head, self._with_edges(self._continued.place(target))))
        out[self._layers.covered(out) <= 0] = np.nan
        return self._cut(out) - np.array([self._shown[1].start, self._shown[0].start], np.float32)

    def _places(self, frame: Frame) -> Array:
        """(H, W, 2): the portrait's positions that the pixels of a frame are read from."""
        out = positions(self._head.picture)
        for area in frame.areas():
            out[area] = frame.skin(area)
        return out

    def _with_edges(self, target: FaceTarget) -> FaceTarget:
        """The target for the seen edges of the lids and the seen line between the lips instead of the detected ones."""
        unturned = target.pose.unapply(target.landmarks, self._depth)
        shifts = self._edges.follow(unturned, tracked=target.tracked)
        turned = target.pose.scale * shifts @ target.pose.rotation[:2, :2].T
        return self._head.landed(replace(target, landmarks=target.landmarks + turned))

    def landed(self, target: FaceTarget) -> FaceTarget:
        """The target with its landmarks where they are drawn: other pictures may be asked for the same."""
        return self._continued.place(self._head.landed(self._continued.place(target)), back=True)
