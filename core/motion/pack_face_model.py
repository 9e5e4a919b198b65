# SPDX-License-Identifier: GPL-3.0-or-later
"""Make `face_model.npz`, the small table that ships, from the ICT-FaceKit model.

    python -m core.motion.pack_face_model ICT_LIGHT.npz [core/motion/face_model.npz]

ICT-FaceKit (MIT, USC Institute for Creative Technologies, 2020; Li et al., "Learning Formation of Physically-Based
Face Attributes", CVPR 2020) has 26,719 vertices, 100 identity and 57 expression directions. What ships: the 68
landmarks with their identity and expression directions, a depth map of the bare head seen from the front, the
eyeballs, and two shaded pictures of the mouth's inside. Centimetres; x to the picture's right, y up, z to the viewer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .controls import CONTROLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

IDENTITY_DIRECTIONS = 20
DEPTH_ORIGIN, DEPTH_STEP, DEPTH_SHAPE = (-12.5, 15.0), 0.25, (140, 101)  # cm: left, top; step; rows, columns
MOUTH_ORIGIN, MOUTH_STEP, MOUTH_SHAPE = (-3.6, -0.4), 0.04, (145, 181)
HEAD_MATERIALS = ("M_Face", "M_BackHead", "M_EyeOcclusion", "M_ScleraLeft", "M_ScleraRight")
TOOTH, GUM = 2, 1


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
    jaw = np.linalg.norm(expressions[names.index("jawOpen")], axis=1) > 0.05
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
        mouth_upper=_mouth_picture(neutral, triangles, materials, ~jaw),
        mouth_lower=_mouth_picture(neutral, triangles, materials, jaw),
        mouth_origin=np.array(MOUTH_ORIGIN, np.float32),
        mouth_step=np.float32(MOUTH_STEP),
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


def _mouth_picture(
    vertices: Array, triangles: NDArray[np.int32], materials: NDArray[np.str_], keep: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Front view of one jaw: material (0 nothing, 1 gum or tongue, 2 tooth) and shade 0..255, (rows, columns, 2)."""
    tooth = materials == "M_Teeth"
    use = (tooth | (materials == "M_GumsTongue")) & keep[triangles].all(1)
    depth, face, normal = _rasterise(vertices, triangles[use], MOUTH_ORIGIN, MOUTH_STEP, MOUTH_SHAPE)
    material = np.where(face < 0, 0, np.where(tooth[use][face], TOOTH, GUM))
    # Light from the front and a little above; what lies deeper in the mouth gets less of it.
    facing = np.clip(normal @ np.array([0, 0.35, 0.94], np.float32), 0.05, 1)
    deep = np.clip(np.nan_to_num((depth - 5.0) / 5.5), 0.1, 1)
    shade = np.where(face < 0, 0, 255 * facing * deep)
    return np.dstack([material, np.round(shade)]).astype(np.uint8)


def _rasterise(
    vertices: Array, triangles: NDArray[np.int32], origin: tuple[float, float], step: float, shape: tuple[int, int]
) -> tuple[Array, NDArray[np.intp], Array]:
    """Orthographic front view: depth (NaN where nothing is), triangle index (-1), unit normal, by a z-buffer."""
    depth = np.full(shape, -np.inf, np.float32)
    index = np.full(shape, -1, np.intp)
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
    depth[index < 0] = np.nan
    edges = vertices[triangles[:, 1:]] - vertices[triangles[:, :1]]
    normal = np.cross(edges[:, 0], edges[:, 1])
    normal *= np.sign(normal[:, 2:]) / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12)
    return depth, index, normal[index].astype(np.float32)


if __name__ == "__main__":
    here = Path(__file__).with_name("face_model.npz")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else here)
