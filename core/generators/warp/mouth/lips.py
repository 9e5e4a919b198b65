# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lips meet in the picture, and that they keep their thickness when the mouth opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import INNER_LOWER_LIP, INNER_UPPER_LIP, LIP_PAIRS, MOUTH_CORNERS
from ....motion.lip_contact import face_down
from ..pixels.sampling import read_at, smooth_step, to_8bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

UPPER, LOWER = ((50, 51, 52), (61, 62, 63)), ((58, 57, 56), (67, 66, 65))
"""Outer and inner edge of the lips, from the left."""

_BESIDE = (49, 50), (53, 52), (59, 58), (55, 56)  # outer points nearest the corners, and who they go half-way with
_INNER_AND_OUTER = (60, 48), (64, 54)  # corners
_NARROWED = (0.7, 1.0)  # the least and the most of its thickness that a lip has which is drawn wide
_NOSE = (32, 33, 34)  # its base, above the upper lip
_SHORTEST = 0.4  # of the portrait's philtrum
_THINNEST = 0.4  # of the portrait's lips: thinner ones are pressed to a line, and turn over
_OF_GAP = 0.2  # of the opening is the most that each lip takes
_OPEN = 0.04  # eye distances of opening, more than the portrait's, in which this sets in
_OPEN_FOR_TRACKERS = 0.12  # eye distances of opening from which trackers see either edge
_WIDE_OPEN = 0.1  # eye distances of opening whose corners are dark as well
_SHUT = 0.02  # eye distances: lips that stand apart less than this meet in a line
_SEARCH = 0.045  # eye distances above and below
_STEPS = 31
_REACH = np.linspace(-_SEARCH, _SEARCH, _STEPS)
_LIT = 0.5  # of the lip's brightness: there the dark ends
_WIDEST = 0.01, 0.03  # eye distances from the line, at most: an upper lip has shade of its own
_DOUBT = 0.35  # of the lips' range of brightness: a line at the end of the search must be darker by this

_DOWN = np.array([0.0, 1.0])  # a level face

_THICKNESS = np.zeros((2, 68))  # weights of the landmarks: either lip's inner edge below its outer one
for _weights, (_outer, _inner) in zip(_THICKNESS, (UPPER, LOWER), strict=True):
    _weights[list(_inner)], _weights[list(_outer)] = 1 / 3, -1 / 3
_MIDDLES = np.zeros((2, 3, 68))  # weights of the landmarks: three places between either lip's edges
for _weights, _edges in zip(_MIDDLES, (UPPER, LOWER), strict=True):
    for _edge in _edges:
        _weights[range(3), _edge] = 1 / 2
_APART = np.zeros(68)  # weights of the landmarks: the lower lip's inner edge below the upper one's
_APART[INNER_UPPER_LIP], _APART[INNER_LOWER_LIP] = -1 / len(LIP_PAIRS), 1 / len(LIP_PAIRS)


def seam_shifts(pixels: NDArray[Any], points: NDArray[np.floating[Any]], distance: float) -> Array:
    """(68, 2) shifts that bring the inner points of shut lips to the dark line between them; zeros when open."""
    shifts = np.zeros((68, 2))
    line = _across_seam(pixels, points, distance)
    if line is not None:
        down, profile = line
        cost = profile + _DOUBT * float(np.ptp(profile)) * np.abs(_REACH / _SEARCH)
        shifts[INNER_UPPER_LIP + INNER_LOWER_LIP] = _REACH[int(cost.argmin())] * distance * down
    return shifts


def follow_seam(
    shifts: Array, detected: NDArray[np.floating[Any]], points: NDArray[np.floating[Any]], distance: float
) -> Array:
    """(68, 2) the part of `seam_shifts` that is right for points (68, 2): trackers know an open upper lip's edge.

    `detected` (68, 2) are the portrait's own.
    """
    down = face_down(detected)
    opened = (opening(points, down) - opening(detected, down)) / (_OPEN_FOR_TRACKERS * distance)
    followed = shifts.copy()
    followed[INNER_UPPER_LIP] *= 1 - float(smooth_step(opened))
    return followed


