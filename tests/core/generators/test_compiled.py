# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compiled is kept under the state of the files with loops, so a loop may use nothing from another file."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from numba.core.dispatcher import Dispatcher

from core.generators.warp import compiled

if TYPE_CHECKING:
    import types

MODULES = [
    path.stem
    for path in sorted(Path(compiled.__file__).parent.glob("*.py"))
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
    module = importlib.import_module(f"core.generators.warp.{name}")
    assert _loops(module)
    # Names that the file takes from a neighbour without loops; numbers have no module that would tell.
    imports = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.ImportFrom)]
    foreign = {alias.name for node in imports if node.level and node.module not in MODULES for alias in node.names}
    foreign -= set(MODULES)
    for loop in _loops(module).values():
        assert not foreign.intersection(loop.__code__.co_names), f"{name}.{loop.__name__}"
