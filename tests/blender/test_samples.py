# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts in samples/ do what they say, run as a reader would run them."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from PIL import Image

import build

SAMPLE = build.ROOT / "samples/08_talking_portrait_in_blender.py"


@pytest.fixture(scope="module")
def astronaut() -> Path:
    """NASA's portrait, from scikit-image in the worker's environment."""
    return build.site_packages(Path(os.environ["GIOCONDA_WORKER_PYTHON"])) / "skimage/data/astronaut.png"


def _run_sample(extension: Path, portrait: Path, output: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SAMPLE, "--extension", extension, "--portrait", portrait, "--output", output]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(output.parent / "profile")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_talking_portrait_talks(extension_zip: Path, astronaut: Path, tmp_path: Path) -> None:
    movie = tmp_path / "talk.mp4"
    done = _run_sample(extension_zip, astronaut, movie)
    assert done.returncode == 0, done.stdout + done.stderr

    clip = bpy.data.movieclips.load(str(movie))
    assert (clip.frame_duration, tuple(clip.size)) == (150, (512, 512))
    source = np.asarray(Image.open(astronaut))
    frames = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "gioconda").glob("*/frame_*.png"))]
    assert len(frames) == 150
    assert np.array_equal(frames[0], source), "neutral controls give back the picture"
    assert np.abs(frames[25].astype(int) - source).max() > 50, "a second later the head is turned"
    assert movie.with_suffix(".blend").exists()


@pytest.mark.main_only
def test_a_preset_becomes_keys_that_two_portraits_play(scene: bpy.types.Scene, astronaut: Path, tmp_path: Path) -> None:
    runpy.run_path(str(build.ROOT / "samples/09_drive_in_blender.py"))["main"](
        astronaut, astronaut, tmp_path / "drive.blend", length=8
    )
    editor = scene.sequence_editor
    everything = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    results = [strip for strip in everything if strip.get("gioconda_source")]
    assert len(results) == 2
    first, second = (
        [np.asarray(Image.open(bpy.path.abspath(strip.directory) + e.filename)) for e in strip.elements]
        for strip in results
    )
    assert len(first) == 8
    assert np.array_equal(first, second), "the same picture does the same"
    assert np.abs(first[-1].astype(int) - first[0]).max() > 50
    assert (tmp_path / "drive.blend").exists()


@pytest.mark.main_only
def test_a_picture_without_a_face_ends_with_a_sentence(extension_zip: Path, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "grey.png")
    done = _run_sample(extension_zip, tmp_path / "grey.png", tmp_path / "talk.mp4")
    assert done.returncode != 0
    assert "face" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "talk.mp4").exists()
