# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of single eyes of made-up people, with exact lids and irises: what the eyes' network learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..landmarks.eyes import FROM_OUTER_CORNER
from ..motion.face_model import IRIS_DEPTH
from .acting import Pose
from .figure import make_figure
from .head_model import PIVOT
from .looks import random_looks, random_setting
from .render import Camera, draw, finish
from .tensors import rotation, to_numpy

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray
    from torch import Tensor

    from .figure import Figure, Studio

PATCH = (80, 112)  # rows and columns of a picture
_SIZE, _SIDE = 192, 14.0  # pixels and centimetres a side of the picture that both eyes are cut from
_NEAR = 3.4  # cm above and below the eyes: only that is drawn
_HEAD = (16.0, 11.0, 9.0)  # degrees, deviations
_HEAD_MOST = (38.0, 28.0, 25.0)


@dataclass(frozen=True)
class EyePictures:
    """N eyes; the left ones are mirrored, so that all look like right ones."""

    pictures: NDArray[np.uint8]  # (N, rows, columns) grey
    points: NDArray[np.float32]  # (N, 7, 2) pixels: outer corner, upper lid, inner corner, lower lid, iris


def render_eyes(studio: Studio, rng: Generator, frames: int) -> EyePictures:
    """Both eyes of a new person in so many poses."""
    looks = random_looks(rng, len(studio.model.identity))
    varied = looks.iris * rng.uniform(0.5, 2.5), looks.identity * rng.uniform(0.8, 1.4)
    looks = replace(looks, iris=varied[0].astype(np.float32), identity=varied[1].astype(np.float32))
    pictures: list[NDArray[np.uint8]] = []
    points: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        figure = _near_eyes(make_figure(studio, looks))
        for _ in range(frames):
            setting = replace(random_setting(rng, looks), blur=0.0, grain=0.0)
            pose = _pose(rng, studio.model.expression_names)
            vertices = figure.posed(pose)
            found = _points(figure, pose, vertices)
            camera = _camera(found, setting.distance)
            lit = draw(figure, vertices, camera, setting, _SIZE)
            backdrop = torch.full((3, _SIZE, _SIZE), float(rng.uniform(0.02, 0.8)))
            seen = finish(lit, backdrop, setting, torch.zeros(3, _SIZE, _SIZE)).mean(2)
            places = to_numpy(camera.project(found.reshape(-1, 3), _SIZE)[:, :2]).reshape(2, 7, 2)
            for side in range(2):
                picture, place = _cut(seen, places[side], mirrored=side == 1)
                pictures.append(picture)
                points.append(place)
    return EyePictures(np.stack(pictures), np.stack(points))


def _near_eyes(figure: Figure) -> Figure:
    """What is seen around the eyes of a figure; its shadows are those of all of it."""
    height = figure.rest[figure.studio.model.landmark_vertices[FROM_OUTER_CORNER.ravel().tolist()], 1].mean()
    is_near = (figure.rest[:, 1] - height).abs() < _NEAR

    def near(corners: Tensor) -> Tensor:
        return is_near[corners].any(1)

    solid, thin = near(figure.solid), near(figure.thin)
    return replace(
        figure,
        outer=figure.outer[near(figure.outer)],
        solid=figure.solid[solid],
        solid_parts=figure.solid_parts[solid],
        solid_texture=figure.solid_texture[solid],
        thin=figure.thin[thin],
        thin_parts=figure.thin_parts[thin],
    )


