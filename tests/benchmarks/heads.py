# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast made-up heads are rendered: `.venv/bin/python -m tests.benchmarks.heads PACK [SHEET.png]`.

One process and one thread, as each core works in `core data synthesize`; divide by the number of cores. Processor
time, because other work on the computer does not count; the least of all frames beside the median, because it does.
With a name of a picture it draws the sheet of `docs/decisions/synthetic-heads.md` instead.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from PIL import Image

from core.data.acting import act
from core.data.backdrop import draw_backdrop
from core.data.figure import Studio, make_figure
from core.data.head_model import load_head_model
from core.data.looks import random_looks, random_setting
from core.data.render import draw, finish
from core.data.synthesize import frame_head, render_clip

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, FRAMES, PEOPLE = 256, 6, 4
SHEET, TILE, SEED = (3, 6), 160, 21  # rows and columns, pixels


def measure(pack: Path) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    studio = Studio(load_head_model(pack))
    times: dict[str, list[float]] = {"a person": [], "pose": [], "draw": [], "finish": []}

    def timed(name: str, action: Callable[..., Any], *arguments: Any) -> Any:
        start = time.process_time()
        result = action(*arguments)
        times[name].append(1000 * (time.process_time() - start))
        return result

    with torch.inference_mode():
        for number in range(PEOPLE):
            rng = np.random.default_rng([0, number])
            looks = random_looks(rng, len(studio.model.identity))
            setting = random_setting(rng, looks)
            figure = timed("a person", make_figure, studio, looks)
            poses = act(rng, FRAMES, studio.model.expression_names)
            vertices = [timed("pose", figure.posed, pose) for pose in poses]
            camera = frame_head(figure, poses, vertices, setting)
            backdrop = torch.tensor(draw_backdrop(setting.backdrop, SIZE)).permute(2, 0, 1)
            grain = torch.zeros(3, SIZE, SIZE)
            for moved in vertices:
                head = timed("draw", draw, figure, moved, camera, setting, SIZE)
                timed("finish", finish, head, backdrop, setting, grain)
    print(f"{SIZE} x {SIZE} pixels, {PEOPLE} people, {FRAMES} frames each; ms of one core")
    for name, each in times.items():
        print(f"{name:10} median {statistics.median(each):7.1f}   least {min(each):7.1f}")
    frame = [sum(row) for row in zip(times["pose"], times["draw"], times["finish"], strict=True)]
    print(f"{'a frame':10} median {statistics.median(frame):7.1f}   least {min(frame):7.1f}")


def draw_sheet(pack: Path, output: Path) -> None:
    """The first people of a seed, one frame of each, in few colours: the file stays small."""
    rows, columns = SHEET
    source = {"seed": SEED, "frames": 4, "size": SIZE}
    heads = [render_clip(pack, {**source, "person": number}).pictures[0] for number in range(rows * columns)]
    small = np.stack([cv2.resize(head, (TILE, TILE), interpolation=cv2.INTER_AREA) for head in heads])
    sheet = small.reshape(rows, columns, TILE, TILE, 3).swapaxes(1, 2).reshape(rows * TILE, columns * TILE, 3)
    Image.fromarray(sheet).quantize(256, Image.Quantize.MEDIANCUT).save(output, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        draw_sheet(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        measure(Path(sys.argv[1]))
