# SPDX-License-Identifier: GPL-3.0-or-later
"""The head mask: the person, with hair or hat, neck and body, cut out of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ....landmarks.detect import create_detector
from ..fields.grid import area_of, overlap
from ..fill.exemplars import grown
from ..fill.plate import surroundings
from ..pixels.sampling import premultiplied, ramp, straight, to_8bit
from ..surface.head import project_points
from .graph_cut import UNCLEAR, divide, odds_of_colour
from .person_network import people_odds
from .pieces import along, distance_in, enclosed, mostly, numbered, opened, short, touching, within_reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....motion.face_model import FittedFace

    Array = NDArray[np.float32]

_MARGIN = np.array([2.3, 2.7, 2.3, 3.2])  # left, top, right, bottom of the landmarks' box, in eye distances
_COARSE, _FINE = 36.0, 110.0  # pixels of eye distance in the copies where colours are told apart and edges followed
_CLOSE_BY, _FADING, _DOUBTLESS = 0.5, 3.0, 4.0  # log odds at the bare head, how they fall with distance; the most
_SUREST = 5.0  # log odds of colours against what the network says: clothes' may be nobody's, and a flag's the face's
_NOBODY = -6.5  # its log odds where it is sure that nobody is there: beside hair it is not
_SIDE, _SHOULDERS = 0.4, 1.8  # at the chin the body is probably so wide, and wider by this slope
_SEES = 0.9  # of a face the network sees, or it has no say
_FACES = 72.0  # pixels of eye distance in the copy where other faces are looked for
# All in eye distances:
_ELBOW_ROOM = 0.8  # farther from the bare head than this may be somebody else
_HEAD = 1.1  # radius of a head about the middle of its eyes
_SURE = 0.12  # so far inside the bare head everything is person
_FURTHEST, _CHIN = 1.6, 0.2  # so far outside it is certainly background, unless it is that far below the chin
_JAW = -0.2  # examples of the background lie higher: lower down there may be shoulders or long hair
_AWAY = 0.4  # so far outside there is mostly background
_THROAT = 0.3  # so far beside the chin, below it, is the throat, then the chest
_CLEAR, _BESIDE = 0.3, 0.4  # so far out is background; what differs from it and reaches out farther is another thing
_TIP = 0.3  # what is thin and differs belongs to the person if it reaches out less: leaves, locks
_GAP = 0.4  # gaps of the body are narrower
_FOLD, _GAP_PIXELS = 0.05, 2  # what is so wide is the person's over a gap of so many pixels of the copy
_CLOSE, _CHEEKS = 0.03, -0.5  # farther outside it is beside the head; and so far below the chin no collar
_COLLAR = -0.3  # so far below the chin is the upper end of what a collar's rim surrounds
_EARS = -1.1  # and so far the ears: between them and a collar a wall lies along the person, too
_THIN, _SHORT = 0.2, 0.35  # what is narrower and reaches out farther is no part of a person
_NOT_THE_WALLS = -1.0  # log odds of a colour that what only touches the person must have
_UNLIKE, _GRAIN = 3.0, 20 / 255  # deviations that are a difference, and the least that one is
_DARK = 0.3  # of that in the dark, where less is seen
_SHADES, _RARE = 3, 2e-3  # bits of a colour that say nothing; what is rarer on the head is none of its colours
_LEAST_HOLE, _WALL = 0.01, -6.0  # of the copy: smaller holes are the person's, unless these log odds say otherwise
_EDGE, _FLAT = 0.05, 1e-3  # radius of the guided filter, and the variance below which it blurs
_FADE = 0.3  # beside what is invisible the mask ends so far behind it
_SOLID = (0.15, 0.85)  # what the filter gives beyond these is none or all


def find_head(pixels: NDArray[Any], face: FittedFace) -> Array:
    """(H, W) how much of every pixel of (H, W, C) is person, 0..1; farther away from the head its edge is repeated.

    A graph cut by what a network takes for people, by colour and place on a small copy (as in GrabCut, Rother et al.
    2004), led by the fitted head model, then a guided filter (He et al. 2010) that lets the edge follow the picture's.
    """
    height, width = pixels.shape[:2]
    points = face.points[:, :2]
    box = np.concatenate([points.min(0), points.max(0)]) + _MARGIN * face.eye_distance * [-1, -1, 1, 1]
    area = overlap(area_of(box), (slice(0, height), slice(0, width)))
    part = premultiplied(pixels[area])
    corner = np.array([area[1].start, area[0].start])
    reduced, scale = _reduce(part, _COARSE / face.eye_distance)
    coarse, invisible = np.ascontiguousarray(reduced[..., :3]), (reduced[..., 3:] == 0).any(2)
    surface = project_points(face)[:, :2]
    # Lower down the model has ears, neck and shoulders that need not be this person's.
    bare = np.concatenate([surface[surface[:, 1] < points[33, 1]], points])
    where = _measure((bare - corner + 0.5) * scale - 0.5, (points - corner + 0.5) * scale - 0.5, coarse.shape)
    labels, examples = _certain(where), _examples(where)
    if invisible.any():
        wall = coarse[(examples == cv2.GC_BGD) & ~invisible]
        if 2 * len(wall) < np.count_nonzero(examples == cv2.GC_BGD):
            return (pixels[..., 3] > 0).astype(np.float32)  # cut out already
        labels[invisible], examples[invisible] = cv2.GC_BGD, UNCLEAR
        # What is invisible has no colour that could be learnt from.
        coarse[invisible] = np.resize(wall, (np.count_nonzero(invisible), 3))
    eye_distance = face.eye_distance * float(scale[0])
    people = _people(coarse, where)
    labels[_of_others(part, people, where, face.eye_distance)] = cv2.GC_BGD
    certain, place = labels.copy(), _odds_of_place(where) + people
    surest = np.where(people > 0, -_SUREST, -np.inf), np.where(people < _NOBODY, _SUREST, np.inf)
    # Where somebody wears the wall's colour, and in a grey picture everybody does, the place decides.
    colour = odds_of_colour(coarse, examples)
    divide(coarse, labels, place + np.clip(colour, *surest))
    wall = _wall_beside(coarse, labels, examples, where, _THIN * eye_distance)
    if wall.any():
        labels, examples[wall] = np.where(wall, np.uint8(cv2.GC_BGD), certain), cv2.GC_BGD
        colour = odds_of_colour(coarse, examples)
        divide(coarse, labels, place + np.clip(colour, *surest))
    likely, high = place + colour > _WALL, where.below < _COLLAR
    found = _thick(labels, likely, high, eye_distance)
    beside = _unlike_wall(coarse, found, eye_distance) & (labels != cv2.GC_BGD) & (people >= 0)
    below_ears = touching(beside, high) & ~touching(beside, where.below < _EARS)
    beside &= along(beside, found) & (~below_ears | mostly(beside, likely)) | (colour > _NOT_THE_WALLS)
    found |= opened(found | beside, _THIN * eye_distance)
    found |= within_reach(opened(beside, _FOLD * eye_distance), found, _TIP * eye_distance)
    whole = _one_piece(found, (points[30] - corner) * scale, likely)
    person = _with_body(whole, where.below >= 0, _GAP * eye_distance)
    person |= invisible & (distance_in(person == 0) < _FADE * eye_distance)  # alpha makes that edge soft
    mask = _follow_edges(part, person, face.eye_distance) * (part[..., 3:] > 0).all(2)
    above, left = area[0].start, area[1].start
    below, right = height - area[0].stop, width - area[1].stop
    return np.asarray(cv2.copyMakeBorder(mask, above, below, left, right, cv2.BORDER_REPLICATE), np.float32)


def _reduce(part: NDArray[Any], zoom: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """An 8-bit copy of premultiplied pixels, with straight alpha, and its scale along x and y."""
    height, width = part.shape[:2]
    size = (max(2, round(width * min(zoom, 1))), max(2, round(height * min(zoom, 1))))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    return to_8bit(straight(small, small.dtype)), np.array(size) / (width, height)


class _Where(NamedTuple):
    """(h, w) of every pixel of the copy in eye distances."""

    outside: Array  # of the bare head
    inside: Array
    below: Array  # the chin
    beside: Array


def _measure(bare: NDArray[np.floating[Any]], points: NDArray[np.floating[Any]], shape: tuple[int, ...]) -> _Where:
    """Where pixels are, from points (N, 2) of the bare head and the landmarks (68, 2)."""
    distance = float(np.linalg.norm(points[45] - points[36]))
    head = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(head, np.rint(cv2.convexHull(bare.astype(np.float32))).astype(np.int32), (1,))
    outside, inside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) / distance for part in (1 - head, head))
    y, x = np.mgrid[: shape[0], : shape[1]]
    return _Where(outside, inside, (y - points[8, 1]) / distance, np.abs(x - points[8, 0]) / distance)


def _certain(where: _Where) -> NDArray[np.uint8]:
    """GrabCut's labels (h, w): deep in the head is the person, far outside the background, all else is open."""
    labels = np.full(where.outside.shape, cv2.GC_PR_BGD, np.uint8)
    labels[(where.outside > _FURTHEST) & (where.below < _CHIN)] = cv2.GC_BGD
    labels[where.inside > _SURE] = cv2.GC_FGD
    return labels


