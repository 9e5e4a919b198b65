# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's table in our scale: people never seen in training, a few pictures of each, and frames that are known.

Rows are ways to draw a frame, columns are `metrics`, for T known pictures a person.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import numpy as np

from ..errors import BadInputError
from ..files import write_bytes
from .metrics import frechet_distance, identity_similarity, look_at, pose_error, structural_similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data.clips import Clip
    from ..data.shards import Shards
    from ..events import OnEvent
    from ..landmarks.detect import FaceDetector
    from .metrics import Shown

    Picture = NDArray[np.uint8]
    Landmarks = NDArray[np.float32]
    Draw = Callable[[Landmarks], Picture]

COUNTS = (1, 8, 32)
"""Pictures of a person that are known, as in the paper."""
FRAMES = 32
"""Frames of a person that are drawn at most, as in the paper."""


class Method(Protocol):
    """A way to draw frames of a person of whom some pictures are known."""

    made_of: str
    """Tells apart what draws otherwise, such as other networks: see `Table`."""

    def learn(self, pictures: Sequence[Picture], landmarks: Landmarks) -> Draw:
        """From T pictures (S, S, 3) and their landmarks (T, 68, 2): landmarks (68, 2) -> frame (S, S, 3)."""
        ...


@dataclass(frozen=True)
class Row:
    """One method with T known pictures, over all people and frames."""

    method: str
    pictures: int
    frechet: float  # lower is better
    ssim: float  # higher is better
    identity: float  # higher is better
    pose: float  # percent of the eye distance; lower is better
    failed: int  # frames in which no face is found
    people: int
    frames: int


class Table:
    """Rows in a file, from which a later call takes those that it would only measure again.

    Each is written as soon as it is measured, with a digest of the pictures and of what draws. What draws the same
    in another version of the code is not told apart: for that, begin a new file.
    """

    def __init__(self, path: Path) -> None:
        """`path`: may exist. Raises BadInputError where it is something else than a table."""
        self._path, self._rows = path, dict[str, Row]()
        if path.exists():
            try:
                for found in json.loads(path.read_bytes()):
                    digest = str(found.pop("digest"))
                    self._rows[digest] = Row(**found)
            except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
                told = f"{path}: this is no table of this command that can be gone on with. Choose another file."
                raise BadInputError(told) from error

    def find(self, digest: str) -> Row | None:
        """A row that was measured before."""
        return self._rows.get(digest)

    def add(self, digest: str, row: Row) -> None:
        """Write it with the others. Raises BadInputError."""
        self._rows[digest] = row
        self._write()

    def put_first(self, digests: Sequence[str]) -> None:
        """Write these rows in this order before all others, such as of other people. Raises BadInputError."""
        self._rows = {digest: self._rows[digest] for digest in digests} | self._rows
        self._write()

    def _write(self) -> None:
        rows = [{**asdict(row), "digest": digest} for digest, row in self._rows.items()]
        write_bytes(self._path, json.dumps(rows, indent=1).encode())


def evaluate(
    shards: Shards,
    methods: Mapping[str, Method],
    detector: FaceDetector,
    on_event: OnEvent,
    counts: Sequence[int] = COUNTS,
    *,
    people: int | None = None,
    table: Table | None = None,
) -> list[Row]:
    """Measure methods on the held-out people of shards, on the same people and frames for every count.

    Counts for which nobody has enough frames are left out, and then people who have not enough for the largest one;
    both are told. Of the others the first so many `people` are taken. Rows that stand in the `table` are taken from
    there, the others written to it. Raises BadInputError where nothing is left.
    """
    cases, used = _cases(shards, detector, on_event, counts, people)
    rows: dict[str, Row] = {}
    for count in used:
        for name, method in methods.items():
            digest = _digest(name, method, count, cases)
            row = table.find(digest) if table else None
            told = f"{name}, {count} known picture{'' if count == 1 else 's'}"
            if row is None:
                row = _measure(name, method, count, cases, detector, lambda at, told=told: _tell(on_event, told + at))
                if table:
                    table.add(digest, row)
            else:
                _tell(on_event, f"{told}: as measured before")
            rows[digest] = row
    if table:
        table.put_first([*rows])
    return [*rows.values()]


