# SPDX-License-Identifier: GPL-3.0-or-later
"""A person file: what was learned of somebody from a few pictures, to be used for any shot of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...errors import BadInputError
from ...landmarks.detect import face_of
from ...landmarks.likeness import Likeness
from .checkpoint import halved, load_state, part_of, plan_of, read_tensors, write_tensors
from .landmark_picture import draw_landmarks
from .networks import Networks, build_networks, to_tensor

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

_NETWORKS = "networks."
_LOOKED_AT = 4  # pictures of a person, at most, that somebody is compared with


@dataclass(frozen=True)
class Person:
    """Pictures of somebody, and networks that draw them."""

    networks: Networks
    style: Tensor  # (numbers,) of the adaptive norms
    pictures: NDArray[np.uint8]  # (T, S, S, 3) head crops
    landmarks: NDArray[np.float32]  # (T, 68, 2) in pixels of the crops
    made_from: dict[str, Any]  # files, checkpoint, steps, what was measured: whatever JSON can hold
    keeps_to_warp: bool = False  # the networks drew this person no better than the warp does


def as_they_are(
    networks: Networks, pictures: NDArray[np.uint8], landmarks: NDArray[np.float32], made_from: dict[str, Any]
) -> Person:
    """Somebody whom the networks were not tuned to."""
    style = feed_forward_style(networks, pictures, landmarks)
    return Person(networks.cpu(), style[0].cpu(), pictures, landmarks, made_from)


@torch.no_grad()
def feed_forward_style(networks: Networks, pictures: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Tensor:
    """(1, numbers): what the embedder says of (T, S, S, 3) pictures with their (T, 68, 2) landmarks."""
    seen, lines = with_landmark_pictures(pictures, landmarks, next(networks.parameters()).device)
    return networks.project(networks.embed(seen[None], lines[None]))


def with_landmark_pictures(
    pictures: NDArray[np.uint8], landmarks: NDArray[np.float32], device: torch.device
) -> tuple[Tensor, Tensor]:
    """(T, 3, S, S) twice on a device: the pictures (T, S, S, 3), and what is drawn of their landmarks (T, 68, 2)."""
    lines = np.stack([draw_landmarks(points, pictures.shape[1]) for points in landmarks])
    return to_tensor(pictures).to(device), to_tensor(lines).to(device)


def save_person(path: Path, person: Person) -> None:
    """Write a person file. Raises BadInputError when it cannot be written."""
    tensors = halved(_NETWORKS, person.networks.state_dict())
    tensors |= {
        "style": person.style,
        "pictures": torch.from_numpy(person.pictures),
        "landmarks": torch.from_numpy(person.landmarks),
    }
    header = {
        "plan": asdict(person.networks.plan),
        "made_from": person.made_from,
        "keeps_to_warp": person.keeps_to_warp,
    }
    write_tensors(path, tensors, "a person", header)


def load_person(path: Path) -> Person:
    """Read a person file, its networks ready to draw. Raises BadInputError that names the file."""
    tensors, header = read_tensors(path, "a person")
    networks = build_networks(plan_of(path, header))
    load_state(networks, part_of(tensors, _NETWORKS), path)
    try:
        style, pictures, landmarks = (tensors[name] for name in ("style", "pictures", "landmarks"))
        made_from, keeps_to_warp = dict(header["made_from"]), bool(header["keeps_to_warp"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{path}: the person file lacks {error}. Learn the person again.") from error
    count, size = len(pictures), networks.plan.size
    if pictures.shape != (count, size, size, 3) or landmarks.shape != (count, 68, 2) or not count:
        raise BadInputError(f"{path}: its pictures and landmarks do not go together. Learn the person again.")
    if style.shape != (networks.generator.projection.out_features,) or not style.isfinite().all():
        raise BadInputError(f"{path}: its style is not one of these networks. Learn the person again.")
    if not landmarks.isfinite().all():
        raise BadInputError(f"{path}: landmarks of its pictures are no numbers. Learn the person again.")
    arrays = np.asarray(pictures, np.uint8), np.asarray(landmarks, np.float32)
    return Person(networks.eval(), style, *arrays, made_from, keeps_to_warp)


def distance(person: Person, picture: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> float:
    """How little a head crop (S, S, 3) with its landmarks (68, 2) looks like the person: see `likeness.ALIKE`."""
    chosen = slice(0, None, -(-len(person.pictures) // _LOOKED_AT))
    known = [_described(*each) for each in zip(person.pictures[chosen], person.landmarks[chosen], strict=True)]
    return float(np.linalg.norm(_described(picture, landmarks) - np.median(known, axis=0)))


def _described(picture: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    return Likeness(picture, face_of(landmarks.astype(np.float64), np.ones(68))).description
