# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of one eye: made skin, eyeball and lashes laid over the drawn skin, in one pass over a window.

Lengths are shares of the eye's width unless they are pixels; places in the eye are (along, down) from its left corner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
_CUBIC = np.float32(-0.75)  # of the cubic kernel (Keys 1981), as OpenCV has it


Real = Any  # a float32, as a rule
Index = Any  # a whole number without a sign: an index that might be negative is asked about for every pixel
Three = tuple[Real, Real, Real]
Colour = tuple[Real, Real, Real, Real]  # red, green, blue, alpha
Five = tuple[Real, Real, Real, Real, Real]
Six = tuple[Real, Real, Real, Real, Real, Real]
Size = tuple[int, ...]  # rows, columns


class Parts(NamedTuple):
    """What one eye of a portrait is drawn from, on a patch of the portrait; see `sampling.with_alpha_in`."""

    skin: Array  # (h, w, 4) with the closed lid
    white: Array  # (h, w, 4) the eyeball without its iris
    whole: Array  # (h, w, 4) and with it
    zone: Array  # (h, w) coverage of the made skin on a closed eye
    lashes: Array  # (h, w, 4) by which share each channel is darker beside the upper rim; the last one is unused
    closed: Array  # (2, 3) by which share a closed eye is darker in the band of its lashes, and where the lids touch


class Gains(NamedTuple):
    """Factors of the light, on a grid over the portrait; see `Shade`."""

    values: Array  # (rows, columns, C); no rows: no change
    left: Real  # of the patch's first pixel, in cells from the first node
    top: Real
    per_cell: Real  # cells a pixel


class Look(NamedTuple):
    """One eye in one frame; numbers are float32."""

    rims: Array  # (257, 3) along `TABLE`: heights of the upper and the lower rim, how far the upper one has gone down
    to_eye: Array  # (2, 3) from unturned positions to positions in the eye
    to_patch: Array  # (2, 3) and from there to pixels of the patch
    edge: Real
    line: Real  # of dark lashes at the very edge of the lid
    stirred: Real  # 0..1: how far what is drawn replaces what is in the portrait
    unrolled: Real  # 0..1: the same for the lid's skin
    turned: Real  # 0..1: lashes from up to down
    iris: Array  # (4,) pixels: place of the iris in the portrait, its radius, its edge
    move: Array  # (3,) pixels by which it has moved, and how far the moved one replaces the other, 0..1


@compiled
def draw(out: NDArray[Any], unturned: Array, gains: Gains, parts: Parts, look: Look, full: Real, low: Real) -> None:
    """Draw an eye on the pixels `out` (h, w, C), C-contiguous, whose positions in the unturned face are (h, w, 2).

    `full` is the value of a full alpha; `low` is 0 for whole numbers and -1 for floats, which are not rounded.
    """
    height, width, channels = out.shape
    drawn, positions, factors = out.reshape(-1), unturned.reshape(-1), gains.values.reshape(-1)
    # Once, and not for every pixel: a tuple's arrays cost time.
    size, zone, lashes = parts.zone.shape, parts.zone.reshape(-1), parts.lashes.reshape(-1)
    skin, white, whole = parts.skin.reshape(-1), parts.white.reshape(-1), parts.whole.reshape(-1)
    rims, edge, cells = look.rims.reshape(-1), look.edge, gains.values.shape
    gain_left, gain_top, per_cell = gains.left, gains.top, gains.per_cell
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
        lid = _value(zone, size, x, y) * covers * unrolled * hidden if unrolled > 0 and hidden > 0 else _ZERO
        if lid == 0 and ball == 0 and not hangs:
            continue
        at = n * np.uint64(channels)
        light = _light(factors, cells, gain_left + x * per_cell, gain_top + y * per_cell)
        pixel = _read(drawn, at, channels, full)
        if lid > 0:
            pixel = _laid(pixel, _colour(skin, size, x, y), lid, light, channels, full)
        if ball > 0:
            pixel = _laid(pixel, _eyeball(white, whole, size, iris, move, x, y), ball, light, channels, full)
        if below > -_UP and below < _HANGING:
            gone = _mixed(rims[k + _TWO_STEPS], rims[k + np.uint64(5)], share)
            where = x, y, along, below, above, gone
            pixel = _darkened(pixel, lashes, size, where, (p[1], p[4]), (lid, ball, turned, edge, line), closed)
        _write(drawn, at, channels, pixel, full, low)


