# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards: a folder of head pictures with landmarks, clip by clip, of many people.

`shards.json` tells the size of the pictures, who is learned from and who is held out, and what was kept and dropped.
`people/<person>/<clip>.npz` holds a clip. Files appear whole or not at all, and a clip that is there and was made from
the same source is not made again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from ..errors import BadInputError
from ..files import write_bytes
from .clips import VERSION, Clip, other_version, write_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .clips import NewClip, Source

SIZE = 256
SPLITS = ("train", "held_out")
Split = Literal["train", "held_out"]

_INDEX = "shards.json"


class Shards:
    """A folder of clips and its index. Open one that is there with `Shards(folder)`, or begin one with `create`."""

    def __init__(self, folder: Path) -> None:
        """Open shards. Raises BadInputError: missing, foreign, or of another version."""
        self.folder = folder
        path = folder / _INDEX
        try:
            index = json.loads(path.read_text("utf-8"))
            version = index["version"]
            if version != VERSION:
                raise other_version(path, version)
            self.size = int(index["size"])
            self._people: dict[str, dict[str, Any]] = index["people"]
            self._dropped: dict[str, str] = {each["file"]: each["why"] for each in index["report"]["dropped"]}
            are_whole = all(each["split"] in SPLITS for each in self._people.values())
            names = [*self._people, *(name for each in self._people.values() for name in each["clips"])]
        except FileNotFoundError as error:
            told = f"{folder}: holds no shards ({_INDEX} is missing). Make some with `core data`."
            raise BadInputError(told) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInputError(_damaged(path)) from error
        if not are_whole or not all(map(is_plain_name, names)):
            raise BadInputError(_damaged(path))

    @classmethod
    def create(cls, folder: Path, size: int = SIZE) -> Shards:
        """Begin shards of pictures of `size` x `size`, or go on with those in the folder. Raises BadInputError."""
        if not (folder / _INDEX).exists():
            write_bytes(folder / _INDEX, _index_text(size, {}, {}))
        shards = cls(folder)
        if shards.size != size:
            raise BadInputError(f"{folder}: holds pictures of {shards.size} pixels; {size} are asked for.")
        return shards

    def people(self, split: Split | None = None) -> list[str]:
        """Who is in it, in the order of their names; of one split, or all."""
        return sorted(name for name, each in self._people.items() if split in (None, each["split"]))

    def split(self, person: str) -> Split:
        """Whether a person is learned from, or held out."""
        return self._people[person]["split"]

    def clips(self, person: str) -> list[str]:
        """The names of a person's clips, in order."""
        return sorted(self._people[person]["clips"])

    def clip(self, person: str, name: str) -> Clip:
        """Open a clip. Raises BadInputError."""
        return Clip(self._path(person, name))

    @property
    def report(self) -> dict[str, Any]:
        """What was kept and dropped: {"kept": clips, "dropped": [{"file", "why"}]}."""
        return _report(self._people, self._dropped)

    def add(self, person: str, split: Split, name: str, source: Source, make: Callable[[], NewClip]) -> bool:
        """Make and write a clip, unless it is there whole and was made from that source; whether it had to be made.

        Raises what `make` raises, and BadInputError.
        """
        is_new = not self.is_made(person, name, source)
        if is_new:
            write_clip(self._path(person, name), make())
        self.keep(person, split, name)
        return is_new

    def keep(self, person: str, split: Split, name: str) -> None:
        """Put a clip that is there into the index."""
        entry = self._people.setdefault(person, {"split": split, "clips": []})
        entry["split"] = split
        if name not in entry["clips"]:
            entry["clips"].append(name)

    def is_made(self, person: str, name: str, source: Source) -> bool:
        """Whether the clip's file is there whole and was made from that source."""
        path = self._path(person, name)
        try:
            return path.exists() and Clip(path).source == source
        except BadInputError:
            return False

    def drop(self, file: str, why: str) -> None:
        """Note that a file was left out."""
        self._dropped[file] = why

    def save(self) -> None:
        """Write the index. Raises BadInputError."""
        write_bytes(self.folder / _INDEX, _index_text(self.size, self._people, self._dropped))

    def _path(self, person: str, name: str) -> Path:
        return self.folder / "people" / person / f"{name}.npz"


def is_plain_name(name: object) -> bool:
    """Whether a person or clip can be called so: a file's name that leads nowhere else."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _damaged(path: Path) -> str:
    return (
        f"{path}: is no index of shards, or is damaged. Delete it and run the command that made the shards: clips that "
        "are whole are kept."
    )


def _index_text(size: int, people: dict[str, dict[str, Any]], dropped: dict[str, str]) -> bytes:
    index = {"version": VERSION, "size": size, "people": people, "report": _report(people, dropped)}
    return json.dumps(index, indent=1).encode()


def _report(people: dict[str, dict[str, Any]], dropped: dict[str, str]) -> dict[str, Any]:
    kept = sum(len(each["clips"]) for each in people.values())
    return {"kept": kept, "dropped": [{"file": file, "why": why} for file, why in dropped.items()]}
