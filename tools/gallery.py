# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the gallery: portraits times performances, the first version beside this one. This one runs in .venv.

python -m tools.gallery                 docs/gallery.md and its sheets, of the pictures whose rights are clear
python -m tools.gallery --out FOLDER    all of them, in FOLDER/gallery.md: not to be published
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from tools.gallery_frames import FPS, PERFORMANCES
from tools.running import BuildError, run, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
OWN, SHARED = ROOT / "docs/gallery/portraits", ROOT.parent / "shared/data/portraits"
WORK = ROOT / "out/gallery"
FIRST_VERSION = "7c62bd4"
TILE, LABEL = 128, 64  # pixels: a tile's height on a sheet, the width of what stands beside a row
CLIP = 224  # pixels: a clip's height
GREY = 256  # pixels: the width of the picture in black and white
_PAINTING = "public domain: the painter died more than 100 years ago"
_RENDERED = "rendered for this page from the ICT face model (MIT, USC Institute for Creative Technologies)"
TITLES = {
    "turn": "turn and nod",
    "look": "look around and blink",
    "talk": "say ah - ee - oo",
    "laugh": "laugh, then be surprised",
    "roll": "roll the head and all at once",
}


@dataclass(frozen=True)
class Sitter:
    """A portrait of the gallery."""

    name: str
    title: str
    rights: str
    path: Path
    may_be_shown: bool = True


SITTERS = [
    Sitter(
        "mona_lisa", "Leonardo da Vinci, Mona Lisa, about 1503", _PAINTING, SHARED / "painting_mona_lisa_720x1280.jpg"
    ),
    Sitter("velata", "Raphael, La Velata, about 1516", _PAINTING, SHARED / "painting_raphael_velata_562x1000.jpg"),
    Sitter("girl", "William-Adolphe Bouguereau, a girl", _PAINTING, SHARED / "painting_bouguereau_girl_720.jpg"),
    Sitter("hopper", "Grace Hopper, US Navy: glasses, a smile", "public domain", SHARED / "grace_hopper.jpg"),
    Sitter("astronaut", "Eileen Collins, NASA", "public domain; from scikit-image", WORK / "pictures/astronaut.png"),
    Sitter(
        "ada",
        "Ada Lovelace: a drawing, half turned away",
        "public domain; from matplotlib up to 3.2, whose pull request 1599 says so",
        OWN / "ada_lovelace.png",
    ),
    Sitter("pencil", "A pencil drawing, made from the astronaut", "as that picture", WORK / "pictures/pencil.png"),
    Sitter(
        "grey",
        "A grainy photograph in black and white, 256 pixels wide, made from Grace Hopper's",
        "as that picture",
        WORK / "pictures/grey.png",
    ),
    Sitter("statue", "A statue", _RENDERED, OWN / "statue.jpg"),
    Sitter("model", "A modelled head, unshaven", _RENDERED, OWN / "model.jpg"),
    Sitter(
        "einstein",
        "Albert Einstein, an early photograph",
        "unclear: shown in local galleries only",
        SHARED / "photo_einstein_375x500.jpg",
        may_be_shown=False,
    ),
]


def main(arguments: list[str]) -> int:
    """Draw what is missing, then write the page; gives the exit code."""
    parser = argparse.ArgumentParser(prog="build.py gallery", description=__doc__)
    parser.add_argument("--out", type=Path, help="a local gallery with pictures of unclear rights as well")
    parser.add_argument("--only", nargs="+", default=[], choices=[s.name for s in SITTERS], metavar="NAME")
    options = parser.parse_args(arguments)
    _make_pictures(WORK / "pictures")
    sitters = [s for s in SITTERS if (options.out or s.may_be_shown) and (not options.only or s.name in options.only)]
    for sitter in [s for s in sitters if not s.path.is_file()]:
        print(f"Left out: {sitter.title}. There is no {sitter.path}.")
    sitters = [sitter for sitter in sitters if sitter.path.is_file()]
    versions = {"first": first} if (first := _first_version()) else {}
    for name, core in {**versions, "now": ROOT}.items():
        for sitter in sitters:
            _draw(sitter, WORK / name / sitter.name, core, again=name == "now")
    page = options.out.resolve() / "gallery.md" if options.out else ROOT / "docs/gallery.md"
    pictures = page.parent / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    for sitter in sitters:
        _sheet(sitter, [*versions, "now"]).save(pictures / f"{sitter.name}.jpg", quality=75, optimize=True)
        _clip(sitter, [*versions, "now"], pictures / f"{sitter.name}.mp4")
    if not options.only:
        page.write_text(page_text(sitters, [*versions, "now"]), encoding="utf-8")
    say(f"Done. Look at: {page if not options.only else pictures}")
    return 0


def _make_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    astronaut: NDArray[np.uint8] = np.asarray(skimage.data.astronaut(), np.uint8)
    Image.fromarray(astronaut).save(folder / "astronaut.png")
    large = Image.fromarray(astronaut[:320, 64:384]).resize((640, 640), Image.Resampling.BICUBIC)
    drawn = cv2.pencilSketch(np.asarray(large, np.uint8), sigma_s=40, sigma_r=0.1, shade_factor=0.04)[0]
    Image.fromarray(np.asarray(drawn, np.uint8)).convert("RGB").save(folder / "pencil.png")
    if (hopper := SHARED / "grace_hopper.jpg").is_file():
        grey_photograph(Image.open(hopper)).save(folder / "grey.png")


