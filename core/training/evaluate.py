# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's table in our scale: people never seen in training, a few pictures of each, and frames that are known.

Rows are ways to draw a frame, columns are `metrics`, for T known pictures a person.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import numpy as np

from ..errors import BadInputError
from .metrics import frechet_distance, identity_similarity, look_at, pose_error, structural_similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ..data.shards import Clip, Shards
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


def evaluate(
    shards: Shards,
    methods: Mapping[str, Method],
    detector: FaceDetector,
    on_event: OnEvent,
    counts: Sequence[int] = COUNTS,
) -> list[Row]:
    """Measure methods on the held-out people of shards, on the same people and frames for every count.

    Counts for which nobody has enough frames are left out, and then people who have not enough for the largest one;
    both are told. Raises BadInputError where nothing is left.
    """
    clips = {person: shards.clip(person, shards.clips(person)[0]) for person in shards.people("held_out")}
    longest = max(map(len, clips.values()), default=0)
    used = [count for count in counts if count < longest]
    if not used:
        raise BadInputError(f"{shards.folder}: no held-out person has more than {min(counts)} frames.")
    most = max(used)
    for count in set(counts).difference(used):
        told = f"{count} known pictures: no held-out person has more than {count} frames; left out."
        on_event({"event": "warning", "message": told})
    short = [person for person, clip in clips.items() if len(clip) <= most]
    if short:
        told = f"Left out, so that all rows show the same people: {', '.join(short)} (not more than {most} frames)."
        on_event({"event": "warning", "message": told})
    cases = [_choose(clip, most, detector) for clip in clips.values() if len(clip) > most]
    if sum(len(case.truth) for case in cases) < 2:
        raise BadInputError(f"{shards.folder}: two frames with a face are needed besides the {most} known ones.")
    rows: list[Row] = []
    for count in used:
        for name, method in methods.items():
            on_event({"event": "stage", "stage": "evaluate", "message": f"{name}, {count} known pictures"})
            rows.append(_measure(name, method, count, cases, detector))
    return rows


@dataclass(frozen=True)
class _Case:
    clip: Clip
    known: list[int]  # frames, of which a method sees the first ones
    truth: dict[int, Shown]  # the frames that are drawn, as they are


def _choose(clip: Clip, most: int, detector: FaceDetector) -> _Case:
    """Frames in which no face is found cannot be measured, and are not drawn."""
    order = np.random.default_rng(crc32(clip.path.name.encode())).permutation(len(clip)).tolist()
    looks = {i: look_at(clip.picture(i), clip.landmarks[i], detector) for i in sorted(order[most:][:FRAMES])}
    return _Case(clip, order[:most], {i: shown for i, shown in looks.items() if shown.is_found})


def _measure(name: str, method: Method, count: int, cases: list[_Case], detector: FaceDetector) -> Row:
    drawn: list[Shown] = []
    likeness: list[float] = []
    for case in cases:
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
    lines = [f"{'method':<16}{'T':>4}{'frechet':>10}{'ssim':>8}{'identity':>10}{'pose %':>9}{'failed':>8}"]
    lines += [
        f"{row.method:<16}{row.pictures:>4}{row.frechet:>10.1f}{row.ssim:>8.3f}{row.identity:>10.4f}{row.pose:>9.2f}"
        f"{row.failed:>8}"
        for row in rows
    ]
    return "\n".join(lines)


def as_dicts(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The JSON form."""
    return [asdict(row) for row in rows]
