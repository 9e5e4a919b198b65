# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of one eye: made skin, eyeball and lashes laid over the drawn skin, in one pass over a window.

Lengths are shares of the eye's width unless they are pixels; places in the eye are (along, down) from its left corner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ....compiled import Number, compiled
from ..pixels.affine import affine
from ..pixels.colours import four, over, store
from .eye_reads import colour_at, light_at, three_at, value_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..pixels.compose import Gains
    from ..pixels.read import Colour
    from .eye_reads import Size, Three

    Array = NDArray[np.float32]

TABLE = np.linspace(-0.5, 1.5, 257)  # along the eye, from its left corner (0) to its right one (1)
LASHES_UP = 0.16  # above the upper rim there are lashes
SHADOW = 0.12  # down to here below the upper rim the eyeball has the lid's shadow
LASHES_ASIDE, SOFT = 0.15, 0.09  # lashes beside the corners; the edge of the made skin

_ZERO, _HALF, _ONE, _TWO, _THREE = (np.float32(number) for number in (0, 0.5, 1, 2, 3))
_FIRST, _PER_LENGTH = np.float32(TABLE[0]), np.float32(1 / (TABLE[1] - TABLE[0]))
_ASIDE = np.float32(LASHES_ASIDE + SOFT)
_UP = np.float32(LASHES_UP)
_TO_CORNER = np.float32(12)  # closed lids touch in a dark line and have a band of lashes, up to this part of the eye
_VEIL_BELOW, _VEIL_REACH = np.float32(0.03), np.float32(0.16)  # the band of a closed eye: its middle, its edges
_HANGING = _VEIL_BELOW + _VEIL_REACH
_LINER = np.float32(0.04)  # above the rim the lid itself may be dark; what is dark farther up is lashes
_STEP, _TWO_STEPS = np.uint64(1), np.uint64(2)
_FAINTEST = np.float32(1e-6)

Five = tuple[Number, Number, Number, Number, Number]
Six = tuple[Number, Number, Number, Number, Number, Number]


class Parts(NamedTuple):
    """What one eye of a portrait is drawn from, on a patch of the portrait; see `sampling.with_alpha_in`."""

    left: Number  # float32 pixels: where the patch begins in the portrait
    top: Number
    skin: Array  # (h, w, 4) with the closed lid
    white: Array  # (h, w, 4) the eyeball without its iris
    whole: Array  # (h, w, 4) and with it
    zone: Array  # (h, w) coverage of the made skin on a closed eye
    lashes: Array  # (h, w, 4) by which share each channel is darker beside the upper rim; the last one is unused
    closed: Array  # (2, 3) by which share a closed eye is darker in the band of its lashes, and where the lids touch


class Look(NamedTuple):
    """One eye in one frame; numbers are float32."""

    rims: Array  # (257, 3) along `TABLE`: heights of the upper and the lower rim, how far the upper one has gone down
    to_eye: Array  # (2, 3) from unturned positions to positions in the eye
    to_patch: Array  # (2, 3) and from there to pixels of the patch
    edge: Number
    line: Number  # of dark lashes at the very edge of the lid
    stirred: Number  # 0..1: how far what is drawn replaces what is in the portrait
    unrolled: Number  # 0..1: the same for the lid's skin
    turned: Number  # 0..1: lashes from up to down
    iris: Array  # (4,) pixels: place of the iris in the portrait, its radius, its edge
    move: Array  # (3,) pixels by which it has moved, and how far the moved one replaces the other, 0..1


@compiled
def rims_of(
    upper: NDArray[np.float64], lower: NDArray[np.float64], to_eye: NDArray[np.float64], own: Array
) -> tuple[Array, float, float]:
    """`Look.rims` of an eye with edges (N, 2) in the unturned face; `own` (257, 2) are the heights in the portrait.

    Lids that are asked to pass each other meet half-way, as the skin drawn around them does. Gives how far the eye is
    open in the mean as well, and how far a lid has moved at most.
    """
    rims, opened, farthest = np.empty((len(TABLE), 3), np.float32), 0.0, 0.0
    above, below = heights(upper, to_eye), heights(lower, to_eye)
    for i in range(len(TABLE)):
        middle = (above[i] + below[i]) * _HALF
        top, bottom = min(above[i], middle), max(below[i], middle)
        rims[i, 0], rims[i, 1], rims[i, 2] = top, bottom, top - own[i, 0]
        opened += bottom - top
        farthest = max(farthest, abs(top - own[i, 0]), abs(bottom - own[i, 1]))
    return rims, opened / len(TABLE), farthest


