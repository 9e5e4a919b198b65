#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one command line of the project. It needs Python 3.8 or later and installs everything else by itself.

python3 build.py demo       see a portrait move: out/demo.mp4, out/demo.png
python3 build.py test       run all tests, in every Blender whose Python is installed
python3 build.py lint       ruff and basedpyright
python3 build.py package    write the extension: dist/gioconda-<version>.zip
python3 build.py bench      measure how fast it is; with --quality: how good, beside baselines and goals
python3 build.py gallery    portraits and performances, the first version beside this one: docs/gallery.md
python3 build.py setup      only make the environments
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if sys.version_info < (3, 8):  # noqa: UP036 - the tools' settings cannot stop an older Python
    sys.exit("build.py needs Python 3.8 or later; this is {}.{}.".format(*sys.version_info))

from tools.environment import (
    BPY_PYTHON,
    MAIN_BPY,
    ROOT,
    SCORER_FILE,
    bpy_environment,
    ensure,
    lint_environment,
    main_environment,
    scorer_environment,
)
from tools.pythons import find_python
from tools.running import BuildError, run, say, step

if TYPE_CHECKING:
    from collections.abc import Sequence

OUT = ROOT / "out"
NO_TESTS = 5  # pytest's exit code when its filters leave nothing
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")  # two files of tests at a time
SHORT = ("-m", "not main_only")  # see the marker in pyproject.toml


def setup(*, fresh: bool) -> int:
    """Make the main environment."""
    say(f"Ready: {ensure(main_environment(), fresh=fresh)}")
    return 0


def demo(portrait: Path | None) -> int:
    """Install the extension in a Blender of its own, animate a portrait with it and render the timeline."""
    python = ensure(main_environment())
    archive = build_package(python)
    profile = OUT / "blender"
    for leftover in (profile, OUT / "gioconda"):  # of the demo before: else its frames pile up
        shutil.rmtree(leftover, ignore_errors=True)
    profile.mkdir(parents=True)
    environment = {"BLENDER_USER_RESOURCES": str(profile), "GIOCONDA_WORKER_PYTHON": str(python)}
    video, sheet = OUT / "demo.mp4", OUT / "demo.png"
    script = ROOT / "samples/08_talking_portrait_in_blender.py"
    picture = portrait or site_packages(python) / "skimage/data/astronaut.png"
    sample = [python, script, "--extension", archive, "--portrait", picture, "--output", video]
    say("Animating the portrait in Blender")
    if run(sample, cwd=ROOT, env=environment, hide="append frame"):  # Blender tells of each frame that it renders
        raise BuildError("The portrait was not animated: see above.")
    step("Drawing the contact sheet", [python, "-m", "tools.contact_sheet", video, sheet], cwd=ROOT)
    say("Done. Look at:")
    print(f"  {video}\n  {sheet}\n  {video.with_suffix('.blend')}  (the timeline, to open in Blender)")
    return 0


def test(only: str | None, arguments: list[str]) -> int:
    """Run pytest in the main Blender, then tests/blender in every other one; the worst exit code of all."""
    main = main_environment()
    worker = ensure(main)
    # Tests start hundreds of processes: none is to compile anew what the one before has imported.
    env = {"GIOCONDA_WORKER_PYTHON": str(worker), "PYTHONDONTWRITEBYTECODE": ""}
    main_version = MAIN_BPY[main.python]
    results: dict[str, int | None] = {}
    for version in sorted(BPY_PYTHON, key=lambda name: name != main_version):
        if only not in (None, version):
            continue
        if version == main_version:
            say(f"All tests, with Blender {version}")
            results[version] = run([worker, "-m", "pytest", *SIDE_BY_SIDE, *arguments], cwd=ROOT, env=env)
            continue
        chosen = _blender_tests(arguments)
        if not chosen or find_python(BPY_PYTHON[version]) is None:
            results[version] = None
            continue
        python = ensure(bpy_environment(version))
        say(f"tests/blender, with Blender {version}")
        code = run([python, "-m", "pytest", *SIDE_BY_SIDE, *SHORT, *chosen], cwd=ROOT, env=env)
        results[version] = 0 if code == NO_TESTS and arguments else code
    say("Result")
    for version, code in results.items():
        why = f"not run: no Python {BPY_PYTHON[version]} here, or not asked for"
        print(f"  Blender {version}: {why if code is None else 'passed' if code == 0 else f'FAILED ({code})'}")
    if only and results[only] is None:
        return 1  # what was asked for did not happen
    return max(code or 0 for code in results.values())