@compiled
def _read(flat: NDArray[Any], at: Index, channels: int, full: Real) -> Colour:
    alpha = np.float32(flat[at + np.uint64(3)]) if channels == 4 else full
    return np.float32(flat[at]), np.float32(flat[at + _STEP]), np.float32(flat[at + _TWO_STEPS]), alpha


@compiled
def _write(flat: NDArray[Any], at: Index, channels: int, pixel: Colour, full: Real, low: Real) -> None:
    flat[at] = _stored(pixel[0], full, low)
    flat[at + _STEP] = _stored(pixel[1], full, low)
    flat[at + _TWO_STEPS] = _stored(pixel[2], full, low)
    if channels == 4:
        flat[at + np.uint64(3)] = _stored(pixel[3], full, low)


@compiled
def _shown(covers: Real, below: Real, above: Real, edge: Real, stirred: Real) -> tuple[Real, Real]:
    """How far the eyeball is drawn, and the share that is left to the lid."""
    inside = covers * _smooth(below / edge + _HALF)
    inside *= min(max((below + above) / edge - _ONE, _ZERO), _ONE)  # lids that nearly meet touch
    ball = inside * stirred
    # Where the eyeball is not yet drawn fully, the portrait's shows through it and not the lid.
    return ball, (_ONE - inside) / max(_ONE - ball, _FAINTEST)


@compiled
def _six(m: Array) -> Six:
    return m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2]


@compiled
def _darkened(
    pixel: Colour, lashes: Array, size: Size, where: Six, down: tuple[Real, Real], state: Five, closed: Six
) -> Colour:
    """With lashes and the lid's shadow, which go with the lid; `down` is an eye's width in the patch."""
    x, y, along, below, above, gone = where
    lid, ball, turned, edge, line = state
    here = _three(lashes, size, x - gone * down[0], y - gone * down[1])
    hidden, hanging = (_ZERO, _ZERO, _ZERO), _ZERO
    if turned > 0 and below > 0:  # what stood up hangs down
        gone += _TWO * below
        hidden = _three(lashes, size, x - gone * down[0], y - gone * down[1])
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
def _eyeball(white: Array, whole: Array, size: Size, iris: Colour, move: Three, x: Real, y: Real) -> Colour:
    """The eyeball at pixels of the patch, its iris moved."""
    amount = move[2]
    if amount == 0:
        return _colour(whole, size, x, y)
    right, down = x - move[0], y - move[1]
    a, b = right - iris[0], down - iris[1]
    distance = np.sqrt(a * a + b * b)
    disc = _smooth((iris[2] - distance) / iris[3] + _HALF)
    turned = _colour(white, size, x, y) if disc < 1 else _colour(whole, size, right, down)
    if 0 < disc < 1:
        turned = _between(turned, _colour(whole, size, right, down), disc)
    return turned if amount == 1 else _between(_colour(whole, size, x, y), turned, amount)


@compiled
def _between(a: Colour, b: Colour, share: Real) -> Colour:
    return _mixed(a[0], b[0], share), _mixed(a[1], b[1], share), _mixed(a[2], b[2], share), _mixed(a[3], b[3], share)


@compiled
def _laid(under: Colour, over: Colour, share: Real, light: Three, channels: int, full: Real) -> Colour:
    """One pixel over another, lit, its alpha taken off its colour."""
    red, green, blue, alpha = over
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
def _dark(here: Real, hidden: Real, shares: Colour, band: Real, seam: Real) -> Real:
    """Beside the upper rim it is as dark as in the portrait, or as the lashes of a closed eye make it."""
    standing, lying, hanging, side = shares
    return max(_mixed(here * standing, max(here * lying, hidden * hanging), side), band, seam)


@compiled
def _smooth(x: Real) -> Real:
    t = min(max(x, _ZERO), _ONE)
    return t * t * (_THREE - _TWO * t)


@compiled
def _mixed(a: Real, b: Real, share: Real) -> Real:
    return a + (b - a) * share


@compiled
def _stored(value: Real, full: Real, low: Real) -> Real:
    """What is stored of a value: whole numbers are rounded and cut off."""
    if low < 0:
        return value
    return min(max(np.floor(value + _HALF), low), full)


@compiled
def _value(flat: Array, size: Size, x: Real, y: Real) -> Real:
    """Bilinear; nothing beyond the patch."""
    rows, columns = size
    if not (x >= 0 and y >= 0 and x < columns - 1 and y < rows - 1):
        return _ZERO
    i, j = np.uint64(y), np.uint64(x)
    at, line, right = i * np.uint64(columns) + j, np.uint64(columns), x - np.float32(j)
    upper, lower = _mixed(flat[at], flat[at + _STEP], right), _mixed(flat[at + line], flat[at + line + _STEP], right)
    return _mixed(upper, lower, y - np.float32(i))


