# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the frames are: the open cases and the synthetic clips of ../shared/eval, beside its baselines and goals.

Temporal noise is the scorer's `jerk`: that of landmarks found again, as a multiple of that of the landmarks asked for.
Run by `python3 build.py bench --quality`. The scorer has an environment of its own; `--scorer` names its Python.
More clips for `--clips`: put other seeds into CLIPS and STYLE of a copy of ../shared/eval/render_synth.py, run its
`render` with a Python that has bpy, then its `pack` with the scorer's and imageio-ffmpeg.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import detail
from tests.benchmarks.tables import CROSS, REGIONS, SELF, of_type
from tools.running import BuildError, run, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.tables import Scores, Table

ROOT = Path(__file__).resolve().parents[2]
EVAL = ROOT.parent / "shared/eval"
OUT = ROOT / "out/quality"
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}


def main(arguments: Sequence[str]) -> int:
    """Draw, score, print the tables, write them as JSON; gives the exit code."""
    options = _options(arguments)
    result: dict[str, Any] = {}
    if not options.only:
        result |= _detail()
    if (EVAL / "score.py").is_file() and options.scorer:
        result |= _cases(options)
        result |= _regions(options)
    else:
        print(f"Not measured: the cases and the synthetic clips. They need {EVAL}, which is not in the repository.")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nAll numbers: {options.json}")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py bench --quality", description=__doc__)
    parser.add_argument("--scorer", type=_absolute, help="the Python that scores; build.py makes one")
    parser.add_argument("--clips", type=_absolute, action="append", default=[], help="a folder of more synthetic clips")
    parser.add_argument("--only", nargs="+", default=[], metavar="CASE", help="some cases or clips")
    parser.add_argument("--json", type=_absolute, default=OUT / "quality.json", help="where the numbers go")
    parser.add_argument("--jobs", default="2", help="how many cases are scored at a time")
    return parser.parse_args(arguments)


def _absolute(path: str) -> Path:
    return Path(path).absolute()  # not resolved: an environment's Python is a link


def _detail() -> dict[str, Any]:
    """Sharpness of the moving skin, and pixels that changed where nothing moved; needs no scorer."""
    folder = ROOT.parent / "shared/data/portraits"
    say("Measuring the detail that motion costs")
    if not folder.is_dir():
        print(f"Only the astronaut: there is no {folder}.")
    rows = detail.measure(folder if folder.is_dir() else None)
    print(f"\n{'sharpness of moving skin':<36}{'mean':>8}{'least':>8}   changed still pixels")
    for name, row in rows.items():
        print(f"{name:<36}{row['sharpness']:8.3f}{row['least']:8.3f}{row['changed']:9.0f}")
    sharp = min(row["sharpness"] for row in rows.values()) >= detail.GOAL
    still = not any(row["changed"] for row in rows.values())
    print(f"{'goal':<36}{detail.GOAL:8.2f}{'':8}{0:9d}")
    print(f"{'goal met in all':<36}{'yes' if sharp else 'NO':>8}{'':8}{'yes' if still else 'NO':>9}")
    return {"detail": rows}


def _cases(options: argparse.Namespace) -> dict[str, Any]:
    """The two tables of cases with real footage."""
    drawn = _draw(EVAL / "cases.json", OUT / "cases", options.only)
    if not drawn:
        return {}
    say("Scoring the cases (minutes)")
    written = OUT / "cases.json"
    score = [EVAL / "score.py", "all", "--gen", OUT / "cases", "--split", "open", "--jobs", options.jobs]
    _score([options.scorer, *score, "--json", written])
    scores: Scores = json.loads(written.read_text(encoding="utf-8"))
    for table in (SELF, CROSS):
        ours = of_type(scores, table.header)
        if ours:
            _print_cases(table, ours)
    return {"cases": scores}


def _print_cases(table: Table, ours: Scores) -> None:
    """A table, with the baselines' means over the same cases."""
    rows = {}
    for file in sorted(EVAL.glob("baselines/B*.json")):
        baseline: Scores = json.loads(file.read_text(encoding="utf-8"))
        if ours.keys() <= baseline.keys():
            rows[file.stem] = table.mean({case: baseline[case] for case in ours})
    if not rows:
        print(f"No baselines to compare with: there is none of these cases in {EVAL / 'baselines'}.")
    print(f"\n{table.header}, {len(ours)} cases")
    print("\n".join(table.text(rows, table.goals(_page()), ours)))


def _regions(options: argparse.Namespace) -> dict[str, Any]:
    """The table of regions: of the clips of the scorer's page, then of those of `--clips` with them."""
    scores: dict[str, Any] = {}
    for folder in (EVAL / "synth", *options.clips):
        drawn = _draw(folder / "cases_synth.json", OUT / "clips", options.only)
        if not drawn:
            continue
        say(f"Scoring the clips of {folder}")
        written = OUT / "clips.json"
        score = [EVAL / "synth/score_regions.py", "all", "--gen", OUT / "clips", "--synth", folder]
        _score([options.scorer, *score, "--json", written], missing=bool(options.only))
        scores |= json.loads(written.read_text(encoding="utf-8"))
        rows = REGIONS.rows(_page()) if folder == EVAL / "synth" else {}
        print(f"\nmean error 0-255 by region, {len(scores)} clips")
        print("\n".join(REGIONS.text(rows | scores, REGIONS.goals(_page()), scores)))
    return {"regions": scores}


def _draw(cases: Path, out: Path, only: Sequence[str]) -> list[str]:
    """The program makes the frames of the cases; gives their names."""
    if not cases.is_file():
        print(f"Not measured: there is no {cases}.")
        return []
    names = [case["id"] for case in json.loads(cases.read_text(encoding="utf-8"))["cases"]]
    names = [name for name in names if not only or name in only]
    for name in names:
        shutil.rmtree(out / name, ignore_errors=True)  # frames of a run before would be scored as these
    if not names:
        return names
    say(f"Drawing {len(names)} cases of {cases}")
    program = [EVAL / "run_cases.py", "--project", ROOT, "--python", sys.executable, "--cases", cases, "--out", out]
    if run([sys.executable, *program, "--only", *names], cwd=ROOT, env=ENVIRONMENT):
        raise BuildError("Some cases were not drawn: see above.")
    return names


def _score(command: Sequence[str | Path], *, missing: bool = False) -> None:
    """Run a scorer out of sight, since its libraries talk much; left-out cases, `missing`, are a failure to it."""
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(command, cwd=OUT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not missing:
        raise BuildError(f"The scorer failed ({done.returncode}):\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}")


def _page() -> str:
    """The scorer's page, which holds goals and some baselines."""
    page = EVAL / "README.md"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as problem:
        print(f"\n{problem}", file=sys.stderr)
        sys.exit(1)
