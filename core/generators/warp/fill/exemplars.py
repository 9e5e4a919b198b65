# SPDX-License-Identifier: GPL-3.0-or-later
"""What is hidden in a small picture, told from what is seen of it: every hidden cell is given its like.

The piece around a hidden cell is to look like a piece that is seen (Wexler et al. 2007). Which one is guessed, and
good guesses are handed on from neighbour to neighbour (PatchMatch; Barnes et al. 2009), from a coarse copy up to finer
ones. Differences are whole numbers, chance is of our own making: a picture has the same pieces on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ....compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Cells = NDArray[np.bool_]
    Colours = NDArray[np.int32]  # (h, w, 3) 0..255
    Places = NDArray[np.int32]  # (h, w, 2) row, column

_RADIUS = 3  # cells: a piece has 7 x 7
_COARSEST = 48  # cells along the shorter side of the coarsest copy, at least
_ROUNDS = (2, 4, 16)  # of looking and voting in the finest copy, the next, and all that are coarser
_NEARBY = 16  # cells around the one that a coarser copy gave are looked at in a finer one
_FAR = 200  # added to a cell's squared difference for the diagonal of the picture: what is near is more likely the same
_WORSE = 1.3, 60.0  # a neighbour's piece may be so much worse: few large pieces show fewer seams
_SURE = 0.9  # a cell says so much less with every cell farther from what is seen
_ALIKE = 30.0  # a cell's squared difference at which a piece says half as much


def find_pieces(picture: NDArray[np.uint8], hidden: Cells, doubtful: Cells) -> Places | None:
    """(h, w, 2) row and column of the like of every hidden cell of a (h, w, 3) picture; seen cells have themselves.

    What is `doubtful` is no example for anything. None where no piece is seen whole.
    """
    places: Places | None = None
    differences = np.zeros(hidden.shape, np.float32)
    copies = _copies(picture, hidden, doubtful)
    for number in range(len(copies) - 1, -1, -1):
        colours, unseen, unfit = copies[number]
        usable = _whole(~unfit)
        if not usable.any():
            places = None
            continue
        near = grown(unseen, _RADIUS)
        sure = np.power(np.float32(_SURE), cv2.distanceTransform(unseen.view(np.uint8), cv2.DIST_L2, 5))
        sure = np.asarray(sure * near, np.float32)
        reach = max(near.shape) if places is None else _NEARBY
        if places is None:
            places = _nearest(usable)
            seen = _continued(colours, unseen)
        else:
            places = _finer(places, usable)
            seen = _vote(colours, places, unseen, sure, np.zeros(near.shape, np.float32))
        for count in range(_ROUNDS[min(number, len(_ROUNDS) - 1)]):
            differences = _search(seen, usable, places, near, reach, 1 + number + 64 * count)
            seen = _vote(seen, places, unseen, sure, differences)
        if number == 0:
            _settle(seen, usable, places, near, differences)
    return None if places is None else np.where(hidden[..., None], places, _own(hidden.shape))


def grown(cells: Cells, by: int) -> Cells:
    """The cells (h, w) and those up to `by` beside them."""
    return np.asarray(cv2.dilate(cells.view(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8))) > 0


def _copies(picture: NDArray[np.uint8], hidden: Cells, doubtful: Cells) -> list[tuple[Colours, Cells, Cells]]:
    """The picture, what is hidden and what is no example; then copies of half the size each, in the colours seen."""
    colours, unfit = picture.astype(np.float32), hidden | doubtful
    copies = [(picture.astype(np.int32), hidden, unfit)]
    while min(hidden.shape) >= 2 * _COARSEST:
        size = -(-hidden.shape[1] // 2), -(-hidden.shape[0] // 2)
        seen = (~hidden).astype(np.float32)
        weight, total, bad = (
            np.asarray(cv2.resize(some, size, interpolation=cv2.INTER_AREA), np.float32)
            for some in (seen, colours * seen[..., None], unfit.astype(np.float32))
        )
        colours = total / np.maximum(weight, np.float32(1e-3))[..., None]
        hidden, unfit = weight < 0.5, bad > 0.5
        copies.append((np.rint(colours).astype(np.int32), hidden, unfit))
    return copies


def _whole(fit: Cells) -> Cells:
    """(h, w): where the piece around a cell is an example as a whole."""
    piece = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
    return np.asarray(cv2.erode(fit.view(np.uint8), piece, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))) > 0


def _own(shape: tuple[int, ...]) -> Places:
    return np.moveaxis(np.indices(shape, np.int32), 0, 2).copy()


def _nearest(usable: Cells) -> Places:
    """For every cell the nearest one that is usable."""
    labels = cv2.distanceTransformWithLabels((~usable).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[
        1
    ]
    places = np.zeros((int(usable.sum()) + 1, 2), np.int32)
    places[np.asarray(labels, np.intp)[usable]] = np.argwhere(usable)
    return places[np.asarray(labels, np.intp)]


def _finer(places: Places, usable: Cells) -> Places:
    """The places of a copy of half the size for one with these usable cells."""
    own = _own(usable.shape)
    rows, columns = own[..., 0] // 2, own[..., 1] // 2
    finer = 2 * places[rows, columns] + own % 2
    finer = np.minimum(finer, np.array(usable.shape, np.int32) - 1)
    fit = usable[finer[..., 0], finer[..., 1]]
    return np.where(fit[..., None], finer, _nearest(usable))


def _continued(colours: Colours, unseen: Cells) -> Colours:
    """A first guess: edges go on as they reach what is hidden (Bertalmio et al. 2001)."""
    planes = np.moveaxis(colours.astype(np.uint8), 2, 0).copy()
    return np.dstack([cv2.inpaint(plane, unseen.view(np.uint8), 2, cv2.INPAINT_NS) for plane in planes]).astype(
        np.int32
    )


@compiled
def _cost(picture: Colours, row: int, column: int, like_row: int, like_column: int, most: int) -> int:
    """How little the pieces around two cells are alike; anything above `most` where they are less so than that."""
    rows, columns, _ = picture.shape
    away = (row - like_row) ** 2 + (column - like_column) ** 2
    total = _FAR * (2 * _RADIUS + 1) ** 2 * away // (rows * rows + columns * columns)
    values = picture.reshape(-1)
    left, right = max(-_RADIUS, -column), min(_RADIUS, columns - 1 - column)
    length = np.uint64(3 * (right - left + 1))
    for down in range(max(-_RADIUS, -row), min(_RADIUS, rows - 1 - row) + 1):
        here = np.uint64(3 * ((row + down) * columns + column + left))
        there = np.uint64(3 * ((like_row + down) * columns + like_column + left))
        line = np.int32(0)
        for i in range(length):
            step = values[here + i] - values[there + i]
            line += step * step
        total += int(line)
        if total > most:
            break
    return total


@compiled
def _propose(
    picture: Colours, usable: Cells, places: Places, row: int, column: int, like_row: int, like_column: int, best: int
) -> int:
    """A cell takes another like, in place, where that costs less than `best`; gives what the better one costs."""
    rows, columns = usable.shape
    if not (0 <= like_row < rows and 0 <= like_column < columns) or not usable[like_row, like_column]:
        return best
    if places[row, column, 0] == like_row and places[row, column, 1] == like_column:
        return best
    cost = _cost(picture, row, column, like_row, like_column, best)
    if cost >= best:
        return best
    places[row, column, 0], places[row, column, 1] = like_row, like_column
    return cost


@compiled
def _ask_neighbours(
    picture: Colours, usable: Cells, places: Places, near: Cells, row: int, column: int, way: int, best: int
) -> int:
    """The likes that the cells before it in both directions propose; gives the lowest cost."""
    for axis in range(2):
        at_row, at_column = row - way * (1 - axis), column - way * axis
        if 0 <= at_row < near.shape[0] and 0 <= at_column < near.shape[1] and near[at_row, at_column]:
            like_row = places[at_row, at_column, 0] + row - at_row
            like_column = places[at_row, at_column, 1] + column - at_column
            best = _propose(picture, usable, places, row, column, like_row, like_column, best)
    return best


@compiled
def _search(picture: Colours, usable: Cells, places: Places, near: Cells, reach: int, seed: int) -> Array:
    """Better likes for the cells that are `near`, in place; gives the (h, w) mean squared difference of cells."""
    rows, columns = near.shape
    costs = np.zeros((rows, columns), np.int64)
    chance = np.uint32(seed * 2654435761 + 1)
    for way in (1, -1):
        for i in range(rows):
            row = i if way > 0 else rows - 1 - i
            for j in range(columns):
                column = j if way > 0 else columns - 1 - j
                if not near[row, column]:
                    continue
                if way > 0:
                    best = _cost(picture, row, column, places[row, column, 0], places[row, column, 1], 2**40)
                else:
                    best = costs[row, column]
                best = _ask_neighbours(picture, usable, places, near, row, column, way, best)
                around = reach
                while around >= 1:
                    chance ^= np.uint32(chance << np.uint32(13))  # Marsaglia (2003), xorshift
                    chance ^= np.uint32(chance >> np.uint32(17))
                    chance ^= np.uint32(chance << np.uint32(5))
                    down = np.int64(chance & np.uint32(0xFFFF)) % (2 * around + 1) - around
                    across = np.int64(chance >> np.uint32(16)) % (2 * around + 1) - around
                    like_row, like_column = places[row, column, 0] + down, places[row, column, 1] + across
                    best = _propose(picture, usable, places, row, column, like_row, like_column, best)
                    around //= 2
                costs[row, column] = best
    return (costs / (2 * _RADIUS + 1) ** 2).astype(np.float32)


@compiled
def _settle(picture: Colours, usable: Cells, places: Places, near: Cells, differences: Array) -> None:
    """Cells take a neighbour's like where it is hardly worse, in place."""
    rows, columns = near.shape
    for scan in range(4):
        way = 1 - 2 * (scan % 2)
        for i in range(rows):
            row = i if way > 0 else rows - 1 - i
            for j in range(columns):
                column = j if way > 0 else columns - 1 - j
                if near[row, column]:
                    most = (differences[row, column] * _WORSE[0] + _WORSE[1]) * (2 * _RADIUS + 1) ** 2
                    _ask_neighbours(picture, usable, places, near, row, column, way, int(most))


@compiled
def _vote(picture: Colours, places: Places, unseen: Cells, sure: Array, differences: Array) -> Colours:
    """(h, w, 3): every unseen cell as the pieces that cover it say, the surer and the more alike, the louder."""
    rows, columns = unseen.shape
    out = picture.copy()
    loud = sure / (np.float32(1) + differences / np.float32(_ALIKE))
    total = np.zeros(3, np.float32)
    for row in range(rows):
        for column in range(columns):
            if not unseen[row, column]:
                continue
            weight = np.float32(0)
            total[:] = 0
            for at_row in range(max(row - _RADIUS, 0), min(row + _RADIUS + 1, rows)):
                for at_column in range(max(column - _RADIUS, 0), min(column + _RADIUS + 1, columns)):
                    like_row = places[at_row, at_column, 0] + row - at_row
                    like_column = places[at_row, at_column, 1] + column - at_column
                    weight += loud[at_row, at_column]
                    for channel in range(3):
                        total[channel] += loud[at_row, at_column] * np.float32(picture[like_row, like_column, channel])
            for channel in range(3):
                out[row, column, channel] = np.int32(total[channel] / weight + np.float32(0.5))
    return out
