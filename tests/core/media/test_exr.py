# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of many kinds, written by the format's own library, read as portraits and written as frames."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import OpenEXR
import pytest

from core.errors import BadInputError
from core.media.pictures import frame_format, read_orientation, read_picture, to_rgb8

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Channels = dict[str, NDArray[Any]]
    Save = Callable[..., Path]

ROOT = Path(__file__).parents[3]
SCANLINES = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "HTJ2K32", "HTJ2K256")


@pytest.fixture(params=[np.float16, np.float32], ids=["half", "float"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def colour(kind: Any) -> NDArray[Any]:
    """(40, 60, 3): light from 0 to 20 times white, every pixel another."""
    return (20 * np.random.default_rng(3).random((40, 60, 3)) ** 4).astype(kind)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """save(channels, name="a.exr", header...): an EXR file."""

    def write(channels: Channels, name: str = "portrait.exr", **header: Any) -> Path:
        OpenEXR.File({**SCANLINES, **header}, dict(channels)).write(str(tmp_path / name))
        return tmp_path / name

    return write


def _channels(pixels: NDArray[Any], names: str = "RGBA", layer: str = "") -> Channels:
    return {layer + name: np.ascontiguousarray(pixels[..., i]) for i, name in zip(range(pixels.shape[2]), names)}  # noqa: B905


def _clear(colour: NDArray[Any]) -> NDArray[Any]:
    """Colours multiplied with an alpha from 0 to 1; some light where nothing hides."""
    alpha = np.linspace(0, 1, 2400).reshape(40, 60, 1).astype(colour.dtype)
    stored = np.concatenate([colour * alpha, alpha], axis=2)
    stored[0, :5, :3] = colour[0, :5]
    stored[0, :5, 3] = 0
    return stored


def _stored(data: bytes) -> Channels:
    """What a file holds, by the library."""
    file = OpenEXR.File(io.BytesIO(data), separate_channels=True)
    return {name: channel.pixels for name, channel in file.channels().items()}


def _same(actual: Channels, expected: Channels) -> None:
    assert actual.keys() == expected.keys()
    for name, pixels in expected.items():
        assert actual[name].dtype == pixels.dtype
        np.testing.assert_array_equal(actual[name], pixels)


def test_light_is_read_as_it_is(save: Save, colour: NDArray[Any]) -> None:
    for compression in LOSSLESS:
        path = save(_channels(colour), compression=getattr(OpenEXR, f"{compression}_COMPRESSION"))
        pixels = read_picture(path)
        assert pixels.dtype == np.float32
        assert pixels.flags.c_contiguous
        np.testing.assert_array_equal(pixels, colour.astype(np.float32))
    assert read_orientation(path) == 1


@pytest.mark.parametrize("compression", ["PXR24", "B44", "B44A", "DWAA", "DWAB"])
def test_lossy_compressions_are_read(save: Save, colour: NDArray[Any], compression: str) -> None:
    smooth = np.linspace(0.2, 4, 2400 * 3).reshape(40, 60, 3).astype(colour.dtype)
    pixels = read_picture(save(_channels(smooth), compression=getattr(OpenEXR, f"{compression}_COMPRESSION")))
    np.testing.assert_allclose(pixels, smooth, rtol=0.02)


def test_tiles_and_lines_from_below_are_read(save: Save, colour: NDArray[Any]) -> None:
    tiles = {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}
    for header in (tiles, {"lineOrder": OpenEXR.DECREASING_Y}):
        np.testing.assert_array_equal(read_picture(save(_channels(colour), **header)), colour.astype(np.float32))


def test_alpha_becomes_straight(save: Save, colour: NDArray[Any]) -> None:
    stored = _clear(colour)
    pixels = read_picture(save(_channels(stored)))
    np.testing.assert_array_equal(pixels[..., 3], stored[..., 3].astype(np.float32))
    hides = stored[..., 3] > 0.05
    np.testing.assert_allclose(pixels[hides, :3], colour[hides].astype(np.float32), rtol=2e-2, atol=1e-4)
    np.testing.assert_array_equal(pixels[0, :5, :3], colour[0, :5].astype(np.float32))  # light without alpha


def test_frames_that_do_not_move_are_what_the_portrait_stores_bit_for_bit(save: Save, colour: NDArray[Any]) -> None:
    colour[5, 5] = np.inf, 0, -0.5  # a light too bright to be told, and a colour outside the triangle
    for stored in (colour, _clear(colour)):
        channels = _channels(stored)
        path = save(channels)
        frames = frame_format(path)
        assert frames.ending == "exr"
        data = frames.encode(read_picture(path), {"Comment": "Größe ~ 大"})
        _same(_stored(data), channels)
        assert data == frames.encode(read_picture(path), {"Comment": "Größe ~ 大"})
        header = OpenEXR.File(io.BytesIO(data)).header()
        assert header["Comment"] == "Größe ~ 大"
        assert header["compression"] == OpenEXR.ZIP_COMPRESSION


def test_frames_that_move_are_multiplied_with_their_alpha(save: Save, colour: NDArray[Any]) -> None:
    path = save(_channels(_clear(colour)))
    moved = np.roll(read_picture(path), 7, axis=1)
    moved[10, 10] = 1e6, 2, 3, 1  # brighter than a half can tell
    stored = _stored(frame_format(path).encode(moved, {}))
    hides = moved[..., 3] > 0
    for i, name in enumerate("RGB"):
        expected = (moved[..., i] * moved[..., 3])[hides]
        limit = np.finfo(colour.dtype).max
        np.testing.assert_allclose(stored[name][hides], np.minimum(expected, limit), rtol=1e-3, atol=1e-6)


def test_the_windows_and_the_colour_space_are_kept(save: Save, colour: NDArray[Any]) -> None:
    """A picture larger than the frame it is seen through: all of it is read, and lies where it lay."""
    told = {
        "dataWindow": (np.array([-5, 7], np.int32), np.array([54, 46], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([47, 63], np.int32)),
        "pixelAspectRatio": 2.0,
        "chromaticities": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),  # ACEScg
    }
    path = save(_channels(colour), **told)
    np.testing.assert_array_equal(read_picture(path), colour.astype(np.float32))
    header = OpenEXR.File(io.BytesIO(frame_format(path).encode(read_picture(path), {}))).header()
    for name, value in told.items():
        np.testing.assert_allclose(header[name], value, rtol=1e-6)


def test_grey_becomes_colour(save: Save, colour: NDArray[Any]) -> None:
    path = save({"Y": np.ascontiguousarray(colour[..., 0]), "A": np.ones((40, 60), colour.dtype)})
    pixels = read_picture(path)
    np.testing.assert_array_equal(pixels, np.dstack([colour[..., 0].astype(np.float32)] * 3 + [np.ones((40, 60))]))
    stored = _stored(frame_format(path).encode(pixels, {}))
    _same(stored, {"R": colour[..., 0], "G": colour[..., 0], "B": colour[..., 0], "A": np.ones_like(colour[..., 0])})


def test_of_several_layers_the_whole_picture_is_read(save: Save, colour: NDArray[Any]) -> None:
    other = colour[::-1]
    normals = _channels(other, "XYZ", "A.Normal.")
    layers = {
        "plain": ({**_channels(other, layer="diffuse."), **_channels(colour)}),
        "blender": ({**_channels(other, layer="A.Diffuse."), **_channels(colour, layer="A.Combined."), **normals}),
        "first": ({**normals, **_channels(colour, layer="beauty."), **_channels(other, layer="other.")}),
    }
    for name, channels in layers.items():
        path = save(channels, f"{name}.exr")
        np.testing.assert_array_equal(read_picture(path), colour.astype(np.float32))
        assert _stored(frame_format(path).encode(read_picture(path), {})).keys() == set("RGB")


def test_of_several_parts_the_picture_is_read(colour: NDArray[Any], tmp_path: Path) -> None:
    depth = OpenEXR.Part(dict(SCANLINES), {"Z": np.zeros((40, 60), np.float32)}, "depth")
    picture = OpenEXR.Part(dict(SCANLINES), _channels(colour), "beauty")
    OpenEXR.File([depth, picture]).write(str(tmp_path / "parts.exr"))
    np.testing.assert_array_equal(read_picture(tmp_path / "parts.exr"), colour.astype(np.float32))


def test_what_is_no_picture_is_told(save: Save, tmp_path: Path) -> None:
    whole = np.zeros((40, 60), np.uint32)
    makers: dict[str, Callable[[Path], object]] = {
        "depth.exr": lambda _: save({"Z": whole.astype(np.float32)}, "depth.exr"),
        "numbers.exr": lambda _: save({"R": whole, "G": whole, "B": whole}, "numbers.exr"),
        "magic.exr": lambda path: path.write_bytes(b"v/1\x01 and nothing else"),
    }
    for name, make in makers.items():
        make(tmp_path / name)
        with pytest.raises(BadInputError, match=f"{name}: is not a picture, or is damaged"):
            read_picture(tmp_path / name)


def test_damaged_files_are_refused_and_nothing_is_printed(save: Save, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(_channels(np.linspace(0, 4, 7200).reshape(40, 60, 3).astype(np.float16)))
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], data[:200], data[:-500] + bytes(500)):
        path.write_bytes(broken)
        with pytest.raises(BadInputError, match=r"portrait\.exr: is not a picture, or is damaged"):
            read_picture(path)
    assert not capfd.readouterr().out  # which belongs to the events


def test_a_header_with_any_wrong_byte_ends_in_a_picture_or_an_error(save: Save) -> None:
    """In a process of its own: a crash would be seen."""
    path = save(_channels(np.ones((40, 60, 3), np.float16)))
    program = (
        "import pathlib, random, sys\n"
        "from core.errors import BadInputError\n"
        "from core.media.pictures import read_picture\n"
        "path = pathlib.Path(sys.argv[1]); data = path.read_bytes(); dice = random.Random(5)\n"
        "for _ in range(300):\n"
        "    wrong = bytearray(data); wrong[dice.randrange(4, len(data))] = dice.randrange(256)\n"
        "    path.write_bytes(wrong)\n"
        "    try: read_picture(path)\n"
        "    except BadInputError: pass\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_detectors_and_movies_get_display_values() -> None:
    light = np.zeros((40, 60, 4), np.float32)
    light[0, :6, 0] = 0, 0.002, 0.18, 0.5, 1, 7
    light[0, 6] = np.nan, np.inf, -1, 1
    light[..., 3] = 1
    light[1, 0] = 1, 1, 1, 0.5
    shown = to_rgb8(light)
    assert shown.shape == (40, 60, 3)
    assert shown[0, :6, 0].tolist() == [0, 7, 118, 188, 255, 255]  # IEC 61966-2-1
    assert shown[0, 6].tolist() == [0, 255, 0]
    assert shown[1, 0].tolist() == [188, 188, 188]
