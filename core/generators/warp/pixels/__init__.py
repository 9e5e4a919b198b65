# SPDX-License-Identifier: GPL-3.0-or-later
"""From the fields of a frame to its pixels: where each is read, how they are mixed and laid over each other."""
