# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in and out, with real files of every kind that a portrait may be."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from core.errors import BadInputError
from core.media.pictures import as_stored, read_mask, read_picture, to_rgb8, write_png

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8] | NDArray[np.uint16]

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rgb() -> NDArray[np.uint8]:
    """(40, 60, 3): every pixel another colour, and no symmetry."""
    y, x = np.mgrid[:40, :60]
    return np.dstack([4 * x, 6 * y, 255 - 2 * (x + y)]).astype(np.uint8)


@pytest.fixture
def deep(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The same in 16 bits, with something in the lower ones."""
    return rgb.astype(np.uint16) * 257 ^ 0b1011


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "picture.png"


def _clear(pixels: Pixels) -> Pixels:
    """With an alpha that runs from nothing to full."""
    full = np.iinfo(pixels.dtype).max
    alpha = np.linspace(0, full, pixels.shape[0] * pixels.shape[1]).reshape(pixels.shape[:2])
    return np.dstack([pixels, alpha.round().astype(pixels.dtype)])


def _by_opencv(path: Path, pixels: Pixels) -> None:
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[pixels.shape[2] if pixels.ndim == 3 else 2]
    assert cv2.imwrite(str(path), pixels if order is None else cv2.cvtColor(pixels, order))


def _same(actual: Pixels, expected: Pixels) -> None:
    assert actual.dtype == expected.dtype
    assert actual.flags.c_contiguous
    np.testing.assert_array_equal(actual, expected)


def test_8_bit_colour_and_alpha(rgb: NDArray[np.uint8], file: Path) -> None:
    for pixels in (rgb, _clear(rgb)):
        Image.fromarray(pixels).save(file)
        _same(read_picture(file), pixels)


def test_16_bit_colour_and_alpha(deep: NDArray[np.uint16], tmp_path: Path) -> None:
    for pixels in (deep, _clear(deep)):
        for ending in ("png", "tif"):
            path = tmp_path / f"deep.{ending}"
            _by_opencv(path, pixels)
            _same(read_picture(path), pixels)


def test_grey_becomes_colour(rgb: NDArray[np.uint8], deep: NDArray[np.uint16], file: Path) -> None:
    for grey in (rgb[..., 0], deep[..., 0]):
        _by_opencv(file, grey)
        _same(read_picture(file), np.dstack([grey] * 3))
    Image.fromarray(rgb[..., 0] > 100).save(file)  # one bit a pixel
    _same(read_picture(file), np.dstack([(rgb[..., 0] > 100) * np.uint8(255)] * 3))


def test_grey_with_alpha(rgb: NDArray[np.uint8], file: Path) -> None:
    grey, alpha = rgb[..., 0], rgb[..., 1]
    Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha))).save(file)
    _same(read_picture(file), np.dstack([grey, grey, grey, alpha]))


def test_16_bit_grey_with_alpha(deep: NDArray[np.uint16], file: Path) -> None:
    grey, alpha = deep[..., 0], deep[..., 1]
    file.write_bytes(_png_of_grey_and_alpha(grey, alpha))
    _same(read_picture(file), np.dstack([grey, grey, grey, alpha]))


def _png_of_grey_and_alpha(grey: NDArray[np.uint16], alpha: NDArray[np.uint16]) -> bytes:
    """No library at hand writes 16-bit grey with alpha (PNG specification, colour type 4)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = np.dstack([grey, alpha]).astype(">u2").reshape(len(grey), -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 16, 4, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_palettes(rgb: NDArray[np.uint8], file: Path) -> None:
    palette = Image.fromarray(rgb).quantize(16)
    palette.save(file)
    _same(read_picture(file), np.array(palette.convert("RGB")))
    palette.save(file, transparency=3)
    index = np.array(palette)
    expected = np.dstack([np.array(palette.convert("RGB")), np.where(index == 3, 0, 255).astype(np.uint8)])
    assert (index == 3).any()
    _same(read_picture(file), expected)


def test_a_transparent_colour_becomes_alpha(rgb: NDArray[np.uint8], file: Path) -> None:
    key = tuple(int(value) for value in rgb[20, 30])
    Image.fromarray(rgb).save(file, transparency=key)
    pixels = read_picture(file)
    assert pixels.shape == (40, 60, 4)
    assert np.argwhere(pixels[..., 3] == 0).tolist() == [[20, 30]]


def test_cmyk_with_and_without_a_profile(rgb: NDArray[np.uint8], tmp_path: Path) -> None:
    cmyk = Image.fromarray(rgb).convert("CMYK")
    for name, options in {"plain.jpg": {}, "broken.jpg": {"icc_profile": b"no profile" * 20}}.items():
        cmyk.save(tmp_path / name, quality=98, **options)
        pixels = read_picture(tmp_path / name)
        assert pixels.shape == rgb.shape
        assert np.abs(pixels.astype(int) - rgb).mean() < 8
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # of other colours: it cannot be used
    cmyk.save(tmp_path / "wrong.jpg", quality=98, icc_profile=srgb)
    assert np.abs(read_picture(tmp_path / "wrong.jpg").astype(int) - rgb).mean() < 8


# EXIF's orientations, 1 to 8, as Pillow's operations that make a picture upright.
_UPRIGHT = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _told(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", _UPRIGHT)
def test_pictures_are_the_right_way_up(rgb: NDArray[np.uint8], tmp_path: Path, orientation: int) -> None:
    turn = _UPRIGHT[orientation]
    for ending in ("jpg", "png", "tif"):
        plain, told = tmp_path / f"plain.{ending}", tmp_path / f"told.{ending}"
        Image.fromarray(rgb).save(plain)
        Image.fromarray(rgb).save(told, exif=_told(orientation))
        with Image.open(plain) as picture:
            _same(read_picture(told), np.array(picture if turn is None else picture.transpose(turn)))


@pytest.mark.parametrize("orientation", _UPRIGHT)
def test_16_bit_pictures_are_the_right_way_up(deep: NDArray[np.uint16], tmp_path: Path, orientation: int) -> None:
    upright = _transposed(deep, orientation)
    _by_opencv(tmp_path / "deep.png", deep)
    data = (tmp_path / "deep.png").read_bytes()
    small = io.BytesIO()  # Pillow writes the chunk, but not 16-bit colours
    Image.new("RGB", (1, 1)).save(small, "png", exif=_told(orientation))
    start = small.getvalue().index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(small.getvalue()[start : start + 4], "big")
    (tmp_path / "deep.png").write_bytes(data[:33] + small.getvalue()[start:end] + data[33:])
    _same(read_picture(tmp_path / "deep.png"), upright)

    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    _same(read_picture(tmp_path / "deep.tif"), upright)


def _transposed(pixels: Pixels, orientation: int) -> Pixels:
    turn = _UPRIGHT[orientation]
    index = Image.fromarray(np.arange(pixels[..., 0].size, dtype=np.int32).reshape(pixels.shape[:2]))
    return pixels.reshape(-1, 3)[np.array(index if turn is None else index.transpose(turn))]


def test_names_with_spaces_and_letters_of_the_world(
    rgb: NDArray[np.uint8], deep: NDArray[np.uint16], tmp_path: Path
) -> None:
    folder = tmp_path / "Mona Lisa ~ モナ・リザ"
    for pixels in (rgb, deep):
        write_png(folder / "bóna lìza 1.png", pixels, {})
        _same(read_picture(folder / "bóna lìza 1.png"), pixels)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_damaged_files_are_refused_by_name(rgb: NDArray[np.uint8], deep: NDArray[np.uint16], tmp_path: Path) -> None:
    makers: dict[str, Callable[[Path], object]] = {
        "random.png": lambda path: path.write_bytes(np.random.default_rng(1).bytes(5000)),
        "empty.png": lambda path: path.write_bytes(b""),
        "text.jpg": lambda path: path.write_text("not a picture"),
        "header.png": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + np.random.default_rng(1).bytes(200)),
        "folder.png": lambda path: path.mkdir(),
        "float.tif": lambda path: Image.fromarray(rgb[..., 0].astype(np.float32)).save(path),
    }
    for name, make in makers.items():
        path = tmp_path / name
        make(path)
        with pytest.raises(BadInputError, match=name):
            read_picture(path)
    for name in ("truncated.png", "truncated.jpg", "truncated.tif", "truncated.webp"):
        path = tmp_path / name
        Image.fromarray(rgb).save(path)
        _truncated(path)
        with pytest.raises(BadInputError, match=f"{name}: is not a picture"):
            read_picture(path)
    _by_opencv(tmp_path / "deep.png", deep)
    _truncated(tmp_path / "deep.png")
    with pytest.raises(BadInputError, match=r"deep\.png: is not a picture, or is damaged"):
        read_picture(tmp_path / "deep.png")


def test_wrong_checksums_are_noticed(rgb: NDArray[np.uint8], file: Path) -> None:
    Image.fromarray(rgb).save(file)
    data = bytearray(file.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(BadInputError, match="damaged"):
        read_picture(file)


def test_missing_files_and_impossible_names(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.png: there is no such file"):
        read_picture(tmp_path / "nowhere.png")
    for name in ("zero\0.png", "x" * 300 + ".png"):
        with pytest.raises(BadInputError, match="cannot be read"):
            read_picture(tmp_path / name)


@pytest.mark.parametrize("size", [(1, 1), (31, 200), (200, 31)])
def test_pictures_too_small_for_a_face(file: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size).save(file)
    with pytest.raises(BadInputError, match=f"is {size[0]}x{size[1]} pixels; a face needs at least 32"):
        read_picture(file)


def test_pictures_too_large_for_pillow(file: Path) -> None:
    Image.new("1", (14000, 14000)).save(file)
    with pytest.raises(BadInputError, match=r"picture\.png: is too large: more than 178,956,970 pixels"):
        read_picture(file)


def test_8_bit_colour_for_detectors_and_movies(rgb: NDArray[np.uint8], deep: NDArray[np.uint16]) -> None:
    _same(to_rgb8(rgb), rgb)
    _same(to_rgb8(deep), (deep >> 8).astype(np.uint8))
    on_black = to_rgb8(_clear(rgb))
    assert not on_black[0, 0].any()
    _same(on_black[-1, -1], rgb[-1, -1])
    alpha = _clear(rgb)[..., 3:] / 255
    assert np.abs(on_black - rgb * alpha).max() <= 0.5
    assert to_rgb8(_clear(deep)).shape == (40, 60, 3)


def test_masks_are_brightness_or_alpha(rgb: NDArray[np.uint8], deep: NDArray[np.uint16], file: Path) -> None:
    for grey, white in ((rgb[..., 0], 255), (deep[..., 0], 65535)):
        _by_opencv(file, grey)
        mask = read_mask(file, (60, 40))
        assert mask.dtype == np.float32
        np.testing.assert_allclose(mask, grey / white, atol=1e-6)
    write_png(file, np.dstack([rgb, np.full((40, 60), 255, np.uint8)]), {})  # an alpha that hides nothing
    np.testing.assert_allclose(read_mask(file, (60, 40)), rgb.mean(axis=2) / 255, atol=1e-6)
    write_png(file, np.dstack([rgb, rgb[..., 1]]), {})
    np.testing.assert_allclose(read_mask(file, (60, 40)), rgb[..., 1] / 255, atol=1e-6)


def test_masks_are_brought_to_the_portraits_size(rgb: NDArray[np.uint8], file: Path) -> None:
    _by_opencv(file, rgb[..., 0])  # 60 x 40, brighter to the right
    for size in ((150, 100), (45, 30), (61, 41)):
        mask = read_mask(file, size)
        assert mask.shape == size[::-1]
        expected = 4 * ((np.arange(size[0]) + 0.5) * 60 / size[0] - 0.5).clip(0, 59) / 255
        np.testing.assert_allclose(mask, np.broadcast_to(expected, mask.shape), atol=0.01)
    with pytest.raises(BadInputError, match=r"picture\.png: this mask of 60 x 40 .* than the portrait \(60 x 60\)"):
        read_mask(file, (60, 60))


def test_a_mask_painted_over_a_picture_that_lies_is_turned_with_it(rgb: NDArray[np.uint8], file: Path) -> None:
    for orientation in _UPRIGHT:
        _by_opencv(file, as_stored(rgb, orientation)[..., 0])
        np.testing.assert_allclose(read_mask(file, (60, 40), orientation), rgb[..., 0] / 255, atol=1e-6)


def test_what_is_written_is_what_was_given(rgb: NDArray[np.uint8], deep: NDArray[np.uint16], file: Path) -> None:
    for pixels in (rgb, _clear(rgb), deep, _clear(deep)):
        write_png(file, pixels, {"Comment": "Größe ~ 大", "Software": "Gioconda"})
        _same(read_picture(file), pixels)
        with Image.open(file) as picture:
            assert picture.info["Comment"] == "Größe ~ 大"
            assert picture.info["Software"] == "Gioconda"
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_pictures_replace_what_was_there_and_are_the_same_every_time(rgb: NDArray[np.uint8], file: Path) -> None:
    file.write_text("something else")
    write_png(file, rgb, {"Comment": "a"})
    first = file.read_bytes()
    write_png(file, rgb, {"Comment": "a"})
    assert file.read_bytes() == first


def test_a_full_disk_is_told_and_what_was_there_stays(
    rgb: NDArray[np.uint8], file: Path, full_disk: Callable[[Path], None]
) -> None:
    write_png(file, rgb, {})
    before = file.read_bytes()
    full_disk(file)
    with pytest.raises(BadInputError, match=f"The disk is full: picture.png cannot be written to {file.parent}"):
        write_png(file, rgb, {})
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_folders_that_cannot_be_made(rgb: NDArray[np.uint8], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "frame.png", tmp_path / "file" / "deeper" / "frame.png"):
        with pytest.raises(BadInputError, match=r"cannot be written to .*\. Choose another output"):
            write_png(path, rgb, {})
    (tmp_path / "folder.png" / "inside").mkdir(parents=True)
    with pytest.raises(BadInputError, match=r"folder\.png cannot be written"):
        write_png(tmp_path / "folder.png", rgb, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_read_only_folders_are_told() -> None:
    if os.name != "posix":
        pytest.skip("needs the permissions of POSIX")
    program = (
        "import os, numpy, pathlib, sys\n"
        "from core.errors import BadInputError\n"
        "from core.media.pictures import write_png\n"
        "if os.getuid() == 0: os.setuid(65534)\n"  # root may write everywhere, nobody may not
        "try: write_png(pathlib.Path(sys.argv[1]) / 'frame.png', numpy.zeros((40, 40, 3), 'uint8'), {})\n"
        "except BadInputError as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory() as name:  # not below tmp_path, which is closed to others
        folder = Path(name)
        folder.chmod(0o555)
        command = [sys.executable, "-c", program, folder]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert f"frame.png cannot be written to {folder}: that is read-only, or another program" in result.stdout
        assert not list(folder.iterdir())