def _odds_of_place(where: _Where) -> Array:
    """(h, w) the log odds that a pixel is the person's by its place: near the bare head, or between shoulders."""
    head = _CLOSE_BY - _FADING * where.outside
    body = np.where(where.below > 0, _FADING * (_SIDE + _SHOULDERS * where.below - where.beside), -_DOUBTLESS)
    return np.clip(np.maximum(head, body), -_DOUBTLESS, _DOUBTLESS).astype(np.float32)


def _people(picture: NDArray[np.uint8], where: _Where) -> Array:
    """(h, w) the log odds that a network gives for people; none where it hardly sees the face: a line drawing's."""
    odds = people_odds(picture)
    face = odds[where.inside > _SURE]
    return odds if np.count_nonzero(face > 0) >= _SEES * face.size else np.zeros_like(odds)


def _of_others(part: NDArray[Any], people: Array, where: _Where, eye_distance: float) -> NDArray[np.bool_]:
    """(h, w) what is nearer to another head than to this one, above the chin; lower down bodies are one and keep still.

    Faces are looked for only where people are seen far from this head: hair or a hat, or somebody else. `eye_distance`
    is this face's, in pixels of the `part` (H, W, C).
    """
    theirs = np.zeros(people.shape, bool)
    if not ((people > 0) & (where.outside > _ELBOW_ROOM) & (where.below < 0)).any():
        return theirs
    copy, _ = _reduce(part, _FACES / eye_distance)
    scale, own = np.array(people.shape[::-1]) / copy.shape[1::-1], eye_distance * people.shape[1] / part.shape[1]
    y, x = np.mgrid[: people.shape[0], : people.shape[1]]
    for face in create_detector("dlib").detect(np.ascontiguousarray(copy[..., :3]), thorough=False):
        points = (face.landmarks + 0.5) * scale - 0.5
        size = float(np.linalg.norm(points[45] - points[36]))
        column, row = np.clip(np.rint(points[30]).astype(int), 0, np.array(people.shape[::-1]) - 1)
        if where.inside[row, column] > 0:
            continue  # this one
        beside = (np.hypot(x - points[27, 0], y - points[27, 1]) - _HEAD * size) / own
        theirs |= (beside < where.outside) & (where.below < 0)
    return theirs


