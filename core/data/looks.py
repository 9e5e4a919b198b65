# SPDX-License-Identifier: GPL-3.0-or-later
"""How a made-up person and the picture of them look: drawn at random, plausible together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Colour = NDArray[np.float32]  # (3,) linear RGB

# Reflectance of skin from light to dark, and of hair; linear RGB.
_SKINS = np.array(
    [(0.66, 0.45, 0.36), (0.52, 0.33, 0.245), (0.36, 0.215, 0.15), (0.22, 0.124, 0.080), (0.115, 0.061, 0.040)]
)
_HAIRS = {
    "black": (0.012, 0.010, 0.010),
    "dark": (0.030, 0.018, 0.012),
    "brown": (0.075, 0.040, 0.022),
    "chestnut": (0.13, 0.060, 0.028),
    "blond": (0.36, 0.235, 0.115),
    "red": (0.24, 0.075, 0.025),
    "grey": (0.30, 0.29, 0.28),
    "white": (0.58, 0.57, 0.55),
}
_IRISES = np.array(
    [(0.045, 0.022, 0.010), (0.10, 0.055, 0.022), (0.085, 0.085, 0.035), (0.05, 0.10, 0.13), (0.12, 0.15, 0.17)]
)
_PAINTED_LIPS = np.array([(0.75, 0.28, 0.30), (0.62, 0.22, 0.30), (0.85, 0.42, 0.42)])
_STYLES_OF_MEN = ("bald", "buzz", "short", "short", "short", "swept")
_STYLES_OF_WOMEN = ("short", "swept", "bob", "bob", "long", "long")
_BEARDS = ("none", "none", "stubble", "stubble", "moustache", "goatee", "full", "full")


@dataclass(frozen=True)
class Looks:
    """A person. Lengths in centimetres, colours linear RGB, amounts from 0 to 1 unless told otherwise."""

    identity: NDArray[np.float32]  # (I,) standard deviations
    seed: int  # of all patterns
    skin: Colour
    lips: Colour  # a factor on the skin
    redness: float  # of cheeks, nose and ears
    mottling: float
    freckles: float
    moles: int
    eye_shadow: Colour  # a factor on the lids
    brow: float  # how dense
    brow_width: float
    hair: Colour
    beard: str  # none, stubble, moustache, goatee, full
    beard_amount: float
    style: str  # see `hair`
    hair_length: float  # from the scalp
    hair_volume: float
    hairline: float  # upwards from the usual one
    temples: float  # how much higher it is there, cm
    parting: float  # -1 right to 1 left
    fringe: float  # cm that falls below the hairline
    framing: float  # how far it covers the temples, 0 to 1
    lift: float  # how steeply it rises from the hairline
    curl: float
    iris: Colour
    lashes: float
    shirt: Colour
    shirt_second: Colour
    shirt_pattern: str  # plain, stripes, checks, mottled
    neckline: str  # crew, v, high, boat


@dataclass(frozen=True)
class Setting:
    """What a clip is taken with: light, camera, and the picture's faults. Directions point to the light."""

    key: NDArray[np.float32]  # (3,)
    key_colour: Colour
    fill: NDArray[np.float32]
    fill_colour: Colour
    sky: Colour  # ambient from above, from below, and what comes from one side
    ground: Colour
    exposure: float
    contrast: float
    saturation: float
    distance: float  # of the camera from the head, cm
    offset: NDArray[np.float32]  # (2,) of the picture, shares of its side
    zoom: float
    grain: float  # standard deviation, levels of 255
    blur: float  # standard deviation, pixels
    backdrop: int  # seed


def random_looks(rng: Generator, identities: int) -> Looks:
    """A person."""
    darkness = float(np.clip(rng.beta(1.1, 1.5), 0, 1)) * (len(_SKINS) - 1)
    darker = min(int(darkness), len(_SKINS) - 2)
    skin = _SKINS[darker] + (darkness - darker) * (_SKINS[darker + 1] - _SKINS[darker])
    skin *= rng.normal(1, (0.05, 0.04, 0.05)) * rng.uniform(0.92, 1.08)
    is_light, masculine = darkness < 1.6, bool(rng.random() < 0.5)
    hair = _hair_colour(rng, is_light=is_light)
    iris_odds = np.array([0.25, 0.2, 0.2, 0.25, 0.1]) if is_light else np.array([0.75, 0.22, 0.03, 0, 0])
    lips = _lips(rng, is_light=is_light, masculine=masculine)
    style = str(rng.choice(_STYLES_OF_MEN if masculine else _STYLES_OF_WOMEN))
    beard = str(rng.choice(_BEARDS)) if masculine else "none"
    painted = not masculine and rng.random() < 0.3
    return Looks(
        identity=(rng.normal(0, 0.85, identities)).clip(-2, 2).astype(np.float32),
        seed=int(rng.integers(1 << 31)),
        skin=_colour(skin),
        lips=_colour(lips * rng.normal(1, 0.04, 3)),
        redness=float(rng.uniform(0.3, 1) if is_light else rng.uniform(0.1, 0.5)),
        mottling=float(rng.uniform(0.4, 1.0)),
        freckles=float(rng.uniform(0.4, 1)) if is_light and rng.random() < 0.3 else 0.0,
        moles=int(rng.integers(0, 5)),
        eye_shadow=_colour(rng.uniform(0.45, 0.8, 3) if painted else np.array([0.92, 0.86, 0.86])),
        brow=float(rng.uniform(0.6, 1.0)),
        brow_width=float(rng.uniform(0.42, 0.66) if masculine else rng.uniform(0.26, 0.44)),
        hair=_colour(hair),
        beard=beard,
        beard_amount=float(rng.uniform(0.5, 1.0)),
        style=style,
        hair_length=float({"bob": rng.uniform(16, 22), "long": rng.uniform(24, 40)}.get(style, 0)),
        hair_volume=_hair_volume(rng, style),
        hairline=float(rng.uniform(-0.4, 1.6) if masculine else rng.uniform(-0.6, 0.6)),
        temples=float(rng.uniform(0.3, 2.2) if masculine else rng.uniform(0, 0.8)),
        parting=float(rng.uniform(-1, 1)),
        fringe=float(rng.uniform(0.8, 3.0)) if not masculine and rng.random() < 0.3 else 0.0,
        framing=float(rng.uniform(0.3, 1.0)) if style in ("bob", "long") and rng.random() < 0.75 else 0.0,
        lift=float(rng.uniform(0.5, 1.0) if style == "swept" else rng.uniform(0.0, 0.7)),
        curl=float(rng.beta(1, 1.6)),
        iris=_colour(_IRISES[rng.choice(len(_IRISES), p=iris_odds)] * rng.uniform(0.8, 1.25)),
        lashes=float(rng.uniform(0.35, 0.6) if masculine else rng.uniform(0.55, 0.95)),
        shirt=_colour(_cloth(rng)),
        shirt_second=_colour(_cloth(rng)),
        shirt_pattern=str(rng.choice(["plain", "plain", "mottled", "stripes", "checks"])),
        neckline=str(rng.choice(["crew", "crew", "v", "high", "boat"])),
    )


