# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in and out: every pixel as it is, and clear words when a file cannot be used."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import cv2
import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from ..colour import encode_srgb8, full_scale
from ..errors import BadInputError
from ..files import write_bytes
from .exr import ExrFrames, decode_exr, is_exr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_LEAST_SIDE = 32  # pixels: no face fits into less
_MOST_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 0)  # of Pillow's, which warns from the half on
_ORIENTATION = 0x0112  # the EXIF tag
_CLEAR_MODES = ("RGBA", "LA", "PA")  # Pillow's names of pictures with alpha
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")  # Pillow's names of grey pictures deeper than 8 bits


def read_picture(path: Path) -> NDArray[Any]:
    """A picture as (H, W, 3 or 4) uint8, uint16 or float32, RGB or RGBA with straight alpha, the right way up.

    Grey, palette and CMYK pictures become RGB(A); 16-bit PNG and TIFF keep their depth, OpenEXR its scene-linear
    floats (white is 1, light may be brighter). Raises BadInputError.
    """
    data = _read_bytes(path)
    try:
        pixels, orientation = (decode_exr(data), 1) if is_exr(data) else _decode(data)
    except UnidentifiedImageError:
        raise BadInputError(f"{path}: is not a picture of a known format.") from None
    except Image.DecompressionBombError:  # what that many pixels would be unpacked to may be more than there is memory
        raise BadInputError(f"{path}: is too large: more than {_MOST_PIXELS:,} pixels. Make it smaller.") from None
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise BadInputError(f"{path}: is not a picture, or is damaged ({error}).") from error
    height, width = pixels.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        raise BadInputError(f"{path}: is {width}x{height} pixels; a face needs at least {_LEAST_SIDE}.")
    return upright(pixels, orientation)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file.") from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise BadInputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}).") from error


