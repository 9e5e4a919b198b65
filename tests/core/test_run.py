# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs from a picture to frames on the disk, with the real generator."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from core.colour import decode_srgb
from core.errors import BadInputError
from core.media.pictures import read_picture
from core.run import detect_faces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Event = dict[str, Any]
    MakeJob = Callable[..., Event]
    Run = Callable[..., list[Event]]
    Files = Callable[[Path], list[str]]


def _raw(path: Path) -> NDArray[Any]:
    """The pixels as they are stored, by another reader."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def test_events_and_files_of_a_job(
    job: MakeJob, tmp_path: Path, pixels: NDArray[np.uint8], run: Run, files: Files
) -> None:
    events = run(job(3, headYaw=20, jawOpen=0.6))
    assert [event["event"] for event in events] == ["stage"] * 3 + ["frame"] * 3 + ["done"]
    assert [event["stage"] for event in events[:3]] == ["read", "prepare", "draw"]
    assert events[3] == {
        "event": "frame", "frame": 1, "path": str(tmp_path / "out" / "frame_000001.png"), "done": 1, "total": 3
    }  # fmt: skip
    assert events[-1] == {"event": "done", "frames": 3, "output": str(tmp_path / "out")}
    assert files(tmp_path / "out") == [f"frame_00000{number}.png" for number in (1, 2, 3)]
    first, second, third = (read_picture(tmp_path / "out" / name) for name in files(tmp_path / "out"))
    assert (first == pixels).all()
    changed = [float(np.abs(frame.astype(int) - pixels).mean()) for frame in (second, third)]
    assert 0.5 < changed[0] < changed[1]


@pytest.fixture(params=["rgb8", "rgba8", "rgb16", "rgba16"])
def source(request: pytest.FixtureRequest, portrait: Path, pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """The portrait's file in another depth or with alpha, as OpenCV reads it (blue first)."""
    stored: NDArray[Any] = pixels[..., ::-1]
    if request.param.startswith("rgba"):
        stored = np.dstack([stored, np.roll(stored[..., 0], 40, axis=0)])
    if request.param.endswith("16"):
        noise = np.random.default_rng(4).integers(0, 256, stored.shape, np.uint16)
        stored = stored.astype(np.uint16) * 256 + noise
    cv2.imwrite(str(portrait), stored)
    return stored


def test_neutral_controls_give_back_the_very_same_pixels(
    job: MakeJob, tmp_path: Path, source: NDArray[Any], run: Run, files: Files
) -> None:
    data = job(2)
    neutral = {"jawOpen": [0, 0], "headYaw": [0, 0], "headZoom": [1, 1], "gazeYaw": [0, 0], "eyeBlinkLeft": [0, 0]}
    data["driver"]["controls"]["channels"] = neutral
    run(data)
    for name in files(tmp_path / "out"):
        frame = _raw(tmp_path / "out" / name)
        assert frame.dtype == source.dtype
        np.testing.assert_array_equal(frame, source)


def test_depth_and_alpha_are_kept_in_frames_that_move(
    job: MakeJob, tmp_path: Path, source: NDArray[Any], run: Run
) -> None:
    run(job(2, headYaw=15))
    frame = _raw(tmp_path / "out" / "frame_000002.png")
    assert (frame.shape, frame.dtype) == (source.shape, source.dtype)
    assert (frame != source).any(axis=2).mean() > 0.1
    if frame.dtype == np.uint16:
        assert len(np.unique(frame & 0xFF)) == 256  # no 8-bit picture in between


