# SPDX-License-Identifier: GPL-3.0-or-later
"""What a made-up person does in a clip: talks, looks about, blinks, makes faces. Smooth in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..motion.easing import ease

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Curve = NDArray[np.float64]
    Put = Callable[[str, Curve], None]

FPS = Fraction(25, 4)  # of clips: every fourth frame of 25 a second, so that few frames show much

_UNEVEN = 0.25  # most by which one side of the face does less
_HEAD = np.array([30, 20, 20])  # degrees: most of yaw, pitch and roll
_HEAD_MOVES = ((0.22, (12, 30)), (0.28, (6, 20)), (0.2, (4, 20)))  # swings a second, and how wide in degrees


@dataclass(frozen=True)
class Pose:
    """One frame."""

    weights: NDArray[np.float32]  # (E,) of the face model's expressions
    head: tuple[float, float, float]  # yaw, pitch, roll in degrees
    gaze: tuple[float, float]  # yaw, pitch in degrees


def act(rng: Generator, frames: int, names: dict[str, int]) -> list[Pose]:
    """A performance of so many frames; `names` are the face model's expressions and their numbers."""
    times = np.arange(frames) / float(FPS)
    weights = np.zeros((frames, len(names)))

    def put(name: str, curve: Curve) -> None:
        """Add to a shape, or to both sides of it, a little differently."""
        sides = [name] if name in names else [f"{name}_L", f"{name}_R"]
        for side in sides:
            uneven = 1 - _UNEVEN * rng.random() * (len(sides) == 2)
            if side in names:
                weights[:, names[side]] += curve * uneven

    _talk(rng, times, put)
    _show_feelings(rng, times, put)
    gaze = np.stack([_wander(rng, times, 0.5) * rng.uniform(8, 24), _wander(rng, times, 0.5) * rng.uniform(4, 14)], 1)
    _move_lids(rng, times, gaze, put)
    head = np.stack([_wander(rng, times, speed) * rng.uniform(*most) for speed, most in _HEAD_MOVES], 1)
    head += rng.normal(0, _HEAD / 7, 3)
    head = head.clip(-_HEAD, _HEAD)
    weights = weights.clip(0, 1).astype(np.float32)
    return [Pose(weights[i], (head[i, 0], head[i, 1], head[i, 2]), (gaze[i, 0], gaze[i, 1])) for i in range(frames)]


def _talk(rng: Generator, times: Curve, put: Put) -> None:
    """Jaw and lips; loud and quiet by turns."""
    loud = ease(_wander(rng, times, 0.25) + rng.uniform(-0.1, 0.6)) * rng.uniform(0.5, 1.0)
    syllables = ease(_wander(rng, times, 2.2) + 0.25) * rng.uniform(0.35, 0.85)
    yawns = ease(_wander(rng, times, 0.25) - 0.55) * 1.5
    put("jawOpen", loud * syllables + yawns)
    for name, most, bias in (
        ("mouthFunnel", 0.6, -0.15),
        ("mouthPucker", 0.7, -0.2),
        ("mouthStretch", 0.45, -0.1),
        ("mouthLowerDown", 0.6, -0.05),
        ("mouthUpperUp", 0.5, -0.15),
        ("mouthPress", 0.6, -0.3),
        ("mouthRollLower", 0.5, -0.4),
        ("mouthShrugUpper", 0.4, -0.3),
    ):
        put(name, loud * ease(_wander(rng, times, 1.6) + bias) * most)
    for name in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        put(name, ease(_wander(rng, times, 0.5) - 0.45) * 0.6)


def _show_feelings(rng: Generator, times: Curve, put: Put) -> None:
    """Smiles, frowns, brows; each by its mood more or less often."""
    mood = rng.uniform(-0.5, 0.25, 6)
    smile = ease(_wander(rng, times, 0.25) + mood[0]) * rng.uniform(0.6, 1.0)
    put("mouthSmile", smile)
    put("cheekSquint", 0.7 * smile)
    put("eyeSquint", 0.4 * smile)
    frown = ease(_wander(rng, times, 0.3) + mood[1] - 0.2) * 0.7 * (1 - smile)
    put("mouthFrown", frown)
    surprise = ease(_wander(rng, times, 0.4) + mood[2])
    put("browInnerUp", surprise * rng.uniform(0.5, 1))
    put("browOuterUp", surprise * rng.uniform(0.2, 0.9))
    put("eyeWide", surprise * rng.uniform(0, 0.7))
    put("browDown", ease(_wander(rng, times, 0.3) + mood[3]) * 0.9 * (1 - surprise))
    put("noseSneer", ease(_wander(rng, times, 0.3) + mood[4] - 0.25) * 0.7)
    put("cheekPuff", ease(_wander(rng, times, 0.3) - 0.6) * 0.8)
    put("mouthDimple", ease(_wander(rng, times, 0.3) - 0.4) * 0.5)


def _move_lids(rng: Generator, times: Curve, gaze: Curve, put: Put) -> None:
    """Blinks, now and then of one eye; lids follow the gaze."""
    closed = np.zeros((2, len(times)))
    moment = rng.uniform(0.2, 1.5)
    while moment < times[-1]:
        length = rng.uniform(0.18, 0.5)
        blink = (1 - np.abs(times - moment) / length).clip(0, 1) * 1.6
        sides = rng.choice(3, p=[0.74, 0.13, 0.13])  # both, or one alone
        for side in range(2):
            if sides in (0, side + 1):
                closed[side] = np.maximum(closed[side], blink.clip(0, 1))
        moment += rng.uniform(0.7, 3.0)
    sleepy = ease(_wander(rng, times, 0.3) - 0.4) * 0.5
    for side, letter in enumerate("RL"):
        put(f"eyeBlink_{letter}", np.maximum(closed[side], sleepy))
        inwards = gaze[:, 0] * (1 if letter == "R" else -1)
        put(f"eyeLookIn_{letter}", (inwards / 30).clip(0, 1))
        put(f"eyeLookOut_{letter}", (-inwards / 30).clip(0, 1))
        put(f"eyeLookUp_{letter}", (gaze[:, 1] / 25).clip(0, 1))
        put(f"eyeLookDown_{letter}", (-gaze[:, 1] / 25).clip(0, 1))


def _wander(rng: Generator, times: Curve, speed: float) -> Curve:
    """A smooth curve about 0, seldom beyond 1; `speed`: how many swings a second."""
    frequencies = speed * rng.uniform(0.3, 1.5, 5)
    return np.sin(2 * np.pi * (np.outer(times, frequencies) + rng.random(5))).sum(1) / 2.2
