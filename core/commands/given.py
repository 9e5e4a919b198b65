# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options somebody gave, so that those which cannot count are told and not passed over."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


def given(
    options: argparse.Namespace, add_options: Callable[[argparse.ArgumentParser], None], least: Sequence[str]
) -> dict[str, str]:
    """The options that are not as they are if nobody gives them: by name, as they are written.

    `least` is what the command that `add_options` belongs to cannot do without.
    """
    parser = argparse.ArgumentParser()
    add_options(parser)
    usual = {**vars(parser.parse_args(least)), "command": options.command, "progress": options.progress}
    return {
        name: "the portrait" if name == "portrait" else f"--{name.replace('_', '-')}"
        for name, value in vars(options).items()
        if value != usual.get(name)
    }


def refuse(told: Mapping[str, str], names: Collection[str], why: str) -> None:
    """Raise BadInputError if options of these names are among those that were given."""
    if others := [option for name, option in told.items() if name in names]:
        raise BadInputError(f"{', '.join(others)}: {why}")
