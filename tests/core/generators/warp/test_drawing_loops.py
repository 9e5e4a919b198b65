# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled loops: rays into a turned surface, positions of pixels, and the person laid over the plate."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.colour import full_scale
from core.generators.warp.layers import Layers
from core.generators.warp.pixels import coarse_maps, compose, positions
from core.generators.warp.pixels.along_edges import edge_directions, mixed_along_edges
from core.generators.warp.pixels.compose import Bands, Gains, Person, blocks_of
from core.generators.warp.pixels.positions import Border, Maps, Sides, Ways
from core.generators.warp.pixels.read import kernel_weights
from core.generators.warp.pixels.soften import soften
from core.generators.warp.surface.rays import Fields, Reach, Sight, reaches, ways

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

HEIGHT, WIDTH = 96, 120
WHOLE = 0, HEIGHT, 0, WIDTH
NO_SIDES = Sides(0, 0, 0, 0, 0, 0, 1, np.zeros((1, 1, 6), np.float32))


def _border(**given: Array) -> Border:
    lines = {"left": HEIGHT, "right": HEIGHT, "top": WIDTH, "bottom": WIDTH}
    cut = [np.ones(size, np.float32) for size in lines.values()]
    sizes = {"left": WIDTH, "right": WIDTH, "top": HEIGHT, "bottom": HEIGHT}
    near = [given.get(name, np.zeros(size, np.float32)) for name, size in sizes.items()]
    return Border(cut[0], cut[1], cut[2], cut[3], bool(given), near[0], near[1], near[2], near[3])


def _ways(cell: int = 8) -> Ways:
    rows, columns = HEIGHT // cell, WIDTH // cell
    nodes = np.random.default_rng(1).normal(0, 3, (rows, columns, 2)).astype(np.float32)
    return Ways(0, 0, cell, nodes, np.full((rows, columns), -1, np.int32), np.zeros((0, cell, cell, 2), np.float32))


def _filled(own: Ways, border: Border | None = None, row: int = 0, column: int = 0) -> Array:
    out = np.empty((HEIGHT - row, WIDTH - column, 2), np.float32)
    positions.fill(out, row, column, _maps(own, border))
    return out


def _maps(own: Ways, border: Border | None = None) -> Maps:
    return Maps(own, (NO_SIDES, NO_SIDES, NO_SIDES), border or _border())


def _identity() -> Array:
    return np.dstack(np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)))


def test_where_a_turn_is_uneven() -> None:
    turn = np.zeros((9, 12, 2), np.float32)
    turn[4:, :, 1] = 0.9  # beside a line, that is, on both of its sides
    turn[:, 10:, 0] = -0.9
    turn[:, :3, 0] = 0.7
    want = np.zeros((9, 12))
    want[3:5] = want[:, 9:11] = 1
    np.testing.assert_array_equal(coarse_maps.uneven(turn, 0.8), want)


def test_the_parts_of_marked_cells() -> None:
    cells = np.array([[0, 1], [0, 0], [1, 0]], np.uint8)
    numbers, rows, columns = coarse_maps.parts_of(cells, 2)
    np.testing.assert_array_equal(numbers, [[-1, 0], [-1, -1], [1, -1]])
    np.testing.assert_array_equal(rows, [[[0, 0], [1, 1]], [[4, 4], [5, 5]]])
    np.testing.assert_array_equal(columns, [[[2, 3], [2, 3]], [[0, 1], [0, 1]]])


def test_what_leaves_the_person_or_comes_to_it_moves() -> None:
    nodes = np.dstack(np.meshgrid(np.arange(4.5, 100, 10), [4.5, 14.5])).astype(np.float32)
    person = np.zeros((2, 10), np.float32)
    person[:, 4] = 1
    way = np.zeros((2, 10, 2), np.float32)
    way[0, :, 0] = -30  # each pixel shows what was 30 pixels farther to the left
    moving = coarse_maps.moving(nodes, way, person, 0, 0, 10, 1e-3)
    np.testing.assert_array_equal(np.flatnonzero(moving[0]), [4, 7])
    assert not moving[1].any()


