# SPDX-License-Identifier: GPL-3.0-or-later
"""A few tracked points of a face -> all 68: tracks drive the points they name, the rest follows from the face model.

The face model gives how likely each expression is, and so how the points move together: a normal distribution of all
68 points. What the marks leave over from the head's pose is explained by its conditional mean (a Gaussian process;
Rasmussen and Williams 2006, section 2.2), and the pose is the one that leaves what is likeliest (generalised least
squares): marks on the nose tell it more than marks on the lips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..landmarks.topology import EYE_CORNERS, MARKS, PUPIL_MARKS, RIGID
from ..landmarks.track import LandmarkTrack, bridged
from .face_model import NECK_PIVOT, Y_DOWN, load_face_model
from .pose import rotations_about

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..landmarks.marks import Marks

    Array = NDArray[np.float64]

_EXPRESSION = 0.4  # standard deviation of each expression's strength
_SKIN, _SKIN_REACH = 0.15, 2.0  # cm: what skin does beside the expressions, and how far it takes its neighbours along
_NOISE = 0.03  # cm: how exactly marks are set
_UNKNOWN = 1e3  # cm: the same of a mark that is not seen
_TURNED = np.radians(25)  # how far heads turn and nod from the camera
_NEARER = 0.1  # by which share of its size a head comes nearer
_STEPS, _ROUNDS = 12, 4
_ENOUGH = 1e-4  # radians, share of the size, centimetres
_SAMPLE = 60  # frames that tell the shape of the face
_SEEN_OFTEN = 4  # so many different expressions are in them, about
_ENOUGH_SEEN = 3  # marks, to tell where the head is
_AT_ONCE = 500  # frames, which bounds the memory


@dataclass
class _Heads:
    """Where the head is in each frame: scale * rotation @ (centimetres about the neck, y down) + move, in pixels."""

    rotation: Array  # (F, 3, 3)
    scale: Array  # (F,)
    move: Array  # (F, 2)

    @property
    def onto(self) -> Array:
        """(F, 2, 3): what of the head's space is across the picture."""
        return self.rotation[:, :2]

    def project(self, points: Array) -> Array:
        """(N, 3) or (F, N, 3) centimetres -> (F, N, 2) pixels."""
        return self.scale[:, None, None] * (points @ self.onto.transpose(0, 2, 1)) + self.move[:, None]

    def missing(self, pixels: Array, points: Array) -> Array:
        """(F, M, 2) centimetres across the picture, from (M, 3) points to where they are seen."""
        return (pixels - self.project(points)) / self.scale[:, None, None]

    def repeated(self, frames: int) -> _Heads:
        """A head that keeps still."""
        return _Heads(*(np.repeat(part, frames, axis=0) for part in (self.rotation, self.scale, self.move)))


def complete_track(marks: Marks) -> LandmarkTrack:
    """All 68 points. Those that are named lie where they are marked, gaps are bridged as the face moves on.

    The head moves if a point is marked that expressions hardly move (the nose, a corner of an eye, an end of the jaw);
    else it keeps still. Confidence is 1 for a mark, 0 for a bridged one, their mean for all other points.
    """
    named = np.zeros((len(marks.points), 68))
    for row, name in enumerate(marks.points):
        named[row, list(MARKS[name])] = 1 / len(MARKS[name])
    pixels = np.stack(list(marks.points.values()), axis=1)
    seen = ~np.isnan(pixels[..., 0])
    completer = _Completer(named, _bridged(pixels), seen)
    landmarks = completer.landmarks()
    single = named == 1
    confidence = np.where(single.any(0), seen @ single, seen.mean(1, keepdims=True))
    iris = _irises(marks, landmarks).astype(np.float32) if marks.pupils else None
    return LandmarkTrack(landmarks.astype(np.float32), confidence.astype(np.float32), marks.fps, marks.size, iris)


