# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast Gioconda is here: medians, and ratios to one bare cv2.remap of the same picture in the same run.

Run by `python3 build.py bench`. The picture is NASA's astronaut: as it is, where her face takes 18 % of the
height, and enlarged until it takes a third.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line and the worker do

import cv2
import numpy as np
import skimage.data

from core.generators import create_generator
from core.generators.base import Portrait
from core.landmarks.detect import create_detector
from core.landmarks.follow import track_video
from core.media.pictures import encode_png
from core.media.video import VideoWriter
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]

SIZES = ((512, 512), (1920, 1080), (3840, 2160))
FACE_SHARE = 1 / 3  # of the picture's height, chin to brows
FRAMES, STARTS = 24, 5
MOVIE_SIZE, MOVIE_FRAMES = (1280, 720), 150
FEW_AND_MANY = 6, 30  # frames: the memory that they take must not differ
IMPORT_ADDON = """
import importlib.util, sys, time
import bpy
begin = time.perf_counter()
spec = importlib.util.spec_from_file_location("gioconda", sys.argv[1] + "/__init__.py",
                                              submodule_search_locations=[sys.argv[1]])
module = importlib.util.module_from_spec(spec)
sys.modules["gioconda"] = module
spec.loader.exec_module(module)
module.register()
print(1000 * (time.perf_counter() - begin))
module.unregister()
"""


# Linux counts in ru_maxrss what the process had before it became another program: the benchmark's own memory.
PEAK_MEMORY = """
import resource, sys
from core.__main__ import main
code = main(sys.argv[1:])
if sys.platform == "darwin":
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
else:
    peak = 1024 * next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("peak", code, peak)
"""


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(2)
    print("Medians in ms; ratio: one drawn frame to one bare cubic cv2.remap of the region that moves.")
    print(f"{'picture':>16}  {'bare remap':>10}  {'prepare':>8}  {'draw':>7}  {'ratio':>6}  {'write PNG':>9}")
    pictures = {"512x512 as it is": skimage.data.astronaut()}
    pictures |= {f"{size[0]}x{size[1]}": _picture(size) for size in SIZES}
    for name, picture in pictures.items():
        remap, prepare, draw, write = _measure(picture)
        print(f"{name:>16}  {remap:10.1f}  {prepare:8.0f}  {draw:7.1f}  {draw / remap:6.2f}  {write:9.1f}")
    print(f"tracking a movie of {MOVIE_SIZE[0]}x{MOVIE_SIZE[1]}: {_tracked_frames_a_second():.1f} frames a second")
    if sys.platform != "win32":
        picture = pictures["{}x{}".format(*SIZES[-1])]
        few, many = (_peak_megabytes(picture, frames) for frames in FEW_AND_MANY)
        print(f"peak memory at 3840x2160: {few:.0f} MB for {FEW_AND_MANY[0]} frames, {many:.0f} for {FEW_AND_MANY[1]}")
    print(f"add-on import and register in Blender: {_addon_ms():.1f} ms")
    seconds, loaded = _worker_start()
    print(f"worker ready: {seconds:.2f} s, torch imported: {'yes' if loaded else 'no'}")
    print(f"few-shot networks, a frame of 256x256: hybrid {_network_ms('hybrid'):.0f} ms, ", end="")
    print(f"the paper's {_network_ms('paper'):.0f} ms")


def _picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """The astronaut around her face, so that the face is a third of the height."""
    picture = skimage.data.astronaut()
    landmarks = create_detector("dlib").detect(picture)[0].landmarks
    height = float(np.ptp(landmarks[:, 1])) / FACE_SHARE
    scale = size[1] / height
    centre = landmarks.mean(0)
    corner = centre - np.array(size) / scale / 2
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _channels(frames: int) -> dict[str, Any]:
    """A performance that moves everything at once."""
    wave = np.sin(np.linspace(0, 2 * np.pi, frames, endpoint=False)).astype(np.float32)
    return {
        "headYaw": 15 * wave + 1,
        "headPitch": 5 * wave,
        "jawOpen": 0.3 + 0.3 * wave,
        "eyeBlinkLeft": 0.5 + 0.5 * wave,
        "eyeBlinkRight": 0.5 + 0.5 * wave,
        "gazeYaw": 15 * wave,
    }


