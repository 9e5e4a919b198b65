# SPDX-License-Identifier: GPL-3.0-or-later
"""Make `face_model.npz`, the small table that ships, from a pack of the ICT-FaceKit model.

    python -m core.motion.make_face_model PACK.npz [core/motion/face_model.npz]

`core data face-model` makes the first file.

ICT-FaceKit (MIT, USC Institute for Creative Technologies, 2020; Li et al., "Learning Formation of Physically-Based
Face Attributes", CVPR 2020) has 26,719 vertices, 100 identity and 57 expression directions. What ships: the 68
landmarks with their identity and expression directions, a depth map of the bare head seen from the front, the
eyeballs, and three shaded relief pictures of the mouth's inside. Centimetres; x to the picture's right, y up, z to the
viewer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .controls import CONTROLS
from .face_model import DEPTH_STEPS, GUM, TOOTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

IDENTITY_DIRECTIONS = 20
DEPTH_ORIGIN, DEPTH_STEP, DEPTH_SHAPE = (-12.5, 15.0), 0.25, (140, 101)  # cm: left, top; step; rows, columns
MOUTH_STEP, MOUTH_SHAPE = 0.04, (125, 181)
UPPER_ORIGIN, LOWER_ORIGIN = (-3.6, -0.4), (-3.6, -3.6)  # the lower jaw is pictured wide open, from above as it were
ROOTS = (-1.2, -5.1)  # cm: teeth end above and below
FRONT_OF_PALATE = 4.5  # cm: what lies deeper of the upper jaw is throat
HEAD_MATERIALS = ("M_Face", "M_BackHead", "M_EyeOcclusion", "M_ScleraLeft", "M_ScleraRight")
LIGHT = np.array([0, 0.35, 0.94], np.float32)  # from the front and a little above


def main(source: Path, target: Path) -> None:
    """Read the packed ICT model, write the small table."""
    with np.load(source, allow_pickle=False) as ict:
        neutral: Array = ict["neutral"].astype(np.float32)
        vertices: NDArray[np.int32] = ict["landmark_vertices"]
        triangles, materials = _triangles(ict["faces"], ict["mat"], [str(n) for n in ict["mat_names"]])
        names = [str(n) for n in ict["expr_names"]]
        expressions: Array = ict["expr"].astype(np.float32)
        identity: Array = ict["identity"][:, vertices].astype(np.float32)

    head = triangles[np.isin(materials, HEAD_MATERIALS)]
    depth, _, _ = _rasterise(neutral, head, DEPTH_ORIGIN, DEPTH_STEP, DEPTH_SHAPE)
    opening = expressions[names.index("jawOpen")]
    np.savez_compressed(
        target,
        landmarks=neutral[vertices],
        identity=_leading_directions(identity).astype(np.float16),
        expressions=np.stack([_expression(n, names, expressions[:, vertices]) for n in _arkit_names()]).astype(
            np.float16
        ),
        expression_names=np.array(_arkit_names()),
        depth=depth.astype(np.float16),
        depth_origin=np.array(DEPTH_ORIGIN, np.float32),
        depth_step=np.float32(DEPTH_STEP),
        eyes=np.stack([_eyeball(neutral, triangles, materials, side) for side in ("Right", "Left")]),
        **_mouth(neutral, triangles, materials, opening),
    )


def _arkit_names() -> list[str]:
    return [n for n in CONTROLS if not n.startswith(("head", "gaze"))]


def _triangles(
    faces: NDArray[np.int32], materials: NDArray[np.int16], names: list[str]
) -> tuple[NDArray[np.int32], NDArray[np.str_]]:
    quads = faces[:, 3] >= 0
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[quads][:, [0, 2, 3]]])
    return triangles, np.array(names)[np.concatenate([materials, materials[quads]])]


def _leading_directions(identity: Array) -> Array:
    """The principal directions of landmark shape over the model's population, scaled by standard deviation."""
    flat = identity.reshape(len(identity), -1)
    _, scale, directions = np.linalg.svd(flat, full_matrices=False)
    leading = (scale[:, None] * directions)[:IDENTITY_DIRECTIONS]
    return np.asarray(leading.reshape(-1, *identity.shape[1:]), np.float32)


