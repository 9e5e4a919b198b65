# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack a checkout of ICT-FaceKit (github.com/ICT-VGL/ICT-FaceKit, MIT) into one file that `head_model` reads.

Its folder `FaceXModel` has `generic_neutral_mesh.obj`, `identity000.obj` and so on, one more .obj for each expression,
all with the same vertices, and `vertex_indices.json`, which tells the 68 landmarks. Differences from the neutral mesh
are kept as float16: of at most a few centimetres, to a hundredth of a millimetre.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..events import OnEvent

_NEUTRAL = "generic_neutral_mesh"
_IDENTITY = re.compile(r"identity\d+")


def pack_face_model(checkout: Path, output: Path, tell: OnEvent) -> None:
    """Read the checkout, write the pack. Raises BadInputError: no such checkout, or files that do not fit."""
    folder = checkout / "FaceXModel" if (checkout / "FaceXModel").is_dir() else checkout
    neutral = folder / f"{_NEUTRAL}.obj"
    if not neutral.is_file():
        raise BadInputError(f"{checkout}: is no checkout of ICT-FaceKit ({neutral.name} is missing).")
    arrays = _read_mesh(neutral)
    arrays["landmark_vertices"] = _read_landmarks(folder / "vertex_indices.json", len(arrays["neutral"]))
    others = sorted(path for path in folder.glob("*.obj") if path != neutral)
    kinds: dict[str, list[NDArray[np.float16]]] = {"identity": [], "expr": []}
    names: list[str] = []
    for number, path in enumerate(others, 1):
        tell({"event": "stage", "stage": "pack", "message": f"{path.name}, {number} of {len(others)}"})
        moved = _read_vertices(path)
        if moved.shape != arrays["neutral"].shape:
            raise BadInputError(f"{path}: has {len(moved)} vertices; the neutral mesh has {len(arrays['neutral'])}.")
        is_identity = _IDENTITY.fullmatch(path.stem) is not None
        kinds["identity" if is_identity else "expr"].append((moved - arrays["neutral"]).astype(np.float16))
        if not is_identity:
            names.append(path.stem)
    for kind, directions in kinds.items():
        if not directions:
            raise BadInputError(f"{folder}: has no mesh of an {'identity' if kind == 'identity' else 'expression'}.")
        arrays[kind] = np.stack(directions)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, expr_names=np.array(names), **arrays)
    write_bytes(output, buffer.getvalue())


def _read_mesh(path: Path) -> dict[str, NDArray[Any]]:
    """Vertices, texture coordinates, faces (quads; -1 pads triangles) and their materials."""
    texture: list[list[float]] = []
    faces: list[list[int]] = []
    texture_faces: list[list[int]] = []
    materials: list[str] = []
    material = ""
    for line in _lines(path):
        kind, _, rest = line.partition(" ")
        if kind == "vt":
            texture.append([float(value) for value in rest.split()[:2]])
        elif kind == "usemtl":
            material = rest.strip()
        elif kind == "f":
            corners = [corner.split("/") for corner in rest.split()]
            if not 3 <= len(corners) <= 4 or any(len(corner) < 2 for corner in corners):
                raise BadInputError(f"{path}: has a face that is no triangle or quad with texture: {line.strip()!r}.")
            faces.append(_padded([int(corner[0]) - 1 for corner in corners]))
            texture_faces.append(_padded([int(corner[1]) - 1 for corner in corners]))
            materials.append(material)
    names, numbers = np.unique(np.array(materials), return_inverse=True)
    return {
        "neutral": _read_vertices(path),
        "uv": np.array(texture, np.float32),
        "faces": np.array(faces, np.int32),
        "faces_uv": np.array(texture_faces, np.int32),
        "mat": numbers.astype(np.int16),
        "mat_names": names,
    }


def _read_vertices(path: Path) -> NDArray[np.float32]:
    rows = [line[2:].split()[:3] for line in _lines(path) if line.startswith("v ")]
    try:
        return np.array(rows, np.float32).reshape(-1, 3)
    except ValueError as error:
        raise BadInputError(f"{path}: holds a vertex that is not three numbers ({error}).") from error


def _read_landmarks(path: Path, vertices: int) -> NDArray[np.int32]:
    try:
        numbers = np.array(json.loads(path.read_text("utf-8"))["idx_to_landmark_verts"], np.int32)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{path}: does not tell the vertices of the landmarks ({error!r}).") from error
    if numbers.shape != (68,) or numbers.min() < 0 or numbers.max() >= vertices:
        raise BadInputError(f"{path}: tells {numbers.size} landmarks among {vertices} vertices; 68 are wanted.")
    return numbers


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error}).") from error


def _padded(corners: list[int]) -> list[int]:
    return corners if len(corners) == 4 else [*corners, -1]
