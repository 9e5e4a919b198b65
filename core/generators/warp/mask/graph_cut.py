# SPDX-License-Identifier: GPL-3.0-or-later
"""A person is cut out of a small picture by colour and place, as in GrabCut (Rother et al. 2004) but with odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

UNCLEAR = 255  # whose colour it is; no label of GrabCut's
_ENOUGH = 200  # pixels of either kind, to learn colours from
_NO_BOX = (0, 0, 0, 0)
_KINDS, _COLOURS = 5, 3  # Gaussians in a model of GrabCut's, and the axes of each
_ROUNDING, _NOBODYS = 2.0, 1e-300  # variance that any colour has, of 255; a density that is none
_LARGEST, _STEPS, _FLATNESS = 16.0, 2, 1e6  # of the log odds, and their steps; variance of an axis without a say
_TRUST = 2.0  # the odds count so many times, against the length of the cut


def odds_of_colour(picture: NDArray[np.uint8], examples: NDArray[np.uint8]) -> Array:
    """(h, w) how much likelier the person has a colour (h, w, 3) than the background has it, as a logarithm.

    Both are learnt from the `examples`, GrabCut's labels or UNCLEAR, and not from what was cut, as GrabCut does: a wall
    that was taken in would be the person's colour. 0 where one of the two has too few.
    """
    if min(np.count_nonzero(examples == kind) for kind in (cv2.GC_FGD, cv2.GC_BGD)) <= _ENOUGH:
        return np.zeros(examples.shape, np.float32)
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    clear = examples != UNCLEAR
    line, known = np.ascontiguousarray(picture[clear])[None], examples[clear][None]
    cv2.grabCut(line, known, _NO_BOX, *models, 1, cv2.GC_INIT_WITH_MASK)
    background, person = (_density(picture, model[0]) + _NOBODYS for model in models)
    return np.log(person / background).astype(np.float32)


def divide(picture: NDArray[np.uint8], labels: NDArray[np.uint8], odds: Array) -> None:
    """Divide what is open in the labels (h, w), in place, by the log odds (h, w) and along the picture's edges.

    OpenCV's graph cut goes by colours only. So the odds become one: they stand instead of the weakest axis of the
    picture's colours, and the two models differ in nothing else.
    """
    shown = picture.reshape(-1, _COLOURS).astype(np.float32)
    shown -= shown.mean(0)
    axes = np.linalg.eigh((shown.T @ shown).astype(np.float64))[1][:, 1:]
    main = shown @ axes.astype(np.float32)
    main *= 127 / max(127.0, float(np.abs(main).max()))
    top = 2 * _LARGEST * _STEPS
    score = (np.clip(odds, -_LARGEST, _LARGEST) + _LARGEST) * _STEPS
    coded = np.rint(np.dstack([main.reshape(*labels.shape, 2) + 128, score])).astype(np.uint8)
    models = np.zeros((2, 1, 65))
    models[..., 0] = 1  # one Gaussian each, background and person
    models[:, 0, _KINDS : _KINDS + _COLOURS] = [(128, 128, 0), (128, 128, top)]
    covariance = np.diag([_FLATNESS, _FLATNESS, top * _STEPS / _TRUST])
    models[:, 0, _KINDS * (1 + _COLOURS) :][:, : _COLOURS**2] = covariance.ravel()
    cv2.grabCut(coded, labels, _NO_BOX, models[0], models[1], 1, cv2.GC_EVAL_FREEZE_MODEL)


def _density(picture: NDArray[np.uint8], model: NDArray[np.float64]) -> NDArray[np.float64]:
    """(h, w) the density of colours (h, w, 3) in a model of GrabCut's: weights, means and covariances of Gaussians."""
    weights, means, covariances = np.split(model, [_KINDS, _KINDS * (1 + _COLOURS)])
    covariances = covariances.reshape(_KINDS, _COLOURS, _COLOURS) + _ROUNDING * np.eye(_COLOURS)
    means = means.reshape(_KINDS, _COLOURS)
    total = np.zeros(picture.shape[:2])
    for kind in range(_KINDS):
        away = picture - means[kind]
        inverse = np.asarray(np.linalg.inv(covariances[kind]), np.float64)
        squared = np.asarray((away @ inverse * away).sum(2), np.float64)
        total += weights[kind] / np.sqrt(np.linalg.det(2 * np.pi * covariances[kind])) * np.exp(-squared / 2)
    return total
