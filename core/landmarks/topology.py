# SPDX-License-Identifier: GPL-3.0-or-later
"""The 68-point iBUG/300-W convention: which index is what. "Right" and "left" are the subject's."""

from __future__ import annotations

JAW = tuple(range(17))
RIGHT_BROW = tuple(range(17, 22))
LEFT_BROW = tuple(range(22, 27))
NOSE_BRIDGE = tuple(range(27, 31))
NOSE_BASE = tuple(range(31, 36))
RIGHT_EYE = tuple(range(36, 42))
LEFT_EYE = tuple(range(42, 48))
OUTER_LIP = tuple(range(48, 60))
INNER_LIP = tuple(range(60, 68))
MOUTH = (*OUTER_LIP, *INNER_LIP)

CHIN = 8
EYES = (RIGHT_EYE, LEFT_EYE)
EYE_OUTER_CORNERS = (36, 45)
EYE_CORNERS = (36, 39, 42, 45)
MOUTH_CORNERS = (48, 54)

LID_PAIRS = ((37, 41), (38, 40), (43, 47), (44, 46))
"""Points of the upper and lower lid that meet when the eye closes."""
UPPER_LIDS, LOWER_LIDS = ([pair[side] for pair in LID_PAIRS] for side in (0, 1))

LIP_PAIRS = ((61, 67), (62, 66), (63, 65))
"""Points of the upper and lower inner lip that meet when the mouth closes."""
INNER_UPPER_LIP, INNER_LOWER_LIP = ([pair[side] for pair in LIP_PAIRS] for side in (0, 1))

MIRRORED = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""For every point the one on the other half of the face."""

RIGID = (0, 16, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45)
"""Points that expressions move least: jaw ends, nose, eye corners."""

MARKS: dict[str, tuple[int, ...]] = {str(point): (point,) for point in range(68)} | {
    "chin": (CHIN,),
    "noseTip": (30,), "noseBridge": (27,), "noseBase": (33,), "nostrilRight": (31,), "nostrilLeft": (35,),
    "mouthRight": (48,), "mouthLeft": (54,), "upperLip": (51,), "lowerLip": (57,),
    "upperLipInner": (62,), "lowerLipInner": (66,),
    "eyeOuterRight": (36,), "eyeInnerRight": (39,), "eyeOuterLeft": (45,), "eyeInnerLeft": (42,),
    "upperLidRight": (37, 38), "lowerLidRight": (40, 41), "upperLidLeft": (43, 44), "lowerLidLeft": (46, 47),
    "browOuterRight": (17,), "browRight": (19,), "browInnerRight": (21,),
    "browInnerLeft": (22,), "browLeft": (24,), "browOuterLeft": (26,),
    "jawRight": (0,), "jawLeft": (16,),
}  # fmt: skip
"""Names for points that a person tracks by hand: a number, or words for the middle of one point or two."""

PUPIL_MARKS = ("pupilRight", "pupilLeft")
"""The same for what is none of the 68 points."""