def grey_photograph(picture: Image.Image) -> Image.Image:
    """A picture as an old camera would have taken it: small, grey, hard in its contrast, with grain."""
    small = picture.convert("L").resize((GREY, round(GREY * picture.height / picture.width)), Image.Resampling.LANCZOS)
    light = np.asarray(small, np.float32) / 255
    grain = np.random.default_rng(1906).normal(0, 0.07, light.shape).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6), np.float32)
    hard = light + 0.5 * light * (1 - light) * (2 * light - 1)
    shown = np.clip(255 * (hard + grain), 0, 255).astype(np.uint8)
    return Image.fromarray(shown).convert("RGB")


def _first_version() -> Path | None:
    """Where the first version's `core` lies, taken out of the history; None where there is no history."""
    folder, packed = WORK / "first_version", WORK / "first_version.tar"
    if not (folder / "core").is_dir():
        take = ["git", "archive", "--output", str(packed), FIRST_VERSION, "core"]
        if not shutil.which("git") or subprocess.run(take, cwd=ROOT, capture_output=True, check=False).returncode:
            print(f"Without the first version: git does not find its commit, {FIRST_VERSION}.")
            return None
        shutil.unpack_archive(packed, folder)
    return folder


def _draw(sitter: Sitter, folder: Path, core: Path, *, again: bool) -> None:
    """Draw the performances with the `core` that lies in a folder, unless that is done."""
    finished = folder / "finished"
    if finished.is_file() and not again:  # the first version does not change any more
        return
    say(f"Drawing {sitter.title} ({folder.parent.name})")
    program = [sys.executable, ROOT / "tools/gallery_frames.py", sitter.path, folder]
    environment = {"PYTHONPATH": os.pathsep.join([str(core), str(ROOT)]), "OPENBLAS_NUM_THREADS": "1"}
    if run(program, cwd=WORK, env=environment):
        raise BuildError(f"{sitter.title} was not drawn: see above.")
    finished.touch()


def _sheet(sitter: Sitter, versions: list[str]) -> Image.Image:
    """A row for every performance and version, a column for every moment."""
    rows: list[tuple[str, list[Image.Image]]] = []
    for name, (moments, _) in PERFORMANCES.items():
        for version in versions:
            folder = WORK / version / sitter.name
            tiles: list[Image.Image] = [Image.open(folder / f"{name}_{i}.png") for i in range(len(moments))]
            rows.append((f"{name}\n{version}", tiles))
    width = round(rows[0][1][0].width * TILE / rows[0][1][0].height)
    sheet = Image.new("RGB", (LABEL + width * len(rows[0][1]), TILE * len(rows)), "white")
    for y, (label, tiles) in enumerate(rows):
        ImageDraw.Draw(sheet).text((4, y * TILE + 4), label, "black", ImageFont.load_default(14))
        for x, tile in enumerate(tiles):
            sheet.paste(tile.resize((width, TILE), Image.Resampling.LANCZOS), (LABEL + x * width, y * TILE))
    return sheet


def _clip(sitter: Sitter, versions: list[str], path: Path) -> None:
    """All performances one after the other, the versions side by side; small enough for a page."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for name in PERFORMANCES:
            movies = [_frames(WORK / version / sitter.name / f"{name}.mp4") for version in versions]
            for parts in zip(*movies):
                whole = np.hstack(parts)
                size = 2 * round(whole.shape[1] * CLIP / whole.shape[0] / 2), CLIP
                if stream is None:
                    stream = container.add_stream("libx264", Fraction(FPS), options={"crf": "33", "threads": "4"})
                    stream.width, stream.height = size
                    stream.pix_fmt = "yuv420p"
                small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(small, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))


def _frames(movie: Path) -> list[Any]:
    with av.open(str(movie)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def page_text(sitters: list[Sitter], versions: list[str]) -> str:
    """The page: what is shown, where it is from, and the sheets."""
    lines = [
        "# Gallery",
        "",
        "Made by `python3 build.py gallery`; the faces are found by the program, nothing is touched up by hand.",
        "Every portrait plays the same five performances, keyed as controls (`tools/gallery_frames.py`):",
        "",
        *(f"- **{name}**: {title}" for name, title in TITLES.items()),
        "",
        f"Each sheet shows six moments of each, and the clips the same in motion: {_told(versions)}.",
        "All moving pictures here are synthetic.",
    ]
    for sitter in sitters:
        lines += [
            "",
            f"## {sitter.title}",
            "",
            f"Rights: {sitter.rights}. [Clip](gallery/{sitter.name}.mp4)",
            "",
            f"![Five performances by this portrait](gallery/{sitter.name}.jpg)",
        ]
    hidden = [sitter.title for sitter in SITTERS if not sitter.may_be_shown and sitter not in sitters]
    if hidden:
        lines += ["", f"Not on this page, because the rights are unclear: {'; '.join(hidden)}."]
    return "\n".join(lines) + "\n"


def _told(versions: list[str]) -> str:
    if versions == ["now"]:
        return "as this version draws them"
    first = f"as the first version drew them (*first*, commit {FIRST_VERSION}, at the left in the clips)"
    return f"{first} and as this one does (*now*)"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as problem:
        print(f"\n{problem}", file=sys.stderr)
        sys.exit(1)