def _examples(where: _Where) -> NDArray[np.uint8]:
    """(h, w) whose colours are a person's for certain, and a background's; the others are unclear."""
    examples = np.full(where.outside.shape, UNCLEAR, np.uint8)
    around = (where.outside > 0) & (where.below < _JAW)
    if around.any():
        away = np.clip(np.median(where.outside[around]), _AWAY, _FURTHEST)
        examples[around & (where.outside >= away)] = cv2.GC_BGD
    examples[(where.inside > _SURE) | ((where.below > 0) & (where.beside < _THROAT))] = cv2.GC_FGD
    return examples


def _wall_beside(
    picture: NDArray[np.uint8], labels: NDArray[np.uint8], examples: NDArray[np.uint8], where: _Where, wide: float
) -> NDArray[np.bool_]:
    """What is cut out beside the head, as wide as this, leaves the copy there and has none of the head's colours.

    It is a wall in the colour of the shirt. Hair and hats that leave the copy are seen on the bald head as well.
    """
    head = picture[(examples == cv2.GC_FGD) & (where.below < 0)] >> _SHADES
    count = np.pad(np.zeros((256 >> _SHADES,) * 3, np.float32), 1)
    np.add.at(count, tuple(head.T + 1), 1 / max(len(head), 1))
    alike = np.lib.stride_tricks.sliding_window_view(count, (3, 3, 3)).sum((3, 4, 5)) > _RARE
    strange = ~alike[tuple(np.moveaxis(picture >> _SHADES, 2, 0))]
    beside = (labels == cv2.GC_PR_FGD) & (where.below < _CHEEKS) & (where.outside > _CLOSE)
    border = np.zeros_like(beside)
    border[0] = border[:, [0, -1]] = True
    return touching(opened(beside & strange, wide), border)


