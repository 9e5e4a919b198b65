# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators, one a file."""

from __future__ import annotations

from .add_controls import GIOCONDA_OT_add_controls
from .cancel import GIOCONDA_OT_cancel
from .check_worker import GIOCONDA_OT_check_worker
from .create_worker import GIOCONDA_OT_create_worker
from .find_face import GIOCONDA_OT_find_face
from .fix_view_transform import GIOCONDA_OT_fix_view_transform
from .generate import GIOCONDA_OT_generate
from .key_blink import GIOCONDA_OT_key_blink
from .load_landmarks import GIOCONDA_OT_load_landmarks
from .load_track import GIOCONDA_OT_load_track
from .open_folder import GIOCONDA_OT_open_folder
from .show_head_mask import GIOCONDA_OT_show_head_mask

CLASSES = (
    GIOCONDA_OT_add_controls,
    GIOCONDA_OT_cancel,
    GIOCONDA_OT_check_worker,
    GIOCONDA_OT_create_worker,
    GIOCONDA_OT_find_face,
    GIOCONDA_OT_fix_view_transform,
    GIOCONDA_OT_generate,
    GIOCONDA_OT_key_blink,
    GIOCONDA_OT_load_landmarks,
    GIOCONDA_OT_load_track,
    GIOCONDA_OT_open_folder,
    GIOCONDA_OT_show_head_mask,
)