def _expression(arkit: str, names: list[str], expressions: Array) -> Array:
    """One ARKit shape: ICT writes `_L` for `Left` and splits some shapes that ARKit keeps whole."""
    base = arkit.removesuffix("Left").removesuffix("Right")
    side = "_L" if arkit.endswith("Left") else "_R" if arkit.endswith("Right") else ""
    wanted = [arkit, base + side] if side else [arkit, arkit + "_L", arkit + "_R"]
    found = [expressions[names.index(n)] for n in dict.fromkeys(wanted) if n in names]
    return np.asarray(np.sum(found, axis=0), np.float32) if found else np.zeros(expressions.shape[1:], np.float32)


def _eyeball(vertices: Array, triangles: NDArray[np.int32], materials: NDArray[np.str_], side: str) -> Array:
    """Centre and radius of an eyeball: x, y, z, r."""
    points = vertices[np.unique(triangles[materials == f"M_Sclera{side}"])]
    centre = (points.min(0) + points.max(0)) / 2
    return np.append(centre, np.ptp(points[:, 1]) / 2).astype(np.float32)


def _mouth(neutral: Array, triangles: NDArray[np.int32], materials: NDArray[np.str_], opening: Array) -> dict[str, Any]:
    """Relief pictures of the upper jaw, the lower teeth and the tongue with its gum, and the hinge of the jaw."""
    crowns = (neutral[:, 1] < ROOTS[0]) & (neutral[:, 1] > ROOTS[1])
    teeth, soft = (materials == "M_Teeth") & crowns[triangles].all(1), materials == "M_GumsTongue"
    moves = (np.linalg.norm(opening, axis=1) > 0.05)[triangles]
    front = neutral[triangles, 2].min(1) > FRONT_OF_PALATE
    lower_teeth = triangles[teeth & moves.all(1)]
    hinge, angle = _hinge(neutral, opening, np.unique(lower_teeth))
    upper = triangles[(teeth | soft) & ~moves.any(1) & front]
    tongue = triangles[soft & moves.all(1)]
    tooth = np.zeros(len(neutral), np.bool_)
    tooth[np.unique(triangles[teeth])] = True
    lower = np.concatenate([lower_teeth, tongue])
    return {
        "mouth_upper": _relief(neutral, upper, tooth, UPPER_ORIGIN),
        # The tongue hides teeth here and has a picture of its own below, where no tooth hides it.
        "mouth_teeth": _relief(neutral + opening, lower, tooth, LOWER_ORIGIN, only_teeth=True),
        "mouth_tongue": _relief(neutral + opening, tongue, tooth, LOWER_ORIGIN),
        "mouth_origins": np.array([UPPER_ORIGIN, LOWER_ORIGIN], np.float32),
        "mouth_step": np.float32(MOUTH_STEP),
        "jaw_hinge": hinge,
        "jaw_angle": np.float32(angle),
    }


def _hinge(neutral: Array, opening: Array, teeth: NDArray[np.int32]) -> tuple[Array, float]:
    """The point (y, z) about which a rigid part of the mesh turns when the jaw opens, and the angle in radians."""
    closed = neutral[teeth, 1:].astype(np.float64)
    opened = closed + opening[teeth, 1:]
    a, b = closed - closed.mean(0), opened - opened.mean(0)
    angle = np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    still = np.linalg.inv(np.eye(2) - rotation)
    return (still @ (opened.mean(0) - rotation @ closed.mean(0))).astype(np.float32), float(angle)


