# SPDX-License-Identifier: GPL-3.0-or-later
"""The goal for spoken sentences on a painting, and on somebody who smiles: closed sounds close the lips."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.landmarks.detect import create_detector
from core.landmarks.topology import EYE_OUTER_CORNERS, LIP_PAIRS
from core.media.pictures import read_picture
from core.motion.plan import plan_motion
from core.speech.amounts import Amounts
from core.speech.listen import listen
from core.speech.perform import perform

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Sentence
    from numpy.typing import NDArray

    from core.motion.controls import ControlTrack

FPS = Fraction(25)
TOUCH, OPEN = 0.01, 0.03  # of the distance between the outer corners of the eyes


@pytest.fixture(scope="module")
def painting(shared: Path) -> NDArray[np.float32]:
    """The Mona Lisa's landmarks; her lips are closed."""
    pixels = read_picture(shared / "data/portraits/painting_mona_lisa_720x1280.jpg")
    return create_detector("dlib").detect(pixels)[0].landmarks


@pytest.mark.parametrize("is_told", [True, False], ids=["with a transcript", "without"])
def test_closed_sounds_close_the_lips_and_vowels_open_them(
    sentences: list[Sentence],
    painting: NDArray[np.float32],
    astronaut_landmarks: NDArray[np.float32],
    *,
    is_told: bool,
) -> None:
    faces = (painting, astronaut_landmarks)  # she smiles with open lips
    closed: list[list[bool]] = [[], []]
    opened: list[list[bool]] = [[], []]
    for sentence in sentences:
        speech = listen(sentence.path, sentence.words, FPS, lambda _: None)
        heard = speech if is_told else listen(sentence.path, None, FPS, lambda _: None)
        controls = perform(heard, FPS, Amounts())
        for number, face in enumerate(faces):
            apart, times = _gaps(face, controls), np.arange(controls.frames) / float(FPS)
            for phone in speech.phones:
                frame = float(1 / FPS)
                if phone.name in ("P", "B", "M"):
                    near = (times > phone.start - frame) & (times < phone.end + frame)
                    closed[number].append(apart[near].min() <= TOUCH)
                elif phone.name in ("AA", "AE", "AO", "AY", "AW", "OW", "EH", "EY") and phone.end - phone.start > frame:
                    opened[number].append(apart[(times >= phone.start) & (times < phone.end)].max() >= OPEN)
    assert len(closed[0]) > 20
    assert np.mean(closed, axis=1).min() >= 0.9
    assert np.mean(opened, axis=1).min() >= 0.9


def test_lips_part_as_far_as_filmed_talkers_part_theirs(
    sentences: list[Sentence], painting: NDArray[np.float32]
) -> None:
    """Captures of three people have medians of 0.07 to 0.14, and 0.16 to 0.22 in the widest tenth, 0.33 at most."""
    speeches = (listen(sentence.path, sentence.words, FPS, lambda _: None) for sentence in sentences)
    apart = np.concatenate([_gaps(painting, perform(speech, FPS, Amounts())) for speech in speeches])
    median, wide, most = np.quantile(apart, (0.5, 0.9, 1))
    assert 0.07 < median < 0.14
    assert 0.14 < wide < 0.22
    assert most < 0.33


def _gaps(face: NDArray[np.float32], controls: ControlTrack) -> NDArray[np.float64]:
    """(F,) how far the lips are apart, of the distance between the outer corners of the eyes."""
    eyes = np.linalg.norm(np.subtract(*face[list(EYE_OUTER_CORNERS)]))
    targets = plan_motion(face, controls)
    return (
        np.array([max(np.linalg.norm(t.landmarks[a] - t.landmarks[b]) for a, b in LIP_PAIRS) for t in targets]) / eyes
    )