class _Completer:
    """The fit of one track's marks."""

    def __init__(self, named: Array, pixels: Array, seen: NDArray[np.bool_]) -> None:
        """`named` (M, 68) takes the marks from the points; `pixels` (F, M, 2) without gaps, `seen` (F, M) is true."""
        model = load_face_model()
        self._named, self._pixels, self._seen = named, pixels, seen
        self._shape = np.asarray((model.landmarks - NECK_PIVOT) * Y_DOWN, np.float64)
        self._identity: Array = model.identity * Y_DOWN
        expressions = np.stack(list(model.expressions.values())) * Y_DOWN * _EXPRESSION
        self._together = _covariance(self._shape, expressions)
        self._from_marks = np.einsum("ncmd,km->nckd", self._together, named)  # (68, 3, M, 3)
        self._of_marks = np.einsum("kn,ncmd->kcmd", named, self._from_marks)  # (M, 3, M, 3)
        # A face of which too little is seen is where its bridged marks are.
        self._trusted = seen | (seen.sum(1, keepdims=True) < _ENOUGH_SEEN)

    def landmarks(self) -> Array:
        """(F, 68, 2) pixels."""
        frames = len(self._pixels)
        picked = np.unique(np.linspace(0, frames - 1, min(frames, _SAMPLE)).round().astype(int))
        size = self._fit_shape(picked)
        parts = [np.arange(start, min(start + _AT_ONCE, frames)) for start in range(0, frames, _AT_ONCE)]
        points = self._named @ self._shape
        heads = [self._heads(part, size) for part in parts]
        missing = np.concatenate(
            [head.missing(self._pixels[part], points) for head, part in zip(heads, parts, strict=True)]
        )
        missing[~self._seen] = np.nan
        missing = _bridged(missing)
        found = [self._complete(head, missing[part]) for head, part in zip(heads, parts, strict=True)]
        return np.concatenate(found)

    def _fit_shape(self, picked: NDArray[np.intp]) -> float:
        """Find whose face it is by some frames; its usual size, pixels per centimetre."""
        mean, size = self._shape, None
        basis = np.einsum("mn,knc->mck", self._named, self._identity)
        for _ in range(_ROUNDS):
            heads = self._heads(picked, size)
            size = float(np.median(heads.scale))
            missing = heads.missing(self._pixels[picked], self._named @ mean)
            seen = np.einsum("fac,mck->fmak", heads.onto, basis)
            seen = seen.reshape(len(picked), -1, basis.shape[-1])
            weighted = _solved(self._spread(heads, self._trusted[picked]), seen).transpose(0, 2, 1)
            normal = (weighted @ seen).mean(0) * _SEEN_OFTEN + np.eye(basis.shape[-1])
            wanted = (weighted @ missing.reshape(len(picked), -1, 1)).mean(0)[:, 0] * _SEEN_OFTEN
            self._shape = mean + np.tensordot(_solved(normal, wanted), self._identity, 1)
        return size or 1.0

    def _heads(self, frames: NDArray[np.intp], size: float | None) -> _Heads:
        """The poses of these frames; `size` is the head's usual one, if it is known."""
        rigid = self._named[:, list(RIGID)].any()
        points = self._named @ self._shape
        if rigid:
            return self._fit_heads(points, self._pixels[frames], self._trusted[frames], size)
        still = self._pixels.mean(0, keepdims=True)
        return self._fit_heads(points, still, np.ones((1, len(points)), bool), size).repeated(len(frames))

    def _fit_heads(self, points: Array, pixels: Array, trusted: NDArray[np.bool_], size: float | None) -> _Heads:
        """Gauss-Newton from a head that faces the camera, as large and where the marks are."""
        frames = len(pixels)
        middle, own_middle = pixels.mean(1, keepdims=True), points[:, :2].mean(0)
        scale = np.linalg.norm(pixels - middle, axis=(1, 2)) / np.linalg.norm(points[:, :2] - own_middle)
        heads = _Heads(np.tile(np.eye(3), (frames, 1, 1)), scale, middle[:, 0] - scale[:, None] * own_middle)
        prior = np.diag([1 / _TURNED**2, 1 / _TURNED**2, 0, 0 if size is None else 1 / _NEARER**2, 0, 0])
        for _ in range(_STEPS):
            x, y, z = np.moveaxis(points @ heads.rotation.transpose(0, 2, 1), -1, 0)
            moves = np.zeros((frames, len(points), 2, 6))  # by turning about x, y, z; by growing; right, down
            moves[:, :, 0, 1], moves[:, :, 0, 2], moves[:, :, 0, 3] = z, -y, x
            moves[:, :, 1, 0], moves[:, :, 1, 2], moves[:, :, 1, 3] = -z, x, y
            moves[:, :, 0, 4] = moves[:, :, 1, 5] = 1
            moves = moves.reshape(frames, -1, 6)
            away = np.zeros((frames, 6, 1))
            away[:, 0, 0], away[:, 1, 0] = heads.rotation[:, 1, 2], -heads.rotation[:, 0, 2]
            if size is not None:
                away[:, 3, 0] = np.log(size / heads.scale)
            weighted = _solved(self._spread(heads, trusted), moves).transpose(0, 2, 1)
            missing = heads.missing(pixels, points).reshape(frames, -1, 1)
            step = _solved(weighted @ moves + prior, weighted @ missing + prior @ away)[..., 0]
            heads.rotation = rotations_about(step[:, :3]) @ heads.rotation
            heads.move = heads.move + heads.scale[:, None] * step[:, 4:]
            heads.scale = heads.scale * np.exp(np.clip(step[:, 3], -0.5, 0.5))
            if np.abs(step).max() < _ENOUGH:
                break
        return heads

    def _spread(self, heads: _Heads, trusted: NDArray[np.bool_]) -> Array:
        """(F, 2M, 2M) cm^2: how the marks vary together across the picture when the head is still."""
        onto = heads.onto
        across = np.einsum("fac,mcnd,fbd->fmanb", onto, self._of_marks, onto, optimize=True)
        marks = trusted.shape[1]
        spread = across.reshape(len(onto), 2 * marks, 2 * marks)
        diagonal = np.arange(2 * marks)
        spread[:, diagonal, diagonal] += np.repeat(np.where(trusted, _NOISE, _UNKNOWN) ** 2, 2, axis=1)
        return spread

    def _complete(self, heads: _Heads, missing: Array) -> Array:
        """(F, 68, 2) pixels, from what the marks (F, M, 2) leave over, centimetres."""
        frames, marks = missing.shape[:2]
        spread = self._spread(heads, np.ones((frames, marks), bool))
        weights = _solved(spread, missing.reshape(frames, -1, 1)).reshape(missing.shape)
        offsets = np.einsum("fmd,ncmd->fnc", weights @ heads.onto, self._from_marks, optimize=True)
        found = heads.project(self._shape + offsets)
        wanted = heads.project(self._named @ self._shape) + heads.scale[:, None, None] * missing
        return found + np.linalg.pinv(self._named) @ (wanted - self._named @ found)


