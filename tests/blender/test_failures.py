# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong is told, and breaks neither Blender nor the timeline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.timeline import add_picture, key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

LONG = 400  # frames: more than are drawn while a test looks


@pytest.fixture
def portrait(scene: bpy.types.Scene, astronaut: Path, astronauts_face: str, tmp_path: Path) -> Any:
    strip = add_picture(scene, astronaut, start=1, length=LONG)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.gioconda.add_controls()
    strip["gioconda_landmarks"] = astronauts_face
    key(strip, "headYaw", [(1, 0), (LONG, 20)])
    return strip


@pytest.fixture
def running(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> Any:
    """A job that draws: its first frame is done."""
    job = _start(addon, scene, portrait)
    _first_frame(addon)
    return job


def _start(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, **choices: Any) -> Any:
    """Start a job as the panel's button does. Its result is not placed before it is polled."""
    jobs, session = addon("jobs"), addon("session").session
    output, _ = jobs.output_folder("")
    job = jobs.prepare(scene, portrait, jobs.Choices(output=output, **choices))
    python = addon("runtime").worker_python("")
    command = {"command": "run", "job": job.data}
    task = addon("client").WorkerTask("Generating", python, command, job.folder / "worker.log")
    session.start(task, lambda: jobs.place(job, task), job.folder)
    return job


def _first_frame(addon: Callable[[str], ModuleType]) -> None:
    task = addon("session").session.current.task
    _poll(addon, lambda: task.files)


def _poll(addon: Callable[[str], ModuleType], until: Callable[[], object], seconds: float = 180) -> Any:
    """Poll as the timer does."""
    session = addon("session").session
    deadline = time.monotonic() + seconds
    outcome = None
    while not until() and time.monotonic() < deadline:
        outcome = session.poll_once() or outcome
        time.sleep(0.01)
    assert until()
    return outcome


def _last(addon: Callable[[str], ModuleType]) -> Any:
    """How the last task ended, if it has."""
    session = addon("session").session
    return session.outcome_of(session.about)


def _end(addon: Callable[[str], ModuleType]) -> Any:
    return _poll(addon, lambda: addon("session").session.current is None)


def _frames(job: Any) -> list[Path]:
    return sorted(job.folder.glob("frame_*.png"))


def _nothing_happened(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, job: Any) -> bool:
    """Finished frames stay, whole, without temporary files; the timeline holds the portrait only."""
    sizes = {bpy.data.images.load(str(path)).size[:] for path in _frames(job)[-2:]}
    names = {path.name for path in job.folder.iterdir()} - {path.name for path in _frames(job)}
    return sizes == {(512, 512)} and names == {"job.json", "worker.log"} and len(addon("strips").all_strips(scene)) == 1


def test_a_second_job_has_to_wait_and_the_first_is_cancelled(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, running: Any
) -> None:
    assert not bpy.ops.gioconda.generate.poll()
    assert not bpy.ops.gioconda.find_face.poll()
    assert bpy.ops.gioconda.cancel() == {"FINISHED"}
    begin = time.monotonic()
    outcome = _end(addon)
    print(f"cancelled after {1000 * (time.monotonic() - begin):.0f} ms")
    assert outcome.state == "cancelled"
    assert 0 < len(_frames(running)) < LONG
    assert _nothing_happened(addon, scene, running)
    assert not bpy.ops.gioconda.cancel.poll()


def test_a_killed_worker_fails_the_job_only(addon: Callable[[str], ModuleType], portrait: Any, running: Any) -> None:
    addon("session").session.current.task._child.process.kill()
    outcome = _end(addon)
    assert outcome.state == "failed"
    assert "SIGKILL" in outcome.message or "exit code" in outcome.message
    assert str(running.folder / "worker.log") in outcome.message
    assert _frames(running)
    portrait.frame_final_duration = 2
    assert bpy.ops.gioconda.generate() == {"FINISHED"}


@pytest.mark.usefixtures("running")
def test_another_file_ends_the_job(addon: Callable[[str], ModuleType]) -> None:
    session = addon("session").session
    process = session.current.task._child.process
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert session.current is None
    assert process.wait(10) != 0


def test_the_worker_dies_with_blender(addon: Callable[[str], ModuleType], running: Any) -> None:
    """All that a dying Blender tells its worker is that stdin ends."""
    child = addon("session").session.current.task._child
    child.hang_up()
    child.process.wait(10)
    assert _end(addon).state in ("failed", "cancelled")
    assert len(_frames(running)) < LONG


def test_strips_wait_for_a_render_to_end(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renders run beside windows, which are not here."""
    session = addon("session").session
    portrait.frame_final_duration = 2
    monkeypatch.setattr(session, "is_rendering", lambda: True)
    with pytest.raises(RuntimeError, match="Blender is rendering"):
        bpy.ops.gioconda.generate()
    _start(addon, scene, portrait)
    _first_frame(addon)
    with pytest.raises(AssertionError):
        _poll(addon, lambda: session.current is None, seconds=2)
    assert len(addon("strips").all_strips(scene)) == 1
    monkeypatch.undo()
    assert _end(addon).state == "done"
    assert len(addon("strips").all_strips(scene)) == 2


def test_a_movie_that_cannot_be_rendered_stops_nothing(scene: bpy.types.Scene, portrait: Any, tmp_path: Path) -> None:
    """Blender tells that such a render begins, and not that it is over."""
    portrait.frame_final_duration = 2
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    (tmp_path / "file").touch()
    scene.render.filepath = str(tmp_path / "file" / "movie.mp4")
    with suppress(RuntimeError):
        bpy.ops.render.render(animation=True)
    assert bpy.ops.gioconda.generate() == {"FINISHED"}


def test_portrait_moved_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    portrait.frame_final_duration = 2
    job = _start(addon, scene, portrait)
    portrait.frame_start += 7
    assert _end(addon).state == "done"
    [result] = addon("portraits").results(scene, job.portrait_id)
    assert result.frame_final_start == portrait.frame_final_start == 8


def test_portrait_trimmed_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    """What a still shows does not move with its end."""
    portrait.frame_final_duration = 2
    job = _start(addon, scene, portrait)
    portrait.frame_final_start += 1
    assert _end(addon).state == "done"
    [result] = addon("portraits").results(scene, job.portrait_id)
    assert (result.frame_final_start, portrait.frame_final_start) == (1, 2)


@pytest.mark.main_only
def test_portrait_with_another_picture_meanwhile(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronaut: Path, tmp_path: Path
) -> None:
    """The face that the job finds is not that picture's."""
    portrait.frame_final_duration = 2
    del portrait["gioconda_landmarks"]
    _start(addon, scene, portrait)
    other = shutil.copy(astronaut, tmp_path / "other.png")
    portrait.directory, portrait.elements[0].filename = f"{tmp_path}/", other.name
    assert _end(addon).state == "done"
    assert addon("portraits").stored_faces(portrait) is None


@pytest.mark.main_only
def test_landmarks_loaded_meanwhile(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any, astronauts_face: str
) -> None:
    """They go before those that the job finds."""
    portrait.frame_final_duration = 2
    del portrait["gioconda_landmarks"]
    _start(addon, scene, portrait)
    portrait["gioconda_landmarks"] = by_hand = json.dumps(json.loads(astronauts_face)["faces"][0])
    assert _end(addon).state == "done"
    assert portrait["gioconda_landmarks"] == by_hand


def test_portrait_renamed_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    portraits, session = addon("portraits"), addon("session").session
    portrait.frame_final_duration = 2
    for name in ("first", "second"):
        session.about = portraits.subject(scene, "")
        _start(addon, scene, portrait)
        portrait.name = name
        assert session.about == portraits.subject(scene, "")
        assert _end(addon).state == "done"
        assert session.outcome_of(portraits.subject(scene, "")).state == "done"


def test_scene_renamed_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    portrait.frame_final_duration = 2
    told = "{0.name}: {1.name}".format
    addon("performances").start(bpy.context, "", "Finding the controls", lambda now, strip, _: told(now, strip))
    scene.name = "renamed"
    assert _end(addon).message == f"renamed: {portrait.name}"


def test_undo_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path) -> None:
    """It takes away the id that the strip has got since the last step."""
    strip = add_picture(scene, astronaut, length=2)
    strip.gioconda.driven_by = "PRESET"
    bpy.ops.ed.undo_push(message="one")
    strip.mute = True
    bpy.ops.ed.undo_push(message="two")
    job = _start(addon, scene, strip)
    assert bpy.ops.ed.undo() == {"FINISHED"}
    strip = bpy.context.scene.sequence_editor.active_strip
    assert (strip.mute, "gioconda_portrait_id" in strip) == (False, False)
    assert _end(addon).state == "done"
    assert strip["gioconda_portrait_id"] == job.portrait_id
    [result] = addon("portraits").results(bpy.context.scene, job.portrait_id)
    assert result.frame_final_start == strip.frame_final_start


def test_portrait_deleted_meanwhile(addon: Callable[[str], ModuleType], scene: bpy.types.Scene, portrait: Any) -> None:
    portrait.frame_final_duration = 2
    job = _start(addon, scene, portrait)
    editor = scene.sequence_editor
    (editor.strips if hasattr(editor, "strips") else editor.sequences).remove(portrait)
    outcome = _end(addon)
    assert outcome.state == "failed"
    assert f"gone from the timeline. The frames are in {job.folder}" in outcome.message


@pytest.mark.usefixtures("portrait")
def test_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # in the way of a folder; permissions would not stop an administrator
    with pytest.raises(RuntimeError, match=r"frames cannot be written to .*file.*another output folder"):
        bpy.ops.gioconda.generate(output_folder=str(tmp_path / "file"))


def test_a_folder_beside_a_file_that_is_not_saved(
    addon: Callable[[str], ModuleType], scene: bpy.types.Scene, astronaut: Path
) -> None:
    """Frames would go where Blender happens to have been started."""
    add_picture(scene, astronaut)
    bpy.ops.gioconda.add_controls()
    with pytest.raises(RuntimeError, match=r"//frames: the path is relative to a \.blend file that is not saved"):
        bpy.ops.gioconda.generate(output_folder="//frames")
    jobs = addon("jobs")
    assert jobs.output_folder("//frames") == (jobs.temporary_folder(), False)


def test_a_portrait_that_is_no_picture(scene: bpy.types.Scene, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n not really")
    add_picture(scene, tmp_path / "broken.png")
    bpy.ops.gioconda.add_controls()
    for operator in (bpy.ops.gioconda.find_face, bpy.ops.gioconda.generate):
        with pytest.raises(RuntimeError, match=r"broken\.png") as told:
            operator()
        assert "Log: " not in str(told.value)  # which tells no more


@pytest.mark.main_only
@pytest.mark.usefixtures("portrait")
def test_model_files_are_not_fetched_unasked(addon: Callable[[str], ModuleType], tmp_path: Path) -> None:
    own = bpy.context.preferences.addons[MODULE].preferences
    own.model_folder, own.allow_downloads = str(tmp_path), True
    assert not own.model_files()["allow_download"]  # Blender's online access is off
    with pytest.raises(RuntimeError):
        bpy.ops.gioconda.find_face(detector="face-alignment")
    # The package where the worker has none, else its model files.
    assert _last(addon).mend in ("TORCH", "MODELS")
    own.model_folder, own.allow_downloads = "", False


@pytest.mark.usefixtures("portrait")
def test_an_unknown_detector_is_told() -> None:
    with pytest.raises(RuntimeError, match="eyeballing"):
        bpy.ops.gioconda.find_face(detector="eyeballing")


@pytest.mark.usefixtures("portrait")
def test_worker_python_that_does_not_exist(
    addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIOCONDA_WORKER_PYTHON", str(tmp_path / "nowhere" / "python"))
    with pytest.raises(RuntimeError, match="GIOCONDA_WORKER_PYTHON names a worker Python that does not exist"):
        bpy.ops.gioconda.generate()
    assert _last(addon).mend == "WORKER"


@pytest.mark.usefixtures("portrait")
def test_no_worker_at_all(addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIOCONDA_WORKER_PYTHON")
    with pytest.raises(RuntimeError, match=r"There is no worker yet.*Press Create Worker"):
        bpy.ops.gioconda.generate()
    assert _last(addon).mend == "WORKER"


@pytest.mark.usefixtures("portrait")
def test_worker_python_that_is_no_python(
    addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, astronaut: Path
) -> None:
    monkeypatch.setenv("GIOCONDA_WORKER_PYTHON", str(astronaut))
    with pytest.raises(RuntimeError, match=r"cannot be started: .*astronaut\.png"):
        bpy.ops.gioconda.generate()
    assert _last(addon).mend == "WORKER"


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.mark.usefixtures("portrait")
def test_worker_that_lacks_packages_says_which(
    addon: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, bare_python: Path
) -> None:
    monkeypatch.setenv("GIOCONDA_WORKER_PYTHON", str(bare_python))
    with pytest.raises(RuntimeError, match="lacks the package numpy"):
        bpy.ops.gioconda.generate()
    assert _last(addon).mend == "WORKER"
    with pytest.raises(RuntimeError, match=r"lacks .*numpy"):
        bpy.ops.gioconda.check_worker()
    assert _last(addon).mend == "WORKER"