def _pose(rng: Generator, names: dict[str, int]) -> Pose:
    """A face with all that lids and eyes do, each as likely as the others: faces of people rest most of the time."""
    weights = np.zeros(len(names), np.float32)

    def put(name: str, value: float, side: str) -> None:
        weights[names[f"{name}_{side}"]] = value

    def some(chance: float, most: float) -> float:
        return float(rng.uniform(0, most)) if rng.random() < chance else 0.0

    gaze = rng.uniform(-32, 32), rng.uniform(-24, 15)
    if rng.random() < 0.3:
        gaze = rng.normal(0, 4), rng.normal(0, 3)
    kind = rng.choice(5, p=[0.33, 0.25, 0.12, 0.15, 0.15])
    both = [0.0, rng.uniform(0, 1), rng.uniform(0.9, 1), 0.0, rng.uniform(0, 0.5)][kind]
    blinks = np.clip(both + rng.normal(0, 0.04, 2) * (kind > 0), 0, 1)
    if kind in (3, 4):
        blinks[rng.integers(2)] = rng.uniform(0.3, 1)
    smile, squint, wide = some(0.4, 1), some(0.45, 1), some(0.15, 1)
    brow, inner, outer = some(0.3, 1), some(0.3, 1), some(0.3, 1)
    for eye, side in enumerate("RL"):
        open_share = 1 - float(blinks[eye])
        put("eyeBlink", blinks[eye], side)
        put("eyeSquint", np.clip(squint + rng.normal(0, 0.1) * (squint > 0), 0, 1) * (0.15 + 0.85 * open_share), side)
        put("cheekSquint", smile * rng.uniform(0.3, 1) * (0.4 + 0.6 * open_share), side)
        put("mouthSmile", smile, side)
        put("eyeWide", wide * open_share, side)
        put("browDown", brow, side)
        put("browOuterUp", outer, side)
        put("browInnerUp", inner, side)
        inwards = gaze[0] * (1 if side == "R" else -1)
        follow = rng.uniform(0.6, 1.1) * open_share
        put("eyeLookIn", np.clip(inwards / 30, 0, 1) * open_share, side)
        put("eyeLookOut", np.clip(-inwards / 30, 0, 1) * open_share, side)
        put("eyeLookUp", np.clip(gaze[1] / 25, 0, 1) * follow, side)
        put("eyeLookDown", np.clip(-gaze[1] / 25, 0, 1) * follow, side)
    head = np.clip(rng.normal(0, _HEAD), -np.array(_HEAD_MOST), _HEAD_MOST)
    return Pose(weights, (head[0], head[1], head[2]), (float(gaze[0]), float(gaze[1])))


def _points(figure: Figure, pose: Pose, vertices: Tensor) -> Tensor:
    """(2, 7, 3) lids and iris of the right and the left eye; lids that crossed meet in the middle."""
    model = figure.studio.model
    turn, pivot = rotation(*pose.head, "cpu"), torch.tensor(PIVOT)
    gaze = rotation(pose.gaze[0], pose.gaze[1], 0, "cpu")
    found: list[Tensor] = []
    for side, eye in enumerate(FROM_OUTER_CORNER.tolist()):
        points = vertices[model.landmark_vertices[eye]].clone()
        for upper, lower in ((1, 5), (2, 4)):
            if (points[upper] - points[lower]) @ turn[:, 1] < 0:
                points[[upper, lower]] = (points[upper] + points[lower]) / 2
        ball = figure.rest[model.eye_vertices[side]]
        centre, radius = model.eye_centre(figure.rest, side), (ball[:, 1].amax() - ball[:, 1].amin()) / 2
        iris = centre + IRIS_DEPTH * radius * gaze[:, 2]
        found.append(torch.cat([points, ((iris - pivot) @ turn.T + pivot)[None]]))
    return torch.stack(found)


def _camera(points: Tensor, distance: float) -> Camera:
    """A camera that sees both eyes in the middle."""
    probe = Camera(distance, 0.0, 0.0, 1.0)
    middle = probe.project(points.reshape(-1, 3), 1)[:, :2].mean(0) + 0.5
    return Camera(distance, float(middle[0]) - _SIDE / 2, -float(middle[1]) + _SIDE / 2, _SIDE)


def _cut(
    seen: NDArray[np.floating[Any]], place: NDArray[np.float32], *, mirrored: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The eye in the middle of a picture, and its points there."""
    rows, columns = PATCH
    middle = (place[0] + place[3]) / 2
    left, top = np.rint(middle - (columns / 2, rows / 2)).astype(int)
    padded = np.pad(seen, 64, mode="edge")
    picture = padded[top + 64 : top + 64 + rows, left + 64 : left + 64 + columns]
    place = place - np.array([left, top], np.float32)
    if mirrored:
        picture, place = picture[:, ::-1], place * [-1, 1] + [columns - 1, 0]
    return np.rint(picture).astype(np.uint8), place.astype(np.float32)
