# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compiled is kept under the state of the files with loops, so a loop may use nothing from another file."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from numba.core.dispatcher import Dispatcher

from core import compiled

if TYPE_CHECKING:
    import types

ROOT = Path(__file__).parents[2]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted(Path(compiled.__file__).parent.rglob("*.py"))
    if "\n@compiled\n" in path.read_text("utf-8")
]


def _loops(module: types.ModuleType) -> dict[str, types.FunctionType]:
    return {
        name: value.py_func
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher) and value.py_func.__module__ == module.__name__
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_loop_uses_only_files_with_loops(name: str) -> None:
    module = importlib.import_module(name)
    assert _loops(module)
    # Names that the file takes from a neighbour without loops; numbers have no module that would tell. A change of
    # `compiled` itself compiles all anew.
    foreign = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.level:
            source = resolve_name("." * node.level + (node.module or ""), module.__package__)
            known = source in {*MODULES, compiled.__name__}
            foreign |= {alias.name for alias in node.names if not known and f"{source}.{alias.name}" not in MODULES}
    for loop in _loops(module).values():
        assert not foreign.intersection(loop.__code__.co_names), f"{name}.{loop.__name__}"


def test_what_is_gone_when_old_loops_are_cleared_stops_nothing(tmp_path: Path) -> None:
    """Another process may be clearing the same folder."""
    cache = tmp_path / ".cache/gioconda"
    cache.mkdir(parents=True)
    (cache / "compiled-gone").symlink_to(tmp_path / "nowhere")
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "import core.compiled"], cwd=ROOT, env=environment, check=True)


_LOOPS_COMPILED_LATER = """
import gc, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from numba.core.dispatcher import Dispatcher
from core.generators import create_generator
from core.generators.warp.first_use import compile_loops
from core.landmarks.detect import create_detector
from core.generators.base import Portrait
from core.media.pictures import read_picture
from core.motion.controls import ControlTrack
from core.motion.plan import plan_motion

def compiled():
    loops = [it for it in gc.get_objects() if isinstance(it, Dispatcher) and it.py_func.__module__.startswith("core.")]
    return {(loop.py_func.__name__, str(signature)) for loop in loops for signature in loop.signatures}

compile_loops()
before = compiled()
pixels = read_picture(Path(sys.argv[1]))
landmarks = create_detector("dlib").detect(pixels)[0].landmarks
moves = {"headYaw": -12, "headPitch": 8, "jawOpen": 0.4, "eyeBlinkRight": 0.7, "mouthSmileLeft": 1, "tongueOut": 1.0}
track = ControlTrack(Fraction(25), {name: np.float32([value]) for name, value in moves.items()})
cut_out = np.dstack([pixels, pixels[..., 0]])
for whole in (pixels, cut_out, pixels.astype(np.uint16) * 257, np.float32(cut_out) / 255):
    generator = create_generator("warp", Portrait(whole, landmarks))
    for target in plan_motion(landmarks, track):
        generator.draw(target)
print(len(before), compiled() - before)
"""


def test_nothing_is_left_to_compile(portrait: Path) -> None:
    """After `compile` a portrait of any usual kind finds all it needs."""
    command = [sys.executable, "-c", _LOOPS_COMPILED_LATER, str(portrait)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert told.stdout.endswith(" set()\n"), told.stdout + told.stderr