def _covariance(shape: Array, expressions: Array) -> Array:
    """(68, 3, 68, 3) cm^2: how likely points move together, by expressions (K, 68, 3) and as skin does."""
    apart = np.linalg.norm(shape[:, None] - shape[None], axis=-1)
    skin = _SKIN**2 * np.exp(-((apart / _SKIN_REACH) ** 2) / 2)
    return np.einsum("knc,kmd->ncmd", expressions, expressions) + np.einsum("nm,cd->ncmd", skin, np.eye(3))


def _solved(normal: Array, wanted: Array) -> Array:
    return np.asarray(np.linalg.solve(normal, wanted), np.float64)


def _bridged(values: Array) -> Array:
    """(F, M, 2) with its gaps (NaN) filled, each mark's from its own neighbours."""
    return np.stack([bridged(mark, ~np.isnan(mark[:, 0])) for mark in values.transpose(1, 0, 2)], axis=1)


def _irises(marks: Marks, landmarks: Array) -> Array:
    """(F, 2, 2); an eye whose pupil is not marked looks as the other."""
    corners = landmarks[:, EYE_CORNERS].reshape(-1, 2, 2, 2).mean(2)
    tracked = [eye for eye, name in enumerate(PUPIL_MARKS) if name in marks.pupils]
    places = np.stack([marks.pupils[PUPIL_MARKS[eye]] for eye in tracked], axis=1)
    return corners + _bridged(places) - corners[:, tracked]
