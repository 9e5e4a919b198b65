# SPDX-License-Identifier: GPL-3.0-or-later
"""The head as a surface that turns in 3D."""
