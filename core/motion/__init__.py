# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers, the face model, and what a portrait is asked to do."""
