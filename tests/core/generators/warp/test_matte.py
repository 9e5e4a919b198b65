# SPDX-License-Identifier: GPL-3.0-or-later
"""The head mask: it covers the person and nothing else, whatever the picture is stored in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from core.colour import decode_srgb
from core.generators.warp.mask.matte import find_head
from core.generators.warp.surface.head import project_points
from core.landmarks.detect import create_detector
from core.media.pictures import read_picture
from core.motion.face_model import FittedFace, fit_face, load_face_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

PORTRAITS = Path(__file__).parents[4] / "docs/gallery/portraits"
SIZE, SCALE = 360, 8.0  # pixels; pixels a centimetre
SKIN, HAIR, SHIRT = (205, 160, 135), (45, 30, 20), (120, 20, 40)


@pytest.fixture(scope="module")
def face() -> FittedFace:
    """The model's own face from the front."""
    return fit_face(load_face_model().landmarks[:, :2] * [SCALE, -SCALE] + SIZE / 2)


@pytest.fixture(scope="module")
def drawn(face: FittedFace) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Somebody with hair and shirt before a mottled wall, and where they are."""
    person = np.zeros((SIZE, SIZE, 3), np.uint8)
    middle, chin = face.points[27, :2], face.points[8, :2]
    crown = middle - [0, 0.5 * face.eye_distance]
    cv2.ellipse(person, _box(crown, (2.1, 2.3), face), HAIR, -1)
    surface = project_points(face)[:, :2]
    for part in (surface[surface[:, 1] < chin[1]], face.points[:, :2]):
        hull = cv2.convexHull(np.rint(part).astype(np.int32))
        cv2.fillConvexPoly(person, hull, SKIN)
    cv2.ellipse(person, _box(crown - [0, 0.6 * face.eye_distance], (1.6, 1.1), face), HAIR, -1)
    cv2.rectangle(person, *_corners(chin, (-0.5, -0.4, 0.5, 1.0), face), SKIN, -1)
    cv2.rectangle(person, *_corners(chin, (-1.5, 0.7, 1.5, 9.0), face), SHIRT, -1)
    there = person.any(axis=2)
    noise = np.random.default_rng(5)
    spots = cv2.resize(noise.normal(0, 12, (24, 24, 1)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    wall = np.array([85, 105, 100]) + spots[..., None]
    picture = np.where(there[..., None], person, wall) + noise.normal(0, 3, (SIZE, SIZE, 3))
    soft = cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), 0.7)
    return np.rint(soft).astype(np.uint8), there


def _box(centre: NDArray[Any], sides: tuple[float, float], face: FittedFace) -> Any:
    return (centre.tolist(), (np.array(sides) * face.eye_distance).tolist(), 0.0)


def _corners(origin: NDArray[Any], box: tuple[float, ...], face: FittedFace) -> tuple[list[int], list[int]]:
    corners = np.rint(origin + np.reshape(box, (2, 2)) * face.eye_distance).astype(int)
    return corners[0].tolist(), corners[1].tolist()


def _overlap(mask: NDArray[np.float32], truth: NDArray[np.bool_], face: FittedFace) -> float:
    """Intersection over union of the head and neck: lower down nothing moves."""
    rows = slice(0, int(face.points[8, 1] + 0.6 * face.eye_distance))
    found, there = mask[rows] > 0.5, truth[rows]
    return float((found & there).sum() / (found | there).sum())


def test_a_drawn_person_is_found(face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]) -> None:
    picture, there = drawn
    mask = find_head(picture, face)
    assert mask.shape == picture.shape[:2]
    assert mask.dtype == np.float32
    assert mask.min() == 0
    assert mask.max() == 1
    assert _overlap(mask, there, face) > 0.96
    soft = (mask > 0) & (mask < 1)
    edge = cv2.morphologyEx(there.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8))
    assert soft.any()
    assert (edge[soft] > 0).mean() > 0.9


@pytest.mark.parametrize("kind", ["16 bit", "float", "alpha"])
def test_kinds_of_pixels_give_the_same_mask(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]], kind: str
) -> None:
    picture, _ = drawn
    other = {
        "16 bit": lambda: picture.astype(np.uint16) * 257,
        "float": lambda: decode_srgb(picture / np.float32(255)),
        "alpha": lambda: np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
    }[kind]()
    difference = np.abs(find_head(other, face) - find_head(picture, face))
    # What is reduced first and rounded then, or is averaged as linear light, differs a little.
    assert (difference > 0.1).mean() < 0.005


def test_invisible_pixels_are_background(face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]) -> None:
    picture, _ = drawn
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:, :120] = 0
    mask = find_head(np.dstack([picture, alpha]), face)
    assert mask[:, :110].max() == 0
    assert mask[int(face.points[30, 1]), int(face.points[30, 0])] == 1


def test_a_board_behind_the_head_is_no_part_of_it(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    picture, there = drawn[0].copy(), drawn[1]
    top = round(float(face.points[30, 1]))
    board = np.zeros_like(there)
    board[top : top + round(0.15 * face.eye_distance)] = True
    picture[board & ~there] = HAIR
    mask = find_head(picture, face)
    assert _overlap(mask, there, face) > 0.96
    assert mask[board & ~there].mean() < 0.1


@pytest.mark.parametrize("colour", [SKIN, (230, 235, 240)])
def test_a_door_frame_between_ear_and_shoulder_is_no_part_of_the_person(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]], colour: tuple[int, ...]
) -> None:
    """It closes a gap, in which the wall is seen; it is cut by its colour, or differs from the wall beside it."""
    picture, there = drawn[0].copy(), drawn[1]
    chin = face.points[8, :2]
    (left, top), (right, bottom) = _corners(chin, (0.8, -0.6, 0.87, 0.7), face)
    frame = np.zeros_like(there)
    frame[:bottom, left:right] = True
    picture[frame & ~there] = colour
    beside = np.zeros_like(there)
    beside[top : int(chin[1] + 0.5 * face.eye_distance), left - round(0.15 * face.eye_distance) : right] = True
    assert find_head(picture, face)[beside & ~there].mean() < 0.15


def test_a_hat_in_the_colour_of_the_other_wall_is_the_persons(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    picture, there = drawn[0].copy(), drawn[1]
    right = np.zeros_like(there)
    right[:, round(float(face.points[27, 0])) :] = True
    picture[right & ~there] = picture[right & ~there] // 2 + np.uint8(150)
    hat = there.astype(np.uint8)
    hat[int(face.points[27, 1] - 0.9 * face.eye_distance) :] = 0
    hat = np.asarray(cv2.dilate(hat, np.ones((3, 3), np.uint8), iterations=round(0.13 * face.eye_distance)))
    hat = (hat > 0) & right & ~there
    picture[hat] = (85, 105, 100)
    assert find_head(picture, face)[hat].mean() > 0.8


def test_a_veil_in_the_dark_is_the_persons(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    """The edge of the hair before it is as dark as the wall."""
    there = drawn[1]
    picture = np.where(there[..., None], drawn[0], drawn[0] // 4)
    left = np.zeros_like(there)
    left[: int(face.points[8, 1]), : round(float(face.points[27, 0]))] = True

    def beside(width: float) -> NDArray[np.bool_]:
        brush = np.ones((3, 3), np.uint8)
        return cv2.dilate(there.astype(np.uint8), brush, iterations=round(width * face.eye_distance)) > 0

    veil = beside(0.17) & ~beside(0.03) & left
    picture[veil] = picture[veil] + np.array([24, 20, 16], np.uint8)
    assert find_head(picture, face)[veil].mean() > 0.8


def test_between_neck_and_collar_is_the_person(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    picture = drawn[0].copy()
    chin = face.points[8, :2]
    cv2.rectangle(picture, *_corners(chin, (0.75, 0.2, 1.2, 0.8), face), SHIRT, -1)
    (left, top), (right, bottom) = _corners(chin, (0.55, 0.3, 0.7, 0.6), face)
    assert find_head(drawn[0], face)[top:bottom, left:right].mean() < 0.1
    assert find_head(picture, face)[top:bottom, left:right].mean() > 0.9


def test_a_picture_without_a_background_does_not_fail(face: FittedFace) -> None:
    flat = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    mask = find_head(flat, face)
    assert mask[int(face.points[30, 1]), int(face.points[30, 0])] == 1
    low, high = np.floor(face.points[:, :2].min(0)).astype(int), np.ceil(face.points[:, :2].max(0)).astype(int)
    close = np.ascontiguousarray(flat[low[1] : high[1], low[0] : high[0]])
    moved = fit_face(face.points[:, :2] - low)
    assert np.isfinite(find_head(close, moved)).all()


def test_the_same_picture_gives_the_same_mask(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    first = find_head(drawn[0], face)
    cv2.setRNGSeed(77)
    assert np.array_equal(first, find_head(drawn[0], face))


def test_astronauts_hair_is_hers_and_the_wall_is_not(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    mask = find_head(astronaut, fit_face(astronaut_landmarks))
    hair = [(225, 20), (160, 80), (285, 90), (165, 100), (290, 105)]
    wall = [(100, 60), (140, 30), (330, 60), (345, 150), (225, 3), (115, 150)]
    assert [mask[y, x] for x, y in hair] == [1] * len(hair)
    assert [mask[y, x] for x, y in wall] == [0] * len(wall)


def test_hair_as_black_as_the_frame_around_the_picture_is_the_persons() -> None:
    picture = read_picture(PORTRAITS / "ada_lovelace.png")[..., :3]
    mask = find_head(picture, fit_face(create_detector("dlib").detect(picture)[0].landmarks))
    hair, wall = [(258, 262), (275, 268), (245, 271), (262, 281)], [(200, 240), (257, 245), (150, 300)]
    assert [mask[y, x] for x, y in hair] == [1] * len(hair)
    assert [mask[y, x] for x, y in wall] == [0] * len(wall)


@pytest.mark.parametrize("name", ["synth_o", "synth_p"])
def test_rendered_heads_are_found(shared: Path, name: str) -> None:
    folder = shared / "eval" / "synth" / name
    if not folder.is_dir():
        pytest.skip(f"needs rendered heads: there is no {folder}")
    packed = np.load(folder / "masks.npz")
    there = np.unpackbits(packed["packed"][0], axis=-1)[:, : packed["shape"][2]] > 0
    picture = cv2.cvtColor(cv2.imread(str(folder / "source.png")), cv2.COLOR_BGR2RGB)
    face = fit_face(np.load(folder / "lm.npz")["source"])
    assert _overlap(find_head(picture, face), there, face) > 0.98


@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0), HAIR])
def test_a_person_cut_out_already_stays_so(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]], hidden: tuple[int, ...]
) -> None:
    picture, there = drawn
    alpha = np.rint(255 * cv2.GaussianBlur(there.astype(np.float32), (0, 0), 1.5)).astype(np.uint8)
    colours = np.where(alpha[..., None] > 0, picture, np.uint8(hidden))
    assert np.array_equal(find_head(np.dstack([colours, alpha]), face), alpha > 0)


def test_a_wall_in_the_shirts_colour_is_no_part_of_the_person(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    up = round(0.3 * face.eye_distance)
    near = fit_face(face.points[:, :2] - [0, up])  # the picture's upper edge
    picture, there = drawn[0][up:].copy(), drawn[1][up:]
    strip = np.zeros_like(there)
    middle, half = near.points[27, 0], 0.7 * near.eye_distance
    strip[: round(float(near.points[8, 1])), round(middle - half) : round(middle + half)] = True
    strip &= ~there
    picture[strip] = np.array(SHIRT) + 6
    mask = find_head(picture, near)
    assert mask[strip].mean() < 0.1
    assert _overlap(mask, there, near) > 0.97


def test_a_suit_as_dark_as_the_wall_is_the_persons_in_a_grey_picture(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    """Colours cannot tell it from the wall: what lies between shoulders is the person's by its place."""
    there = drawn[1]
    grey = np.asarray(cv2.cvtColor(drawn[0], cv2.COLOR_RGB2GRAY), np.float32)
    suit = there & (grey < 80)
    suit[: int(face.points[8, 1])] = False
    noise = np.random.default_rng(7).normal(0, 4, grey.shape)
    grey[~there | suit] = 60
    picture = np.repeat(np.clip(np.rint(grey + noise), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    mask = find_head(picture, face)
    (left, top), (right, bottom) = _corners(face.points[8, :2], (-1.0, 1.0, 1.0, 1.4), face)
    assert mask[top:bottom, left:right].mean() > 0.9
    assert mask[:10].max() == 0


def test_a_thin_ring_around_the_neck_is_the_persons(
    face: FittedFace, drawn: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    """A collar's rim stands on the shoulders, and the wall's colour is inside."""
    picture = drawn[0].copy()
    centre, width = face.points[8, :2] + [0, 0.6 * face.eye_distance], round(0.1 * face.eye_distance)
    ring = np.zeros(drawn[1].shape, np.uint8)
    cv2.ellipse(ring, _box(centre, (2.4, 1.6), face), (1,), width)
    rim = (ring > 0) & ~drawn[1]
    picture[rim] = SHIRT
    rim[: int(face.points[8, 1])] = False
    assert find_head(picture, face)[rim].mean() > 0.9


def test_a_grainy_grey_photograph_has_the_mask_of_the_coloured_one(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    """Its flag is as grey as her hair: colour and place tell too little."""
    face = fit_face(astronaut_landmarks)
    there = find_head(astronaut, face) > 0.5
    grain = np.random.default_rng(0).normal(0, 12, astronaut.shape)
    grey = np.rint(np.clip(astronaut.mean(2, keepdims=True) + grain, 0, 255)).astype(np.uint8)
    found = find_head(grey, face) > 0.5
    assert (found & there).sum() / (found | there).sum() > 0.98


def test_somebody_who_stands_beside_is_not_in_the_mask(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    face, aside = fit_face(astronaut_landmarks), 150
    there = find_head(astronaut, face) > 0.5
    both = np.zeros((512, 512 + aside, 3), np.uint8)
    both[:, aside:], both[:, :512] = astronaut, np.where(there[..., None], astronaut, 128)
    other = np.zeros(both.shape[:2], bool)
    other[:, aside:] = there
    both[other] = astronaut[there]
    mask = find_head(both, face)
    heads = slice(0, int(astronaut_landmarks[8, 1]))
    alone = there[heads] & ~other[heads, :512]
    assert mask[heads][other[heads]].mean() < 0.05
    assert mask[heads, :512][alone].mean() > 0.95


def test_a_wall_in_the_faces_colour_beside_the_shoulder_is_mostly_no_part_of_the_person(
    astronaut: NDArray[np.uint8], astronaut_landmarks: NDArray[np.float32]
) -> None:
    """So low no colours of the background are learnt, and a network's no must count for more than these say."""
    face, part = fit_face(astronaut_landmarks), (slice(185, 270), slice(0, 150))
    there = find_head(astronaut, face) > 0.5
    x, y = np.rint(astronaut_landmarks[[1, 36]].mean(0) + np.array([6, 14])).astype(int)
    cheek = astronaut[y : y + 24, x : x + 16].reshape(-1, 3)
    wall = cheek[np.random.default_rng(0).integers(0, len(cheek), (85, 150))]
    picture = astronaut.copy()
    picture[part] = np.where(there[part][..., None], picture[part], wall)
    found = find_head(picture, face)
    assert found[part][~there[part]].mean() < 0.13  # 0.22 when colours could say anything
    assert found[there].mean() > 0.98
