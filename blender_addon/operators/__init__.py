# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators, one a file."""

from __future__ import annotations

from .add_controls import GIOCONDA_OT_add_controls
from .bake_keys import GIOCONDA_OT_bake_keys
from .cancel import GIOCONDA_OT_cancel
from .check_worker import GIOCONDA_OT_check_worker
from .copy_performance import GIOCONDA_OT_copy_performance
from .create_worker import GIOCONDA_OT_create_worker
from .export_performance import GIOCONDA_OT_export_performance
from .find_face import GIOCONDA_OT_find_face
from .fix_view_transform import GIOCONDA_OT_fix_view_transform
from .generate import GIOCONDA_OT_generate
from .key_blink import GIOCONDA_OT_key_blink
from .key_shapes import GIOCONDA_OT_key_shapes
from .learn_person import GIOCONDA_OT_learn_person
from .load_landmarks import GIOCONDA_OT_load_landmarks
from .name_track import GIOCONDA_OT_name_track
from .open_folder import GIOCONDA_OT_open_folder
from .remove_worker import GIOCONDA_OT_remove_worker
from .save_preset import GIOCONDA_OT_save_preset
from .show_head_mask import GIOCONDA_OT_show_head_mask

CLASSES = (
    GIOCONDA_OT_add_controls,
    GIOCONDA_OT_bake_keys,
    GIOCONDA_OT_cancel,
    GIOCONDA_OT_check_worker,
    GIOCONDA_OT_copy_performance,
    GIOCONDA_OT_create_worker,
    GIOCONDA_OT_export_performance,
    GIOCONDA_OT_find_face,
    GIOCONDA_OT_fix_view_transform,
    GIOCONDA_OT_generate,
    GIOCONDA_OT_key_blink,
    GIOCONDA_OT_key_shapes,
    GIOCONDA_OT_learn_person,
    GIOCONDA_OT_load_landmarks,
    GIOCONDA_OT_name_track,
    GIOCONDA_OT_open_folder,
    GIOCONDA_OT_remove_worker,
    GIOCONDA_OT_save_preset,
    GIOCONDA_OT_show_head_mask,
)

for _operator in CLASSES:  # Blender would show a docstring with its line breaks
    _operator.bl_description = " ".join(_operator.__doc__.split())