def _blender_tests(arguments: list[str]) -> list[str]:
    """Pytest's arguments narrowed to tests/blender; empty when the paths given lie elsewhere."""
    paths = [part for part in arguments if (ROOT / part.split("::")[0]).exists()]
    if not paths:
        return [*arguments, "tests/blender"]
    kept = [part for part in paths if "tests/blender" in Path(part).as_posix()]
    return [part for part in arguments if part not in paths or part in kept] if kept else []


def lint() -> int:
    """Run ruff's linter, its formatter as a check, and basedpyright; all of them, even when one complains."""
    code = ensure(main_environment())
    tools = ensure(lint_environment())
    commands = [
        [tools, "-m", "ruff", "check", "."],
        [tools, "-m", "ruff", "format", "--check", "."],
        [tools, "-m", "basedpyright", "--pythonpath", code],
    ]
    return max(run(command, cwd=ROOT) for command in commands)


def package() -> int:
    """Write the installable zip."""
    say(f"Written: {build_package(ensure(main_environment()))}")
    return 0


def build_package(python: Path, folder: Path = ROOT / "dist") -> Path:
    """Build and validate the extension with Blender's own tool and list of tags; gives the zip's path."""
    version = manifest_version((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    archive = folder / f"gioconda-{version}.zip"
    folder.mkdir(exist_ok=True)
    scripts = next(site_packages(python).glob("bpy/*/scripts"))
    tool = [python, scripts / "addons_core/bl_pkg/cli/blender_ext.py"]
    tags = ["--valid-tags", scripts / "modules/_bpy_internal/extensions/tags.py"]
    build = ["build", *tags, "--source-dir", ROOT, "--output-filepath", archive]
    step("Building the extension", [*tool, *build], cwd=ROOT)
    step("Validating it", [*tool, "validate", *tags, archive], cwd=ROOT)
    return archive


def site_packages(python: Path) -> Path:
    """Where an environment keeps its packages."""
    windows = python.parent.parent / "Lib/site-packages"
    return windows if windows.exists() else next(python.parent.parent.glob("lib/python*/site-packages"))


def manifest_version(text: str) -> str:
    """The extension's version; the manifest is its one source (this Python may have no TOML reader)."""
    found = re.search(r'^version\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise BuildError("blender_manifest.toml has no version.")
    return found.group(1)


def bench(arguments: list[str]) -> int:
    """Print the table of times."""
    return _run_module("tests.benchmarks.bench", arguments)


def quality(arguments: list[str]) -> int:
    """Print how good the frames are; without the scorer's files, what can be measured without them."""
    scorer = ["--scorer", ensure(scorer_environment())] if (ROOT / SCORER_FILE).is_file() else []
    return _run_module("tests.benchmarks.quality", [*scorer, *arguments])


def gallery(arguments: list[str]) -> int:
    """Draw the gallery's page."""
    return _run_module("tools.gallery", arguments)


def _run_module(name: str, arguments: Sequence[str | Path]) -> int:
    """Run a module of ours from where the person is, so that the paths they give mean what they think."""
    return run([ensure(main_environment()), "-m", name, *arguments], cwd=Path.cwd(), env={"PYTHONPATH": str(ROOT)})


def _absolute(path: str) -> Path:
    return Path(path).expanduser().resolve()


def main(argv: list[str]) -> int:
    """Run one command; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="build.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("setup").add_argument("--fresh", action="store_true", help="start from nothing")
    commands.add_parser("demo").add_argument("--portrait", type=_absolute, help="a picture with a face")
    tests = commands.add_parser("test", help="other options and paths go to pytest")
    tests.add_argument("--only", metavar="VERSION", choices=sorted(BPY_PYTHON), help="one Blender")
    bench_parser = commands.add_parser("bench", help="other options go to the benchmark")
    bench_parser.add_argument("--quality", action="store_true", help="how good instead of how fast")
    commands.add_parser("gallery", help="other options go to the gallery")
    for name in ("lint", "package"):
        commands.add_parser(name)
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command not in ("test", "bench", "gallery"):
        parser.error(f"unknown: {' '.join(rest)}")
    calls = {
        "setup": lambda: setup(fresh=arguments.fresh),
        "demo": lambda: demo(arguments.portrait),
        "test": lambda: test(arguments.only, rest),
        "lint": lint,
        "package": package,
        "gallery": lambda: gallery(rest),
        "bench": lambda: (quality if arguments.quality else bench)(rest),
    }
    return calls[arguments.command]()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as problem:
        print(f"\n{problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