def _hair_colour(rng: Generator, *, is_light: bool) -> NDArray[np.float64]:
    age, names = float(rng.random()), list(_HAIRS)
    odds = np.array([2, 2, 2.5, 1.5, 2, 0.7, 0, 0]) if is_light else np.array([5, 2.5, 0.6, 0.1, 0.1, 0, 0, 0])
    odds[-2:] = max(age - 0.6, 0) * odds.sum() * np.array([1.2, 0.6])
    return np.array(_HAIRS[names[rng.choice(len(names), p=odds / odds.sum())]]) * rng.uniform(0.75, 1.3)


def _lips(rng: Generator, *, is_light: bool, masculine: bool) -> NDArray[np.float64]:
    if not masculine and rng.random() < 0.45:
        return _PAINTED_LIPS[rng.integers(len(_PAINTED_LIPS))]
    return np.array([0.86, 0.58, 0.60]) if is_light else np.array([0.88, 0.66, 0.68])


def _hair_volume(rng: Generator, style: str) -> float:
    volumes = {
        "bald": 0.0,
        "buzz": rng.uniform(0.15, 0.4),
        "short": rng.uniform(0.6, 1.6),
        "swept": rng.uniform(1.4, 3.0),
    }
    return float(volumes.get(style, rng.uniform(0.9, 2.2)))


def random_setting(rng: Generator, looks: Looks) -> Setting:
    """A light, a camera and a backdrop; the exposure is much as an automatic one sets it for the person's skin."""
    side = rng.uniform(-75, 75)
    warm = rng.normal(0, 0.10)
    key_colour = np.array([1 + warm, 1.0, 1 - warm])
    ambient = rng.uniform(0.18, 0.55)
    sky = np.array([1 - warm * 0.6, 1.0, 1 + warm * 0.6]) * rng.normal(1, 0.05, 3) * ambient
    return Setting(
        key=_towards(side, rng.uniform(5, 60)),
        key_colour=_colour(key_colour * rng.uniform(0.75, 1.15)),
        fill=_towards(-np.sign(side) * rng.uniform(30, 100), rng.uniform(-10, 35)),
        fill_colour=_colour(rng.normal(1, 0.12, 3).clip(0.6, 1.4) * rng.uniform(0.05, 0.4)),
        sky=_colour(sky),
        ground=_colour(sky * rng.uniform(0.3, 0.8) * rng.normal(1, 0.08, 3)),
        exposure=float(rng.uniform(0.85, 1.2) * (0.26 / looks.skin.mean()) ** 0.35),
        contrast=float(rng.uniform(0.9, 1.15)),
        saturation=float(rng.uniform(0.8, 1.15)),
        distance=float(rng.uniform(60, 160)),
        offset=rng.normal(0, 0.02, 2).clip(-0.05, 0.05).astype(np.float32),
        zoom=float(rng.uniform(0.93, 1.07)),
        grain=float(rng.uniform(0, 3.5)),
        blur=float(rng.uniform(0, 0.7)),
        backdrop=int(rng.integers(1 << 31)),
    )


def _cloth(rng: Generator) -> NDArray[np.float64]:
    """A colour of clothes: often dark, seldom vivid."""
    value, colour = rng.uniform(0.03, 0.7) ** 1.3, rng.uniform(0, 1, 3)
    vivid = rng.beta(1.2, 2.0)
    return value * ((1 - vivid) + vivid * colour / colour.max())


def _towards(azimuth: float, elevation: float) -> NDArray[np.float32]:
    a, e = np.radians([azimuth, elevation])
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], np.float32)


def _colour(values: NDArray[np.floating[Any]]) -> Colour:
    return np.asarray(values, np.float32).clip(0, 1.6)