def seam_edges(pixels: NDArray[Any], points: NDArray[np.floating[Any]], distance: float) -> Array:
    """(68, 2) shifts of shut lips' inner points, which lie on the dark line, to where either lip is lit.

    The dark is the shadow that one lip throws on the other: when they part it is gone.
    """
    shifts = np.zeros((68, 2))
    line = _across_seam(pixels, points, distance)
    if line is not None:
        down, profile = line
        middle = _STEPS // 2
        for lip, side, widest in ((INNER_UPPER_LIP, -1, _WIDEST[0]), (INNER_LOWER_LIP, 1, _WIDEST[1])):
            away = profile[middle::side]
            lit = away[0] + _LIT * (away.max() - away[0])
            width = min(float(np.argmax(away >= lit)) * (_REACH[1] - _REACH[0]), widest)
            shifts[lip] = side * width * distance * down
    return shifts


def parted(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]], edges: Array) -> Array:
    """(68, 2) the part of `seam_edges` that lips have left behind when they part from `still` to `moved` (68, 2)."""
    down = face_down(still)
    opened = (opening(moved, down) - opening(still, down)) / max(2 * opening(edges, down), 1e-6)
    return edges * float(smooth_step(opened))


def closing_corners(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]], distance: float) -> Array:
    """(68, 2) shifts of the inner corners of an open mouth to the outer ones, as far as it closes.

    It closes from `still` to `moved` (68, 2).
    """
    down = face_down(still)
    own = opening(still, down)
    closed = float(smooth_step(1 - opening(moved, down) / max(own, 1e-6)))
    return dark_corners(still, own, distance, closed)


def dark_corners(points: NDArray[np.floating[Any]], opened: float, distance: float, share: float) -> Array:
    """(68, 2) shifts of the inner corners of lips that stand `opened` pixels apart, by a share, to the outer ones.

    If that is wide, it is dark between the two corners: a dash on lips that meet.
    """
    shifts, wide = np.zeros((68, 2)), float(smooth_step(opened / (_WIDE_OPEN * distance)))
    for inner, outer in _INNER_AND_OUTER:
        shifts[inner] = wide * share * (points[outer, :2] - points[inner, :2])
    return shifts


def middles(points: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """(3, 2) places in the middle of the upper and of the lower lip's red of (68, 2) landmarks."""
    upper, lower = _MIDDLES @ points
    return upper, lower


def opening(points: NDArray[np.floating[Any]], down: Array = _DOWN) -> float:
    """How far the lips of (68, 2) landmarks stand apart `down` (2,) the face, less than 0 where they cross."""
    return float(_APART @ points[:, :2] @ down)


def _across_seam(
    pixels: NDArray[Any], points: NDArray[np.floating[Any]], distance: float
) -> tuple[Array, Array] | None:
    """The unit vector down across shut lips, and how bright it is along it at `_REACH` from their inner points."""
    middle = (points[INNER_UPPER_LIP, :2] + points[INNER_LOWER_LIP, :2]) / 2
    along = middle[-1] - middle[0]
    down = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    if opening(points, down) > _SHUT * distance:
        return None
    # Each of the three points looks across the line, and beside itself, too: a crack in a lip is no line.
    beside = np.linspace(-0.25, 0.25, 9)[:, None] * along
    places = middle[:, None, None] + beside[:, None] + (_REACH * distance)[:, None] * down
    corner = np.floor(np.clip(places.min((0, 1, 2)) - 2, 0, None)).astype(int)
    end = np.ceil(places.max((0, 1, 2)) + 3).astype(int)
    part = to_8bit(np.ascontiguousarray(pixels[corner[1] : end[1], corner[0] : end[0], :3]))
    if not part.size:
        return None
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    luma = np.asarray(cv2.GaussianBlur(grey, (0, 0), max(0.008 * distance, 0.3)), np.float32)
    seen = read_at(luma, (places - corner).reshape(3, -1, 2).astype(np.float32)).reshape(3, len(beside), _STEPS)
    return down, np.median(seen, axis=(0, 1))  # one for the whole line: it keeps its shape


def with_sound_lips(
    still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]], distance: float, *, keyed: bool
) -> Array:
    """An unturned face's landmarks (68, 2), `moved` from `still`, whose lips do not cross, turn over or hide the nose.

    `keyed` lips keep their thickness, too.
    """
    sound = moved + meeting(still, moved)
    sound += below_nose(still, sound)
    if keyed:
        sound += keep_lips(still, moved, distance)
    return sound + thick_enough(still, sound)


