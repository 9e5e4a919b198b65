# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.timeline import add_picture, key, pixels, save_picture, strips_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@pytest.fixture
def portrait(scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path) -> Any:
    """The astronaut on frames 10 and 11, who turns her head, in a saved file."""
    strip = add_picture(scene, astronaut, start=10, length=2)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = astronauts_face
    key(strip, "headYaw", [(10, 0), (11, 15)])
    return strip


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """White from the astronaut's mouth to her brows, black elsewhere."""
    y, x = np.mgrid[:512, :512]
    white = ((x - 225) ** 2 + (y - (511 - 125)) ** 2 < 62**2).astype(np.float32)  # rows go up
    return save_picture(tmp_path / "disc.png", np.dstack([white] * 3 + [np.ones_like(white)]))


def _job(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, strip: Any) -> tuple[dict[str, Any], Any]:
    """The job file of the result, and its last frame."""
    [result] = addon("portraits").results(scene, strip["gioconda_portrait_id"])
    folder = Path(bpy.path.abspath(result.directory))
    return json.loads((folder / "job.json").read_text()), pixels(folder / "frame_000002.png")


def _moved_outside(frame: Any, astronaut: Path) -> float:
    """The share of pixels far from the disc that changed."""
    y, x = np.mgrid[:512, :512]
    far = (x - 225) ** 2 + (y - (511 - 125)) ** 2 > 85**2
    return float((np.abs(frame - pixels(astronaut)).max(axis=2) > 0.03)[far].mean())


def test_the_mask_that_is_found_is_shown_and_kept_on_the_strip(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, tmp_path: Path
) -> None:
    assert bpy.ops.gioconda.show_head_mask() == {"FINISHED"}
    assert portrait.gioconda.head_mask.startswith("//gioconda/astronaut_head_mask_")
    path = Path(bpy.path.abspath(portrait.gioconda.head_mask))
    assert path.parent == tmp_path / "gioconda"
    [image] = [image for image in bpy.data.images if image.filepath]
    assert Path(bpy.path.abspath(image.filepath)) == path
    head = pixels(path)
    assert np.array_equal(head[..., :3], pixels(astronaut)[..., :3])
    assert head[511 - 120, 225, 3] == 1  # her nose
    assert head[500, 10, 3] == 0
    bpy.ops.gioconda.generate()
    assert _job(addon, scene, portrait)[0]["portrait"]["head_mask_path"] == str(path)


def test_what_is_painted_over_counts_when_it_is_saved(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, disc: Path
) -> None:
    bpy.ops.gioconda.show_head_mask()
    bpy.ops.gioconda.generate()
    assert _moved_outside(_job(addon, scene, portrait)[1], astronaut) > 0.01  # her hair
    [image] = [image for image in bpy.data.images if image.filepath]
    painted = pixels(Path(bpy.path.abspath(image.filepath)))
    painted[..., 3] = pixels(disc)[..., 0]
    image.pixels.foreach_set(painted.ravel())
    image.update()
    with pytest.raises(RuntimeError, match="is painted but not saved: press Alt"):
        bpy.ops.gioconda.generate()
    assert bpy.ops.gioconda.show_head_mask() == {"FINISHED"}  # shows it as it is, painted or not
    image.save()
    bpy.ops.gioconda.generate()
    assert _moved_outside(_job(addon, scene, portrait)[1], astronaut) < 0.001
    assert len(list(Path(bpy.path.abspath(image.filepath)).parent.glob("*_head_mask_*.png"))) == 1


def test_a_file_and_strips_may_say_what_moves(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, disc: Path
) -> None:
    portrait.gioconda.head_mask = str(disc)
    bpy.ops.gioconda.generate()
    by_file = _job(addon, scene, portrait)[1]
    assert _moved_outside(by_file, astronaut) < 0.001
    portrait.gioconda.head_mask = "nowhere.png"
    with pytest.raises(RuntimeError, match=r'The head mask of "astronaut" is missing: .*nowhere\.png'):
        bpy.ops.gioconda.generate()
    add_picture(scene, disc, channel=5, name="garbage matte")
    portrait.gioconda.head_mask_strip = "garbage matte"
    bpy.ops.gioconda.generate(strip_name="astronaut")
    assert np.array_equal(_job(addon, scene, portrait)[1], by_file)


def test_a_mask_strip_covers_the_picture_as_the_image_editor_shows_it(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path
) -> None:
    """It is drawn in a scene of its own: neither canvas nor frame nor anything else of the user's plays a part."""
    mask = bpy.data.masks.new("Head")
    spline = mask.layers.new(name="Layer").splines.new()
    spline.use_cyclic = True
    spline.points.add(3)
    corners = [(0.3, 0.6), (0.58, 0.6), (0.58, 0.9), (0.3, 0.9)]
    for point, corner in zip(spline.points, corners, strict=True):
        point.co, point.handle_type = corner, "VECTOR"
    strips_of(scene).new_mask(name="roto", mask=mask, channel=6, frame_start=300)
    portrait.gioconda.head_mask_strip = "roto"
    scene.render.resolution_x, scene.render.resolution_y = 640, 160
    scene.view_settings.view_transform = "AgX"
    scene.frame_set(77)
    scenes, masks = len(bpy.data.scenes), len(bpy.data.masks)
    bpy.ops.gioconda.generate()
    assert (len(bpy.data.scenes), len(bpy.data.masks), scene.frame_current) == (scenes, masks, 77)
    job, frame = _job(addon, scene, portrait)
    drawn = pixels(Path(job["portrait"]["head_mask_path"]))
    assert drawn.shape == (512, 512, 4)
    expected = np.zeros((512, 512))
    expected[round(0.6 * 512) : round(0.9 * 512), round(0.3 * 512) : round(0.58 * 512)] = 1
    assert np.abs(drawn[..., 0] - expected).mean() < 0.005
    assert np.abs(frame - pixels(astronaut))[:200].max() == 0  # her suit stays
    assert np.abs(frame - pixels(astronaut))[350:430, 180:270].max() > 0.1


def test_what_cannot_be_a_mask_is_told(scene: bpy.types.Scene, portrait: Any) -> None:
    strips_of(scene).new_meta(name="group", channel=7, frame_start=1)
    for name, words in (("nobody", 'no strip named "nobody"'), ("group", '"group" is no image strip')):
        portrait.gioconda.head_mask_strip = name
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.gioconda.generate()


def test_amounts_are_set_on_the_strip_and_go_into_the_job(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any
) -> None:
    assert (portrait["gioconda_creases"], portrait["gioconda_neutralise"]) == (0.7, 0)
    portrait["gioconda_creases"], portrait["gioconda_neutralise"] = 0.25, 0.5
    bpy.ops.gioconda.generate()
    job = _job(addon, scene, portrait)[0]
    assert (job["creases"], job["neutralise"]) == (0.25, 0.5)
    [result] = addon("portraits").results(scene, portrait["gioconda_portrait_id"])
    settings = json.loads(result["gioconda_settings"])
    assert (settings["creases"], settings["neutralise"], settings["head_mask"]) == (0.25, 0.5, None)