@compiled
def heights(rim: NDArray[np.float64], to_eye: NDArray[np.float64]) -> Array:
    """(257,) how far down a rim (N, 2) is at the positions of the table; past its ends it stays on their level."""
    out, k = np.empty(len(TABLE), np.float32), 0
    before = after = affine(to_eye, rim[0, 0], rim[0, 1])
    for i in range(len(TABLE)):
        while k < len(rim) - 1 and after[0] <= TABLE[i]:
            k, before = k + 1, after
            after = affine(to_eye, rim[k, 0], rim[k, 1])
        share = min(max((TABLE[i] - before[0]) / max(after[0] - before[0], 1e-9), 0.0), 1.0)
        out[i] = before[1] + (after[1] - before[1]) * share
    return out


@compiled
def draw(
    out: NDArray[Any], row: int, column: int, unturned: Array, gains: Gains, parts: Parts, look: Look, top: float
) -> None:
    """Draw an eye on pixels of `out` (H, W, C) from (row, column) on, whose places in the unturned face are (h, w, 2).

    `top` is the full scale of whole numbers; 0: floats, which are not rounded.
    """
    (height, width), channels = unturned.shape[:2], out.shape[2]
    high = np.float32(top)
    full = high if high > 0 else _ONE
    drawn, positions, factors = out.reshape(-1), unturned.reshape(-1), gains.values.reshape(-1)
    # Once, and not for every pixel: a tuple's arrays cost time.
    size, zone, lashes = parts.zone.shape, parts.zone.reshape(-1), parts.lashes.reshape(-1)
    skin, white, whole = parts.skin.reshape(-1), parts.white.reshape(-1), parts.whole.reshape(-1)
    rims, edge, cells = look.rims.reshape(-1), look.edge, gains.values.shape
    per_cell = gains.per_cell
    gain_left, gain_top = (parts.left - gains.left) * per_cell, (parts.top - gains.top) * per_cell
    e, p, closed = _six(look.to_eye), _six(look.to_patch), _six(parts.closed)
    stirred, unrolled, turned, line = look.stirred, look.unrolled, look.turned, look.line
    iris = look.iris[0], look.iris[1], look.iris[2], look.iris[3]
    move = look.move[0], look.move[1], look.move[2]
    for number in range(height * width):
        n = np.uint64(number)
        across, downwards = positions[_TWO_STEPS * n], positions[_TWO_STEPS * n + _STEP]
        along = e[0] * across + e[1] * downwards + e[2]
        if along < -_ASIDE or along > _ONE + _ASIDE:
            continue
        down = e[3] * across + e[4] * downwards + e[5]
        place = (along - _FIRST) * _PER_LENGTH
        k = np.uint64(place)
        share, k = place - np.float32(k), k * np.uint64(3)
        below = down - _mixed(rims[k], rims[k + np.uint64(3)], share)
        above = _mixed(rims[k + _STEP], rims[k + np.uint64(4)], share) - down
        covers = _smooth(above / edge + _HALF)
        hangs = turned > 0 and below > 0 and below < _HANGING
        if covers == 0 and not hangs:
            continue
        x, y = p[0] * along + p[1] * down + p[2], p[3] * along + p[4] * down + p[5]
        ball, hidden = _shown(covers, below, above, edge, stirred)
        lid = value_at(zone, size, x, y) * unrolled * hidden if unrolled > 0 and hidden > 0 else _ZERO
        if lid == 0 and ball == 0 and not hangs:
            continue
        i, j = divmod(number, width)
        at = np.uint64(((row + i) * out.shape[1] + column + j) * channels)
        light = light_at(factors, cells, gain_left + x * per_cell, gain_top + y * per_cell)
        pixel = four(drawn, at, channels)
        if lid > 0:
            pixel = _laid(pixel, colour_at(skin, size, x, y), lid, light, channels, full)
        if ball > 0:
            pixel = _laid(pixel, _eyeball(white, whole, size, iris, move, x, y), ball, light, channels, full)
        if below > -_UP and below < _HANGING:
            gone = _mixed(rims[k + _TWO_STEPS], rims[k + np.uint64(5)], share)
            where = x, y, along, below, above, gone
            pixel = _darkened(pixel, lashes, size, where, (p[1], p[4]), (lid, ball, turned, edge, line), closed)
        store(drawn, at, channels, pixel, high)


