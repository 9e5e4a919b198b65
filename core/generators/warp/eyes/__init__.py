# SPDX-License-Identifier: GPL-3.0-or-later
"""Irises, eyeballs, lids, lashes, and glasses before them."""