def keep_lips(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]], distance: float) -> Array:
    """(68, 2) shifts of an unturned face's moved landmarks, so that no lip of the opening mouth gets thin.

    It is for keyed lips, which roll out; a driver's are as thick as they are, see `thick_enough`. The outer edges stay.
    A mouth that does not open may roll its lips in.
    """
    shifts = np.zeros((68, 2))
    right, left = MOUTH_CORNERS
    width, own_width = (max(float(np.hypot(*(points[left] - points[right]))), 1e-6) for points in (moved, still))
    narrowed = min(max(own_width / width, _NARROWED[0]), _NARROWED[1])  # a lip drawn wide gets thin
    down = face_down(still)
    gap, before = opening(moved, down), opening(still, down)
    sets_in = float(smooth_step((gap - before) / (_OPEN * distance)))
    for (_, inner), thickness in zip((UPPER, LOWER), _THICKNESS, strict=True):
        thick, wanted = float(thickness @ moved @ down), narrowed * float(thickness @ still @ down)
        lacking = min(max(abs(wanted) - abs(thick), 0), _OF_GAP * max(gap, 0))
        shifts[list(inner)] = sets_in * lacking * np.sign(wanted) * down
    return shifts


def thick_enough(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]]) -> Array:
    """(68, 2) shifts of an unturned face's moved landmarks, so that no lip's edges come too near or cross.

    Those of a driver with thicker lips would, and of lips that are keyed to roll in. Inner edges move into the mouth as
    far as it is open, outer ones the rest.
    """
    shifts, down = np.zeros((68, 2)), face_down(still)
    room = np.maximum((moved[list(LOWER[1])] - moved[list(UPPER[1])]) @ down, 0) / 2
    for outer, inner, inwards in ((*UPPER, 1), (*LOWER, -1)):
        thick, own = (inwards * ((points[list(inner)] - points[list(outer)]) @ down) for points in (moved, still))
        lacking = np.maximum(np.minimum(_THINNEST * own, own) - thick, 0)
        shifts[list(inner)] = np.outer(inwards * np.minimum(lacking, room), down)
        shifts[list(outer)] = np.outer(-inwards * np.maximum(lacking - room, 0), down)
    _take_along(shifts)
    return shifts


def below_nose(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]]) -> Array:
    """(68, 2) shifts of whole lips, so that they stay below the nose when an unturned face's landmarks move.

    Lips put forward would hide the nose of a head that looks up. A picture has no skin that could stand out so far:
    what is between them would turn over. The lower lip makes room where the upper one needs it.
    """
    shifts = np.zeros((68, 2))
    down, nose, lip = face_down(still), list(_NOSE), list(UPPER[0])
    now, own = ((points[lip] - points[nose]) @ down for points in (moved, still))
    lacking = float((np.minimum(_SHORTEST * own, own) - now).max())
    if lacking <= 0:
        return shifts
    room = float(((moved[list(LOWER[1])] - moved[list(UPPER[1])]) @ down).min())
    for edges, way in ((UPPER, lacking), (LOWER, max(lacking - max(room, 0), 0))):
        shifts[[point for edge in edges for point in edge]] = way * down
    _take_along(shifts)
    return shifts


def meeting(still: NDArray[np.floating[Any]], moved: NDArray[np.floating[Any]]) -> Array:
    """(68, 2) shifts of whole lips that would cross: driven from lips that stand apart, shut ones are asked to."""
    shifts, down = np.zeros((68, 2)), face_down(still)
    gaps, before = ((points[INNER_LOWER_LIP] - points[INNER_UPPER_LIP]) @ down for points in (moved, still))
    crossed = np.maximum(np.minimum(before, 0) - gaps, 0) / 2
    if not crossed.any():
        return shifts
    for lip, side in ((UPPER, -1), (LOWER, 1)):
        for points in lip:
            shifts[list(points)] = np.outer(side * crossed, down)
    _take_along(shifts)
    return shifts


def _take_along(shifts: Array) -> None:
    """Let the outer points nearest the corners go half-way with their neighbours."""
    for point, beside in _BESIDE:
        shifts[point] = shifts[beside] / 2