def _relief(
    vertices: Array,
    triangles: NDArray[np.int32],
    tooth: NDArray[np.bool_],
    origin: tuple[float, float],
    *,
    only_teeth: bool = False,
) -> NDArray[np.uint8]:
    """Front view (rows, columns, 3): 0 nothing, GUM (or tongue) or TOOTH; shade; depth in DEPTH_STEPS a centimetre.

    Beside what is there, the depth goes on as it is at the nearest place that has some.
    """
    depth, index, weights = _rasterise(vertices, triangles, origin, MOUTH_STEP, MOUTH_SHAPE)
    lit = np.clip(_normals(vertices, triangles) @ LIGHT, 0.05, 1)
    shade = (lit[triangles[index]] * weights).sum(-1)
    material = np.where(tooth[triangles[index, 0]], TOOTH, GUM)
    there = (index >= 0) & (material == TOOTH) if only_teeth else index >= 0
    steps = DEPTH_STEPS * _spread(depth, there)
    planes: list[NDArray[Any]] = [material * there, 8 * np.round(31 * shade * there), steps]
    return np.round(np.dstack(planes)).clip(0, 255).astype(np.uint8)


def _normals(vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Unit normals of vertices, the mean of the triangles around them weighted by their areas."""
    edges = vertices[triangles[:, 1:]] - vertices[triangles[:, :1]]
    normals = np.zeros_like(vertices)
    np.add.at(normals, triangles.ravel(), np.cross(edges[:, 0], edges[:, 1]).repeat(3, axis=0))
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)


def _spread(picture: Array, there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fill (h, w) from where it is `there` outwards, ring by ring, each pixel with the mean of its known neighbours."""
    known = np.pad(there, 1)
    values = np.pad(np.where(there, picture, 0), 1).astype(np.float64)
    inner = np.s_[1:-1, 1:-1]
    while not known[inner].all():
        count, total = _around(known.astype(np.float64)), _around(values)
        new = ~known[inner] & (count > 0)
        values[inner][new] = total[new] / count[new]
        known[inner] |= new
    return values[inner]


def _around(padded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over the 3 x 3 neighbours of (h + 2, w + 2) values, as (h, w)."""
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]


def _rasterise(
    vertices: Array, triangles: NDArray[np.int32], origin: tuple[float, float], step: float, shape: tuple[int, int]
) -> tuple[Array, NDArray[np.intp], Array]:
    """Orthographic front view: depth (NaN where nothing is), triangle (-1), weights of its corners; by a z-buffer."""
    depth = np.full(shape, -np.inf, np.float32)
    index = np.full(shape, -1, np.intp)
    weights = np.zeros((*shape, 3), np.float32)
    columns = (vertices[:, 0] - origin[0]) / step
    rows = (origin[1] - vertices[:, 1]) / step
    for number, corner in enumerate(triangles):
        x, y, z = columns[corner], rows[corner], vertices[corner, 2]
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        left, right = max(int(np.ceil(x.min())), 0), min(int(x.max()), shape[1] - 1)
        top, bottom = max(int(np.ceil(y.min())), 0), min(int(y.max()), shape[0] - 1)
        if abs(area) < 1e-9 or right < left or bottom < top:
            continue
        c, r = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        b = ((c - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (r - y[0])) / area
        g = ((x[1] - x[0]) * (r - y[0]) - (c - x[0]) * (y[1] - y[0])) / area
        height = z[0] + b * (z[1] - z[0]) + g * (z[2] - z[0])
        window = np.s_[top : bottom + 1, left : right + 1]
        nearer = (b >= -1e-6) & (g >= -1e-6) & (b + g <= 1 + 1e-6) & (height > depth[window])
        depth[window][nearer] = height[nearer]
        index[window][nearer] = number
        weights[window][nearer] = np.dstack([1 - b - g, b, g])[nearer]
    depth[index < 0] = np.nan
    return depth, index, weights


if __name__ == "__main__":
    here = Path(__file__).with_name("face_model.npz")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else here)
