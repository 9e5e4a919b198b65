# SPDX-License-Identifier: GPL-3.0-or-later
"""Weight files of detectors: looked for, checked, and downloaded only where that was allowed."""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from ssl import SSLError
from typing import TYPE_CHECKING

from ..errors import BadInputError, MissingError
from ..files import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from . import ModelFiles

_SECONDS = 30  # without an answer


@dataclass(frozen=True)
class Weights:
    """A file that is known by its content."""

    name: str
    sha256: str  # in hexadecimal; its beginning where no more is known: the ten digits that the file's name carries
    megabytes: int
    source: str = "https://www.adrianbulat.com/downloads/python-fan/"  # where its author offers it

    @property
    def url(self) -> str:
        """The file's address."""
        return self.source + self.name


FACES = Weights("s3fd-619a316812.pth", "619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543", 90)
POINTS_2D = Weights("2DFAN4-11f355bf06.pth.tar", "11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa", 96)
POINTS_3D = Weights("3DFAN4-7835d9f11d.pth.tar", "7835d9f11d", 96)


def find_weights(wanted: Sequence[Weights], models: ModelFiles, cache: Path) -> dict[str, Path]:
    """The checked files by name: from the folder of `models`, from the `cache`, or else downloaded.

    A download goes to that folder where it is given. Raises MissingError that says what to put where,
    BadInputError for a file whose content is not what its name says.
    """
    folders = [cache] if models.folder is None else [models.folder, cache]
    found = {each.name: path for each in wanted if (path := _look(each.name, folders))}
    missing = [each for each in wanted if each.name not in found]
    if missing and not models.allow_download:
        raise MissingError(_how_to_get(missing, folders[0]))
    for each in missing:
        found[each.name] = folders[0] / each.name
        _download(each, found[each.name])
    for each in wanted:
        _check(each, found[each.name])
    return found


def _look(name: str, folders: Sequence[Path]) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _how_to_get(missing: Sequence[Weights], folder: Path) -> str:
    names = ", ".join(f"{each.name} ({each.megabytes} MB)" for each in missing)
    return (
        f"The detector face-alignment needs model files that are not here: {names}. Allow the download (in Blender: "
        "the add-on's preferences; command line: --allow-download), or get them from "
        f"{missing[0].source} and put them into {folder}"
    )


def _download(weights: Weights, path: Path) -> None:
    with replacing(path) as temporary:
        try:
            with urllib.request.urlopen(weights.url, timeout=_SECONDS) as answer, temporary.open("wb") as file:  # noqa: S310 - an address of ours
                shutil.copyfileobj(answer, file)
        except (urllib.error.URLError, HTTPException, SSLError, ConnectionError, TimeoutError) as error:
            raise MissingError(
                f"{weights.name} cannot be downloaded from {weights.url} ({error}). Get it by other means and put it "
                f"into {path.parent}"
            ) from error
        _check(weights, temporary)


def _check(weights: Weights, path: Path) -> None:
    """Before anything reads the file: torch's format is a pickle, which can run programs."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInputError(f"{path}: the model file cannot be read ({error.strerror or error}).") from error
    if not found.startswith(weights.sha256):
        raise BadInputError(
            f"{path.with_name(weights.name)}: this is not the file that it should be (its sha256 is {found}, not "
            f"{weights.sha256}): it is damaged or was exchanged. Delete it and get it again."
        )