def _unlike_wall(picture: NDArray[np.uint8], person: NDArray[np.bool_], eye_distance: float) -> NDArray[np.bool_]:
    """What lies beside the person and differs from the background close by: a collar as grey as another wall."""
    outside = distance_in(~person) / eye_distance
    mean, variance = surroundings(picture, outside > _CLEAR)
    grain = _GRAIN * np.clip(2 * mean.mean(2), _DARK, 1)
    difference = ((picture / np.float32(255) - mean) ** 2).sum(2) / (variance + grain**2)
    other = (outside > 0) & (difference > _UNLIKE**2)
    # The dark edge of hair may part a veil from it.
    gap = (outside > 0) & grown(person, _GAP_PIXELS) & grown(opened(other, _FOLD * eye_distance), _GAP_PIXELS)
    return within_reach(other | gap, person, _BESIDE * eye_distance)


def _thick(
    labels: NDArray[np.uint8], likely: NDArray[np.bool_], high: NDArray[np.bool_], eye_distance: float
) -> NDArray[np.bool_]:
    """The person without what is thin and long: the edge of a shelf, a rope. Earrings are short, locks lie along hair.

    What the person surrounds is theirs, else a collar's rim would be thin; but where it reaches up high, only if most
    of it is likely to be, such as hair in a bonnet. A door frame between ear and shoulder surrounds something, too.
    """
    person = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    gaps = enclosed(person)
    person |= (gaps & ~touching(gaps, high)) | mostly(gaps, likely)
    kept = opened(person, _THIN * eye_distance) | (labels == cv2.GC_FGD)
    reach = _SHORT * eye_distance
    thin = within_reach(person & ~kept, kept, reach)
    return kept | short(thin, reach) | along(thin, kept)


def _with_body(person: NDArray[np.uint8], low: NDArray[np.bool_], gap: float) -> NDArray[np.uint8]:
    """Where it is low, what is between two parts of the person or under one is person, though it look like a wall."""
    half = round(gap / 2)
    wide = np.pad(person, ((0, 0), (half, half)))
    closed = np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((1, 2 * half + 1), np.uint8)))
    body = closed[:, half : half + person.shape[1]] * low
    return np.maximum(person, np.maximum.accumulate(body, axis=0))


def _one_piece(
    found: NDArray[np.bool_], nose: NDArray[np.floating[Any]], likely: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The piece that has the nose, without small holes; what most of is unlikely to be the person's is no hole."""
    parts = numbered(found)
    column, row = np.clip(np.rint(nose).astype(int), 0, np.array(found.shape[::-1]) - 1)
    whole = parts == parts[row, column]
    pieces = numbered(~whole)
    small = np.bincount(pieces.ravel()) < _LEAST_HOLE * found.size
    return (whole | mostly(small[pieces], likely)).astype(np.uint8)


def _follow_edges(part: NDArray[Any], person: NDArray[np.uint8], eye_distance: float) -> Array:
    """The coarse mask at the part's size: along its edge a linear function of the picture's brightness."""
    small, _ = _reduce(part, _FINE / eye_distance)
    size = small.shape[1::-1]
    guide = small[..., :3].astype(np.float32).mean(axis=2) / 255
    mask = np.asarray(cv2.resize(person.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)
    radius = max(1, round(_EDGE * min(_FINE, eye_distance)))

    def mean(values: Array) -> Array:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)), np.float32)

    guide_mean, mask_mean = mean(guide), mean(mask)
    slope = (mean(guide * mask) - guide_mean * mask_mean) / (mean(guide * guide) - guide_mean**2 + _FLAT)
    offset = mask_mean - slope * guide_mean
    large = part.shape[1::-1]
    slope, offset, near = (
        np.asarray(cv2.resize(field, large, interpolation=cv2.INTER_LINEAR), np.float32)
        for field in (mean(slope), mean(offset), mask_mean)
    )
    shown = straight(part, part.dtype)[..., :3]
    bright = to_8bit(np.ascontiguousarray(shown)).astype(np.float32).mean(axis=2) / 255
    soft = ramp(slope * bright + offset, *_SOLID)
    # Away from the edge the brightness has no say.
    return np.where(near > 1 - 1e-3, np.float32(1), np.where(near < 1e-3, np.float32(0), soft))
