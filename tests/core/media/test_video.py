# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies in and out: exact rates, every frame, colours, and what goes wrong."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from core.errors import BadInputError
from core.media.footage import first_picture
from core.media.video import VideoWriter, is_video, open_video, read_ahead, survey_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[3]
NTSC = Fraction(30000, 1001)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "movie.mp4"


def _grey(level: int, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    return np.full((size[1], size[0], 3), level, np.uint8)


def _write(path: Path, frames: list[NDArray[np.uint8]], fps: Fraction = NTSC) -> None:
    writer = VideoWriter(path, fps, (frames[0].shape[1], frames[0].shape[0]), "A comment: ü")
    for frame in frames:
        writer.write(frame)
    writer.close()


def _read(path: Path) -> tuple[Fraction, tuple[int, int], list[NDArray[np.uint8]]]:
    with open_video(path) as (fps, size, frames):
        return fps, size, list(frames)


@pytest.mark.parametrize("fps", [NTSC, Fraction(25), Fraction(24000, 1001), Fraction(60), Fraction(25, 2)])
def test_the_rate_is_exact_and_no_frame_is_lost(file: Path, fps: Fraction) -> None:
    _write(file, [_grey(20 * number) for number in range(10)], fps)
    read_fps, size, frames = _read(file)
    assert read_fps == fps
    assert size == (64, 48)
    assert [round(frame.mean() / 20) for frame in frames] == list(range(10))
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        assert stream.frames == 10
        assert stream.average_rate == fps
        times = [packet.pts * packet.time_base for packet in container.demux(stream) if packet.pts is not None]
        assert sorted(times) == [number / fps for number in range(10)]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "fps",
    [*(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
     *map(Fraction, ("12.5", "15", "24", "25", "60", "23.976", "29.97"))],
)  # fmt: skip
def test_rates_that_matroska_rounds(tmp_path: Path, fps: Fraction) -> None:
    file = tmp_path / "movie.mkv"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (50, 100, 150):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_grey(level), format="rgb24")))
        container.mux(stream.encode(None))
    read_fps, _, frames = _read(file)
    assert (read_fps, len(frames)) == (fps, 3)
    assert survey_video(file) == (3, True)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_rate_of_a_few_frames_of_mpeg(tmp_path: Path, count: int) -> None:
    file = tmp_path / "movie.mpg"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg2video", rate=NTSC)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_grey(50 * level), format="rgb24")))
        container.mux(stream.encode(None))
    fps, _, frames = _read(file)
    assert (fps, len(frames)) == (NTSC, count)


def test_a_movie_of_one_frame(file: Path) -> None:
    _write(file, [_grey(99)])
    fps, _, frames = _read(file)
    assert fps == NTSC
    assert len(frames) == 1


@pytest.mark.parametrize("size", [(63, 47), (63, 48), (64, 47), (33, 33)])
def test_odd_sides_are_made_even(file: Path, size: tuple[int, int]) -> None:
    _write(file, [_grey(50, size), _grey(200, size)])
    _, read_size, frames = _read(file)
    assert read_size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert all(np.abs(frame.astype(int) - level).max() <= 2 for frame, level in zip(frames, (50, 200), strict=True))


def test_every_player_can_show_it(file: Path) -> None:
    _write(file, [_grey(50)] * 3)
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert container.metadata["comment"] == "A comment: ü"


def test_colours_come_back_as_the_file_tells_them(file: Path) -> None:
    colours = np.array([[200, 30, 40], [40, 180, 50], [30, 60, 220], [230, 220, 40], [210, 160, 140]], np.uint8)
    picture = np.repeat(colours, 32, axis=0)[None].repeat(64, axis=0)
    _write(file, [picture] * 3)
    with av.open(str(file)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)  # all BT.709
        assert context.color_range == 1  # limited
        frame = next(container.decode(video=0))
        decoded = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
    middles = decoded[32, 16::32].astype(int)
    assert np.abs(middles - colours).max() <= 4
    assert np.abs(_read(file)[2][0][32, 16::32].astype(int) - colours).max() <= 4


def test_16_bits_and_alpha_are_laid_on_black(file: Path) -> None:
    rgb = _grey(200)
    clear = np.dstack([rgb, np.full(rgb.shape[:2], 128, np.uint8)])
    deep = clear.astype(np.uint16) * 257
    _write(file, [clear, deep, rgb.astype(np.uint16) * 257])  # pyright: ignore[reportArgumentType]
    means = [frame.mean() for frame in _read(file)[2]]
    assert means == pytest.approx([100, 100, 200], abs=2)


def test_the_same_frames_give_the_same_bytes(file: Path) -> None:
    """On one processor as on many: the number of x264's threads is part of what it writes."""
    program = (
        "import os, pathlib, sys, numpy\n"
        "from fractions import Fraction\n"
        "if sys.argv[2]: os.sched_setaffinity(0, {int(sys.argv[2])})\n"
        "from core.media.video import VideoWriter\n"
        "writer = VideoWriter(pathlib.Path(sys.argv[1]), Fraction(25), (256, 256), 'comment')\n"
        "random = numpy.random.default_rng(1)\n"
        "for _ in range(5): writer.write(random.integers(0, 255, (256, 256, 3), numpy.uint8))\n"
        "writer.close()\n"
    )
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    written: list[bytes] = []
    for alone in ("", str(processors[0]) if len(processors) > 1 else ""):
        subprocess.run([sys.executable, "-c", program, file, alone], cwd=ROOT, check=True)
        written.append(file.read_bytes())
    assert written[0] == written[1]


