# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips and what is seen between them."""
