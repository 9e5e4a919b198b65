# SPDX-License-Identifier: GPL-3.0-or-later
"""Glasses: the frame on a face is found, so that it stays rigid when lids, brows and cheeks move behind it.

A frame is a closed thin line around each eye, alike on both sides, and a thin line across the nose. Faces have folds
and brows around an eye, or a fold across the nose, but not all of it; what is not sure is no frame. After Jiang,
Binkert, Achermann and Bunke, "Towards Detection of Glasses in Facial Images" (2000).

Positions here are in eye distances from the middle between the eyes, x along the line of the eyes' corners, y down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYES
from ..fields.grid import Grid, area_around, reduced
from ..pixels.sampling import read_at, smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Lines = tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]  # (N, K, 2) positions; (N, 1, 2) across

_CELLS = 100  # an eye distance, of the copy that is looked at
_AROUND = np.array([-1.0, -0.55, 1.0, 0.7])  # left, top, right, bottom of what is looked at
_WIDTHS, _BLUR = (0.02, 0.035, 0.05), 0.35  # of a frame; the picture is blurred by so much of a width
_STRONG = 12.0  # in Lab: a line that stands out more is no surer
_BEND = 0.18  # of that is taken off for each step that a line goes aside
_FARTHEST = 2  # steps aside from one place on a line to the next

_ANGLES = np.arange(72) * 2 * np.pi / 72  # around an eye: 0 towards the temple, then down
_BELOW = 0.04  # the eye lies above the middle of the lens
_NEAREST = 0.2, 0.15  # aside and up: what is nearer belongs to the eye
_UP, _DOWN, _TEMPLE, _NOSE = 0.3, 0.36, 0.42, 0.3  # farther away are brow, cheek, hair and the middle of the nose
_RADII = np.arange(0.1, _TEMPLE, 0.01)
_UNEVEN = 0.05  # frames sit askew: the left eye's lens may be so far from where the right one's mirror image is
_ALONG_BRIDGE, _DOWN_BRIDGE = np.arange(-0.1, 0.105, 0.01), np.arange(-0.22, 0.16, 0.01)
_PARTS = (0, -0.4), (-0.2, -0.4), (0.2, -0.4), (-0.3, 0.55), (0.3, 0.55), (0, 0.45)  # of forehead, cheeks, nose
_HATCHED = 4.5  # how far lines stand out there in the mean; in photographs and paintings it was 2.2 at most
_EIGHTH = 9  # angles
_LENS_SURE, _BRIDGE_SURE = 2.2, 4.0  # how far the weakest eighth of a lens, the weakest tenth of the bridge stands out

_MAP_CELLS = 64  # an eye distance, of the map of what is held
_HELD, _FADES = 0.05, 0.2  # so far around the frame the face is held, and there it gets free
_LIDS = 0.5  # of `_NEAREST`: up to here lids are free
_ARM = 0.75  # aside: so far the temples of a frame reach


class Glasses:
    """The frame on one face."""

    def __init__(self, to_local: NDArray[np.float64], held: Array) -> None:
        """`to_local` (2, 3) leads from the picture to the box `_AROUND`, over which `held` (h, w) 0..1 lies."""
        self._to_local = to_local
        self._held = held

    def carried(self, points: NDArray[np.floating[Any]]) -> Glasses:
        """The same frame where the face has the landmarks (68, 2), in another picture."""
        return Glasses(_to_local(*_eye_line(points)), self._held)

    def held(self, positions: Array) -> Array:
        """(h, w) at (h, w, 2) positions in the portrait: 1 where expressions move nothing, 0 where all is free."""
        local = cv2.transform(np.asarray(positions, np.float32), self._to_local)
        at = (local - _AROUND[:2]) * _MAP_CELLS - 0.5
        return read_at(self._held, at.astype(np.float32), outside_zero=True)


def find_glasses(pixels: NDArray[Any], points: NDArray[np.floating[Any]]) -> Glasses | None:
    """The frame on a face with these (68, 2) landmarks, None where there is none for certain."""
    view = _View(pixels, points)
    bridge = _find_bridge(view)
    if bridge is None or _is_hatched(view):
        return None
    local = cv2.transform(points[None].astype(np.float32), view.to_local)[0]
    centres = [np.add(local[list(eye)].mean(0), (0, _BELOW)) for eye in EYES]
    lenses = _find_lenses(view, centres)
    return None if lenses is None else Glasses(view.to_local, _held(lenses, bridge, centres))


class _View:
    """The part of a portrait around the eyes."""

    def __init__(self, pixels: NDArray[Any], points: NDArray[np.floating[Any]]) -> None:
        self._axes, self._middle = _eye_line(points)
        self.to_local = _to_local(self._axes, self._middle)
        """(2, 3) from positions in the picture."""
        distance = float(np.linalg.norm(self._axes[0]))
        box = self._middle + np.array([[x, y] for x in _AROUND[::2] for y in _AROUND[1::2]]) @ self._axes
        area = area_around(box)
        self._grid = Grid.over(area, max(1, round(distance / _CELLS)))
        lab = cv2.cvtColor(reduced(pixels, self._grid), cv2.COLOR_RGB2LAB).astype(np.float32)
        cells = distance / self._grid.cell
        self._blurred = [cv2.GaussianBlur(lab, (0, 0), max(_BLUR * width * cells, 0.5)) for width in _WIDTHS]

    def stands_out(self, lines: Lines) -> Array:
        """(N, K) by how much the picture at the positions differs from that on both sides, in the same sense."""
        best = np.zeros(lines[0].shape[:2], np.float32)
        for width, picture in zip(_WIDTHS, self._blurred, strict=True):
            here, before, behind = (
                read_at(picture, self._grid.indices(self._middle + (lines[0] + step * lines[1]) @ self._axes))
                for step in (0, -width, width)
            )
            for sign in (1, -1):
                line = np.clip(np.minimum(sign * (here - before), sign * (here - behind)), 0, None)
                best = np.maximum(best, np.linalg.norm(line, axis=2))
        return best


def _eye_line(points: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2, 2) an eye distance along the eyes and down, and (2,) the middle between them."""
    (right, _, _, inner_right, *_), (inner_left, _, _, left, *_) = EYES
    along = np.asarray(points[left] - points[right], np.float64)
    middle = points[[right, inner_right, inner_left, left]].mean(0)
    return np.array([along, [-along[1], along[0]]]), np.asarray(middle, np.float64)


