# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers, the face model, and what a portrait is asked to do."""

REPLACEABLE = ("mouth", "eyes", "brows")
"""Regions of footage whose own motion can be taken off."""
