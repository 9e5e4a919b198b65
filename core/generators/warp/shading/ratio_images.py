# SPDX-License-Identifier: GPL-3.0-or-later
"""Ratio images: how the light on a driver's skin changes with its expression, measured in its movie.

A frame's brightness over that of the neutral frame, both laid on the mean face by their landmarks (expression ratio
images; Liu, Shan and Zhang 2001). Where the two are not aligned, a ratio has false edges: what an error of alignment
would show is reckoned with, and such places are filled in from around them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ....landmarks.topology import EYES, JAW, LEFT_BROW, NOSE_BASE, NOSE_BRIDGE, OUTER_LIP, RIGHT_BROW
from ....motion.face_model import Y_DOWN, load_face_model
from ....motion.pose import fit_rigid_poses
from ..fields.face_grid import CELLS, COLUMNS, ROWS, indices, mean_points, nodes, places_in_picture
from ..pixels.sampling import polygon_mask, read_at, smooth_step
from .skin import find_skin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

SHRINK = 2  # what is kept has cells so many times those of the face grid
_SMOOTH = 1.0  # cells: of the pictures before they are divided
_FURTHEST, _STIFF = 3.0, 5.0  # cells: how far landmarks are corrected, and over what distance that may change
_MISALIGNED = 0.5  # cells: what is left
_DARKEST_SKIN = 8.0  # 0..255: below, a ratio is noise
_AROUND = 4.0  # cells: places that are not sure are filled in from so far; what is wider is no fold
_STRONGEST, _OUTLIER = 0.5, 0.5  # changes of log brightness
_EDGEWISE = 0.3  # skin whose area is less than this share of the neutral frame's is seen too flat
_TURNED = 8.0  # degrees from the neutral frame's pose, over which wide changes are less and less the expression's
_ROBUST, _ROBUST_ROUNDS = 0.1, 3  # change of log brightness that is not even light: it counts half; of the fit
_EYE, _BROW, _LIP, _RIM, _NOSE = 0.05, 0.07, 0.03, 0.06, 0.04  # eye distances around these that are not skin
_HAIR, _FRINGE = 0.03, 0.12  # eye distances around what is no skin by its colour
_UNDER_NOSE = np.array([0.0, 0.03 * CELLS])  # cells: nostrils may be below the points of the nose's base
_FOREHEAD = 0.36  # above the brows


class RatioImages:
    """The frames of one movie against its neutral one."""

    def __init__(self, neutral: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> None:
        """The neutral frame, (H, W, 3) RGB, and its (68, 2) landmarks."""
        self._neutral = _Face(neutral, landmarks)

    def measure(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> Array:
        """(rows, columns, 2) on the mean face: change of log brightness, and how sure it is (0..1)."""
        neutral, frame = self._neutral, _Face(pixels, landmarks)
        at = _cells() + _correction(neutral, frame)
        light, skin = read_at(frame.light, at), neutral.skin * read_at(frame.skin, at)
        size = frame.area / neutral.area
        skin *= smooth_step(size / (float(np.median(size)) * _EDGEWISE) - 1)
        change = light - neutral.light
        change -= _uneven_light(change, skin)
        # What a small error of alignment would show, against what is seen.
        false = _blur(_MISALIGNED**2 * neutral.edges, 1.0)
        sure = skin * change**2 / (change**2 + false + 1e-5) / (1 + (change / _OUTLIER) ** 4)
        around = _spread(change, sure)
        # A head that turns is lit anew, in large patches: that belongs to the driver's room. Folds are narrow.
        turn = np.degrees(np.arccos(np.clip((np.trace(frame.rotation @ neutral.rotation.T) - 1) / 2, -1, 1)))
        filled = (change - around) * sure + around * np.exp(-((turn / _TURNED) ** 2))
        result = np.dstack([np.clip(filled, -_STRONGEST, _STRONGEST) * skin, skin])
        return np.asarray(
            cv2.resize(result, (COLUMNS // SHRINK, ROWS // SHRINK), interpolation=cv2.INTER_AREA), np.float32
        )


class _Face:
    """A frame on the mean face."""

    def __init__(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> None:
        places = places_in_picture(landmarks.astype(np.float64))
        # As many pixels as cells, so that none is left out.
        step = float(np.linalg.norm(np.diff(places, axis=1), axis=2).mean())
        shrink = min(1.0, 1 / step)
        small = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        ratio = np.array([small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]], np.float32)
        picture = read_at(small, (places + 0.5) * ratio - 0.5)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
        self.light = np.log(np.maximum(_blur(grey, _SMOOTH), _DARKEST_SKIN))
        self.edges = (np.stack(np.gradient(self.light)) ** 2).sum(0)
        local = self.light - _blur(self.light, _STIFF)
        self.texture = np.clip(128 + 200 * local, 0, 255).astype(np.uint8)  # what the change of light leaves
        skin = find_skin(picture, nodes())[0]
        # A fringe throws shadows, and no landmark says where the forehead is.
        fringe = np.where(np.arange(ROWS)[:, None] < _brow_row(), skin, np.float32(1))
        bare = np.minimum(cv2.erode(skin, _disc(_HAIR)), cv2.erode(fringe, _disc(_FRINGE)))
        self.skin = _blur(np.asarray(bare, np.float32), 1.0) * _bare()
        across, down = (np.gradient(places, axis=axis) for axis in (1, 0))
        # Pixels; below 0 where it is hidden.
        self.area: Array = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
        [pose] = fit_rigid_poses(load_face_model().landmarks * Y_DOWN, landmarks[None], np.zeros(3))
        self.rotation = pose.rotation


def _blur(field: Array, distance: float) -> Array:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), distance), np.float32)


def _spread(change: Array, sure: Array) -> Array:
    """The mean change around each place, of places as sure as they are; 0 where none is near."""
    return _blur(change * sure, _AROUND) / np.maximum(_blur(sure, _AROUND), 1e-2)


def _correction(neutral: _Face, frame: _Face) -> Array:
    """(ROWS, COLUMNS, 2) cells from where landmarks say a place of the neutral frame is to where it is seen."""
    flow = np.zeros((ROWS, COLUMNS, 2), np.float32)
    cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(neutral.texture, frame.texture, flow)
    # Smooth skin says nothing of where it is, and a fold that comes up must not be explained away.
    weight = neutral.edges + 1e-3
    steady, near = _blur(flow * weight[..., None], _STIFF), _blur(weight, _STIFF)
    return np.clip(steady / near[..., None], -_FURTHEST, _FURTHEST)


def _uneven_light(change: Array, weight: Array) -> Array:
    """The part of a change (ROWS, COLUMNS) that exposure or a light far away makes: a quadratic fit."""
    x, y = nodes()[..., 0], nodes()[..., 1]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    fit = np.zeros(len(terms), np.float32)
    for _ in range(_ROBUST_ROUNDS):
        rest = change.ravel() - fit
        robust = weight.ravel() / (1 + (rest / _ROBUST) ** 2)
        normal = (terms * robust[:, None]).T
        fit = terms @ np.linalg.solve(normal @ terms + 1e-3 * np.eye(6), normal @ change.ravel()).astype(np.float32)
    return fit.reshape(change.shape)


@cache
def _cells() -> Array:
    return np.dstack(np.meshgrid(np.arange(COLUMNS, dtype=np.float32), np.arange(ROWS, dtype=np.float32)))


def _brow_row() -> float:
    """The top of the mean face's brows, in cells."""
    return float(indices(mean_points())[[*RIGHT_BROW, *LEFT_BROW], 1].min())


