# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents tell of what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.motion.controls import CONTROLS, REGIONS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "wheels/README.md", *ROOT.glob("docs/**/*.md")]


def test_the_readme_lists_the_controls_by_region() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    for region in REGIONS:
        told = re.findall(r"`(\w+)`", rows[region])
        assert told == [name for name, control in CONTROLS.items() if control.region == region]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target