def test_nothing_is_left_of_a_movie_that_is_given_up(file: Path) -> None:
    file.write_text("an older one")
    writer = VideoWriter(file, NTSC, (64, 48), "")
    writer.write(_grey(20))
    writer.discard()
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_text() == "an older one"


@pytest.mark.parametrize("frames", [1, 60])
def test_a_full_disk_is_told_and_nothing_is_left(file: Path, frames: int, full_disk: Callable[[Path], None]) -> None:
    full_disk(file)
    noise = np.random.default_rng(1).integers(0, 255, (frames, 256, 256, 3), np.uint8)
    with pytest.raises(BadInputError, match=f"disk is full: movie.mp4 cannot be written to {file.parent}"):
        _write(file, list(noise))
    if frames == 1:  # it was noticed at the end, else the caller has to clean up
        assert not list(file.parent.iterdir())


def test_places_where_no_movie_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInputError, match="file cannot be written"):
        VideoWriter(tmp_path / "file" / "movie.mp4", NTSC, (64, 48), "")
    (tmp_path / "folder.mp4" / "inside").mkdir(parents=True)
    writer = VideoWriter(tmp_path / "folder.mp4", NTSC, (64, 48), "")
    writer.write(_grey(1))
    with pytest.raises(BadInputError, match=r"folder\.mp4 cannot be written"):
        writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.mp4"]


def test_what_is_no_movie(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    _write(whole, [_grey(9)] * 5)
    (tmp_path / "truncated.mp4").write_bytes(whole.read_bytes()[:-400])
    (tmp_path / "random.mp4").write_bytes(np.random.default_rng(1).bytes(5000))
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("truncated.mp4", "random.mp4", "empty.mp4", "folder.mp4", "nowhere.mp4"):
        with pytest.raises(BadInputError, match=f"{name}: cannot be read as a movie"):
            _read(tmp_path / name)


def test_sound_alone_is_no_movie(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(BadInputError, match=r"sound\.mp4: has no picture in it"):
        _read(path)


def test_movies_are_known_by_their_endings() -> None:
    assert is_video(Path("a.mp4"))
    assert is_video(Path("A.MOV"))
    assert is_video(Path("00001.MTS"))  # of a camcorder
    assert not is_video(Path("a.png"))


def test_a_folder_is_a_movie_where_it_holds_nothing_else(tmp_path: Path) -> None:
    assert not is_video(tmp_path)
    for name in ("1.mp4", "2.mp4", ".hidden"):
        (tmp_path / name).touch()
    assert is_video(tmp_path)
    assert first_picture(tmp_path) is None
    (tmp_path / "frame_1.png").touch()
    assert not is_video(tmp_path)
    assert first_picture(tmp_path) == tmp_path / "frame_1.png"


@pytest.mark.parametrize(
    ("matrix", "size", "corner"),
    [((0, 1, -1, 0, 48, 0), (48, 64), (0, -1)), ((-1, 0, 0, -1, 64, 48), (64, 48), (-1, -1))],
    ids=["a quarter clockwise", "upside down"],
)
def test_frames_are_turned_as_a_telephone_was_held(
    file: Path, matrix: tuple[int, ...], size: tuple[int, int], corner: tuple[int, int]
) -> None:
    picture = _grey(0)
    picture[:24, :24] = 250
    _write(file, [picture] * 3)
    data = bytearray(file.read_bytes())
    place = data.index(b"tkhd") + 44  # the track's matrix (ISO 14496-12, 8.3.2), from the screen's (x, y, 1)
    a, b, c, d, x, y = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, x, y, 1 << 30)
    file.write_bytes(data)
    _, read_size, frames = _read(file)
    assert read_size == size
    assert all(frame[corner].mean() > 240 for frame in frames)
    assert all(frame[0, 0].mean() < 10 for frame in frames)


def test_uneven_frames_are_spread_evenly(file: Path) -> None:
    """A frame counts for as long as it is shown: telephones film unevenly, and landmark tracks are even."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level, moment in ((40, 0), (80, 1), (120, 4), (160, 5), (200, 6)):  # tenths of a second
            frame = av.VideoFrame.from_ndarray(_grey(level), format="rgb24")
            frame.pts, frame.time_base = moment, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    fps, _, frames = _read(file)
    assert 7 < fps < 8
    assert [round(float(frame.mean()) / 40) for frame in frames] == [1, 2, 2, 3, 4]
    assert survey_video(file) == (len(frames), False)


def test_what_is_known_of_a_movie_before_it_is_read(file: Path) -> None:
    _write(file, [_grey(9)] * 7)
    assert survey_video(file) == (7, True)
    assert survey_video(file.with_name("nowhere.mp4")) == (None, True)


def test_frames_that_are_read_ahead_are_the_same_and_errors_come_through() -> None:
    def frames() -> Iterator[NDArray[np.uint8]]:
        yield from (_grey(level) for level in range(9))
        raise BadInputError("it is damaged")

    seen: list[int] = []
    with pytest.raises(BadInputError, match="damaged"), read_ahead(frames()) as ahead:
        seen.extend(int(frame[0, 0, 0]) for frame in ahead)
    assert seen == list(range(9))


def test_reading_ahead_ends_when_the_reader_does_and_keeps_few_frames() -> None:
    made: list[int] = []

    def frames() -> Iterator[NDArray[np.uint8]]:
        for level in range(100):
            made.append(level)
            yield _grey(level)

    with read_ahead(frames()) as ahead:
        for _ in range(3):
            next(ahead)
    assert 3 <= len(made) <= 9
