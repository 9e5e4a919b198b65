# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin of the neck and head that come out behind the jaw: that of the throat's side, or of the jaw, goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..fill.scatter import scattered
from ..pixels.sampling import mirrored, read_at, smooth_step, to_pixels
from .bare_neck import STRIP
from .beside import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .bare_neck import Neck, Outline
    from .beside import Beside
    from .occiput import Occiput

    Array = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]

FRINGE = 0.03  # of the person's edge: the wall's colour is in it

# In eye distances:
_ACROSS = 0.14  # width of the skin that goes on: farther inwards the chin shades it
_THROAT = 0.9  # of all that is seen of the neck
_WIDE = 0.6  # of its grain, before that is mirrored
_SHADE = 0.03  # what is smoother than this is light and shade
_EARS, _FADES = -0.7, 0.2  # so far below the chin ears end; so far above that skin has the colours of the head
_SHADED = 0.88  # in the jaw's shadow
_BESIDE = 0.1  # width of the skin beside the back of the head that gives it those
_EVEN = 2  # steps over which they are smooth


def nape_skin(beside: Beside, neck: Neck, back: Occiput, inwards: Array, below: Array) -> NDArray[Any]:
    """(h, w, C) what is drawn at places (h, w) `inwards` from the outline and `below` the chin."""
    skin = _neck_skin(beside, neck, inwards, below)
    tones = _tones(beside, neck, back)
    tone = np.empty((*below.shape, tones.shape[1]), np.float32)
    for channel, values in enumerate(tones.T):
        tone[..., channel] = np.interp(below, back.below, values)
    share = smooth_step((_EARS - below) / _FADES)[..., None]
    shade = np.float32(_SHADED if neck.collar is not None else 1)
    return to_pixels(skin * (shade + (tone - shade) * share), beside.pixels.dtype)


def _neck_skin(beside: Beside, neck: Neck, inwards: Array, below: Array) -> NDArray[Any]:
    """The neck's own where it is bare, and elsewhere its light, as far from the edge as it is seen, and its grain.

    At the edge a neck turns away from the light. What shades it from top to bottom would be seen again and again.
    """
    zoom = beside.face.eye_distance
    up, across = (np.arange(round(length * zoom) + 1) / zoom for length in (STRIP, _THROAT))
    lowest = neck.lowest - 2 * STEP  # nothing of the collar
    strip = _beside_edge(beside, neck.skin, across, lowest - up[:, None]).astype(np.float32)
    shade = np.asarray(cv2.GaussianBlur(strip, (0, 0), _SHADE * zoom))
    above = np.maximum((lowest if neck.collar is None else neck.ends + STRIP) - below, np.float32(0))
    own = read_at(shade, _pixels(zoom, inwards, mirrored(above, STRIP)))
    even = read_at(shade.mean(0, keepdims=True), _pixels(zoom, np.minimum(inwards, _ACROSS), 0 * inwards))
    light = own + (even - own) * smooth_step(above / STRIP)[..., None]
    there = _pixels(zoom, mirrored(np.maximum(inwards, 0), _WIDE), above)
    width, height = (int(there[..., axis].max()) + 2 for axis in range(2))
    bare = np.s_[:, : round(_ACROSS * zoom) + 1]
    skin = light + read_at(scattered((strip - shade)[bare], height, width), there)
    return np.where((above > 0)[..., None], skin, _beside_edge(beside, neck.outline, inwards, below))


def _pixels(zoom: float, x: Array, y: Array) -> Array:
    return np.asarray(zoom * np.dstack([x, y]), np.float32)


def _beside_edge(beside: Beside, outline: Outline, inwards: Numbers, below: Numbers) -> NDArray[Any]:
    """(h, w, C) pixels so far inwards from where the wall's colour ends."""
    return beside.read(outline.half_at(below) - FRINGE - inwards, below)


def _tones(beside: Beside, neck: Neck, back: Occiput) -> Array:
    """(N, C) by what the neck's skin is multiplied at the heights of the back of the head."""
    across = np.arange(0, _BESIDE, STEP)
    half, heights = back.seen()
    head = beside.read(half[:, None] - FRINGE - across, heights[:, None])
    rows = np.arange(neck.lowest - STRIP, neck.lowest - STEP, STEP)
    own = _beside_edge(beside, neck.skin, across, rows[:, None])
    even = np.asarray(cv2.GaussianBlur(np.median(head, axis=1)[None].astype(np.float32), (0, 0), _EVEN), np.float32)
    return even[0] / np.maximum(np.median(own, axis=(0, 1)), 1e-6).astype(np.float32)