def test_what_would_come_in_over_a_border_is_missing_where_the_person_is_cut() -> None:
    nodes, way = _identity(), np.zeros((HEIGHT, WIDTH, 2), np.float32)
    way[:, :10, 0], way[HEIGHT // 2, :10, 0], way[-5:, :, 1] = -4, -7, 3
    left, top = np.zeros(HEIGHT, np.float32), np.zeros(WIDTH, np.float32)
    cut = left + 1
    cut[HEIGHT // 2] = 0  # there is no person
    assert coarse_maps.missing(nodes, way, cut, top, left, top) == (4, 0, 0, 0)
    assert coarse_maps.missing(nodes, way, left, top, cut, top + 1) == (0, 0, 0, 3)


@pytest.mark.parametrize("cell", [1, 3, 8])
def test_between_nodes_the_way_is_cubic_and_parts_fit_together(cell: int) -> None:
    own = _ways(cell)
    want = cv2.resize(own.nodes, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) + _identity()
    whole = _filled(own)
    np.testing.assert_allclose(whole, want, atol=2e-4)
    np.testing.assert_array_equal(_filled(own, row=13, column=29), whole[13:, 29:])
    for row, column in ((0, 0), (50, 61), (HEIGHT - 1, WIDTH - 1)):
        at = np.add(positions.at_pixel(own, row, column), (column, row))
        np.testing.assert_allclose(at, whole[row, column], atol=2e-4)


def test_cells_with_a_block_have_exact_ways_and_their_jumps_are_edges() -> None:
    own = _ways()
    own.nodes[:] = 2
    exact = np.full((1, 8, 8, 2), 2, np.float32)
    exact[0, :, 4:] = 20
    own.blocks[3, 5] = 0
    own = own._replace(exact=exact)
    way = _filled(own) - _identity()
    np.testing.assert_array_equal(way[24:32, 40:48], exact[0])
    assert (np.delete(way, range(40, 48), axis=1) == 2).all()
    assert positions.at_pixel(own, 25, 46) == (20, 20)
    edges = {(int(row), int(column)) for row, column in coarse_maps.edges(own, 2.0, 1e-3)}
    inside = {(row, column) for row in range(24, 32) for column in (43, 44)}  # before and behind the jump
    assert inside <= edges
    assert all(24 <= row <= 32 and 43 <= column <= 48 for row, column in edges)
    of_fine = positions.of_cells(own, np.array([3, 0]), np.array([5, 0]), 8)
    np.testing.assert_array_equal(of_fine, [exact[0], np.full((8, 8, 2), 2)])


def test_what_would_come_in_is_held_and_what_leaves_may_leave() -> None:
    own = _ways()
    near = np.linspace(1, 0, WIDTH, dtype=np.float32)
    own.nodes[:] = (-6, 0)
    held = _filled(own, _border(left=near)) - _identity()
    np.testing.assert_allclose(held[10, :, 0], -6 * (1 - near), atol=1e-4)
    own.nodes[:] = (6, 0)
    np.testing.assert_allclose(_filled(own, _border(left=near))[..., 0], _identity()[..., 0] + 6, atol=1e-4)


def _sight(yaw: float, height: Array) -> Sight:
    """A head that turns about the axis in the middle of the picture, at depth 0."""
    turn = np.radians(yaw)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    foot = np.eye(3)
    foot[:2, :2], foot[2, :2] = rotation[:2, :2].T, rotation[:2, 2]
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    foot[:, 2] = [*middle, 0] - foot[:, :2] @ middle
    return Sight(foot, rotation[2], float(height.max()), float(height.min()))


def test_a_turned_plane_is_seen_where_geometry_says_and_what_stands_out_hides_what_is_behind() -> None:
    height = np.full((HEIGHT, WIDTH), 10, np.float32)
    fields = Fields(np.zeros(2), 1.0, height, np.zeros((HEIGHT, WIDTH, 2), np.float32))
    # The head ends below row 60, half-way at row 65, and higher up beside columns 40 to 80.
    reach = Reach(np.array([0, 0.1, -6]), np.array([0.1, 0, -6]), 2.0, 0.5, 0.0, 0.0, 1.0)
    seen = np.array([[50, 40], [60, 40], [72, 40]], np.float32)
    way, turn = ways(seen, _sight(20, height), fields, reach, True)
    along = (seen[:, 0] - WIDTH / 2 - 10 * np.sin(np.radians(20))) / np.cos(np.radians(20)) + WIDTH / 2
    np.testing.assert_allclose(seen[:, 0] + way[:, 0], along, atol=1e-3)
    np.testing.assert_array_equal(way, turn)
    places = np.array([[60, 65], [60, 75], [100, 50], [100, 40]], np.float32)
    np.testing.assert_allclose(reaches(places, reach), [0.5, 0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(reaches(places + np.float32([0, 10]), reach), [0, 0, 0, 1], atol=1e-6)
    body, _ = ways(np.array([[60, 80], [110, 65]], np.float32), _sight(20, height), fields, reach, True)
    np.testing.assert_allclose(body, 0, atol=1e-6)
    height[:, 58:63] = 40  # a nose
    row = np.column_stack([np.arange(20, 100, 0.5), np.full(160, 40)]).astype(np.float32)
    place = row[:, 0] + ways(row, _sight(25, height), fields, reach, True)[0][:, 0]
    gaps = np.diff(place)
    assert gaps.max() > 8  # behind the nose the next place that is seen is far
    assert (gaps > -0.5).all()  # and none is seen twice


def _person(pixels: NDArray[Any], coverage: NDArray[np.uint8], kernel: int = cv2.INTER_CUBIC) -> Person:
    four = np.zeros((*pixels.shape[:2], 4), np.float32)
    four[..., : pixels.shape[2]] = pixels
    zero, mixed = np.float32(0), mixed_along_edges(four, edge_directions(four, full_scale(pixels.dtype)))
    return Person(zero, zero, four, *mixed, coverage, blocks_of(coverage), kernel_weights(kernel))


def _bands(*areas: tuple[int, ...]) -> Bands:
    return Bands(np.array(areas, np.int64), np.zeros(1, np.int64))


def _drawn(
    pixels: NDArray[Any], person: Person, shift: tuple[float, float], gains: Gains | None = None
) -> NDArray[Any]:
    own = _ways()
    own.nodes[:] = shift
    return _drawn_by(own, pixels, person, gains or compose.NO_GAINS)


def _drawn_by(own: Ways, pixels: NDArray[Any], person: Person, gains: Gains = compose.NO_GAINS) -> NDArray[Any]:
    out, plate = pixels.copy(), np.full_like(pixels, 7)
    top = 0.0 if pixels.dtype == np.float32 else full_scale(pixels.dtype)
    compose.draw(out, plate, _bands(WHOLE), _maps(own), person, gains, top)
    return out


def test_parts_of_a_picture_are_drawn_as_the_whole() -> None:
    pixels, coverage = _noise(np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    coverage[10:80, 30:100] = 255
    person, plate, maps = _person(pixels, coverage), np.full_like(pixels, 7), _maps(_ways())
    whole, parts = pixels.copy(), pixels.copy()
    compose.draw(whole, plate, _bands(WHOLE), maps, person, compose.NO_GAINS, 255.0)
    bands = _bands(*((*row, *column) for row in ((0, 13), (13, 14), (14, HEIGHT)) for column in ((0, 29), (29, WIDTH))))
    with ThreadPoolExecutor(2) as threads:  # which take them in turn
        drawing = parts, plate, bands, maps, person, compose.NO_GAINS, 255.0
        list(threads.map(lambda _: compose.draw(*drawing), range(2)))
    assert bands.taken[0] >= len(bands.areas)
    np.testing.assert_array_equal(parts, whole)
    assert (whole != pixels).any(axis=2).mean() > 0.5


def _noise(kind: type) -> NDArray[Any]:
    values = np.random.default_rng(5).integers(0, 255, (HEIGHT, WIDTH, 3))
    smooth = cv2.GaussianBlur(values.astype(np.float32), (0, 0), 1.5)
    return (smooth * (257 if kind is np.uint16 else 1)).astype(kind)


@pytest.mark.parametrize("kernel", [cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_it_reads_as_opencv_does(kind: type, kernel: int) -> None:
    pixels, all_of_it = _noise(kind), np.full((HEIGHT, WIDTH), 255, np.uint8)
    shift = (3.25, -2.5)  # OpenCV tells 1/32 of a pixel apart
    want = cv2.remap(pixels, _identity() + np.float32(shift), None, kernel, borderMode=cv2.BORDER_REPLICATE)
    got = _drawn(pixels, _person(pixels, all_of_it, kernel), shift)
    assert np.abs(got.astype(float) - want.astype(float)).max() <= (1 if kind is not np.float32 else 0.1)


def test_what_is_not_the_person_shows_the_plate_and_what_is_still_its_own_pixel() -> None:
    pixels, coverage = _noise(np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    coverage[:, 40:] = 255
    coverage[:, 40] = 128
    person = _person(pixels, coverage)
    np.testing.assert_array_equal(_drawn(pixels, person, (0, 0)), pixels)
    moved = _drawn(pixels, person, (-10, 0))
    assert (moved[:, :49] == 7).all()
    np.testing.assert_array_equal(moved[:, 51:], pixels[:, 41:-10])
    mixed = 7 + (pixels[:, 40].astype(float) - 7) * 128 / 255
    np.testing.assert_allclose(moved[:, 50], mixed, atol=0.51)


def test_light_changes_pixels_that_stay_as_well() -> None:
    pixels, all_of_it = _noise(np.uint8), np.full((HEIGHT, WIDTH), 255, np.uint8)
    values = np.ones((5, 5, 4), np.float32)
    values[2, 2, :3] = (0.5, 0.8, 1)
    changes = np.zeros((5, 5), np.uint8)
    changes[1:3, 1:3] = 1  # the cells around that node
    gains = Gains(np.float32(20), np.float32(20), np.float32(1 / 8), values, changes)
    lit = _drawn(pixels, _person(pixels, all_of_it), (0, 0), gains)
    np.testing.assert_allclose(lit[36, 36], pixels[36, 36] * [0.5, 0.8, 1], atol=0.51)
    lit[29:44, 29:44] = pixels[29:44, 29:44]
    np.testing.assert_array_equal(lit, pixels)


def _drawn_out(across: float, down: float) -> Ways:
    """So many times as wide and as high, about the middle."""
    own = _ways(cell=1)
    own.nodes[:] = (_identity() - [WIDTH / 2, HEIGHT / 2]) * (1 / np.array([across, down]) - 1)
    return own


def test_a_leaning_edge_that_is_drawn_out_has_no_teeth() -> None:
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    past = column - WIDTH / 2 - 0.3 * (row - HEIGHT / 2)
    pixels = np.dstack([np.rint(50 + 150 * np.clip(past + 0.5, 0, 1))] * 3).astype(np.uint8)
    person, own = _person(pixels, np.full((HEIGHT, WIDTH), 255, np.uint8)), _drawn_out(4, 1)
    straight = person._replace(mixed=person.pixels)
    smooth, toothed = (_drawn_by(own, pixels, of)[20:-20, :, 0].astype(float) for of in (person, straight))
    assert _teeth(smooth) < 0.5 * _teeth(toothed)
    assert np.ptp(smooth) > 0.95 * np.ptp(pixels)


def _teeth(drawn: NDArray[Any]) -> float:
    """Pixels by which the level of half of the brightness is off from a straight line, the deviation of all rows."""
    places = [np.interp(125, row[np.argmin(row) :], np.arange(np.argmin(row), len(row))) for row in drawn]
    rows = np.arange(len(drawn))
    return float(np.std(places - np.polyval(np.polyfit(rows, places, 1), rows)))


def test_what_is_not_drawn_out_is_read_as_it_is() -> None:
    pixels = _noise(np.uint8)
    person = _person(pixels, np.full((HEIGHT, WIDTH), 255, np.uint8))
    other = person._replace(mixed=255 - person.pixels, edges=np.ones_like(person.edges))
    for across, down in ((1, 1.05), (2, 2), (0.5, 1), (0.5, 0.5)):  # enlarged, squeezed, made smaller
        own = _drawn_out(across, down)
        np.testing.assert_array_equal(_drawn_by(own, pixels, person), _drawn_by(own, pixels, other))
    own = _drawn_out(1, 2)
    assert (_drawn_by(own, pixels, person) != _drawn_by(own, pixels, other)).mean() > 0.8


def test_an_edge_has_a_direction_and_grain_has_none() -> None:
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    for angle in np.radians([0, 30, 90, 140]):  # from the right downwards
        past = (row - HEIGHT / 2) * np.cos(angle) - (column - WIDTH / 2) * np.sin(angle)
        pixels = np.dstack([100 + 100 * np.clip(past, 0, 1)] * 3 + [np.full(past.shape, 255)]).astype(np.float32)
        ways = edge_directions(pixels, 255)
        np.testing.assert_allclose(ways[HEIGHT // 4, WIDTH // 4], [np.cos(2 * angle), np.sin(2 * angle)], atol=0.05)
        mixed, some = mixed_along_edges(pixels, ways)
        beside = round(HEIGHT / 2 + 12 * np.cos(angle)), round(WIDTH / 2 - 12 * np.sin(angle))
        assert some[HEIGHT // 4, WIDTH // 4]
        assert not some[beside[0] // 2, beside[1] // 2]
        np.testing.assert_array_equal(mixed[beside], pixels[beside])
    grain = np.random.default_rng(3).normal(128, 20, (HEIGHT, WIDTH, 4)).astype(np.float32)
    assert np.hypot(*np.moveaxis(edge_directions(grain, 255), 2, 0)).mean() < 0.2


def test_edges_are_softened_and_nothing_else() -> None:
    """A staircase comes near to an edge that is drawn between pixels, in its own colours."""
    row, column = np.mgrid[:40, :30]
    past = column - 15 - (row - 20) / 5
    stairs, drawn = (np.dstack([50 + 150 * np.clip(share, 0, 1)] * 3) for share in (np.ceil(past), past + 0.5))
    pixels = stairs.astype(np.uint8)
    on_edge = np.abs(past) < 1
    out = pixels.copy()
    soften(out, np.argwhere(on_edge).astype(np.int32), 255.0)
    before, after = (np.abs(picture[on_edge] - drawn[on_edge]).mean() for picture in (pixels, out))
    assert after < 0.5 * before
    np.testing.assert_array_equal(out[~on_edge], pixels[~on_edge])


def test_edges_beside_the_picture_are_left_alone() -> None:
    pixels = _noise(np.uint8)
    height, width = pixels.shape[:2]
    out = pixels.copy()
    layers = Layers(pixels, np.ones((height, width), np.float32), (slice(0, height), slice(0, width)), 10.0)
    layers.soften(out, np.array([[3, width], [3, -1], [-1, 3], [height, 3]], np.int32))
    np.testing.assert_array_equal(out, pixels)  # the first one would be a pixel of the next row, the last one no pixel