@compiled
def _three(flat: Array, size: Size, x: Real, y: Real) -> Three:
    """The same for the first three of four channels."""
    rows, columns = size
    if not (x >= 0 and y >= 0 and x < columns - 1 and y < rows - 1):
        return _ZERO, _ZERO, _ZERO
    return _first_three(flat, np.uint64(columns), np.uint64(4), x, y)


@compiled
def _light(flat: Array, shape: Size, x: Real, y: Real) -> Three:
    """The same for the light's factors, which are 1 beyond their grid."""
    if not (x >= 0 and y >= 0 and x < shape[1] - 1 and y < shape[0] - 1):
        return _ONE, _ONE, _ONE
    return _first_three(flat, np.uint64(shape[1]), np.uint64(shape[2]), x, y)


@compiled
def _first_three(flat: Array, columns: Index, channels: Index, x: Real, y: Real) -> Three:
    i, j = np.uint64(y), np.uint64(x)
    at, line = channels * (i * columns + j), channels * columns
    right, down = x - np.float32(j), y - np.float32(i)
    a, b, c, d = (_ONE - right) * (_ONE - down), right * (_ONE - down), (_ONE - right) * down, right * down
    after, under = at + channels, at + line
    beyond = under + channels
    return (
        a * flat[at] + b * flat[after] + c * flat[under] + d * flat[beyond],
        a * flat[at + _STEP] + b * flat[after + _STEP] + c * flat[under + _STEP] + d * flat[beyond + _STEP],
        a * flat[at + _TWO_STEPS]
        + b * flat[after + _TWO_STEPS]
        + c * flat[under + _TWO_STEPS]
        + d * flat[beyond + _TWO_STEPS],
    )


@compiled
def _colour(flat: Array, size: Size, x: Real, y: Real) -> Colour:
    """All four channels, cubic, no darker than black; beyond the patch its edge goes on."""
    rows, columns = size
    left, top = np.floor(x), np.floor(y)
    w = _weights(x - left)
    a, b, c, d = _weights(y - top)
    column, row = np.int64(left), np.int64(top)
    # Where the four pixels of a line are, in a flat array.
    p = _held(column - 1, columns), _held(column, columns), _held(column + 1, columns), _held(column + 2, columns)
    line = np.uint64(4 * columns)
    first = _across(flat, _held(row - 1, rows) * line, p, w)
    second = _across(flat, _held(row, rows) * line, p, w)
    third = _across(flat, _held(row + 1, rows) * line, p, w)
    fourth = _across(flat, _held(row + 2, rows) * line, p, w)
    return (
        max(a * first[0] + b * second[0] + c * third[0] + d * fourth[0], _ZERO),
        max(a * first[1] + b * second[1] + c * third[1] + d * fourth[1], _ZERO),
        max(a * first[2] + b * second[2] + c * third[2] + d * fourth[2], _ZERO),
        a * first[3] + b * second[3] + c * third[3] + d * fourth[3],
    )


@compiled
def _held(index: Real, size: int) -> Index:
    return np.uint64(min(max(index, 0), size - 1))


@compiled
def _across(flat: Array, line: Index, places: tuple[Index, Index, Index, Index], weights: Colour) -> Colour:
    """Four pixels of a line, weighted."""
    four = np.uint64(4)
    a, b, c, d = line + four * places[0], line + four * places[1], line + four * places[2], line + four * places[3]
    e, f, g, h = weights
    o, t, r = _STEP, _TWO_STEPS, np.uint64(3)
    return (
        e * flat[a] + f * flat[b] + g * flat[c] + h * flat[d],
        e * flat[a + o] + f * flat[b + o] + g * flat[c + o] + h * flat[d + o],
        e * flat[a + t] + f * flat[b + t] + g * flat[c + t] + h * flat[d + t],
        e * flat[a + r] + f * flat[b + r] + g * flat[c + r] + h * flat[d + r],
    )


@compiled
def _weights(t: Real) -> Colour:
    """Of the two pixels before a place that lies `t` behind a pixel, and of the two after it."""
    s = _ONE - t
    first, last = _CUBIC * t * s * s, _CUBIC * s * t * t
    second = ((_CUBIC + _TWO) * t - (_CUBIC + _THREE)) * t * t + _ONE
    return first, second, _ONE - first - second - last, last
