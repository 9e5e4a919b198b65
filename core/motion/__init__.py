# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers, the face model, and what a portrait is asked to do."""

MOTIONS = ("relative", "absolute")
"""Of a landmark track: its change against a neutral frame is wanted, or its points as they stand."""

REPLACEABLE = ("mouth", "eyes", "brows")
"""Regions of footage whose own motion can be taken off."""