@pytest.fixture(params=[np.float16, np.float32], ids=["half", "float"])
def light(request: pytest.FixtureRequest, portrait: Path, pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The channels of the portrait's file, made an EXR of light up to four times white, with alpha."""
    alpha = np.linspace(1, 0.3, 256)[:, None]
    light = 4 * (pixels / 255) ** 2.4 * alpha[..., None]
    channels = {name: light[..., i].astype(request.param) for i, name in enumerate("RGB")}
    channels["A"] = np.broadcast_to(alpha, light.shape[:2]).astype(request.param)
    settings = {"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(settings, dict(channels)).write(str(portrait))
    return channels


def _light(path: Path) -> dict[str, NDArray[Any]]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: channel.pixels for name, channel in file.channels().items()}


def test_light_of_an_exr_is_kept(
    job: MakeJob, tmp_path: Path, light: dict[str, NDArray[Any]], run: Run, files: Files
) -> None:
    run(job(2, headYaw=15))
    assert files(tmp_path / "out") == ["frame_000001.exr", "frame_000002.exr"]
    still, moved = (_light(tmp_path / "out" / name) for name in files(tmp_path / "out"))
    for name, channel in light.items():
        np.testing.assert_array_equal(still[name], channel)
        assert still[name].dtype == moved[name].dtype == channel.dtype
    assert (moved["G"] != light["G"]).mean() > 0.1
    assert moved["G"].max() > 2  # no display value in between
    assert len(np.unique(moved["G"])) > 4000


def test_a_face_is_found_in_an_exr_and_movies_show_display_values(
    job: MakeJob, portrait: Path, tmp_path: Path, pixels: NDArray[np.uint8], run: Run
) -> None:
    light = decode_srgb(pixels / 255)
    settings = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(settings, {"RGB": light}).write(str(portrait))
    data = job(1, output="movie.mp4")
    del data["portrait"]["landmarks"]
    run(data)
    with av.open(str(tmp_path / "movie.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(shown.astype(int) - pixels).mean() < 4


def test_16_bit_grey_stays_16_bit(
    job: MakeJob, portrait: Path, tmp_path: Path, pixels: NDArray[np.uint8], run: Run
) -> None:
    grey = pixels[..., 1].astype(np.uint16) * 257 ^ 5
    cv2.imwrite(str(portrait), grey)
    run(job(1))
    np.testing.assert_array_equal(_raw(tmp_path / "out" / "frame_000001.png"), np.dstack([grey] * 3))


@pytest.mark.parametrize("kind", ["palette", "palette with alpha", "cmyk", "turned"])
def test_pictures_of_other_kinds_can_be_animated(
    job: MakeJob, portrait: Path, tmp_path: Path, pixels: NDArray[np.uint8], kind: str, run: Run, files: Files
) -> None:
    picture = Image.fromarray(pixels)
    file = portrait.with_suffix(".jpg" if kind in ("cmyk", "turned") else ".png")
    if kind == "cmyk":
        picture.convert("CMYK").save(file, quality=95)
    elif kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.transpose(Image.Transpose.ROTATE_90).save(file, quality=95, exif=exif)
    else:
        palette = picture.quantize(64)
        palette.save(file, **({"transparency": 5} if "alpha" in kind else {}))
    data = job(2, headYaw=10)
    data["portrait"]["path"] = str(file)
    if kind == "turned":  # the face, too, is found in the upright picture
        del data["portrait"]["landmarks"]
    run(data)
    first, second = (read_picture(tmp_path / "out" / name) for name in files(tmp_path / "out"))
    assert (first == read_picture(file)).all()
    assert first.shape == (256, 256, 4 if "alpha" in kind else 3)
    assert np.abs(first[..., :3].astype(int) - pixels).mean() < 12  # upright, and of about these colours
    assert (first != second).any(axis=2).mean() > 0.1


def test_frames_for_programs_that_ignore_exif_lie_as_the_file_does(
    job: MakeJob, portrait: Path, tmp_path: Path, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], run: Run
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90).save(portrait, exif=exif)
    data = job(2, headYaw=10)
    run({**data, "output": str(tmp_path / "upright")})
    data["portrait"] = {"path": str(portrait), "landmarks": landmarks.tolist(), "as_stored": True}
    run({**data, "output": str(tmp_path / "lying")})
    for name in ("frame_000001.png", "frame_000002.png"):
        upright, lying = _raw(tmp_path / "upright" / name), _raw(tmp_path / "lying" / name)
        np.testing.assert_array_equal(np.rot90(upright), lying)


@pytest.fixture
def disc(landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(256, 256): white from chin to brows, black where her hair and shoulders are."""
    middle, radius = landmarks.mean(axis=0), np.ptp(landmarks, axis=0).max() * 0.6
    disc = cv2.circle(np.zeros((256, 256), np.uint8), middle.astype(int).tolist(), int(radius), (255,), -1)
    return np.asarray(cv2.GaussianBlur(disc, (0, 0), 1.5), np.uint8)


def test_a_mask_decides_what_moves_with_the_head(
    job: MakeJob, tmp_path: Path, pixels: NDArray[np.uint8], disc: NDArray[np.uint8], run: Run
) -> None:
    data = job(2, headYaw=12)
    far = cv2.dilate(disc, np.ones((41, 41), np.uint8)) == 0
    changed: list[float] = []
    for mask in (None, str(tmp_path / "mask.png")):
        cv2.imwrite(str(tmp_path / "mask.png"), cv2.resize(disc, (512, 512)))
        data["portrait"]["head_mask_path"] = mask
        run(data)
        frame = read_picture(tmp_path / "out" / "frame_000002.png").astype(int)
        changed.append(float((np.abs(frame - pixels).max(axis=2) > 8)[far].mean()))
    assert changed[0] > 0.05  # her hair
    assert changed[1] < 0.002


def test_a_mask_for_a_picture_that_lies_as_it_is_stored_lies_too(
    job: MakeJob, portrait: Path, tmp_path: Path, pixels: NDArray[np.uint8], disc: NDArray[np.uint8], run: Run
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90).save(portrait, exif=exif)
    data = job(2, headYaw=12)
    for lies in (False, True):
        cv2.imwrite(str(tmp_path / "mask.png"), np.rot90(disc) if lies else disc)
        data["portrait"] |= {"as_stored": lies, "head_mask_path": str(tmp_path / "mask.png")}
        run({**data, "output": str(tmp_path / str(lies))})
    upright, lying = (_raw(tmp_path / name / "frame_000002.png") for name in ("False", "True"))
    np.testing.assert_array_equal(np.rot90(upright), lying)


def test_a_mask_without_the_face_in_it_is_refused(
    job: MakeJob, tmp_path: Path, disc: NDArray[np.uint8], run: Run
) -> None:
    data = job(1)
    data["portrait"]["head_mask_path"] = str(tmp_path / "mask.png")
    cv2.imwrite(str(tmp_path / "mask.png"), 255 - disc)
    with pytest.raises(BadInputError, match=r"mask\.png: this mask leaves the face out"):
        run(data)
    (tmp_path / "mask.png").unlink()
    with pytest.raises(BadInputError, match=r"mask\.png: there is no such file"):
        run(data)


def test_frames_are_numbered_as_the_drivers(job: MakeJob, tmp_path: Path, run: Run, files: Files) -> None:
    whole = job(10, output="whole", headYaw=20)
    run(whole)
    events = run({**whole, "output": str(tmp_path / "part"), "frames": [5, 9]})
    assert files(tmp_path / "part") == [f"frame_{number:06d}.png" for number in range(5, 10)]
    assert [event["frame"] for event in events if event["event"] == "frame"] == [5, 6, 7, 8, 9]
    assert [event["total"] for event in events if event["event"] == "frame"] == [5] * 5
    for name in files(tmp_path / "part"):
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("frames", [[0, 2], [2, 9], [3, 2]])
def test_frames_outside_the_driver(job: MakeJob, tmp_path: Path, frames: list[int], run: Run) -> None:
    with pytest.raises(BadInputError, match="the driver has frames 1-3"):
        run({**job(3), "frames": frames})
    assert not list(tmp_path.glob("out/*"))


def test_movies_have_the_drivers_rate_and_frames(job: MakeJob, portrait: Path, tmp_path: Path, run: Run) -> None:
    data = job(4, output="movie.mp4", headYaw=20)
    picture = _raw(portrait)[:-1, :-1]  # odd sides
    cv2.imwrite(str(portrait), picture)
    events = run(data)
    assert events[-1]["frames"] == 4
    assert {event["path"] for event in events if event["event"] == "frame"} == {str(tmp_path / "movie.mp4")}
    with av.open(str(tmp_path / "movie.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.average_rate, stream.frames) == (Fraction(30000, 1001), 4)
        assert (stream.width, stream.height) == (256, 256)
        first = next(container.decode(video=0)).to_ndarray(format="bgr24")[:-1, :-1]
    assert np.abs(first.astype(int) - picture).mean() < 4


@pytest.mark.parametrize("output", ["out", "movie.mp4"])
def test_outputs_say_that_they_are_synthetic_and_are_the_same_every_time(
    job: MakeJob, tmp_path: Path, output: str, run: Run
) -> None:
    file = "movie.mp4" if output == "movie.mp4" else "out/frame_000002.png"
    run(job(2, output=output, headYaw=10))
    first = (tmp_path / file).read_bytes()
    run(job(2, output=output, headYaw=10))
    assert (tmp_path / file).read_bytes() == first
    if output == "movie.mp4":
        with av.open(str(tmp_path / file)) as container:
            told = container.metadata["comment"]
    else:
        with Image.open(tmp_path / file) as picture:
            told = picture.info["Comment"]
            assert picture.info["Software"].startswith("Gioconda ")
            assert "digitalsourcetype/compositeSynthetic" in picture.info["XML:com.adobe.xmp"]
    assert told.startswith("Synthetic media")
    assert "Gioconda" in told
    assert str(tmp_path).encode() not in first


def test_unknown_and_clamped_controls_are_warnings(job: MakeJob, run: Run) -> None:
    events = run(job(2, jawOpne=1, headYaw=90))
    told = [event["message"] for event in events if event["event"] == "warning"]
    assert told == ["Unknown control 'jawOpne': left out.", "Control headYaw: clamped to -45..45 in 1 frame."]
    assert events[-1]["event"] == "done"


def test_all_faces_of_a_picture_are_told(portrait: Path, landmarks: NDArray[np.float32]) -> None:
    events: list[Event] = []
    detect_faces(portrait, "dlib", events.append)
    told = events[-1]
    assert (told["event"], told["size"], len(told["faces"])) == ("faces", [256, 256], 1)
    (face,) = told["faces"]
    np.testing.assert_array_equal(np.array(face["landmarks"], np.float32), landmarks)
    assert len(face["confidence"]) == 68
    assert len(face["box"]) == 4
    assert json.loads(json.dumps(told)) == told


def test_a_job_tells_the_faces_that_it_looks_for(job: MakeJob, run: Run, portrait: Path) -> None:
    data = job(1)
    found: list[Event] = []
    del data["portrait"]["landmarks"]
    events = run(data)
    assert [event.get("stage", event["event"]) for event in events] == [
        "read", "detect", "faces", "prepare", "draw", "frame", "done"
    ]  # fmt: skip
    detect_faces(portrait, "dlib", found.append)
    assert events[1:3] == found


def test_no_face_is_not_an_error_when_all_are_asked_for(portrait: Path) -> None:
    cv2.imwrite(str(portrait), np.full((64, 64, 3), 90, np.uint8))
    events: list[Event] = []
    detect_faces(portrait, "dlib", events.append)
    assert events[-1] == {"event": "faces", "size": [64, 64], "faces": []}
