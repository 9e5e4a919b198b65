# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels. Parents come before their children."""

from __future__ import annotations

from . import preview as preview
from .driver_panels import GIOCONDA_PT_amounts, GIOCONDA_PT_driver
from .panels import (
    GIOCONDA_PT_head_mask,
    GIOCONDA_PT_main,
    GIOCONDA_PT_person,
    GIOCONDA_PT_portrait,
    GIOCONDA_PT_result,
)
from .regions import GIOCONDA_PT_brows, GIOCONDA_PT_eyes, GIOCONDA_PT_head, GIOCONDA_PT_mouth

CLASSES = (
    GIOCONDA_PT_main,
    GIOCONDA_PT_portrait,
    GIOCONDA_PT_driver,
    GIOCONDA_PT_amounts,
    GIOCONDA_PT_head,
    GIOCONDA_PT_eyes,
    GIOCONDA_PT_brows,
    GIOCONDA_PT_mouth,
    GIOCONDA_PT_person,
    GIOCONDA_PT_head_mask,
    GIOCONDA_PT_result,
)
