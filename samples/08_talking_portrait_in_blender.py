# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a still portrait act, from a script: the steps that an animator takes by hand in the Video Sequencer.

In Blender, with the Gioconda extension installed and enabled:

    blender --background --python samples/08_talking_portrait_in_blender.py -- --portrait face.jpg --output talk.mp4

With Blender as a Python module (`pip install bpy`), which starts without extensions, give it one as well:

    python samples/08_talking_portrait_in_blender.py --extension ZIP --portrait face.jpg --output talk.mp4

Beside the movie lie the timeline as a .blend file, ready to be changed, and the frames in `gioconda/`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import bpy

FPS = 25
SECONDS = 6.0
EXTENSION = "bl_ext.user_default.gioconda"

# What is keyed: for each control the seconds and the value there. Blender's Bezier curves do the rest.
PERFORMANCE = {
    "headYaw": [(0.2, 0), (0.8, -14), (1.2, -14), (2.0, 18), (2.3, 18), (2.9, 0), (5.0, 0), (5.5, 5)],
    "headPitch": [(0.2, 0), (0.8, 3), (1.6, -4), (2.3, 2), (2.9, 0), (3.9, 3), (4.7, -2), (5.5, 2)],
    "headRoll": [(0.2, 0), (0.8, -3), (2.1, 3), (2.9, 0), (5.0, 0), (5.5, 4)],
    "gazeYaw": [(0.2, 0), (0.5, -8), (1.2, -4), (1.6, 8), (2.9, 0), (3.0, 24), (3.4, 24), (3.55, 0)],
    "eyeBlinkLeft": [(1.4, 0), (1.52, 1), (1.72, 0), (3.4, 0), (3.52, 1), (3.72, 0)],
    "eyeBlinkRight": [(1.4, 0), (1.52, 1), (1.72, 0), (3.4, 0), (3.52, 1), (3.72, 0)],
    "browInnerUp": [(3.7, 0), (4.0, 0.5), (4.6, 0.1), (5.0, 0)],
    # "ma - o - ee - ah"
    "jawOpen": [(3.7, 0), (3.88, 0.4), (4.04, 0.1), (4.2, 0.25), (4.44, 0.1), (4.72, 0.45), (5.0, 0)],
    "mouthFunnel": [(4.0, 0), (4.2, 0.8), (4.4, 0)],
    "mouthStretchLeft": [(4.3, 0), (4.46, 0.6), (4.64, 0)],
    "mouthStretchRight": [(4.3, 0), (4.46, 0.6), (4.64, 0)],
    "mouthPressLeft": [(3.6, 0), (3.7, 0.5), (3.8, 0)],
    "mouthPressRight": [(3.6, 0), (3.7, 0.5), (3.8, 0)],
    "mouthSmileLeft": [(4.9, 0), (5.4, 0.5)],
    "mouthSmileRight": [(4.9, 0), (5.4, 0.5)],
    "cheekSquintLeft": [(4.9, 0), (5.4, 0.4)],
    "cheekSquintRight": [(4.9, 0), (5.4, 0.4)],
}

# Moments worth a look, which become markers on the timeline.
MOMENTS = [
    (0.0, "the picture"),
    (0.5, "begins to turn"),
    (1.0, "turned left"),
    (1.52, "blinks"),
    (2.12, "turned right"),
    (3.2, "looks aside"),
    (3.52, "blinks again"),
    (3.88, "ma"),
    (4.2, "o"),
    (4.46, "ee"),
    (4.72, "ah"),
    (5.8, "smiles"),
]


def main() -> None:
    """Read the command line and do it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portrait", type=Path, required=True, help="a picture with a face")
    parser.add_argument("--output", type=Path, required=True, help="the movie, .mp4")
    parser.add_argument("--extension", type=Path, help="install this zip first")
    own = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]  # Blender's come before
    arguments = parser.parse_args(own)
    output = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    if arguments.extension:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.extensions.package_install_files(
            filepath=str(arguments.extension.resolve()), repo="user_default", enable_on_install=True
        )
    try:
        scene = new_scene()
        strip = add_portrait(scene, arguments.portrait.resolve())
        key_performance(scene, strip)
        # Saved first: the frames then go beside the .blend file, where they are found again.
        bpy.ops.wm.save_as_mainfile(filepath=str(output.with_suffix(".blend")))
        bpy.ops.gioconda.generate()
        bpy.ops.wm.save_mainfile()
        render(scene, output)
    except RuntimeError as error:  # how Blender passes on what an operator reports as an error
        sys.exit(str(error).removeprefix("Error: ").strip())
    finally:
        if arguments.extension:  # Blender 4.x as a module does not end cleanly with add-ons left on
            bpy.ops.preferences.addon_disable(module=EXTENSION)


def new_scene() -> bpy.types.Scene:
    """The scene to work in, empty, with the colours of pictures left as they are."""
    scene = bpy.context.scene
    scene.render.fps = FPS
    scene.frame_start, scene.frame_end = 1, round(SECONDS * FPS)
    scene.view_settings.view_transform = "Standard"
    scene.sequence_editor_create()
    return scene


def frame_of(seconds: float) -> float:
    """The timeline's frame at that time; the first frame is number 1."""
    return 1 + seconds * FPS


def add_portrait(scene: bpy.types.Scene, picture: Path) -> Any:
    """Put the picture on channel 1, as long as the scene; make the scene as large as it; find its face."""
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # Blender 4.2 and 4.3
    strip = strips.new_image(name=picture.stem, filepath=str(picture), channel=1, frame_start=1, fit_method="ORIGINAL")
    if hasattr(strip, "right_handle"):
        strip.right_handle = scene.frame_end + 1
    else:  # before Blender 5.1
        strip.frame_final_end = scene.frame_end + 1
    width, height = strip.elements[0].orig_width, strip.elements[0].orig_height
    scene.render.resolution_x, scene.render.resolution_y = width // 2 * 2, height // 2 * 2  # as H.264 wants
    scene.render.resolution_percentage = 100
    editor.active_strip = strip
    bpy.ops.gioconda.find_face()
    return strip


def key_performance(scene: bpy.types.Scene, strip: Any) -> None:
    """Give the strip its controls and key them; mark the moments."""
    bpy.ops.gioconda.add_controls()
    bpy.context.preferences.edit.keyframe_new_interpolation_type = "BEZIER"
    for control, keys in PERFORMANCE.items():
        for seconds, value in keys:
            strip[control] = float(value)
            strip.keyframe_insert(f'["{control}"]', frame=frame_of(seconds))
    for seconds, name in MOMENTS:
        scene.timeline_markers.new(name, frame=round(frame_of(seconds)))


def render(scene: bpy.types.Scene, output: Path) -> None:
    """Render the sequencer to an H.264 movie."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):  # Blender 5.0 and later
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format = "MPEG4"
    scene.render.ffmpeg.codec = "H264"
    scene.render.ffmpeg.constant_rate_factor = "PERC_LOSSLESS"
    scene.render.filepath = str(output)
    bpy.ops.render.render(animation=True)


if __name__ == "__main__":
    main()
