# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that are meant for a person: what is wrong, with which file or setting, and what to do."""

from __future__ import annotations


class GiocondaError(Exception):
    """The root: its text is shown as it is; `exit_code` is the command line's answer."""

    exit_code = 1
    kind = "internal"


class BadInputError(GiocondaError):
    """A file or setting that the user gave cannot be used."""

    exit_code = 2
    kind = "bad_input"


class MissingError(GiocondaError):
    """Something that a job needs is not there: a package of the worker's Python, or a model file."""

    exit_code = 3
    kind = "missing"

    def __init__(self, message: str, package: str | None = None) -> None:
        """Name the missing package, so that the add-on can offer to install it."""
        super().__init__(message)
        self.package = package


class CancelledError(GiocondaError):
    """The user stopped the job; finished frames stay."""

    exit_code = 130
    kind = "cancelled"