@compiled
def _shown(covers: Number, below: Number, above: Number, edge: Number, stirred: Number) -> tuple[Number, Number]:
    """How far the eyeball is drawn, and the share that is left to the lid."""
    inside = covers * _smooth(below / edge + _HALF)
    inside *= min(max((below + above) / edge - _ONE, _ZERO), _ONE)  # lids that nearly meet touch
    ball = inside * stirred
    # Where the eyeball is not yet drawn fully, the portrait's shows through it and not the lid, nor does the lid show
    # at the lower rim, between the eyeball and the skin.
    return ball, (covers - inside) / max(_ONE - ball, _FAINTEST)


@compiled
def _six(m: Array) -> Six:
    return m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2]


@compiled
def _darkened(
    pixel: Colour, lashes: Array, size: Size, where: Six, down: tuple[Number, Number], state: Five, closed: Six
) -> Colour:
    """With lashes and the lid's shadow, which go with the lid; `down` is an eye's width in the patch."""
    x, y, along, below, above, gone = where
    lid, ball, turned, edge, line = state
    here = three_at(lashes, size, x - gone * down[0], y - gone * down[1])
    hidden, hanging = (_ZERO, _ZERO, _ZERO), _ZERO
    if turned > 0 and below > 0:  # what stood up hangs down
        gone += _TWO * below
        hidden = three_at(lashes, size, x - gone * down[0], y - gone * down[1])
        hanging = turned * _smooth(above / line + _ONE)
    standing = max(lid, ball) * (_ONE - turned * _smooth((-below - _LINER) / _LINER))
    shares = standing, max(ball, hanging), hanging, _smooth(below / edge + _HALF)
    shown = turned * min(max(_TO_CORNER * along * (_ONE - along), _ZERO), _ONE)
    band = shown * _smooth(_ONE - abs(below - _VEIL_BELOW) / _VEIL_REACH)
    seam = shown * _smooth(_ONE - abs(below) / (np.float32(1.5) * line))
    return (
        pixel[0] * (_ONE - _dark(here[0], hidden[0], shares, band * closed[0], seam * closed[3])),
        pixel[1] * (_ONE - _dark(here[1], hidden[1], shares, band * closed[1], seam * closed[4])),
        pixel[2] * (_ONE - _dark(here[2], hidden[2], shares, band * closed[2], seam * closed[5])),
        pixel[3],
    )


@compiled
def _eyeball(white: Array, whole: Array, size: Size, iris: Colour, move: Three, x: Number, y: Number) -> Colour:
    """The eyeball at pixels of the patch, its iris moved."""
    amount = move[2]
    if amount == 0:
        return colour_at(whole, size, x, y)
    right, down = x - move[0], y - move[1]
    a, b = right - iris[0], down - iris[1]
    distance = np.sqrt(a * a + b * b)
    disc = _smooth((iris[2] - distance) / iris[3] + _HALF)
    turned = colour_at(white, size, x, y) if disc < 1 else colour_at(whole, size, right, down)
    if 0 < disc < 1:
        turned = over(turned, colour_at(whole, size, right, down), disc)
    return turned if amount == 1 else over(colour_at(whole, size, x, y), turned, amount)


@compiled
def _laid(under: Colour, colour: Colour, share: Number, light: Three, channels: int, full: Number) -> Colour:
    """A pixel with a lit colour over it, the colour's alpha taken off."""
    red, green, blue, alpha = colour
    if channels == 4:
        alpha = min(max(alpha, _ZERO), full)
        seen = full / max(alpha, np.float32(1e-4) * full)
        red, green, blue = red * seen, green * seen, blue * seen
    return (
        _mixed(under[0], red * light[0], share),
        _mixed(under[1], green * light[1], share),
        _mixed(under[2], blue * light[2], share),
        _mixed(under[3], alpha, share),
    )


@compiled
def _dark(here: Number, hidden: Number, shares: Colour, band: Number, seam: Number) -> Number:
    """Beside the upper rim it is as dark as in the portrait, or as the lashes of a closed eye make it."""
    standing, lying, hanging, side = shares
    return max(_mixed(here * standing, max(here * lying, hidden * hanging), side), band, seam)


@compiled
def _smooth(x: Number) -> Number:
    t = min(max(x, _ZERO), _ONE)
    return t * t * (_THREE - _TWO * t)


@compiled
def _mixed(a: Number, b: Number, share: Number) -> Number:
    return a + (b - a) * share
