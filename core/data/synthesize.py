# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards of heads that are rendered from the face model, with exact landmarks: nobody's pictures are needed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import BadInputError
from ..generators.few_shot.crop import HeadCrop
from ..landmarks.topology import JAW
from .acting import FPS, act
from .backdrop import draw_backdrop
from .clips import NewClip
from .figure import load_studio, make_figure
from .head_model import load_head_model
from .looks import random_looks, random_setting
from .pool import in_order
from .render import Camera, draw, finish
from .shards import SIZE, Shards
from .splits import split_of
from .tensors import rotation, to_numpy

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from ..events import OnEvent
    from .acting import Pose
    from .figure import Figure
    from .looks import Setting

_RECIPE = 1  # of how heads look: raised when the same seed gives other pictures
_CLIP = "a"
_PROBE = 1000  # pixels a side of the picture in which the head's place is measured
_OUTWARDS, _DOWN, _BACK = 0.35, 0.35, 1.6  # cm; measured with a detector, see docs/decisions/synthetic-heads.md


@dataclass(frozen=True)
class People:
    """Who is to be made. The same seed gives the same people, whatever their number."""

    count: int
    frames: int  # of each
    seed: int = 0
    size: int = SIZE  # pixels a side
    held_out: float = 0.1  # share of the people


def synthesize(pack: Path, folder: Path, people: People, tell: OnEvent, device: str = "cpu") -> Shards:
    """Render people, or those that are not there yet; on a CPU always the same bytes. Raises BadInputError."""
    least = people.count >= 1 and people.frames >= 2 and people.size >= 32 and people.seed >= 0
    if not least or not 0 <= people.held_out < 1:
        raise BadInputError(
            "At least 1 person, 2 frames, 32 pixels, a seed from 0 on, and a held-out share from 0 to below 1 are "
            "needed."
        )
    if device != "cpu" and not torch.cuda.is_available():
        raise BadInputError(f"There is no device {device!r}: this computer's torch has no CUDA. Use --device cpu.")
    load_head_model(pack)  # what is wrong with it is told before anything is made
    shards = Shards.create(folder, people.size)
    source = {
        "made_by": "core data synthesize",
        "recipe": _RECIPE,
        "face_model": hashlib.sha256(pack.read_bytes()).hexdigest(),
        "seed": people.seed,
        "frames": people.frames,
        "size": people.size,
    }
    sources = [{**source, "person": number} for number in range(people.count)]
    names = [f"synthetic_{people.seed}_{number:06d}" for number in range(people.count)]
    wanted = {number for number in range(people.count) if not shards.is_made(names[number], _CLIP, sources[number])}
    calls = [(pack, sources[number], device) for number in sorted(wanted)]
    made = in_order(render_clip, calls, workers=None if device == "cpu" else 1)
    for number, name in enumerate(names):
        if number not in wanted:
            shards.keep(name, split_of(name, people.held_out), _CLIP)
            continue
        shards.add(name, split_of(name, people.held_out), _CLIP, sources[number], lambda: next(made))
        shards.save()
        tell({"event": "stage", "stage": "synthesize", "message": f"Person {number + 1} of {people.count}"})
    shards.save()
    return shards


def render_clip(pack: Path, source: dict[str, Any], device: str = "cpu") -> NewClip:
    """Everything about one person, from the source's seed and number."""
    if device == "cpu":
        torch.set_num_threads(1)
    studio = load_studio(pack, device)
    rng = np.random.default_rng([source["seed"], source["person"]])
    looks = random_looks(rng, len(studio.model.identity))
    setting = random_setting(rng, looks)
    poses = act(rng, source["frames"], studio.model.expression_names)
    size: int = source["size"]
    with torch.inference_mode():
        figure = make_figure(studio, looks)
        vertices = [figure.posed(pose) for pose in poses]
        camera = frame_head(figure, poses, vertices, setting)
        backdrop = torch.tensor(draw_backdrop(setting.backdrop, size), device=device).permute(2, 0, 1)
        pictures: list[NDArray[np.uint8]] = []
        landmarks: list[NDArray[np.float32]] = []
        for pose, moved in zip(poses, vertices, strict=True):
            grain = torch.tensor(rng.normal(0, 1, (3, size, size)).astype(np.float32), device=device)
            pictures.append(finish(draw(figure, moved, camera, setting, size), backdrop, setting, grain))
            landmarks.append(landmarks_of(figure, pose, moved, camera, size))
    return NewClip(pictures, np.stack(landmarks), FPS, source)


def frame_head(figure: Figure, poses: list[Pose], vertices: list[Tensor], setting: Setting) -> Camera:
    """The camera whose picture is the fixed crop of real clips, a little off as theirs are."""
    probe = Camera(setting.distance, -40.0, 40.0, 80.0)
    found = [landmarks_of(figure, pose, moved, probe, _PROBE) for pose, moved in zip(poses, vertices, strict=True)]
    crop = HeadCrop.around(np.stack(found))
    centimetres = probe.side / _PROBE
    side = crop.side * centimetres * setting.zoom
    middle = np.array([crop.left + crop.side / 2, crop.top + crop.side / 2]) * centimetres + setting.offset * side
    return Camera(setting.distance, probe.left + middle[0] - side / 2, probe.top - middle[1] + side / 2, side)


def landmarks_of(figure: Figure, pose: Pose, vertices: Tensor, camera: Camera, size: int) -> NDArray[np.float32]:
    """(68, 2) pixels, as detectors of pictures tell them.

    They put the jaw's points on the outline that is seen, the model has them at fixed places: those are moved a
    little outwards and down, and on the side that is turned to the camera back along the cheek.
    """
    turn = rotation(*pose.head, vertices.device)
    points = vertices[figure.studio.model.landmark_vertices]
    jaw = len(JAW)
    side = torch.linspace(-1, 1, jaw, device=points.device)[:, None]  # right to left; 0 is the chin
    outwards = side * turn[:, 0]
    points = torch.cat([points[:jaw] + _OUTWARDS * outwards - _DOWN * turn[:, 1], points[jaw:]])
    seen = camera.project(points, size)[:, :2]
    back = camera.project(points[:jaw] - _BACK * side.abs() * turn[:, 2], size)[:, :2]
    # Rows of a picture grow downwards.
    is_outer = ((back - seen[:jaw]) * outwards[:, :2] * outwards.new_tensor([1.0, -1.0])).sum(1, keepdim=True) > 0
    return to_numpy(torch.cat([torch.where(is_outer, back, seen[:jaw]), seen[jaw:]]))
