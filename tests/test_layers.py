# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point one way: a file's folder tells what it may import."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("blender_addon/**/*.py")])

# Each part of core, and the parts of core that it may import besides itself.
LAYERS = {
    "errors": set[str](),
    "colour": set[str](),
    "compiled": set[str](),
    "files": {"errors"},
    "json_form": {"errors"},
    "packages": {"errors"},
    "events": {"errors", "packages"},
    "provenance": set[str](),
    "media": {"colour", "errors", "files"},
    "landmarks": {"compiled", "errors", "events", "files", "json_form", "packages", "media"},
    "motion": {"compiled", "errors", "files", "json_form", "landmarks"},
    "speech": {"errors", "events", "media", "motion"},
    "generators": {"colour", "compiled", "errors", "files", "landmarks", "motion"},
    "data": {"errors", "events", "files", "landmarks", "media", "motion", "generators"},
    "training": {"data", "errors", "events", "files", "generators", "landmarks", "media"},
    "driver_video": {"errors", "landmarks", "media", "motion", "generators"},
    "drivers": {"errors", "json_form", "landmarks", "motion", "speech"},  # what may drive a portrait
    "driver_motion": {"drivers", "errors", "events", "landmarks", "media", "motion", "speech"},  # and what it does
    "job": {"drivers", "errors", "files", "json_form", "landmarks", "motion"},  # what a job is
    "portrait_face": {"errors", "events", "job", "landmarks", "media"},  # where a portrait's face is
    "frame_output": {"files", "job", "media", "provenance"},  # where its frames go
    "footage_job": {
        "driver_motion",
        "drivers",
        "errors",
        "events",
        "job",
        "media",
        "landmarks",
        "motion",
        "generators",
    },
    "run": {
        "driver_motion",
        "drivers",
        "errors",
        "events",
        "files",
        "job",
        "media",
        "landmarks",
        "motion",
        "generators",
        "driver_video",
        "footage_job",
        "frame_output",
        "portrait_face",
    },  # how it is done
    "worker": {"drivers", "errors", "events", "packages", "job", "json_form", "motion", "run", "training"},
    "commands": {
        "data",
        "drivers",
        "errors",
        "events",
        "files",
        "generators",
        "job",
        "json_form",
        "run",
        "landmarks",
        "media",
        "motion",
        "speech",
        "training",
    },
    "__main__": {"events", "commands", "worker"},
}
# What Blender's own Python may load: no more than numpy, and nothing of core that would bring more.
LIGHT = {
    "core",
    "core.errors",
    "core.files",
    "core.job",
    "core.landmarks.topology",
    "core.landmarks.track",
    "core.motion",
    "core.motion.blink",
    "core.motion.controls",
    "core.motion.preset",
    "core.motion.thinning",
    "core.speech.amounts",
    "core.training",
}
HEAVY = {
    "av",
    "cv2",
    "dlib",
    "face_alignment",
    "OpenEXR",
    "PIL",
    "pocketsphinx",
    "pytorch_msssim",
    "safetensors",
    "scipy",
    "skimage",
    "tensorboard",
    "torch",
}


def _imports(path: Path, *, of_body_only: bool = False) -> Iterator[str]:
    """Dotted names that a file imports, relative ones resolved; `of_body_only`: those that importing the file runs."""
    tree = ast.parse(path.read_text("utf-8"))
    package = path.relative_to(ROOT).parent.parts
    for node in _outside_functions(tree) if of_body_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*start, *([node.module] if node.module else [])])
            names = (f"{module}.{alias.name}".lstrip(".") for alias in node.names)
            yield from (name if _is_module(name) else module for name in names)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_lazy and not is_for_types:
            yield child
            yield from _outside_functions(child)


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_imports_point_one_way(path: Path) -> None:
    folder, part = path.relative_to(ROOT).with_suffix("").parts[:2]
    for name in _imports(path):
        top, *rest = name.split(".")
        if folder == "blender_addon":
            assert top not in HEAVY, f"{name} belongs to the worker"
            assert top != "core" or name in LIGHT, f"{name} is too heavy for Blender's process"
        else:
            assert top not in {"bpy", "blender_addon", "tools", "build"}, f"core knows nothing of {name}"
            if top == "core" and rest and part != "__init__":
                assert rest[0] == part or rest[0] in LAYERS[part], f"core/{part} must not import {name}"


@pytest.mark.parametrize("name", sorted(LIGHT))
def test_what_blender_imports_is_light(name: str) -> None:
    """No file that comes along when Blender imports `name` imports a heavy package at its top level."""
    seen, waiting = set[str](), [name]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        parts = module.split(".")
        waiting += [".".join(parts[:count]) for count in range(1, len(parts))]  # the packages above it run too
        path = ROOT.joinpath(*parts)
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for imported in _imports(path, of_body_only=True) if path.exists() else ():
            assert imported.split(".")[0] not in HEAVY, f"{name} brings {imported} by {module}"
            if imported.startswith("core"):
                waiting.append(imported)


def test_blenders_version_is_looked_at_in_one_place() -> None:
    for path in ROOT.glob("blender_addon/**/*.py"):
        if path.name != "versions.py":
            text = path.read_text("utf-8")
            assert "app.version" not in text.replace("app.version_string", ""), f"{_name(path)} looks at the version"
