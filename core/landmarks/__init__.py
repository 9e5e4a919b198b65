# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of faces: found, followed, kept in files."""

DETECTORS = ("dlib", "face-alignment", "face-alignment-3d")
MISSING = ("interpolate", "hold")
"""What frames of a movie without the face get."""
