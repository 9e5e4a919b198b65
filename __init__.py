# SPDX-License-Identifier: GPL-3.0-or-later
"""Gioconda, a Blender extension: animates a still portrait on the timeline."""

from .blender_addon import register, unregister

__all__ = ["register", "unregister"]