def _decode(data: bytes) -> tuple[NDArray[Any], int]:
    """The pixels as a file of 8 or 16 bits stores them, and its EXIF orientation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of very large pictures; ours may be
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()  # a truncated file is noticed here
            orientation = picture.getexif().get(_ORIENTATION, 1)
            return _deep_pixels(data) if _is_deep(picture, data) else _plain_pixels(picture), orientation


def read_mask(path: Path, size: tuple[int, int], orientation: int = 1) -> NDArray[np.float32]:
    """(H, W) coverage 0..1 from a picture: its alpha where that hides something, else how bright it is.

    `size` is the (width, height) that it is brought to; `orientation` is that of the picture over which it was
    painted, if that was done as the file stores it. Raises BadInputError.
    """
    pixels = upright(read_picture(path), orientation)
    coverage = pixels[..., :3].mean(axis=2, dtype=np.float32)
    white = full_scale(pixels.dtype)
    if pixels.shape[2] == 4 and (pixels[..., 3] < white).any():
        coverage = pixels[..., 3].astype(np.float32)
    height, width = coverage.shape
    factor = size[0] / width
    if abs(height * factor - size[1]) > max(1.0, factor):
        raise BadInputError(
            f"{path}: this mask of {width} x {height} pixels has another shape than the portrait "
            f"({size[0]} x {size[1]})."
        )
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.clip(coverage / white, 0, 1), size, interpolation=kind), np.float32)


def to_rgb8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of any picture, as detectors and movies want it; transparent parts are laid on black.

    Scene-linear floats are encoded as sRGB; what is brighter than white becomes white.
    """
    if np.issubdtype(pixels.dtype, np.floating):
        light: NDArray[Any] = pixels
        if pixels.shape[2] == 4:
            light = pixels[..., :3] * np.clip(pixels[..., 3:], 0, 1)
        return encode_srgb8(light)
    shallow = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    if shallow.shape[2] == 4:
        alpha = shallow[..., 3:].astype(np.uint16)
        shallow = ((shallow[..., :3] * alpha + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(shallow)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo the turning and mirroring that an EXIF orientation, 1 to 8, tells of."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def read_orientation(path: Path) -> int:
    """The EXIF orientation, 1 to 8, of a picture that can be read; 1 is upright."""
    with suppress(UnidentifiedImageError), Image.open(path) as picture:  # Pillow does not know OpenEXR, which has none
        return picture.getexif().get(_ORIENTATION, 1)
    return 1


def as_stored(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """An upright picture turned back to the way its file stores it: the inverse of what `read_picture` does."""
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    return np.ascontiguousarray(pixels)


def _is_deep(picture: Image.Image, data: bytes) -> bool:
    """Pillow opens 16-bit colour as 8-bit: the file's own header tells."""
    if picture.mode in _DEEP_MODES:
        return True
    if picture.format == "PNG":
        return data[24] == 16  # bit depth in the IHDR chunk (PNG specification, 11.2.1)
    bits: tuple[int, ...] = getattr(picture, "tag_v2", {}).get(258, (8,))  # TIFF's BitsPerSample
    return max(bits) > 8


def _deep_pixels(data: bytes) -> NDArray[Any]:
    decoded = cast("NDArray[Any] | None", cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    if decoded is None or decoded.dtype.name not in ("uint8", "uint16"):
        raise ValueError("only 8 and 16 bits a channel can be read")
    if decoded.ndim == 2:
        return cv2.cvtColor(decoded, cv2.COLOR_GRAY2RGB)
    if decoded.shape[2] == 2:
        return decoded[..., [0, 0, 0, 1]]
    return cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _plain_pixels(picture: Image.Image) -> NDArray[Any]:
    if picture.mode == "CMYK":
        return np.array(_from_cmyk(picture))
    clear = picture.mode in _CLEAR_MODES or "transparency" in picture.info
    return np.array(picture.convert("RGBA" if clear else "RGB"))


def _from_cmyk(picture: Image.Image) -> Image.Image:
    """By the picture's own colour profile when it has one."""
    profile = picture.info.get("icc_profile")
    if profile:
        with suppress(ImageCms.PyCMSError):
            srgb = cast("Any", ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType]
            converted = ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB")
            if converted is not None:
                return converted
    return picture.convert("RGB")


class FrameFormat(NamedTuple):
    """How the frames of a portrait are written."""

    ending: str  # of the files' names
    encode: Callable[[NDArray[Any], Mapping[str, str]], bytes]  # pixels and text -> the file


def only_changes(source: NDArray[Any], pixels: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 4): the pixels (H, W, 3 or 4), invisible where they equal their source: laid over it they look the same.

    The source must be opaque (`check_opaque`): what is laid over it cannot make it transparent.

    Whole numbers keep their colour there, so that a strip that is scaled gets no dark rim; the colour of invisible
    floats would be light that hides nothing.
    """
    changed = (pixels != source).any(axis=2)
    out = np.full((*pixels.shape[:2], 4), full_scale(pixels.dtype), pixels.dtype)
    out[..., : pixels.shape[2]] = pixels
    out[~changed, 3 if np.issubdtype(pixels.dtype, np.integer) else slice(None)] = 0
    return out


def check_opaque(pixels: NDArray[Any], path: Path) -> None:
    """Raise BadInputError where pixels (H, W, 3 or 4), those of `path`, cannot be the source of `only_changes`."""
    if pixels.shape[2] == 4 and (pixels[..., 3] < full_scale(pixels.dtype)).any():
        raise BadInputError(
            f"{path}: is transparent in places: changes that are laid over it would leave its head there where it was. "
            "Write whole frames, or give an opaque picture."
        )


def frame_format(portrait: Path | None) -> FrameFormat:
    """OpenEXR for a portrait that is one, else PNG. Raises BadInputError."""
    if portrait is None:
        return FrameFormat("png", encode_png)
    data = _read_bytes(portrait)
    return FrameFormat("exr", ExrFrames(data).encode) if is_exr(data) else FrameFormat("png", encode_png)


def write_png(path: Path, pixels: NDArray[Any], text: Mapping[str, str]) -> None:
    """Write RGB(A) uint8 or uint16 pixels with text chunks: whole or not at all, the same bytes every time.

    Raises BadInputError that names the folder when it cannot be written to.
    """
    write_bytes(path, encode_png(pixels, text))


def encode_png(pixels: NDArray[Any], text: Mapping[str, str]) -> bytes:
    """The bytes of a PNG file of RGB(A) uint8 or uint16 pixels, with text chunks."""
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order))  # OpenCV's default setting is its fastest
    if not done:
        raise BadInputError(f"A picture of shape {pixels.shape} cannot be written as PNG.")
    data = encoded.tobytes()
    body = 33  # signature and IHDR chunk; text may stand anywhere after them
    chunks = b"".join(_text_chunk(keyword, value) for keyword, value in text.items())
    return data[:body] + chunks + data[body:]


def _text_chunk(keyword: str, value: str) -> bytes:
    """An uncompressed iTXt chunk (PNG specification, 11.3.3.4)."""
    content = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
