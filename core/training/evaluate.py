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
    people: int
    frames: int


def evaluate(
    shards: Shards,
    methods: Mapping[str, Method],
    detector: FaceDetector,
    on_event: OnEvent,
    counts: Sequence[int] = COUNTS,
) -> list[Row]:
    """Measure methods on the held-out people of shards. Raises BadInputError where nobody has enough frames.

    A count for which nobody has enough frames is left out, and told.
    """
    clips = [shards.clip(person, shards.clips(person)[0]) for person in shards.people("held_out")]
    rows: list[Row] = []
    for count in counts:
        cases = [_choose(clip, count, counts) for clip in clips if len(clip) > count]
        if not cases:
            told = f"{count} known pictures: no held-out person has more than {count} frames; left out."
            on_event({"event": "warning", "message": told})
            continue
        truth = [
            [look_at(case.clip.picture(i), case.clip.landmarks[i], detector) for i in case.frames] for case in cases
        ]
        for name, method in methods.items():
            on_event({"event": "stage", "stage": "evaluate", "message": f"{name}, {count} known pictures"})
            rows.append(_measure(name, method, count, cases, truth, detector))
    if not rows:
        raise BadInputError(f"{shards.folder}: no held-out person has more than {min(counts)} frames.")
    return rows


@dataclass(frozen=True)
class _Case:
    clip: Clip
    known: list[int]
    frames: list[int]


def _choose(clip: Clip, count: int, counts: Sequence[int]) -> _Case:
    """The known frames and those that are drawn, which are the same ones for every count that the clip allows."""
    order = np.random.default_rng(crc32(clip.path.name.encode())).permutation(len(clip)).tolist()
    most = max(each for each in counts if each < len(clip))
    return _Case(clip, order[:count], sorted(order[most:][:FRAMES]))


def _measure(
    name: str, method: Method, count: int, cases: list[_Case], truth: list[list[Shown]], detector: FaceDetector
) -> Row:
    drawn: list[Shown] = []
    likeness: list[float] = []
    for case in cases:
        clip = case.clip
        draw = method.learn([clip.picture(i) for i in case.known], clip.landmarks[case.known])
        for frame in case.frames:
            picture = draw(clip.landmarks[frame])
            drawn.append(look_at(picture, clip.landmarks[frame], detector))
            likeness.append(structural_similarity(picture, clip.picture(frame)))
    true = [shown for shown_of_clip in truth for shown in shown_of_clip]
    pairs = list(zip(drawn, true, strict=True))
    return Row(
        name,
        count,
        frechet_distance(drawn, true),
        float(np.mean(likeness)),
        float(np.mean([identity_similarity(*pair) for pair in pairs])),
        float(np.mean([pose_error(*pair) for pair in pairs])),
        len(cases),
        len(pairs),
    )


def as_text(rows: Sequence[Row]) -> str:
    """A table for people."""
    lines = [f"{'method':<16}{'T':>4}{'frechet':>10}{'ssim':>8}{'identity':>10}{'pose %':>9}"]
    lines += [
        f"{row.method:<16}{row.pictures:>4}{row.frechet:>10.1f}{row.ssim:>8.3f}{row.identity:>10.4f}{row.pose:>9.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def as_dicts(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The JSON form."""
    return [asdict(row) for row in rows]
