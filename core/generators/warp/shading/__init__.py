# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin that takes the light anew: creases of expressions, and the light of the room on a head that turns."""
