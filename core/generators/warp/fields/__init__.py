# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth fields: between known points, on grids, along curves, and how landmarks move the skin around them."""