def _to_local(axes: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.inv(axes).T
    return np.column_stack([inverse, -inverse @ middle])


def _is_hatched(view: _View) -> bool:
    """Whether there are lines everywhere, even in the calmest part of the face: then a line is no sign of a frame."""
    places = np.dstack(np.meshgrid(_ALONG_BRIDGE, _DOWN_BRIDGE))
    lines = [view.stands_out((places + part, np.broadcast_to([0.0, 1.0], (len(places), 1, 2)))) for part in _PARTS]
    return min(float(part.mean()) for part in lines) > _HATCHED


def _find_bridge(view: _View) -> NDArray[np.float64] | None:
    """(N, 2) positions on the line across the nose."""
    places = np.dstack(np.meshgrid(_ALONG_BRIDGE, _DOWN_BRIDGE)).swapaxes(0, 1)
    values = view.stands_out((places, np.broadcast_to([0.0, 1.0], (len(places), 1, 2))))
    line = _line(values)
    return _at(places, line) if np.quantile(_at(values, line), 0.1) >= _BRIDGE_SURE else None


def _find_lenses(view: _View, centres: list[NDArray[np.floating[Any]]]) -> NDArray[np.float64] | None:
    """(2, angles, 2) positions on the line around either eye."""
    allowed = _allowed()
    right = _around(centres[0], -1)
    right_values = _near(view.stands_out(right), allowed)
    best, found = np.zeros(len(_ANGLES), np.float32), np.zeros((2, len(_ANGLES), 2))
    for shift in np.stack(np.meshgrid(*[np.array([-_UNEVEN, 0, _UNEVEN])] * 2), axis=-1).reshape(-1, 2):
        left = _around(centres[1] + shift, 1)
        values = np.minimum(right_values, _near(view.stands_out(left), allowed))
        values[~allowed] = -2 * _STRONG
        # The line is closed: of three times round the second one has no ends.
        line = _line(np.concatenate([values] * 3))[len(values) : 2 * len(values)]
        strength = np.minimum(_at(values, line), _STRONG)
        if strength.mean() > best.mean():
            best, found = strength, np.stack([_at(places, line) for places, _ in (right, left)])
    eighths = np.convolve(np.append(best, best[:_EIGHTH]), np.ones(_EIGHTH) / _EIGHTH, "valid")
    return found if eighths.min() >= _LENS_SURE else None


def _allowed() -> NDArray[np.bool_]:
    """(angles, radii) where a lens may end."""
    aside, down = np.cos(_ANGLES)[:, None] * _RADII, np.sin(_ANGLES)[:, None] * _RADII
    outside = np.hypot(aside / _NEAREST[0], down / _NEAREST[1]) >= 1
    return outside & (aside > -_NOSE) & (down > -_UP) & (down < _DOWN)


def _around(centre: NDArray[np.floating[Any]], side: int) -> Lines:
    """Positions around an eye, (angles, radii, 2), mirrored for the right one (`side` -1), and the way outwards."""
    outwards = np.stack([side * np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)[:, None].astype(np.float64)
    return centre + outwards * _RADII[:, None], outwards


def _near(values: Array, allowed: NDArray[np.bool_]) -> Array:
    """Of allowed values the largest one beside a place: the two sides of a face are not quite the same."""
    return np.asarray(cv2.dilate(np.where(allowed, values, 0), np.ones((1, 3), np.uint8)), np.float32)


def _line(values: Array) -> NDArray[np.intp]:
    """(N,) the places, one in each row of (N, K) values, of the line that stands out most and bends least."""
    worth = np.minimum(values, _STRONG) / _STRONG
    total, places = worth[0], np.arange(worth.shape[1])
    came: list[NDArray[np.intp]] = []
    for row in worth[1:]:
        best, source = total, places
        for step in (*range(-_FARTHEST, 0), *range(1, _FARTHEST + 1)):
            before = np.full(len(total), -np.inf)
            to = slice(max(step, 0), len(total) + min(step, 0))
            before[to] = total[max(-step, 0) : len(total) - max(step, 0)] - _BEND * abs(step)
            source = np.where(before > best, places - step, source)
            best = np.maximum(before, best)
        came.append(source)
        total = best + row
    line = [int(np.argmax(total))]
    for source in came[::-1]:
        line.append(int(source[line[-1]]))
    return np.array(line[::-1])


def _at(values: NDArray[Any], places: NDArray[np.intp]) -> NDArray[Any]:
    return values[np.arange(len(places)), places]


def _held(lenses: NDArray[np.float64], bridge: NDArray[np.float64], centres: list[NDArray[np.floating[Any]]]) -> Array:
    """The map over `_AROUND` of what is held: lenses (2, angles, 2) but for the lids, the bridge, the temples."""
    columns, rows = np.rint((_AROUND[2:] - _AROUND[:2]) * _MAP_CELLS).astype(int)

    def drawn(positions: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
        return np.rint((positions - _AROUND[:2]) * _MAP_CELLS - 0.5).astype(np.int32)

    free = np.ones((rows, columns), np.uint8)
    lids = np.ones((rows, columns), np.float32)
    cv2.polylines(free, [drawn(bridge)], isClosed=False, color=(0,))
    places = (Grid(0, 0, 1, columns, rows).nodes + 0.5) / _MAP_CELLS + _AROUND[:2]
    for lens, centre in zip(lenses, centres, strict=True):
        cv2.fillPoly(free, [cv2.convexHull(drawn(lens))], (0,))
        hinge = lens[np.argmax(np.abs(lens[:, 0]) - lens[:, 1])]
        cv2.line(free, drawn(hinge).tolist(), drawn(np.array([np.sign(hinge[0]) * _ARM, hinge[1]])).tolist(), (0,))
        away = np.linalg.norm((places - centre) / _NEAREST, axis=2)
        lids = np.minimum(lids, smooth_step((away - _LIDS) / (1 - _LIDS)))
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5) / _MAP_CELLS
    return np.clip(1 - (distance - _HELD) / _FADES, 0, 1) * lids