def _tell(on_event: OnEvent, message: str) -> None:
    on_event({"event": "stage", "stage": "evaluate", "message": message})


@dataclass(frozen=True)
class _Case:
    clip: Clip
    digest: str  # of the clip's file
    known: list[int]  # frames, of which a method sees the first ones
    truth: dict[int, Shown]  # the frames that are drawn, as they are


def _cases(
    shards: Shards, detector: FaceDetector, on_event: OnEvent, counts: Sequence[int], people: int | None
) -> tuple[list[_Case], list[int]]:
    """Whom to draw, and the counts for which they have enough frames."""
    clips = {person: shards.clip(person, shards.clips(person)[0]) for person in shards.people("held_out")}
    longest = max(map(len, clips.values()), default=0)
    used = [count for count in counts if count < longest]
    if not used:
        raise BadInputError(f"{shards.folder}: no held-out person has more than {min(counts)} frames.")
    most = max(used)
    for count in sorted(set(counts).difference(used)):
        told = f"{count} known pictures: no held-out person has more than {count} frames; left out."
        on_event({"event": "warning", "message": told})
    short = [person for person, clip in clips.items() if len(clip) <= most]
    if short:
        told = f"Left out, so that all rows show the same people: {', '.join(short)} (not more than {most} frames)."
        on_event({"event": "warning", "message": told})
    enough = [clip for clip in clips.values() if len(clip) > most][:people]
    _tell(on_event, f"Looking at the true frames of {len(enough)} {'person' if len(enough) == 1 else 'people'}")
    cases = [_choose(clip, most, detector) for clip in enough]
    if sum(len(case.truth) for case in cases) < 2:
        raise BadInputError(f"{shards.folder}: two frames with a face are needed besides the {most} known ones.")
    return cases, used


def _digest(name: str, method: Method, count: int, cases: list[_Case]) -> str:
    """Of all that a row follows from."""
    seen = [(case.digest, case.known[:count], [*case.truth]) for case in cases]
    return sha256(json.dumps([name, method.made_of, count, seen]).encode()).hexdigest()


def _choose(clip: Clip, most: int, detector: FaceDetector) -> _Case:
    """Frames in which no face is found cannot be measured, and are not drawn."""
    order = np.random.default_rng(crc32(clip.path.name.encode())).permutation(len(clip)).tolist()
    looks = {i: look_at(clip.picture(i), clip.landmarks[i], detector) for i in sorted(order[most:][:FRAMES])}
    digest = sha256(clip.path.read_bytes()).hexdigest()
    return _Case(clip, digest, order[:most], {i: shown for i, shown in looks.items() if shown.is_found})


def _measure(
    name: str,
    method: Method,
    count: int,
    cases: list[_Case],
    detector: FaceDetector,
    tell_at: Callable[[str], None],
) -> Row:
    drawn: list[Shown] = []
    likeness: list[float] = []
    for number, case in enumerate(cases, 1):
        tell_at(f": person {number} of {len(cases)}")
        clip, known = case.clip, case.known[:count]
        draw = method.learn([clip.picture(i) for i in known], clip.landmarks[known])
        for frame in case.truth:
            picture = draw(clip.landmarks[frame])
            drawn.append(look_at(picture, clip.landmarks[frame], detector))
            likeness.append(structural_similarity(picture, clip.picture(frame)))
    true = [shown for case in cases for shown in case.truth.values()]
    pairs = list(zip(drawn, true, strict=True))
    return Row(
        name,
        count,
        frechet_distance(drawn, true),
        float(np.mean(likeness)),
        float(np.mean([identity_similarity(*pair) for pair in pairs])),
        float(np.mean([pose_error(*pair) for pair in pairs])),
        sum(not shown.is_found for shown in drawn),
        len(cases),
        len(pairs),
    )


def as_text(rows: Sequence[Row]) -> str:
    """A table for people."""
    lines = [f"{'method':<17}{'T':>3}{'frechet':>10}{'ssim':>8}{'identity':>10}{'pose %':>9}{'failed':>8}"]
    lines += [
        f"{row.method:<17}{row.pictures:>3}{row.frechet:>10.1f}{row.ssim:>8.3f}{row.identity:>10.4f}{row.pose:>9.2f}"
        f"{row.failed:>8}"
        for row in rows
    ]
    return "\n".join(lines)
