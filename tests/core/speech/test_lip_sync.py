# SPDX-License-Identifier: GPL-3.0-or-later
"""The goal for spoken sentences on a painting: closed sounds close the lips."""

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

FPS = Fraction(25)
TOUCH, OPEN = 0.01, 0.03  # of the distance between the outer corners of the eyes


@pytest.fixture(scope="module")
def painting(shared: Path) -> NDArray[np.float32]:
    """The Mona Lisa's landmarks; her lips are closed."""
    pixels = read_picture(shared / "data/portraits/painting_mona_lisa_720x1280.jpg")
    return create_detector("dlib", None, allow_download=False).detect(pixels)[0].landmarks


def test_closed_sounds_close_the_lips_and_vowels_open_them(
    sentences: list[Sentence], painting: NDArray[np.float32]
) -> None:
    right, left = EYE_OUTER_CORNERS
    eyes = np.linalg.norm(painting[right] - painting[left])
    closed: list[bool] = []
    opened: list[bool] = []
    for sentence in sentences:
        speech = listen(sentence.path, sentence.words, FPS, lambda _: None)
        targets = plan_motion(painting, perform(speech, FPS, Amounts()))
        gaps = [max(np.linalg.norm(t.landmarks[a] - t.landmarks[b]) for a, b in LIP_PAIRS) / eyes for t in targets]
        apart, times = np.array(gaps), np.arange(len(gaps)) / float(FPS)
        for phone in speech.phones:
            frame = float(1 / FPS)
            if phone.name in ("P", "B", "M"):
                near = (times > phone.start - frame) & (times < phone.end + frame)
                closed.append(apart[near].min() <= TOUCH)
            elif phone.name in ("AA", "AE", "AO", "AY", "AW", "OW", "EH", "EY") and phone.end - phone.start > frame:
                opened.append(apart[(times >= phone.start) & (times < phone.end)].max() >= OPEN)
    assert len(closed) > 20
    assert np.mean(closed) >= 0.9
    assert np.mean(opened) >= 0.9
