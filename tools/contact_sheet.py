# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the moments of the demo's movie side by side, around the face. This one runs in .venv.

python -m tools.contact_sheet MOVIE.mp4 SHEET.png or .jpg
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.landmarks.detect import create_detector

SAMPLE = Path(__file__).parent.parent / "samples/08_talking_portrait_in_blender.py"
COLUMNS, TILE, LABEL = 4, 360, 26  # tiles a row; pixels: a tile's height, its label's height
AROUND_FACE = 2.4  # a tile's height, in heights of the face


def main(movie: Path, sheet: Path) -> None:
    """Write the sheet."""
    sample = runpy.run_path(str(SAMPLE))
    frames = {round(seconds * sample["FPS"]): name for seconds, name in sample["MOMENTS"]}
    pictures: dict[int, Image.Image] = {}
    with av.open(str(movie)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in frames:
                pictures[number] = Image.fromarray(frame.to_ndarray(format="rgb24"))
    crop = _around_face(pictures[0])
    tiles = [
        _tile(pictures[number], crop, f"{number / sample['FPS']:.2f} s   {name}") for number, name in frames.items()
    ]
    rows = -(-len(tiles) // COLUMNS)
    width, height = tiles[0].size
    whole = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    for index, tile in enumerate(tiles):
        whole.paste(tile, (index % COLUMNS * width, index // COLUMNS * height))
    whole.save(sheet, quality=90)  # which JPEG heeds: the README's picture is one


def _around_face(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part that shows the largest face well; all of it if there is none."""
    width, height = picture.size
    faces = create_detector("dlib").detect(np.asarray(picture))
    if not faces:
        return 0, 0, width, height
    low, high = faces[0].landmarks.min(0), faces[0].landmarks.max(0)
    side = (high[1] - low[1]) * AROUND_FACE
    x, y = (low + high) / 2
    y -= 0.1 * side  # landmarks end at the brows: leave room for the hair
    left, top = max(round(x - side / 2), 0), max(round(y - side / 2), 0)
    return left, top, min(round(x + side / 2), width), min(round(y + side / 2), height)


def _tile(picture: Image.Image, crop: tuple[int, int, int, int], label: str) -> Image.Image:
    part = picture.crop(crop)
    part = part.resize((round(part.width * TILE / part.height), TILE), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (part.width + 4, TILE + LABEL), "white")
    tile.paste(part, (2, 0))
    ImageDraw.Draw(tile).text((6, TILE + 3), label, "black", ImageFont.load_default(16))
    return tile


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