@cache
def _bare() -> Array:
    """(ROWS, COLUMNS): 1 where the mean face has skin, 0 on eyes, brows, lips, and beyond the jaw."""
    points = indices(mean_points())
    above = _brow_row() - _FOREHEAD * CELLS
    outline = np.concatenate([points[list(JAW)], [[points[16, 0], above], [points[0, 0], above]]])
    mask = _inside(outline, -_RIM)
    for part, margin in ((EYES[0], _EYE), (EYES[1], _EYE), (OUTER_LIP, _LIP)):
        mask *= 1 - _inside(points[list(part)], margin)
    ball = np.concatenate([points[list(NOSE_BRIDGE[2:3])], points[list(NOSE_BASE)] + _UNDER_NOSE])
    mask *= 1 - _inside(ball, _NOSE)  # it shines where the head turns, and never creases
    for brow in (RIGHT_BROW, LEFT_BROW):
        line = np.zeros((ROWS, COLUMNS), np.uint8)
        cv2.polylines(line, [np.rint(points[list(brow)]).astype(np.int32)], False, (1,), round(2 * _BROW * CELLS))  # noqa: FBT003
        mask *= 1 - line
    return _blur(mask, 1.5)


def _inside(outline: Array, margin: float) -> Array:
    """(ROWS, COLUMNS) 0..1 inside a closed outline (N, 2) cells, grown by a margin in eye distances."""
    mask = polygon_mask(outline, (0, 0), (ROWS, COLUMNS), 0)
    return np.asarray((cv2.dilate if margin > 0 else cv2.erode)(mask, _disc(abs(margin))), np.float32)


def _disc(radius: float) -> NDArray[np.uint8]:
    """A kernel, its radius in eye distances."""
    size = 2 * round(radius * CELLS) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
