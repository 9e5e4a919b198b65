# SPDX-License-Identifier: GPL-3.0-or-later
"""The default generator: moves the portrait's own pixels; no training, any resolution."""
