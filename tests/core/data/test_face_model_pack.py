# SPDX-License-Identifier: GPL-3.0-or-later
"""A pack of the face model, from a made-up checkout in the layout of ICT-FaceKit: no real one is at hand in a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.__main__ import main
from core.data.face_model_pack import pack_face_model
from core.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VERTICES = np.random.default_rng(2).uniform(-9, 9, (80, 3)).astype(np.float32)
FACES = (("M_Face", "1/1 2/2 3/3 4/4"), ("M_Face", "3/3 4/4 5/1"), ("M_Teeth", "7/2/1 8/3/1 9/4/1 10/1/1"))


def _obj(vertices: NDArray[np.float32]) -> str:
    lines = ["mtllib ICTFaceModelMaterial.mtl", *(f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in vertices.tolist())]
    lines += ["vt 0.1 0.2", "vt 0.3 0.4", "vt 0.5 0.6", "vt 1.7 0.8", "vn 0 0 1"]
    for material, face in FACES:
        lines += [f"usemtl {material}", f"f {face}"]
    return "\n".join(lines)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "ICT-FaceKit" / "FaceXModel"
    folder.mkdir(parents=True)
    for name, shift in (
        ("generic_neutral_mesh", 0),
        ("identity000", 0.5),
        ("identity001", 1),
        ("jawOpen", 2),
        ("browDown_L", 3),
    ):
        (folder / f"{name}.obj").write_text(_obj(VERTICES + np.float32(shift)))
    (folder / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": list(range(68))}))
    return folder.parent


def test_a_checkout_is_packed(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "pack.npz"
    assert main(["data", "face-model", str(checkout), "-o", str(output)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Done: {output}"
    with np.load(output, allow_pickle=False) as pack:
        np.testing.assert_allclose(pack["neutral"], VERTICES, atol=1e-6)
        assert pack["faces"].tolist() == [[0, 1, 2, 3], [2, 3, 4, -1], [6, 7, 8, 9]]
        assert pack["faces_uv"].tolist() == [[0, 1, 2, 3], [2, 3, 0, -1], [1, 2, 3, 0]]
        assert pack["mat_names"][pack["mat"]].tolist() == ["M_Face", "M_Face", "M_Teeth"]
        assert pack["expr_names"].tolist() == ["browDown_L", "jawOpen"]
        np.testing.assert_allclose(pack["identity"], [np.full((80, 3), 0.5), np.full((80, 3), 1)], atol=1e-3)
        np.testing.assert_allclose(pack["expr"], [np.full((80, 3), 3), np.full((80, 3), 2)], atol=2e-3)
        assert pack["landmark_vertices"].tolist() == list(range(68))
        np.testing.assert_allclose(pack["uv"][3], [1.7, 0.8])


def test_what_is_wrong_with_a_checkout_is_told(checkout: Path, tmp_path: Path) -> None:
    def fails(match: str) -> None:
        with pytest.raises(BadInputError, match=match):
            pack_face_model(checkout, tmp_path / "pack.npz", lambda _: None)
        assert not (tmp_path / "pack.npz").exists()

    folder = checkout / "FaceXModel"
    (folder / "jawOpen.obj").write_text(_obj(VERTICES[:-1]))
    fails(r"jawOpen\.obj: has 79 vertices; the neutral mesh has 80")
    (folder / "vertex_indices.json").write_text('{"idx_to_landmark_verts": [1, 2]}')
    fails("tells 2 landmarks")
    (folder / "vertex_indices.json").unlink()
    fails("does not tell the vertices of the landmarks")
    (folder / "generic_neutral_mesh.obj").write_text("v 1 2\nf 1/1 1/1 1/1")
    fails("three numbers")
    (folder / "generic_neutral_mesh.obj").unlink()
    fails("is no checkout of ICT-FaceKit")
