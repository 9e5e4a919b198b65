# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in and out: every pixel as it is, and clear words when a file cannot be used."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from ..errors import BadInputError
from ..files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_LEAST_SIDE = 32  # pixels: no face fits into less
_PNG_COMPRESSION = 1  # the fastest that still finds flat areas; frames are many and are read once
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")  # Pillow's names of grey pictures deeper than 8 bits


def read_picture(path: Path) -> NDArray[Any]:
    """A picture as (H, W, 3 or 4) uint8 or uint16, RGB or RGBA with straight alpha, the right way up.

    Grey, palette and CMYK pictures become RGB(A); 16-bit PNG and TIFF keep their depth. Raises BadInputError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror or error}).") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of very large pictures; ours may be
            with Image.open(io.BytesIO(data)) as picture:
                picture.load()  # a truncated file is noticed here
                pixels = _deep_pixels(data) if _is_deep(picture, data) else _plain_pixels(picture)
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise BadInputError(f"{path}: is not a picture, or is damaged ({error}).") from error
    height, width = pixels.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        raise BadInputError(f"{path}: is {width}x{height} pixels; a face needs at least {_LEAST_SIDE}.")
    return pixels


def _is_deep(picture: Image.Image, data: bytes) -> bool:
    """Pillow opens 16-bit colour as 8-bit: the file's own header tells."""
    if picture.mode in _DEEP_MODES:
        return True
    if picture.format == "PNG":
        return data[24] == 16  # bit depth in the IHDR chunk (PNG specification, 11.2.1)
    bits = getattr(picture, "tag_v2", {}).get(258, 8)  # TIFF's BitsPerSample
    return max(bits) > 8 if isinstance(bits, tuple) else bits > 8


def _deep_pixels(data: bytes) -> NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError("only 8 and 16 bits a channel can be read")
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _plain_pixels(picture: Image.Image) -> NDArray[Any]:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "CMYK":
        upright = _from_cmyk(upright)
    clear = "A" in upright.getbands() or "transparency" in upright.info
    return np.array(upright.convert("RGBA" if clear else "RGB"))


def _from_cmyk(picture: Image.Image) -> Image.Image:
    """By the picture's own colour profile when it has one."""
    profile = picture.info.get("icc_profile")
    if profile:
        with suppress(ImageCms.PyCMSError):
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB")
            if converted is not None:
                return converted
    return picture.convert("RGB")


def write_png(path: Path, pixels: NDArray[Any], text: Mapping[str, str]) -> None:
    """Write RGB(A) uint8 or uint16 pixels with text chunks: whole or not at all, the same bytes every time.

    Raises BadInputError that names the folder when it cannot be written to.
    """
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order), [cv2.IMWRITE_PNG_COMPRESSION, _PNG_COMPRESSION])
    if not done:
        raise BadInputError(f"{path}: a picture of shape {pixels.shape} cannot be written as PNG.")
    data = encoded.tobytes()
    body = 33  # signature and IHDR chunk; text may stand anywhere after them
    chunks = b"".join(_text_chunk(keyword, value) for keyword, value in text.items())
    write_bytes(path, data[:body] + chunks + data[body:])


def _text_chunk(keyword: str, value: str) -> bytes:
    """An uncompressed iTXt chunk (PNG specification, 11.3.3.4)."""
    content = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
