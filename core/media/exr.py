# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR in and out: scene-linear floats whose colours are stored multiplied with alpha.

See https://openexr.com/en/latest/TechnicalIntroduction.html for windows, layers and alpha.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MAGIC = b"v/1\x01"
_COLOUR, _GREY, _ALPHA = "RGB", "Y", "A"
_XYZ = {"X", "Y", "Z"}  # of a direction, where Y has company
_WHOLE_LAYERS = ("", "Combined", "rgba")  # the picture itself: without a name, as Blender and as Nuke name it
# What says how the pixels lie and which colours they mean goes over to the frames.
_KEPT = (
    "adoptedNeutral",
    "chromaticities",
    "colorInteropID",
    "dataWindow",
    "displayWindow",
    "pixelAspectRatio",
    "screenWindowCenter",
    "screenWindowWidth",
    "whiteLuminance",
)
_LARGEST_HALF = 65504


def is_exr(data: bytes) -> bool:
    """By the file's first bytes."""
    return data.startswith(_MAGIC)


def decode_exr(data: bytes) -> Floats:
    """(H, W, 3 or 4) scene-linear RGB(A) with straight alpha: the data window of the default layer.

    Where alpha is 0 the colour is as it is stored: light that hides nothing, such as a flame. Raises ValueError.
    """
    stored = _stack(_default_layer(data)[1])
    return _straight(stored) if stored.shape[2] == 4 else stored


class ExrFrames:
    """Writes frames the way their portrait is stored: pixel types, windows, colour space; losslessly compressed."""

    def __init__(self, portrait: bytes) -> None:
        """Take over from the portrait's file. Raises ValueError."""
        header, channels = _default_layer(portrait)
        self._header = {name: header[name] for name in _KEPT if name in header}
        grey = channels.get(_GREY)
        self._types = {name: (channels[name] if grey is None else grey).dtype for name in _COLOUR}
        self._inexact: tuple[NDArray[np.intp], Floats, Floats] | None = None
        if _ALPHA in channels:
            self._types[_ALPHA] = channels[_ALPHA].dtype
            if any(kind == np.float32 for kind in self._types.values()):
                # Divided by alpha and multiplied again, a float32 may end one bit beside what it was (a half
                # does not): where a frame shows such a pixel of the portrait, its own stored value is written.
                stored = _stack(channels)
                read = _straight(stored.copy())
                places = np.flatnonzero((_multiplied(read) != stored).any(axis=2))
                self._inexact = places, stored.reshape(-1, 4)[places], read.reshape(-1, 4)[places]

    def encode(self, pixels: Floats, text: Mapping[str, str]) -> bytes:
        """The bytes of a file of (H, W, 3 or 4) straight RGB(A) pixels, with text in the header."""
        OpenEXR = _library()
        types = self._types
        if pixels.shape[2] == 4:
            pixels, types = self._as_stored(pixels), {_ALPHA: self._types[_COLOUR[0]], **self._types}
        channels = {name: _as_type(pixels[..., "RGBA".index(name)], kind) for name, kind in types.items()}
        settings = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        out = io.BytesIO()
        OpenEXR.File({**self._header, **text, **settings}, channels).write(out)
        return out.getvalue()

    def _as_stored(self, straight: Floats) -> Floats:
        stored = _multiplied(straight)
        if self._inexact is not None:
            places, own, read = self._inexact
            same = (straight.reshape(-1, 4)[places] == read).all(axis=1)
            stored.reshape(-1, 4)[places[same]] = own[same]
        return stored


def _default_layer(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header of a file's default layer, and its channels by plain name: R, G, B or Y, and A where it has one."""
    parts = _parts(data)
    layers = [(part, layer) for part in parts for layer in _layers(part)]
    if not layers:
        raise ValueError("it has no layer with the channels R, G, B or Y")
    part, layer = min(layers, key=_rank)
    names = {name: f"{layer}.{name}" if layer else name for name in (*_COLOUR, _GREY, _ALPHA)}
    found = {name: part.channels[path] for name, path in names.items() if path in part.channels}
    if all(name in found for name in _COLOUR):
        found.pop(_GREY, None)
    if any(channel.xSampling != 1 or channel.ySampling != 1 for channel in found.values()):
        raise ValueError("its channels are not all of the same size")
    channels = {name: channel.pixels for name, channel in found.items()}
    if any(pixels.dtype.kind != "f" or pixels.ndim != 2 for pixels in channels.values()):
        raise ValueError("its channels are not half or float")
    return part.header, channels


def _parts(data: bytes) -> list[Any]:
    """The file's parts. What is damaged makes the library print a line and leave parts out."""
    OpenEXR = _library()
    try:
        with redirect_stdout(io.StringIO()) as told:
            whole = len(OpenEXR.File(io.BytesIO(data), header_only=True).parts)
            parts = OpenEXR.File(io.BytesIO(data), separate_channels=True).parts
    except (RuntimeError, MemoryError, TypeError) as error:
        raise ValueError(str(error)) from error
    if len(parts) < whole:
        raise ValueError(told.getvalue().strip() or "a part of it cannot be read")
    return parts


def _library() -> Any:  # noqa: ANN401 - it has no types
    return import_module("OpenEXR")


def _layers(part: Any) -> list[str]:  # noqa: ANN401 - the library's class
    """Names of the layers of a part that are pictures."""
    named: dict[str, set[str]] = {}
    for layer, _, channel in (name.rpartition(".") for name in part.channels):
        named.setdefault(layer, set()).add(channel)
    return [layer for layer, channels in named.items() if channels >= set(_COLOUR) or channels & _XYZ == {_GREY}]


def _rank(found: tuple[Any, str]) -> int:
    last = found[1].rpartition(".")[2]
    return _WHOLE_LAYERS.index(last) if last in _WHOLE_LAYERS else len(_WHOLE_LAYERS)


def _stack(channels: dict[str, NDArray[Any]]) -> Floats:
    colour = [channels[name] for name in _COLOUR] if _GREY not in channels else [channels[_GREY]] * 3
    alpha = [channels[_ALPHA]] if _ALPHA in channels else []
    return np.stack([*colour, *alpha], axis=2, dtype=np.float32)


def _straight(stored: Floats) -> Floats:
    """The pixels with their colours divided by alpha, in place."""
    colour, alpha = stored[..., :3], stored[..., 3:]
    with np.errstate(over="ignore"):
        np.divide(colour, alpha, out=colour, where=alpha > 0)
    return stored


def _multiplied(straight: Floats) -> Floats:
    stored = straight.copy()
    colour, alpha = stored[..., :3], stored[..., 3:]
    np.multiply(colour, alpha, out=colour, where=alpha > 0)
    return stored


def _as_type(values: Floats, kind: np.dtype[Any]) -> NDArray[Any]:
    if kind == np.float16:
        # Cubic sampling may go a little above the largest half; infinity stays what it is.
        values = np.where(np.isfinite(values), np.clip(values, -_LARGEST_HALF, _LARGEST_HALF), values)
    return np.ascontiguousarray(values, kind)
