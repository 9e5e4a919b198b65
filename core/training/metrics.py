# SPDX-License-Identifier: GPL-3.0-or-later
"""How well generated frames stand beside the true ones: the columns of the paper's tables, from what runs offline.

The paper takes an Inception network for its Frechet distance and a face recognition network for identity. Here both
are told by dlib's face recognition network, so the distances are another scale than the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from pytorch_msssim import ssim

from ..landmarks.detect import face_of
from ..landmarks.likeness import Likeness
from ..landmarks.topology import EYE_OUTER_CORNERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..landmarks.detect import FaceDetector

    Picture = NDArray[np.uint8]
    Array = NDArray[np.float64]

FAILED = 100.0
"""Percent: a frame without a face is as wrong as one whose landmarks all lie an eye distance away."""


@dataclass(frozen=True)
class Shown:
    """What is measured of one frame."""

    landmarks: NDArray[np.float32]  # (68, 2) that the detector finds in it, or where the face should be
    description: Array  # (128,) of the face there
    is_found: bool = True  # whether the detector finds a face


def look_at(picture: Picture, landmarks: NDArray[np.float32], detector: FaceDetector) -> Shown:
    """Measure an (S, S, 3) frame whose face should have these (68, 2) landmarks, or else be somewhere."""
    asked = face_of(landmarks.astype(np.float64), np.ones(68))
    found = detector.follow(picture, asked, check=False) or next(iter(detector.detect(picture)), None)
    seen = asked if found is None else found
    return Shown(seen.landmarks, Likeness(picture, seen).description, found is not None)


def pose_error(generated: Shown, true: Shown) -> float:
    """Mean distance of the landmarks in percent of the true frame's outer eye distance; FAILED where no face is."""
    if not generated.is_found:
        return FAILED
    eyes = np.linalg.norm(np.subtract(*true.landmarks[list(EYE_OUTER_CORNERS)]))
    return float(100 * np.linalg.norm(generated.landmarks - true.landmarks, axis=1).mean() / eyes)


def identity_similarity(generated: Shown, true: Shown) -> float:
    """Cosine of the angle between the faces' descriptions."""
    one, other = generated.description, true.description
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def structural_similarity(generated: Picture, true: Picture) -> float:
    """SSIM (Wang et al. 2004) of two (S, S, 3) frames."""
    pair = [torch.from_numpy(picture).permute(2, 0, 1)[None].float() for picture in (generated, true)]
    return float(ssim(*pair, data_range=255))


def frechet_distance(generated: Sequence[Shown], true: Sequence[Shown]) -> float:
    """Between two sets of two faces or more, as of normal distributions of their descriptions (Heusel et al. 2017).

    |m - n|^2 + trace(A + B - 2 (A B)^(1/2)) of the means m, n and the covariances A, B; times 1000 for reading.
    """
    sets = [np.array([each.description for each in shown]) for shown in (generated, true)]
    means = [rows.mean(0) for rows in sets]
    one, other = (np.cov(rows, rowvar=False) for rows in sets)
    # The trace of the root of A B is the sum of the roots of its eigenvalues, which are real and not below 0.
    mixed = np.sqrt(np.linalg.eigvals(one @ other).real.clip(0)).sum()
    return float(1000 * (((means[0] - means[1]) ** 2).sum() + np.trace(one) + np.trace(other) - 2 * mixed))
