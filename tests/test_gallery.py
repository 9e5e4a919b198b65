# SPDX-License-Identifier: GPL-3.0-or-later
"""The gallery: performances that the controls allow, a page that names rights, the versions told apart."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

import build
from tools import gallery
from tools.gallery_frames import FPS, PERFORMANCES, track

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", PERFORMANCES)
def test_a_performance_starts_still_and_stays_in_range(name: str) -> None:
    moments, keys = PERFORMANCES[name]
    controls = track(keys)
    assert all(values[0] == 0 for values in controls.channels.values())
    assert controls.clamped()[1] == []
    assert max(moments) * FPS < controls.frames <= 3 * FPS
    for curve in keys.values():
        assert [seconds for seconds, _ in curve] == sorted({seconds for seconds, _ in curve})


def test_keys_are_met_and_eased() -> None:
    values = track({"headYaw": [(0, 0), (0.4, 10), (0.8, 10)]}).channels["headYaw"]
    assert values[[0, 5, 10, 20]] == pytest.approx([0, 5, 10, 10])
    assert values[1] < 0.5


def test_the_page_shows_what_may_be_shown_and_says_whose_it_is() -> None:
    shown = [sitter for sitter in gallery.SITTERS if sitter.may_be_shown]
    page = gallery.page_text(shown, ["first", "now"])
    assert len(shown) == 10
    assert all(f"## {sitter.title}\n\nRights: {sitter.rights}." in page for sitter in shown)
    assert "gallery/einstein" not in page
    assert "Not on this page, because the rights are unclear: Albert Einstein" in page
    assert gallery.FIRST_VERSION in page
    assert gallery.FIRST_VERSION not in gallery.page_text(shown, ["now"])


def test_the_photograph_in_black_and_white_is_small_grey_and_grainy() -> None:
    picture = Image.new("RGB", (512, 600), (180, 120, 90))
    made = np.asarray(gallery.grey_photograph(picture)).astype(int)
    assert made.shape == (300, 256, 3)
    assert (made == made[..., :1]).all()
    assert 3 < made.std() < 20
    assert np.array_equal(made, np.asarray(gallery.grey_photograph(picture)))


def test_nothing_of_unclear_rights_lies_in_the_repository() -> None:
    shown = {sitter.name for sitter in gallery.SITTERS if sitter.may_be_shown}
    folder = gallery.ROOT / "docs/gallery"
    assert {path.stem for path in folder.iterdir() if path.is_file()} <= shown
    assert set((folder / "portraits").iterdir()) <= {sitter.path for sitter in gallery.SITTERS}


def test_sheet_and_clip_hold_every_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "WORK", tmp_path)
    sitter = gallery.SITTERS[0]
    for version in ("first", "now"):
        folder = tmp_path / version / sitter.name
        folder.mkdir(parents=True)
        tile = Image.new("RGB", (80, 100), "red" if version == "first" else "blue")
        for name, (moments, _) in PERFORMANCES.items():
            for number in range(len(moments)):
                tile.save(folder / f"{name}_{number}.png")
            with av.open(str(folder / f"{name}.mp4"), "w") as container:
                stream = container.add_stream("libx264", FPS)
                stream.width, stream.height, stream.pix_fmt = 80, 100, "yuv420p"
                grey = np.full((100, 80, 3), 50 if version == "first" else 200, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
                container.mux(stream.encode(None))
    sheet = np.asarray(gallery._sheet(sitter, ["first", "now"]))
    assert sheet.shape[0] == 2 * len(PERFORMANCES) * gallery.TILE
    assert sheet[gallery.TILE // 2, -9].tolist() == [255, 0, 0]
    assert sheet[3 * gallery.TILE // 2, -9].tolist() == [0, 0, 255]
    gallery._clip(sitter, ["first", "now"], tmp_path / "clip.mp4")
    frames = gallery._frames(tmp_path / "clip.mp4")
    assert len(frames) == len(PERFORMANCES)
    left, right = np.array_split(frames[0].mean((0, 2)), 2)
    assert abs(left.mean() - 50) < 5
    assert abs(right.mean() - 200) < 5


def test_the_core_beside_the_script_is_the_one_that_draws(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/__init__.py").write_text("raise SystemExit('another version')\n")
    program = [sys.executable, gallery.ROOT / "tools/gallery_frames.py", "a.png", tmp_path]
    done = subprocess.run(
        program, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert "another version" in done.stderr


def test_gallery_options_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(build, "gallery", lambda arguments: asked.append(arguments) or 0)
    assert build.main(["gallery", "--out", "here"]) == 0
    assert asked == [["--out", "here"]]