def _measure(picture: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    landmarks = create_detector("dlib").detect(picture)[0].landmarks
    targets = plan_motion(landmarks, ControlTrack(Fraction(25), _channels(FRAMES)))
    prepare = _median_ms(lambda: create_generator("warp", Portrait(picture, landmarks)), 5)
    generator = create_generator("warp", Portrait(picture, landmarks))
    moved = np.any([(generator.draw(target) != picture).any(axis=2) for target in targets], axis=0)
    rows, columns = (np.flatnonzero(moved.any(axis=axis)).astype(np.float32) for axis in (1, 0))
    x, y = np.meshgrid(np.arange(columns[0], columns[-1] + 1), np.arange(rows[0], rows[-1] + 1))
    x, y = (np.asarray(v, np.float32) for v in (x + 0.5 * np.sin(y / 40), y + 0.5 * np.sin(x / 40)))
    remaps, draws, writes = [], [], []
    for target in targets:  # one after the other, so that a busy moment of the machine hits all of them
        remaps.append(_median_ms(lambda: cv2.remap(picture, x, y, cv2.INTER_CUBIC), 1))
        draws.append(_median_ms(lambda t=target: generator.draw(t), 1))
        writes.append(_median_ms(lambda t=target: encode_png(generator.draw(t), {}), 1) - draws[-1])
    return statistics.median(remaps), prepare, statistics.median(draws), statistics.median(writes)


def _tracked_frames_a_second() -> float:
    """Of her animated picture, with the detector that needs no download, which has been used before."""
    picture = _picture(MOVIE_SIZE)
    detector = create_detector("dlib")
    landmarks = detector.detect(picture)[0].landmarks
    generator = create_generator("warp", Portrait(picture, landmarks))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "movie.mp4")
        movie = VideoWriter(path, Fraction(30), MOVIE_SIZE, "")
        for target in plan_motion(landmarks, ControlTrack(Fraction(30), _channels(MOVIE_FRAMES))):
            movie.write(generator.draw(target))
        movie.close()
        begin = time.perf_counter()
        track_video(path, detector, 0, lambda _: None)
        return MOVIE_FRAMES / (time.perf_counter() - begin)


def _peak_megabytes(picture: NDArray[np.uint8], frames: int) -> float:
    """The most memory that the command line takes to animate a picture."""
    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(f"{folder}/portrait.png", picture[..., ::-1])
        channels = {name: values.tolist() for name, values in _channels(frames).items()}
        Path(folder, "controls.json").write_text(json.dumps({"fps": [25, 1], "channels": channels}), encoding="utf-8")
        arguments = [
            "animate",
            f"{folder}/portrait.png",
            "--controls",
            f"{folder}/controls.json",
            "-o",
            f"{folder}/out",
        ]
        command = [sys.executable, "-c", PEAK_MEMORY, *arguments]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    if told[-2] != "0":
        raise RuntimeError(f"python -m core ended with {told[-2]}")
    return int(told[-1]) / 2**20


def _network_ms(kind: str) -> float:
    """A frame of networks of the size that is used, without what a frame needs besides: weights do not matter."""
    import torch

    from core.generators.few_shot.networks import Inputs, NetworkPlan, build_networks

    torch.set_num_threads(2)
    plan = NetworkPlan() if kind == "hybrid" else NetworkPlan("paper", width=64, embedding=512)
    networks, size = build_networks(plan).eval(), plan.size
    networks.bake()
    pictures = torch.rand(1, 3, 3, size, size)
    inputs = Inputs(pictures[:, 0], pictures, torch.rand(1, 3, 1, size, size), torch.zeros(1, 1, size, size))
    with torch.inference_mode():
        style = networks.project(torch.rand(1, plan.embedding))
        networks.draw_styled(inputs, style)
        return _median_ms(lambda: networks.draw_styled(inputs, style), FRAMES)


def _median_ms(action: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


def _addon_ms() -> float:
    command = [sys.executable, "-c", IMPORT_ADDON, str(ROOT)]
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(STARTS + 1)]
    return statistics.median(float(text.split()[-1]) for text in told[1:])  # the first one compiles


def _worker_start() -> tuple[float, bool]:
    """Seconds from starting the worker to its `ready`, and whether torch was loaded by then."""
    times, loaded = [], False
    for _ in range(STARTS):
        begin = time.perf_counter()
        command = [sys.executable, "-X", "importtime", "-m", "core", "worker"]
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as worker:
            assert worker.stdout is not None
            ready = json.loads(worker.stdout.readline())
            times.append(time.perf_counter() - begin)
            assert ready["event"] == "ready"
            _, log = worker.communicate()
            loaded |= any(line.rpartition("|")[2].strip() == "torch" for line in log.splitlines())
    return statistics.median(times), loaded


if __name__ == "__main__":
    main()
